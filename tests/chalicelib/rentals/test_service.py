"""Leases on the test cloud: who files, who confirms, what is enacted once, and what a certificate tells."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import SYSTEM
from chalicelib.cases import deadlines
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision, view
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.identity import service as identity
from chalicelib.rentals import certificates, store
from chalicelib.rentals import service as rentals
from chalicelib.rentals.model import LeaseChange, LeaseEnd, NewLease
from tests.chalicelib.rentals.leases import TERMS, body, filed, on_file
from tests.town import Town, id_number, outside_systems, staff


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def no_facts(source: str, person: str) -> list[dict[str, Any]]:
    return []


def test_the_landlord_files_the_tenant_confirms_and_both_have_it(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    assert (lease.landlord, lease.tenant, lease.filed_by) == (town.owner.id, town.stranger.id, "landlord")
    assert [found.id for found in rentals.leases_of(town.owner.id)] == [lease.id]
    (mine,) = rentals.leases_for(town.stranger)
    assert (mine.side, mine.address, mine.room, mine.rent_fen) == ("tenant", "试验路1号", "502", 150_000)
    assert lease.in_force_on(date(2026, 11, 23)) and lease.number.startswith("ZL-2026-")


def test_departments_are_asked_only_after_the_other_party_confirmed(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now)
    case = cases.case(case_id)
    assert (case.state, case.checks, case.owner) == ("confirming", [], town.stranger.id)
    with pytest.raises(Forbidden):
        cases.act(case, "confirm", town.owner, now)
    view = cases.act(case, "confirm", town.stranger, now)
    assert [check.department for check in view.checks] == ["public_security", "housing"]


def test_a_tenant_who_declines_ends_a_landlords_filing(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now)
    cases.act(cases.case(case_id), "decline", town.stranger, now)
    assert cases.case(case_id).state == "withdrawn"


def test_a_landlord_who_declines_does_not_end_a_tenants_filing(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now, side="tenant")
    case = cases.case(case_id)
    assert (case.kind, case.owner, case.payload["landlord"]) == (
        "lease_filing_by_tenant",
        town.stranger.id,
        town.stranger.id,
    )
    cases.act(case, "decline", town.stranger, now)
    assert cases.case(case_id).state == "review"
    cases.decide(staff("coordinator"), case_id, Decision(decision="approve", reason="合同属实"), now)
    assert rentals.enact(cases.case(case_id), now)
    (lease,) = rentals.leases_of(town.owner.id)
    assert (lease.side_of(town.owner.id), lease.filed_by) == ("tenant", "tenant")


@pytest.mark.parametrize("side", ["landlord", "tenant"])
def test_a_silent_other_party_brings_a_person_and_ends_nothing(town: Town, now: datetime, side: str) -> None:
    case_id = filed(town, town.owner, now, side=side)
    due = cases.case(case_id).due
    assert due == date(2026, 11, 30)
    for _ in range(2):
        deadlines.chase(due, datetime(2026, 11, 30, 16, 5, tzinfo=UTC))
        assert cases.case(case_id).state == "review"


def test_a_landlord_cannot_file_unlawful_terms_and_a_tenant_can(town: Town, now: datetime) -> None:
    with pytest.raises(Invalid, match="lease_terms_unlawful") as caught:
        filed(town, town.owner, now, deposit_fen=450_001, part="balcony")
    assert [f.path for f in caught.value.fields] == ["/terms/deposit_fen", "/terms/part"]
    case = cases.case(filed(town, town.owner, now, side="tenant", deposit_fen=450_001))
    assert case.payload["breaches"] == ["deposit"]
    finding = rentals.verify(case, "housing", no_facts, now)
    assert (finding.result, finding.receipt.rule) == ("person", "lease_deposit")


def test_a_late_filing_is_said_to_be_late_and_is_filed(town: Town, now: datetime) -> None:
    early, late = (
        cases.case(filed(town, town.owner, now, signed_on=day)).payload["late"]
        for day in ("2026-10-24", "2026-10-23")
    )
    assert (early, late) == (False, True)


def test_a_title_in_the_building_and_two_real_names_let_it_pass(town: Town, now: datetime) -> None:
    case = cases.case(filed(town, town.owner, now))
    asked: list[tuple[str, str]] = []

    def facts(source: str, person: str) -> list[dict[str, Any]]:
        asked.append((source, person))
        return [{"building": case.payload["building"], "seen_on": "2026-01-01"}]

    assert rentals.verify(case, "housing", facts, now).result == "passed"
    assert rentals.verify(case, "housing", no_facts, now).result == "person"
    assert rentals.verify(case, "public_security", no_facts, now).result == "passed"
    assert asked == [("property", town.owner.id)]


def test_what_the_register_shows_need_not_be_brought(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now)
    cases.act(cases.case(case_id), "confirm", town.stranger, now)
    cases.to_person(case_id, "housing", "no_record", now)
    before = {paper.kind: paper.state for paper in view(cases.case(case_id), "en").materials}
    cases.record_check(case_id, "housing", "passed", SYSTEM, now)
    after = {paper.kind: paper.state for paper in view(cases.case(case_id), "en").materials}
    assert before == {"lease_contract": "needed", "title_proof": "needed"}
    assert after == {"lease_contract": "not_needed", "title_proof": "not_needed"}


def test_a_party_without_a_real_name_check_is_for_a_person(town: Town, now: datetime) -> None:
    said = body(town, town.owner)
    said["other"] = {"name": "测试丙", "id_number": id_number(77)}
    case = cases.case(rentals.file(town.owner, NewLease.model_validate(said), now).id)
    assert rentals.verify(case, "public_security", no_facts, now).result == "person"


def test_nobody_lets_to_oneself(town: Town, now: datetime) -> None:
    said = body(town, town.owner)
    said["other"]["id_number"] = id_number(town.order)
    with pytest.raises(Invalid) as caught:
        rentals.file(town.owner, NewLease.model_validate(said), now)
    assert [f.path for f in caught.value.fields] == ["/other"]


def test_staff_file_for_the_person_present_in_their_own_region_only(town: Town, now: datetime) -> None:
    present = {"name": "测试甲", "id_number": id_number(town.order)}
    said = NewLease.model_validate(body(town, town.owner) | {"person": present})
    case = cases.case(rentals.file(staff("grid_worker"), said, now).id)
    assert (case.filer, case.owner) == (town.owner.id, town.stranger.id)
    (look,) = identity.disclosures(town.owner.id, None, now).items
    assert (look.purpose, look.what) == ("counter_service", "lease")
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        rentals.file(staff("grid_worker", near=False), said, now)
    with pytest.raises(Forbidden, match="counter_only"):
        rentals.file(town.owner, said, now)
    with pytest.raises(Invalid):
        rentals.file(staff("grid_worker"), NewLease.model_validate(body(town, town.owner)), now)


def test_an_undecided_filing_is_not_enacted_and_an_accepted_one_once(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now)
    with pytest.raises(Conflict):
        rentals.enact(cases.case(case_id), now)
    lease = on_file(town, town.owner, now)
    assert not rentals.enact(cases.case(lease.case), now)
    assert len(rentals.leases_of(town.owner.id)) == 1


def changed(town: Town, now: datetime, **terms: Any) -> str:
    lease = on_file(town, town.owner, now)
    said = LeaseChange.model_validate({"from_day": "2026-12-01", "terms": TERMS | terms})
    case_id = rentals.change(town.stranger, lease.id, said, now).id
    cases.act(cases.case(case_id), "confirm", town.owner, now)
    return case_id


def test_a_change_that_both_agree_on_is_in_force_once(town: Town, now: datetime) -> None:
    case_id = changed(town, now, rent_fen=160_000, ends_on="2028-11-19")
    assert rentals.verify(cases.case(case_id), "housing", no_facts, now).result == "passed"
    cases.record_check(case_id, "housing", "passed", SYSTEM, now)
    assert [rentals.enact(cases.case(case_id), now) for _ in range(2)] == [True, False]
    (mine,), (theirs,) = rentals.leases_for(town.owner), rentals.leases_for(town.stranger)
    assert mine.rent_fen == theirs.rent_fen == 160_000
    (lease,) = rentals.leases_of(town.owner.id)
    assert (lease.ends_on, lease.version) == (date(2028, 11, 19), 2)


def test_a_change_to_unlawful_terms_is_for_a_person(town: Town, now: datetime) -> None:
    case_id = changed(town, now, deposit_fen=450_001)
    assert rentals.verify(cases.case(case_id), "housing", no_facts, now).reason == "lease_terms"


def test_an_end_that_both_agree_on_is_in_force_at_once(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    end = LeaseEnd(ended_on=date(2026, 11, 30), because="moved_out")
    case_id = rentals.end(town.owner, lease.id, end, now).id
    cases.act(cases.case(case_id), "confirm", town.stranger, now)
    assert cases.case(case_id).state == "accepted"
    assert [rentals.enact(cases.case(case_id), now) for _ in range(2)] == [True, False]
    (over,) = rentals.leases_of(town.stranger.id)
    assert (over.status, over.in_force_on(date(2026, 11, 30)), over.in_force_on(date(2026, 12, 1))) == (
        "ended",
        True,
        False,
    )
    with pytest.raises(Conflict, match="lease_not_active"):
        rentals.end(town.owner, lease.id, end, now)


def test_staff_end_a_lease_for_the_party_present_in_their_own_region_only(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    present = {"name": "测试甲", "id_number": id_number(town.order)}
    end = LeaseEnd.model_validate({"ended_on": "2026-11-30", "person": present})
    case = cases.case(rentals.end(staff("coordinator"), lease.id, end, now).id)
    assert (case.filer, case.owner) == (town.owner.id, town.stranger.id)
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        rentals.end(staff("coordinator", near=False), lease.id, end, now)
    nobodys = LeaseEnd.model_validate(
        {"ended_on": "2026-11-30", "person": present | {"id_number": id_number(77)}}
    )
    with pytest.raises(NotFound):
        rentals.end(staff("coordinator"), lease.id, nobodys, now)


def test_a_lease_does_not_end_before_it_began(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    with pytest.raises(Invalid):
        rentals.end(town.owner, lease.id, LeaseEnd(ended_on=date(2026, 11, 19)), now)


def test_strangers_learn_nothing_of_a_lease(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    third = town.citizen("third", 50)
    for ask in (
        lambda: rentals.end(third, lease.id, LeaseEnd(ended_on=date(2026, 12, 1)), now),
        lambda: rentals.qr_code(third, lease.id, now),
    ):
        with pytest.raises(NotFound):
            ask()
    assert rentals.leases_for(third) == []


def test_a_certificate_proves_the_lease_and_names_nobody(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    token = certificates.token(lease, now)
    proof = rentals.prove(token, now)
    assert (proof.number, proof.status) == (lease.number, "in_force")
    text = proof.model_dump_json() + token
    for secret in (town.owner.id, town.stranger.id, "试验路", lease.building, lease.region):
        assert secret not in text
    assert rentals.qr_code(town.owner, lease.id, now).startswith("<?xml")
    later = datetime(2027, 11, 20, 1, 0, tzinfo=UTC)
    assert rentals.prove(token, later).status == "ended"


@pytest.mark.parametrize("token", ["", "nothing", "eyJhbGciOiJub25lIn0.e30."])
def test_what_we_did_not_sign_proves_nothing(town: Town, now: datetime, token: str) -> None:
    with pytest.raises(NotFound, match="lease_certificate_unknown"):
        rentals.prove(token, now)


def test_tables_hold_no_address_rent_or_name_in_the_clear(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    rows = [
        store.LeaseRow.find(store.lease_pk(lease.id), "LEASE"),
        store.PartyRow.find(store.person_pk(town.owner.id), store.lease_pk(lease.id)),
    ]
    kept = json.dumps([row.to_simple_dict() for row in rows] + [cases.case(lease.case).payload])
    assert "150000" not in kept and "\\u8bd5" not in kept and "502" not in kept


def test_ones_leases_are_exported_without_the_other_party(town: Town, now: datetime) -> None:
    on_file(town, town.owner, now)
    text = json.dumps(identity.export(town.stranger, now).others["rentals"], ensure_ascii=False)
    assert "试验路1号" in text and '"side": "tenant"' in text and town.owner.id not in text


def test_a_lease_in_force_is_kept_and_one_that_is_over_goes(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    end = rentals.end(town.owner, lease.id, LeaseEnd(ended_on=date(2026, 11, 22)), now).id
    cases.act(cases.case(end), "confirm", town.stranger, now)
    rentals.enact(cases.case(end), now)
    identity.delete(town.stranger, now)
    assert rentals.leases_of(town.stranger.id) == [] and store.lease(lease.id) is None
    assert [found.status for found in rentals.leases_of(town.owner.id)] == ["ended"]
    still = on_file(town, town.owner, now, 50)
    kept = identity.delete(town.owner, now)
    assert [one.what for one in kept.kept if one.what == "lease"] == ["lease"] and not kept.identity_deleted
    assert still.id in [found.id for found in rentals.leases_of(town.owner.id)]
