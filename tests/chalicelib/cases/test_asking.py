"""Missing papers are named once and all at once, and only what no record shows."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import SYSTEM
from chalicelib.cases import asking
from chalicelib.cases import service as cases
from chalicelib.cases.views import CaseView, Decision, view
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.permits import service as permits
from chalicelib.permits.model import NewApplication
from tests.chalicelib.permits.holders import COORDINATOR, registered
from tests.town import Town, id_number, outside_systems


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def filed(town: Town, now: datetime, **more: Any) -> CaseView:
    who = town.stranger if "ward" in more else town.owner
    registered(who.id, date(2026, 1, 5))
    return permits.apply(town.owner, NewApplication.model_validate({"ground": "work", **more}), now)


def to_people(case: CaseView, now: datetime) -> None:
    for part in case.checks:
        cases.to_person(case.id, part.id, "no_record", now)


def ask(case: CaseView, now: datetime) -> bool:
    return asking.name_papers(cases.case(case.id), now)


def named(case: CaseView) -> list[str]:
    return [
        str(event.params["papers"])
        for event in cases.case(case.id).events
        if event.what == "case_name_papers"
    ]


def test_nothing_is_named_while_a_department_may_still_find_a_record(town: Town, now: datetime) -> None:
    case = filed(town, now)
    assert not ask(case, now)
    cases.to_person(case.id, "human_resources", "no_record", now)
    assert not ask(case, now)
    assert named(case) == []


def test_what_no_record_shows_is_named_once_and_the_person_has_time_for_it(town: Town, now: datetime) -> None:
    case = filed(town, now)
    cases.record_check(case.id, "public_security", "passed", SYSTEM, now)
    cases.to_person(case.id, "human_resources", "no_record", now)
    assert [ask(case, now), ask(case, now)] == [True, False]
    assert named(case) == ["work_proof"]
    found = cases.case(case.id)
    assert (found.state, found.due) == ("supplement", date(2026, 12, 7))


def test_everything_that_is_missing_is_named_at_once_in_words(town: Town, now: datetime) -> None:
    ward = {
        "name": identity.profile(town.stranger.id).name,
        "id_number": id_number(town.order + 1),
        "why": "disabled",
        "relation": "sibling",
    }
    case = filed(town, now, ward=ward)
    to_people(case, now)
    assert ask(case, now)
    wanted = "identity_card,guardian_identity_card,relation_proof,disability_certificate,work_proof"
    assert named(case) == [wanted]
    (line,) = (e for e in view(cases.case(case.id), "zh-CN").timeline if e.what == "case_name_papers")
    assert "身份证照片；代办人身份证照片；" in line.text and "残疾人证；" in line.text


def test_after_that_nobody_may_ask_again_and_a_person_decides(town: Town, now: datetime) -> None:
    case = filed(town, now)
    to_people(case, now)
    ask(case, now)
    again = cases.supplement(town.owner, case.id, None, now + timedelta(days=1), None, "en")
    assert again.state == "recheck"
    with pytest.raises(Conflict, match="case_state_forbids"):
        cases.decide(COORDINATOR, case.id, Decision(decision="ask_supplement", reason="再补一份"), now)
    assert not ask(case, now)
    done = cases.decide(COORDINATOR, case.id, Decision(decision="approve", reason="材料齐全"), now)
    assert done.state == "accepted"


def test_when_everybody_agrees_no_paper_is_asked_for(town: Town, now: datetime) -> None:
    case = filed(town, now)
    for part in case.checks:
        cases.record_check(case.id, part.id, "passed", SYSTEM, now)
    assert not ask(case, now)
    after = cases.case(case.id)
    assert (after.state, named(case)) == ("accepted", [])


def test_a_kind_that_does_not_name_papers_is_left_alone(town: Town, now: datetime) -> None:
    case_id = town.case()
    for part in ("public_security", "housing"):
        cases.to_person(case_id, part, "no_record", now)
    assert not asking.name_papers(cases.case(case_id), now)
    assert cases.case(case_id).state == "checking"
