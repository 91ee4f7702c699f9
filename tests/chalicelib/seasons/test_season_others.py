"""People beside the applicant: the child, who else cites the same certificate, who objects, whom an objection is about."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import CaseCheck
from chalicelib.errors import Invalid, Throttled
from chalicelib.identity import service as identity
from chalicelib.seasons import filing, store
from chalicelib.seasons import service as seasons
from chalicelib.seasons.views import NewObjection
from tests.chalicelib.seasons.season import (
    RECORDS,
    accepted,
    agreed,
    applied,
    enacted,
    pupil,
    ranking,
    verified,
)
from tests.town import Town, outside_systems, staff

PATENT = {"indicator": "B3", "labels": ["发明专利"], "record": "ZL 2024-1234"}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def child_of(case_id: str) -> str:
    held = store.application(case_id)
    assert held and held[0].child_person
    return held[0].child_person


def of_patents(case_id: str) -> CaseCheck:
    """The check of the department that is asked about patents."""
    (found,) = [part for part in cases.case(case_id).checks if part.department == "science"]
    return found


def test_a_child_under_14_needs_the_guardians_consent_which_is_kept(town: Town, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        applied(town, town.owner, now, child=pupil(consent=False))
    assert [(f.path, f.code) for f in refused.value.fields] == [
        ("/child/guardian_consent", "guardian_consent_needed")
    ]
    case_id = applied(town, town.owner, now)
    assert identity.has_guardian_consent(town.owner.id, child_of(case_id))
    assert not identity.has_guardian_consent(town.stranger.id, child_of(case_id))


def test_looks_at_a_child_are_in_the_log_of_minors(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    seasons.particulars(staff("reviewer", department="education"), case_id, "case_handling", now)
    (look,) = identity.minor_accesses(f"{now:%Y-%m}", None).items
    assert (look.person_id, look.what, look.purpose) == (child_of(case_id), "points", "case_handling")


def test_nobody_tries_out_numbers_as_children_without_end(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "CHILDREN_A_DAY", (1, 86_400))
    applied(town, town.owner, now)
    with pytest.raises(Throttled):
        applied(town, town.owner, now, child=pupil(8))


def test_a_certificate_that_another_cites_is_a_persons_and_refuses_nobody(town: Town, now: datetime) -> None:
    """Whoever came first with the number: the second is let in, and the check says only that it is used elsewhere."""
    squatter = applied(town, town.stranger, now, child=pupil(8), claims=[PATENT])
    rightful = applied(town, town.owner, now, claims=[PATENT | {"record": "zl20241234"}])
    verified({}, now, rightful, squatter)
    part = of_patents(rightful)
    assert (part.state, part.receipt and part.receipt.rule) == ("person", "points_shared")
    told = part.receipt and part.receipt.said
    assert told and "B3" in told.en and town.stranger.id not in told.en and squatter not in told.en
    agreed(now, rightful)
    (line,) = [
        line for line in seasons.mine(town.owner.id, now, "en").items[0].lines if line.indicator == "B3"
    ]
    assert line.points > 0


def test_a_record_is_free_again_when_the_application_is_withdrawn(town: Town, now: datetime) -> None:
    first = applied(town, town.stranger, now, child=pupil(8), claims=[PATENT])
    key = filing.record_key(PATENT["record"])
    assert store.users("2027", [key]) == {key: town.stranger.id}
    withdrawn(first, town.stranger, now)
    assert store.users("2027", [key]) == {}
    applied(town, town.owner, now, claims=[PATENT])
    assert store.users("2027", [key]) == {key: town.owner.id}


def test_a_record_stays_taken_by_the_persons_other_application(town: Town, now: datetime) -> None:
    first = applied(town, town.owner, now, claims=[PATENT])
    applied(town, town.owner, now, child=pupil(8), claims=[PATENT])
    verified({town.owner.id: RECORDS}, now, first)
    withdrawn(first, town.owner, now)
    key = filing.record_key(PATENT["record"])
    assert store.users("2027", [key]) == {key: town.owner.id}


def withdrawn(case_id: str, actor: Actor, now: datetime) -> None:
    cases.act(cases.case(case_id), "withdraw", actor, now)
    enacted(case_id, now)


def objected(town: Town, now: datetime, **about: Any) -> str:
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    said = NewObjection.model_validate(
        {"ranking": made, "department": "education", "reason": "not so"} | about
    )
    return seasons.object_to(town.stranger, said, now, None, "en").id


def test_the_objector_sees_who_read_the_reason(town: Town, now: datetime) -> None:
    accepted(town, town.owner, now)
    objection = objected(town, now, rank=1)
    coordinator = staff("coordinator")
    seen = seasons.particulars(coordinator, objection, "case_handling", now)
    assert seen.objection == "not so"
    for who in (town.stranger, town.owner):
        looks = identity.disclosures(who.id, None, now).items
        assert [(look.staff, look.what) for look in looks] == [(coordinator.id, "points")]


def test_whom_an_objection_is_about_is_told_but_not_of_ones_own(town: Town, now: datetime) -> None:
    accepted(town, town.owner, now)
    objection = objected(town, now, rank=1)
    assert seasons.objected_to(cases.case(objection)) == town.owner.id


def test_of_an_objection_to_ones_own_points_nobody_else_is_told(town: Town, now: datetime) -> None:
    case_id = accepted(town, town.stranger, now)
    assert seasons.objected_to(cases.case(objected(town, now, case=case_id))) is None
