"""What is next, whose it is and until when, in both languages, at every place a case can be."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, service, timeline
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Decision, view
from chalicelib.texts import catalogue
from tests.chalicelib.cases.kinds_of_tests import check, kinds

COMMUNITY = "440604010001"
CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}))
COORDINATOR = Actor("coordinator-x", "staff", frozenset({"coordinator"}), ("440604010",))


def submit(now: datetime, kind: str = "residence_registration", *, confirming: bool = False) -> str:
    filed = Submission(kind, "P1", "P1", COMMUNITY, {}, needs_confirmation=confirming)
    return service.submit(filed, CITIZEN, now).id


def step(case_id: str, today: date | None = None) -> tuple[str, str, str] | None:
    found = view(service.case(case_id), "en", today).next
    return (found.act, found.who, str(found.by)) if found else None


def decide(case_id: str, decision: str, now: datetime) -> None:
    service.decide(COORDINATOR, case_id, Decision(decision=decision, reason="a reason"), now)


def test_what_is_next_from_submission_to_the_end_of_the_appeal(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    assert step(case_id) == ("check", "departments", "2026-11-26")
    decide(case_id, "ask_supplement", now)
    assert step(case_id) == ("supplement", "owner", "2026-12-07")
    service.supplement(CITIZEN, case_id, None, now, None, "en")
    assert step(case_id) == ("decide", "coordinator", "2026-12-14")
    decide(case_id, "refuse", now)
    assert step(case_id) == ("appeal", "owner", "2026-12-07")
    assert step(case_id, date(2026, 12, 8)) is None
    service.appeal(CITIZEN, case_id, "it is so", now, None, "en")
    assert step(case_id) == ("decide", "district_officer", "2026-12-14")


def test_nothing_is_next_after_acceptance_and_withdrawal(cloud: None, now: datetime) -> None:
    accepted, withdrawn = submit(now), submit(now + timedelta(seconds=1))
    for department in ("public_security", "housing"):
        service.record_check(accepted, department, "passed", SYSTEM, now)
    service.act(service.case(withdrawn), "withdraw", CITIZEN, now)
    assert step(accepted) is None and step(withdrawn) is None


def test_who_has_to_confirm_is_told_so(cloud: None, now: datetime) -> None:
    assert step(submit(now, confirming=True)) == ("confirm", "owner", "2026-12-14")


def test_the_sentence_says_who_and_by_when_in_both_languages(cloud: None, now: datetime) -> None:
    case = service.case(submit(now))
    english, chinese = (view(case, language).next for language in ("en", "zh-CN"))
    assert english is not None and chinese is not None
    assert english.what == "the departments in charge will answer by 2026-11-26"
    assert chinese.what == "有关部门将在 2026-11-26 前答复核查"


def test_a_list_tells_the_next_step_without_reading_the_checks(cloud: None, now: datetime) -> None:
    submit(now)
    (found,) = service.cases_of(CITIZEN, filed=False, limit=5, token=None)[0]
    assert found.checks == []
    listed = view(found, "en").next
    assert listed is not None and (listed.act, listed.who) == ("check", "departments")


def test_the_timeline_tells_roles_and_never_who_it_was(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    decide(case_id, "ask_supplement", now + timedelta(minutes=1))
    shown = view(service.case(case_id), "en")
    assert [(e.who, e.who_text) for e in shown.timeline] == [
        ("citizen", "the applicant"),
        ("coordinator", "the town's coordinator"),
    ]
    assert COORDINATOR.id not in shown.model_dump_json()


def test_a_department_among_several_is_named_by_its_title(cloud: None, tmp_path: Path, now: datetime) -> None:
    titles = {"land": {"zh-CN": "自然资源", "en": "Land"}}
    home = check("home", "housing", "land", merge="veto", department_titles=titles)
    with kinds(tmp_path, {"checks": [home]}):
        case_id = submit(now, "trial")
        service.record_check(case_id, "home:land", "passed", SYSTEM, now)
        shown = view(service.case(case_id), "en")
        assert {c.id: c.title for c in shown.checks} == {
            "home:housing": "Test (housing)",
            "home:land": "Test (Land)",
        }
        assert [e.text for e in shown.timeline if e.what == "check_passed"] == ["Test (Land): agrees"]


@pytest.mark.parametrize("name", model.kinds())
def test_every_role_that_may_act_or_has_work_is_named(name: str) -> None:
    kind = model.kind(name)
    roles = {who for transition in kind.transitions.values() for who in transition.who}
    roles |= {queue for queue in kind.work.values() if not queue.startswith("@")}
    roles |= set(kind.escalation.levels) | set(kind.escalation.departments)
    departments = {department for each in kind.checks for department in each.departments}
    assert {f"role_{role}" for role in roles - departments} <= catalogue().keys()


@pytest.mark.parametrize("name", model.kinds())
def test_what_the_join_says_is_in_the_catalogue(name: str) -> None:
    kind = model.kind(name)
    if kind.checks:
        assert {f"case_{kind.join.passed}", f"case_{kind.join.otherwise}"} <= catalogue().keys()


def test_a_step_without_a_day_still_has_a_sentence() -> None:
    assert timeline.told("settle_up", "owner", None, "en") == "The next step is yours, by -"
