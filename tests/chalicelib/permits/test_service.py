"""Permits on the test cloud: who may file what, what machines say, what acceptance brings."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import tables
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound, Throttled
from chalicelib.identity import service as identity
from chalicelib.permits import service as permits
from chalicelib.permits import store
from chalicelib.permits.model import CardQuery, NewApplication, NewEndorsement, NewReplacement
from chalicelib.residence import store as residence
from chalicelib.residence.model import Finding
from tests.chalicelib.permits.holders import (
    COORDINATOR,
    held,
    in_force,
    in_production,
    morning,
    passed,
    registered,
)
from tests.town import TOWN, Town, id_number, outside_systems, staff


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def application(**more: Any) -> NewApplication:
    return NewApplication.model_validate({"ground": "work", **more})


def long_here(actor: Actor, now: datetime) -> None:
    registered(actor.id, now.date() - timedelta(days=215))


def findings(case_id: str, now: datetime, **facts: list[dict[str, Any]]) -> dict[str, Finding]:
    case = cases.case(case_id)
    return {
        c.department: permits.verify(case, c.department, lambda source, _: facts.get(source, []), now)
        for c in case.checks
    }


def test_only_public_security_and_the_grounds_own_department_are_asked(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(ground="home"), now)
    assert {check.department for check in filed.checks} == {"public_security", "housing"}


def test_before_half_a_year_the_day_is_named_and_an_objection_goes_to_a_person(
    town: Town, now: datetime
) -> None:
    registered(town.owner.id, date(2026, 10, 1))
    with pytest.raises(Conflict) as caught:
        permits.apply(town.owner, application(), now)
    assert (caught.value.code, caught.value.params) == ("permit_not_yet", {"day": "2027-04-01"})
    filed = permits.apply(town.owner, application(objection="搬来已有一年，原登记遗失"), now)
    assert findings(filed.id, now)["public_security"].reason == "half_year_short"
    assert "原登记" not in cases.case(filed.id).model_dump_json()


def test_who_is_not_registered_begins_with_that(town: Town, now: datetime) -> None:
    with pytest.raises(Conflict, match="permit_not_registered"):
        permits.apply(town.owner, application(), now)
    mine = permits.mine(town.owner.id, now, "en")
    assert mine.permit is None and not mine.eligibility.eligible


def test_what_the_departments_know_decides_in_favour_alone(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)
    seen = "2026-11-01"
    assert {d: f.result for d, f in findings(filed.id, now).items()} == {
        "public_security": "passed",
        "human_resources": "person",
    }
    for fact, reason in (
        ({"seen_on": seen}, "proven"),
        ({"seen_on": seen, "left_on": "2026-10-31"}, "over"),
        ({"seen_on": "2024-01-01"}, "not_recent"),
        ({"seen_on": "2024-01-01", "left_on": "2027-01-01"}, "proven"),
    ):
        said = findings(filed.id, now, employment=[fact])["human_resources"]
        assert (said.reason, said.result) == (reason, "passed" if reason == "proven" else "person")
        assert said.receipt.source == "employment" and said.receipt.said is not None


def test_accepted_it_is_in_production_for_fifteen_days_from_the_application(
    town: Town, now: datetime
) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)
    case = passed(filed, now + timedelta(days=2))
    permit = held(town.owner)
    assert (permit.state, permit.accepted_on) == ("in_production", date(2026, 11, 25))
    assert permit.card_due_on == date(2026, 12, 8)
    assert permits.enact(case, now) is False
    assert held(town.owner) == permit


def test_papers_that_came_later_begin_the_fifteen_days(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)
    cases.decide(COORDINATOR, filed.id, Decision(decision="ask_supplement", reason="劳动合同"), now)
    cases.supplement(town.owner, filed.id, None, now + timedelta(days=4), None, "en")
    cases.decide(
        COORDINATOR, filed.id, Decision(decision="approve", reason="材料齐全"), now + timedelta(days=5)
    )
    permits.enact(cases.case(filed.id), now + timedelta(days=5))
    assert held(town.owner).card_due_on == date(2026, 12, 12)


def test_missing_papers_are_asked_for_once(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)
    ask = Decision(decision="ask_supplement", reason="劳动合同、双方身份证")
    cases.decide(COORDINATOR, filed.id, ask, now)
    again = cases.supplement(town.owner, filed.id, None, now, None, "en")
    assert again.state == "recheck"
    with pytest.raises(Conflict, match="case_state_forbids"):
        cases.decide(COORDINATOR, filed.id, ask, now)


def test_one_application_at_a_time_and_none_beside_a_permit(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)
    with pytest.raises(Conflict, match="permit_asked_already"):
        permits.apply(town.owner, application(ground="home"), now)
    cases.act(cases.case(filed.id), "withdraw", town.owner, now)
    second = permits.apply(town.owner, application(ground="home"), now)
    passed(second, now)
    with pytest.raises(Conflict, match="permit_is_there"):
        permits.apply(town.owner, application(), now)


def test_an_older_acceptance_never_replaces_a_permit(town: Town, now: datetime) -> None:
    permit = in_production(town.owner, now)
    other = cases.case(permit.case).model_copy(update={"id": "C" + "0" * 26})
    assert permits.enact(other, now) is False
    assert held(town.owner) == permit


def test_a_permit_of_somebody_who_left_meanwhile_ends_as_it_begins(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    filed = permits.apply(town.owner, application(), now)

    (stay,) = residence.registrations(town.owner.id)
    tables.transact(residence.end_registration(town.owner.id, stay.id, "departed", now.date()))
    passed(filed, now)
    assert held(town.owner).state == "cancelled"
    assert [line.what for line in permits.mine(town.owner.id, now, "en").history] == ["cancelled", "accepted"]


def test_handing_out_the_card_begins_the_years(town: Town, now: datetime) -> None:
    permit = in_production(town.owner, now)
    listed = permits.cards(COORDINATOR, CardQuery(town=TOWN), now)
    assert [(card.case, card.late) for card in listed.items] == [(permit.card, False)]
    assert "*" in listed.items[0].name
    view = permits.issue(COORDINATOR, permit.card, now)
    assert (view.state, view.endorsed_through, view.years) == ("active", date(2027, 11, 23), 0)
    assert permits.cards(COORDINATOR, CardQuery(town=TOWN), now).items == []
    with pytest.raises(Conflict, match="permit_no_card_due"):
        permits.issue(COORDINATOR, permit.card, now)


def test_cards_are_handed_out_in_ones_own_region_and_the_person_sees_who_looked(
    town: Town, now: datetime
) -> None:
    permit = in_production(town.owner, now)
    far = staff("coordinator", near=False)
    with pytest.raises(NotFound):
        permits.issue(far, permit.card, now)
    with pytest.raises(Forbidden):
        permits.cards(far, CardQuery(town=TOWN), now)
    permits.cards(COORDINATOR, CardQuery(town=TOWN), now)
    looks = identity.disclosures(town.owner.id, None, now).items
    assert [look.what for look in looks] == ["permit_card"]


def test_a_year_is_endorsed_in_its_window_once(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    with pytest.raises(Conflict, match="permit_window_not_open"):
        permits.endorse(town.owner, NewEndorsement(), morning(date(2027, 10, 22)))
    window = morning(date(2027, 10, 25))
    filed = permits.endorse(town.owner, NewEndorsement(), window)
    with pytest.raises(Conflict, match="permit_asked_already"):
        permits.endorse(town.owner, NewEndorsement(), window)
    assert findings(filed.id, window)["public_security"].reason == "still_registered"
    case = passed(filed, window)
    assert held(town.owner).endorsed_through == date(2028, 11, 23)
    assert permits.enact(case, window) is False


def test_a_gap_in_the_registration_is_for_a_person(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    (stay,) = residence.registrations(town.owner.id)
    tables.transact(residence.end_registration(town.owner.id, stay.id, "moved", date(2027, 3, 1)))
    registered(town.owner.id, date(2027, 3, 20))
    window = morning(date(2027, 10, 25))
    filed = permits.endorse(town.owner, NewEndorsement(), window)
    assert findings(filed.id, window)["public_security"].reason == "gap"


def test_a_refused_endorsement_leaves_the_way_open_for_another(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    window = morning(date(2027, 10, 25))
    filed = permits.endorse(town.owner, NewEndorsement(), window)
    cases.act(cases.case(filed.id), "withdraw", town.owner, window)
    again = permits.endorse(town.owner, NewEndorsement(), window + timedelta(days=1))
    passed(again, window + timedelta(days=1))
    assert held(town.owner).endorsed_through == date(2028, 11, 23)


def test_a_make_up_endorsement_restores_and_joins(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    late = morning(date(2028, 2, 1))
    assert permits.mine(town.owner.id, late, "en").permit.state == "suspended"  # type: ignore[union-attr]
    passed(permits.endorse(town.owner, NewEndorsement(), late), late)
    mine = permits.mine(town.owner.id, late, "en")
    assert mine.permit is not None
    assert (mine.permit.state, mine.permit.years) == ("active", 1)
    assert mine.permit.endorsed_through == date(2029, 2, 1)
    assert mine.history[0].what == "restored"


def test_a_lost_card_is_replaced_once_at_a_time(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    later = now + timedelta(days=30)
    filed = permits.replace(town.owner, NewReplacement(fault="lost"), later)
    with pytest.raises(Conflict, match="permit_asked_already"):
        permits.replace(town.owner, NewReplacement(fault="damaged", card_returned=True), later)
    assert findings(filed.id, later)["public_security"].result == "passed"
    case = passed(filed, later)
    permit = held(town.owner)
    assert (permit.serial, permit.card, permit.state) == (2, filed.id, "active")
    assert permits.enact(case, later) is False
    permits.issue(COORDINATOR, filed.id, later)
    assert held(town.owner).issued_on == date(2026, 11, 23)


def test_who_has_no_permit_endorses_and_replaces_nothing(town: Town, now: datetime) -> None:
    for act in (
        lambda: permits.endorse(town.owner, NewEndorsement(), now),
        lambda: permits.replace(town.owner, NewReplacement(fault="lost"), now),
    ):
        with pytest.raises(Conflict, match="permit_not_in_force"):
            act()


def ward_of(town: Town, name: str, number: str, **more: str) -> dict[str, str]:
    return {"name": name, "id_number": number, "why": "disabled", "relation": "sibling", **more}


def test_a_relative_acts_for_somebody_disabled_and_a_person_compares_both_ids(
    town: Town, now: datetime
) -> None:
    long_here(town.stranger, now)
    number = id_number(town.order + 1)
    body = application(ward=ward_of(town, identity.profile(town.stranger.id).name or "", number))
    filed = permits.apply(town.owner, body, now)
    case = cases.case(filed.id)
    assert (case.owner, case.filer) == (town.stranger.id, town.owner.id)
    assert number not in case.model_dump_json()
    said = findings(filed.id, now, employment=[{"seen_on": "2026-11-01"}])
    assert (said["public_security"].result, said["public_security"].reason) == ("person", "guardian")


def test_who_decides_sees_who_acts_for_whom_and_why_and_both_see_that_they_looked(
    town: Town, now: datetime
) -> None:
    long_here(town.stranger, now)
    name = identity.profile(town.stranger.id).name or ""
    body = application(ward=ward_of(town, name, id_number(town.order + 1)), objection="搬来更早")
    filed = permits.apply(town.owner, body, now)
    seen = permits.particulars(COORDINATOR, filed.id, "case_handling", now)
    assert (seen.how, seen.why, seen.relation, seen.objection) == ("ward", "disabled", "sibling", "搬来更早")
    assert seen.acted_by == identity.profile(town.owner.id).masked_name
    assert name not in seen.model_dump_json() and id_number(town.order + 1) not in seen.model_dump_json()
    for person in (town.owner, town.stranger):
        assert [look.what for look in identity.disclosures(person.id, None, now).items] == ["permit_filing"]
    with pytest.raises(NotFound):
        permits.particulars(staff("coordinator", near=False), filed.id, "case_handling", now)
    with pytest.raises(NotFound):
        permits.particulars(COORDINATOR, town.case(), "case_handling", now)


@pytest.mark.parametrize("why", ["under_16", "old"])
def test_the_number_must_bear_out_why_somebody_else_acts(town: Town, now: datetime, why: str) -> None:
    name = identity.profile(town.stranger.id).name or ""
    body = application(ward=ward_of(town, name, id_number(town.order + 1), why=why))
    with pytest.raises(Invalid) as caught:
        permits.apply(town.owner, body, now)
    assert [field.path for field in caught.value.fields] == ["/ward/why"]


def test_a_wrong_name_and_an_unknown_number_cannot_be_told_apart_and_tries_are_limited(
    town: Town, now: datetime
) -> None:
    wrong = application(ward=ward_of(town, "试错", id_number(town.order + 1)))
    unknown = application(ward=ward_of(town, "试错", id_number(900)))
    for body in [wrong, unknown] * 5:
        with pytest.raises(NotFound, match="ward_unknown"):
            permits.apply(town.owner, body, now)
    with pytest.raises(Throttled):
        permits.apply(town.owner, wrong, now)


def test_staff_serve_the_person_who_is_present_in_their_own_region(town: Town, now: datetime) -> None:
    long_here(town.owner, now)
    present = {"name": "试", "id_number": id_number(town.order)}
    for actor in (staff("coordinator", near=False), staff("grid_worker", near=False)):
        with pytest.raises(NotFound, match="person_not_found"):
            permits.apply(actor, application(person=present), now)
    filed = permits.apply(COORDINATOR, application(person=present), now)
    assert cases.case(filed.id).owner == town.owner.id
    assert findings(filed.id, now)["public_security"].result == "passed"
    assert [look.what for look in identity.disclosures(town.owner.id, None, now).items] == ["permit"]
    with pytest.raises(Forbidden, match="counter_only"):
        permits.apply(town.owner, application(person=present), now)
    with pytest.raises(Invalid):
        permits.apply(COORDINATOR, application(), now)


def test_everything_is_exported_and_a_permit_that_is_over_is_deleted(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    told = identity.export(town.owner, now).others["permits"]
    assert isinstance(told, dict)
    assert told["permit"]["state"] == "active" and len(told["history"]) == 2
    assert [kept.what for kept in permits._erase(town.owner.id, now)] == ["residence_permit"]
    before = held(town.owner)
    tables.transact(store.save(before.cancelled(now.date()), before, None))
    assert permits._erase(town.owner.id, now) == []
    assert store.everything(town.owner.id) == (None, [], {})
