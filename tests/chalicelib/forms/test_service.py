"""Drafts: kept sealed, resumed elsewhere, never overwritten unseen, gone in time and with their person."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.forms import drafts, rights, service, store
from chalicelib.forms.views import Draft, NewDraft
from chalicelib.identity import parts

KIND = "residence_registration"
NAME = "测试草稿"


@pytest.fixture
def person(cloud: None) -> str:
    sealer, row = sealing.new_sealer("P1")
    tables.transact(tables.create(row))
    return sealer.person_id


def save(now: datetime, revision: int = 0, **answers: Any) -> Draft:
    return service.save("P1", KIND, NewDraft(answers=answers, revision=revision), now, "en")


def test_a_draft_is_resumed_with_what_is_still_missing(person: str, now: datetime) -> None:
    save(now, landlord={"name": NAME}, housing="rented")
    found = service.resume(person, KIND, now, "en")
    assert (found.answers, found.revision) == ({"landlord": {"name": NAME}, "housing": "rented"}, 1)
    assert {(p.path, p.label) for p in found.problems} == {
        ("/address", "Where you live now"),
        ("/arrived_on", "Day of arrival"),
    }


def test_the_row_holds_nothing_in_the_clear(person: str, now: datetime) -> None:
    save(now, landlord={"name": NAME, "phone": "13800000001"})
    row = store.draft(person, KIND, now)
    assert row is not None
    assert NAME not in str(row.to_dynamodb_dict()) and "1380000" not in str(row.to_dynamodb_dict())


def test_a_draft_may_be_wrong_but_holds_nothing_that_is_no_part_of_the_form(
    person: str, now: datetime
) -> None:
    kept = save(now, employer_code="half", arrived_on="", household=[{"name": "测试"}])
    assert "/employer_code" in {p.path for p in kept.problems}
    for answers in ({"notes": "mine"}, {"household": {"name": "测试"}}, {"address": [1]}):
        with pytest.raises(Invalid) as refused:
            save(now, 1, **answers)
        assert all(field.path.startswith("/answers/") for field in refused.value.fields)


def test_a_draft_sealed_for_one_does_not_open_for_another_kind(person: str, now: datetime) -> None:
    save(now, housing="rented")
    row = store.draft(person, KIND, now)
    assert row is not None
    with pytest.raises(sealing.Broken):
        sealing.open_sealed(person, row.sealed, "draft:other")


def test_a_second_phone_does_not_overwrite_what_it_has_not_seen(person: str, now: datetime) -> None:
    save(now, housing="rented")
    save(now, 1, housing="owned")
    with pytest.raises(Conflict, match="draft_changed_elsewhere"):
        save(now, 1, housing="school")
    assert service.resume(person, KIND, now, "en").answers == {"housing": "owned"}


def test_saving_the_same_again_is_a_success(person: str, now: datetime) -> None:
    save(now, housing="rented")
    assert save(now, housing="rented").revision == 1


def test_a_draft_is_over_after_its_days_and_a_new_one_may_begin(person: str, now: datetime) -> None:
    save(now, housing="rented")
    later = now + timedelta(days=drafts.policy().draft_days, seconds=1)
    with pytest.raises(NotFound, match="draft_unknown"):
        service.resume(person, KIND, later, "en")
    assert service.listed(person, later, "en").items == []
    assert save(later, housing="owned").revision == 1


def test_a_draft_that_is_dropped_is_gone_and_dropping_again_is_harmless(person: str, now: datetime) -> None:
    save(now, housing="rented")
    assert [item.kind for item in service.listed(person, now, "en").items] == [KIND]
    service.drop(person, KIND)
    service.drop(person, KIND)
    assert service.listed(person, now, "en").items == []


def test_a_person_gets_a_copy_and_deletion_leaves_nothing(person: str, now: datetime) -> None:
    save(now, landlord={"name": NAME})
    copy = parts.exports(person, now)["forms"]
    assert isinstance(copy, dict)
    assert copy["drafts"] == [
        {"kind": KIND, "saved_at": "2026-11-23T09:30:00.000+08:00", "answers": {"landlord": {"name": NAME}}}
    ]
    assert rights._erase(person, now + timedelta(days=365)) == []
    assert store.all_drafts(person) == []


def test_a_form_that_is_filed_takes_its_draft_with_it(person: str, now: datetime) -> None:
    save(now, housing="rented")
    citizen = Actor(person, "citizen", frozenset({"citizen"}))
    tables.transact(*service.filed(KIND, citizen))
    assert store.all_drafts(person) == []
    assert service.filed(KIND, SYSTEM) == [] == service.filed("no_such_kind", citizen)


def test_a_kind_without_a_form_has_no_drafts(person: str, now: datetime) -> None:
    with pytest.raises(NotFound, match="form_unknown"):
        service.save(person, "nothing", NewDraft(answers={}), now, "en")


def test_a_route_that_names_no_form_fails_at_import() -> None:
    with pytest.raises(NotFound, match="form_unknown"):
        service.checker("residence_registratoin")


def test_a_checker_refuses_by_the_edition_in_force(now: datetime) -> None:
    check = service.checker("residence_departure")
    check({"left_on": "2026-12-01"}, now)
    with pytest.raises(Invalid):
        check({"left_on": "soon"}, now)


def test_a_case_keeps_the_version_of_its_form_and_the_draft_goes_with_it(person: str, now: datetime) -> None:
    save(now, housing="rented")
    citizen = Actor(person, "citizen", frozenset({"citizen"}))
    filed = cases.Submission(kind=KIND, owner=person, filer=person, region="440604010001", payload={})
    case_id = cases.submit(filed, citizen, now).id
    assert cases.case(case_id).form_version == "2026-11"
    assert service.listed(person, now, "en").items == []


def test_a_submission_that_fails_leaves_the_draft(person: str, now: datetime) -> None:
    save(now, housing="rented")
    citizen = Actor(person, "citizen", frozenset({"citizen"}))
    filed = cases.Submission(
        kind=KIND, owner=person, filer=person, region="440604010001", payload={}, case_id="C1"
    )
    cases.submit(filed, citizen, now)
    save(now, housing="owned")
    with pytest.raises(tables.Cancelled):
        cases.submit(filed, citizen, now)
    assert service.resume(person, KIND, now, "en").answers == {"housing": "owned"}
