"""What waits too long goes to a person, then to the next level, and never against the applicant."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from chalicelib import clock
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service, store
from chalicelib.cases.deadlines import chase
from chalicelib.cases.model import Case
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Decision, WorkQuery
from chalicelib.cases.worklists import worklist
from tests.chalicelib.cases.kinds_of_tests import check, kinds

COMMUNITY = "440604010001"
CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}))
REVIEWER = Actor("reviewer-x", "staff", frozenset({"reviewer"}), ("440604",), "housing")


def officer(role: str, scope: str) -> Actor:
    return Actor(f"{role}-x", "staff", frozenset({role}), (scope,))


GRID, COORDINATOR = officer("grid_worker", COMMUNITY), officer("coordinator", "440604010")
DISTRICT, CITY = officer("district_officer", "440604"), officer("city_officer", "440600")


def submit(now: datetime, kind: str = "residence_departure") -> str:
    return service.submit(Submission(kind, "P1", "P1", COMMUNITY, {}), CITIZEN, now).id


def morning_after(day: date) -> datetime:
    """When the function runs that chases a day."""
    return datetime.combine(day + timedelta(days=1), time(0, 5), tzinfo=clock.SHANGHAI)


def run_out(case_id: str) -> Case:
    """The case after its present clock ran out and was chased."""
    due = service.case(case_id).due
    assert due is not None
    assert chase(due, morning_after(due)) == {"checks": 0, "cases": 1}
    return service.case(case_id)


def work_of(actor: Actor) -> list[str]:
    return [item.case for item in worklist(actor, WorkQuery(), "en").items]


def test_late_work_goes_up_level_by_level_and_stays_with_the_highest(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    assert service.case(case_id).queue == "grid_worker" and work_of(GRID) == [case_id]
    levels = [run_out(case_id).queue for _ in range(3)]
    assert levels == ["coordinator", "district_officer", "city_officer"]
    assert work_of(CITY) == [case_id] and work_of(GRID) == work_of(DISTRICT) == []
    last = run_out(case_id)
    assert (last.queue, last.state) == ("city_officer", "review")
    assert [e.what for e in last.events if e.who == "system"] == ["case_escalated"] * 3 + ["case_late"]
    due = last.due
    assert due is not None
    assert chase(due, morning_after(due)) == {"checks": 0, "cases": 0}


def test_each_level_has_its_own_days(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    first = service.case(case_id).due
    second = run_out(case_id).due
    assert first is not None and second is not None
    assert second == clock.add_working_days(first + timedelta(days=1), 2)


def test_chasing_a_day_again_or_a_decided_case_changes_nothing(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    due = service.case(case_id).due
    assert due is not None
    chase(due, morning_after(due))
    before = service.case(case_id)
    assert chase(due, morning_after(due)) == {"checks": 0, "cases": 0}
    assert service.case(case_id) == before
    service.decide(COORDINATOR, case_id, Decision(decision="approve", reason="has left"), morning_after(due))
    for back in range(30):
        assert chase(due + timedelta(days=back), morning_after(due)) == {"checks": 0, "cases": 0}


def test_a_silent_department_gets_a_person_then_the_next_level_which_may_answer(
    cloud: None, tmp_path: Path, now: datetime
) -> None:
    with kinds(tmp_path, {"checks": [check("housing", "housing")]}):
        case_id = submit(now, "trial")
        due = service.case(case_id).check("housing").due
        assert chase(due, morning_after(due))["checks"] == 1
        part = service.case(case_id).check("housing")
        assert (part.state, part.queue, part.reason) == ("person", "housing", "silent")
        assert work_of(REVIEWER) == [case_id]
        assert chase(part.due, morning_after(part.due))["checks"] == 1
        part = service.case(case_id).check("housing")
        assert (part.state, part.queue) == ("person", "district_officer")
        assert work_of(DISTRICT) == [case_id]
        answered = service.decide(
            DISTRICT, case_id, Decision(check="housing", decision="approve", reason="seen"), now
        )
        assert answered.state == "accepted"


def test_silence_alone_never_ends_a_case(cloud: None, tmp_path: Path, now: datetime) -> None:
    with kinds(
        tmp_path, {"checks": [check("home", "housing", "land", merge="veto")], "deadline_working_days": 3}
    ):
        case_id = submit(now, "trial")
        for day in range(200):
            chase(clock.local_date(now) + timedelta(days=day), now + timedelta(days=day + 1))
        found = service.case(case_id)
        assert found.state == "checking" and found.open_checks == 2
        assert {part.state for part in found.checks} == {"person"}
        assert {part.queue for part in found.checks} == {"city_officer"}


def test_whoever_lets_the_time_for_papers_pass_is_reviewed_as_it_is(cloud: None, now: datetime) -> None:
    case_id = submit(now, "residence_registration")
    service.decide(COORDINATOR, case_id, Decision(decision="ask_supplement", reason="the lease"), now)
    found = run_out(case_id)
    assert (found.state, found.queue) == ("review", "coordinator")
    assert found.events[-1].what == "case_lapse"


def test_a_case_that_goes_on_leaves_no_department_work_behind(
    cloud: None, tmp_path: Path, now: datetime
) -> None:
    with kinds(tmp_path, {"checks": [check("housing", "housing")]}):
        case_id = submit(now, "trial")
        due = service.case(case_id).check("housing").due
        assert work_of(REVIEWER) == [case_id]
        service.act(service.case(case_id), "withdraw", CITIZEN, now)
        assert work_of(REVIEWER) == []
        assert chase(due, morning_after(due)) == {"checks": 0, "cases": 0}


def test_a_case_that_comes_back_asks_again_whoever_did_not_agree(
    cloud: None, tmp_path: Path, now: datetime
) -> None:
    again = {"from": ["review"], "to": "checking", "who": ["coordinator"]}
    transitions = {
        "ask_again": again,
        "look_at": {"from": ["checking"], "to": "review", "who": ["coordinator"]},
    }
    with kinds(
        tmp_path, {"checks": [check("a", "a"), check("b", "b"), check("c", "c")], "transitions": transitions}
    ):
        case_id = submit(now, "trial")
        service.record_check(case_id, "a", "passed", SYSTEM, now)
        service.record_check(case_id, "b", "failed", SYSTEM, now)
        later = now + timedelta(days=1)
        service.act(service.case(case_id), "look_at", COORDINATOR, later)
        service.act(service.case(case_id), "ask_again", COORDINATOR, later)
        found = service.case(case_id)
        assert {part.id: part.state for part in found.checks} == {"a": "passed", "b": "open", "c": "open"}
        assert found.open_checks == 2
        service.record_check(case_id, "b", "passed", SYSTEM, later)
        assert service.record_check(case_id, "c", "passed", SYSTEM, later).state == "accepted"


def test_more_parts_than_a_transaction_holds_are_opened_all_the_same(
    cloud: None, tmp_path: Path, now: datetime
) -> None:
    departments = [f"d{number}" for number in range(130)]
    many = {"checks": [check("all", *departments, merge={"rule": "quorum", "quorum": 100})]}
    with kinds(tmp_path, many):
        case_id = submit(now, "trial")
        assert service.case(case_id).open_checks == len(service.case(case_id).checks) == 130
        stored = store.load(case_id)
        assert stored is not None and len(stored.checks) == 60
        assert service.settle_rest(service.case(case_id)) == 70
        assert service.settle_rest(service.case(case_id)) == 0
        stored = store.load(case_id)
        assert stored is not None and len(stored.checks) == 130
        service.act(service.case(case_id), "withdraw", CITIZEN, now)
        assert service.settle_rest(service.case(case_id)) == 70
        assert not any(part.listed for part in service.case(case_id).checks)


def test_an_answer_may_come_before_its_part_is_opened(cloud: None, tmp_path: Path, now: datetime) -> None:
    departments = [f"d{number}" for number in range(70)]
    with kinds(tmp_path, {"checks": [check("all", *departments, merge="veto")]}):
        case_id = submit(now, "trial")
        service.record_check(case_id, "all:d69", "passed", SYSTEM, now)
        found = service.case(case_id)
        assert (found.check("all:d69").state, found.open_checks) == ("passed", 69)


@pytest.mark.parametrize("offset", [0, 1])
def test_a_clock_runs_until_the_end_of_its_day(cloud: None, now: datetime, offset: int) -> None:
    case_id = submit(now, "residence_registration")
    service.decide(COORDINATOR, case_id, Decision(decision="ask_supplement", reason="the lease"), now)
    due = service.case(case_id).due
    assert due is not None
    last_minute = clock.end_of_day(due) + timedelta(seconds=offset)
    if offset:
        with pytest.raises(Exception, match="supplement_too_late"):
            service.supplement(CITIZEN, case_id, None, last_minute, None, "en")
    else:
        assert service.supplement(CITIZEN, case_id, None, last_minute, None, "en").state == "review"
