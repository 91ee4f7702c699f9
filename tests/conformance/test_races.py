"""Many hands on one thing at the same moment, judged by AWS's own engine. Moto cannot: it is not thread-safe."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib import audit, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, service, working
from chalicelib.cases.service import Submission
from chalicelib.errors import Conflict, Unavailable
from chalicelib.fieldwork import service as fieldwork
from chalicelib.fieldwork import store as visits
from chalicelib.fieldwork.model import OutcomeReport
from chalicelib.tables import Once, Repeated, RequestRow
from tests.chalicelib.cases.kinds_of_tests import check, kinds
from tests.town import COMMUNITY, TOWN, Town, staff

CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}))
DEPARTMENTS = [f"department_{number}" for number in range(8)]
THREADS = 40


@pytest.fixture
def judged(dynamodb_engine: str, cloud: None) -> None:
    """The cloud with DynamoDB Local in it."""
    if dynamodb_engine == "moto":
        pytest.skip("races are judged by DynamoDB Local alone: pytest --dynamodb local tests/conformance")


@pytest.fixture
def eight_departments(tmp_path: Path) -> Iterator[str]:
    """A kind of case that eight departments check."""
    with kinds(tmp_path, {"kind": "much_checked", "checks": [check(name, name) for name in DEPARTMENTS]}):
        yield "much_checked"


def submit(now: datetime, kind: str = "residence_registration", once: Once | None = None) -> str:
    submission = Submission(kind=kind, owner="P1", filer="P1", region=COMMUNITY, payload={})
    return service.submit(submission, CITIZEN, now, once).id


def at_once[T](act: Callable[[int], T], times: int = THREADS) -> list[T]:
    """What ``act`` answers in as many threads as times."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def patiently[T](act: Callable[[], T]) -> T:
    """As a caller does who is told that the table is busy: again, with a bound."""
    for _ in range(50):
        try:
            return act()
        except Unavailable:
            continue
    raise AssertionError("the table stayed busy")


def test_racing_answers_join_exactly_once(judged: None, now: datetime) -> None:
    case_id = submit(now)

    def answer(turn: int) -> str:
        department = ("public_security", "housing")[turn % 2]
        try:
            return patiently(lambda: service.record_check(case_id, department, "passed", SYSTEM, now).state)
        except Conflict as error:
            return error.code

    said = Counter(at_once(answer))
    case = service.case(case_id)
    assert (case.state, case.open_checks) == ("accepted", 0)
    assert said == {"checking": 1, "accepted": 1, "check_decided": THREADS - 2}
    assert sum(event.what == "case_accepted" for event in case.events) == 1


def test_eight_departments_in_forty_threads_decide_each_check_once_and_move_the_case_once(
    judged: None, eight_departments: str, now: datetime
) -> None:
    case_id, refused = submit(now, eight_departments), set[str]()

    def decide_all(turn: int) -> list[tuple[str, str]]:
        own, said = random.Random(turn), []
        for department in own.sample(DEPARTMENTS, len(DEPARTMENTS)):
            result = own.choice(["passed", "failed"])
            try:
                patiently(lambda d=department, r=result: service.record_check(case_id, d, r, SYSTEM, now))
            except Conflict as error:
                refused.add(error.code)
            else:
                said.append((department, result))
        return said

    won = [pair for said in at_once(decide_all) for pair in said]
    case = service.case(case_id)
    assert refused == {"check_decided"}
    assert sorted(department for department, _ in won) == DEPARTMENTS
    assert {check.department: check.state for check in case.checks} == dict(won)
    expected = "accepted" if all(result == "passed" for _, result in won) else "review"
    assert (case.state, case.open_checks) == (expected, 0)
    told = Counter(event.what.partition("_")[0] for event in case.events)
    assert told == {"case": 2, "check": 8}  # Submitted and moved on, each once; and the eight answers.
    entries = Counter(row.act for row in audit.EntryRow.by_target.query(case_id))
    assert entries["check.passed"] + entries["check.failed"] == 8


def test_three_hundred_departments_answer_one_case_at_once_and_join_it_once(
    judged: None, tmp_path: Path, now: datetime
) -> None:
    """Forty of the parts are answered by two callers; all with values, which are added up."""
    departments = [f"d{number}" for number in range(300)]
    every = check("all", *departments, merge={"rule": "sum", "at_least": "45150"})
    with kinds(tmp_path, {"kind": "asks_everybody", "checks": [every], "merge": "single"}):
        case_id = submit(now, "asks_everybody")
        order = random.Random(7).sample([*range(300), *range(40)], 340)

        def answer(turn: int) -> str:
            number = order[turn]
            value = Decimal(number + 1)
            try:
                return patiently(
                    lambda: (
                        service.record_check(
                            case_id, f"all:d{number}", "passed", SYSTEM, now, value=value
                        ).state
                    )
                )
            except Conflict as error:
                return error.code

        with ThreadPoolExecutor(THREADS) as pool:
            said = Counter(pool.map(answer, range(340)))
        case = service.case(case_id)
    assert said == {"checking": 299, "accepted": 1, "check_decided": 40}
    assert (case.state, case.open_checks, case.value) == ("accepted", 0, Decimal(300 * 301 // 2))
    assert {part.id: part.value for part in case.checks} == {f"all:d{n}": n + 1 for n in range(300)}
    told = Counter(event.what for event in case.events)
    assert told == {"case_submitted": 1, "check_passed": 300, "case_accepted": 1}
    acts = Counter(row.act for row in audit.EntryRow.by_target.query(case_id))
    assert acts == {"case.submitted": 1, "check.passed": 300}


def test_two_colleagues_claim_the_same_work_and_one_has_it(judged: None, now: datetime) -> None:
    case_id = service.submit(Submission("residence_departure", "P1", "P1", COMMUNITY, {}), CITIZEN, now).id

    def claim(turn: int) -> str:
        actor = Actor(f"grid-{turn}", "staff", frozenset({"grid_worker"}), (COMMUNITY,))
        try:
            return str(patiently(lambda: working.claim(actor, case_id, None, now, None, "en").claimed_by))
        except Conflict as error:
            return error.code

    said = Counter(at_once(claim, 12))
    holder = service.case(case_id).claimed_by
    assert holder is not None and said[holder] == 1
    assert said["changed_meanwhile"] + said["work_claimed"] == 11


def test_the_same_submission_forty_times_at_once_is_one_case_with_one_answer(
    judged: None, now: datetime
) -> None:
    def send(turn: int) -> str:
        once = Once("P1", "the-same-key", b"the same body", 201, now)
        try:
            return patiently(lambda: submit(now, once=once))
        except Repeated as repeated:
            return str(json.loads(repeated.body)["id"])

    assert len(set(at_once(send))) == 1
    assert len(service.cases_of(CITIZEN, filed=False, limit=10, token=None)[0]) == 1
    assert sum(1 for _ in RequestRow.scan()) == 1
    assert sum(row.act == "case.submitted" for row in audit.EntryRow.scan()) == 1


def test_one_key_for_forty_different_submissions_makes_one_case(judged: None, now: datetime) -> None:
    def send(turn: int) -> str:
        once = Once("P1", "the-same-key", f"body {turn}".encode(), 201, now)
        try:
            return patiently(lambda: submit(now, once=once))
        except Conflict as error:
            return error.code

    said = Counter(at_once(send))
    assert said["idempotency_key_reused"] == THREADS - 1 and len(said) == 2
    assert len(service.cases_of(CITIZEN, filed=False, limit=10, token=None)[0]) == 1


def test_a_withdrawal_and_the_last_check_racing_leave_one_of_them(judged: None, now: datetime) -> None:
    for _ in range(5):
        case_id = submit(now)
        service.record_check(case_id, "housing", "passed", SYSTEM, now)
        found = service.case(case_id)

        def act(turn: int, case_id: str = case_id, found: model.Case = found) -> str:
            try:
                if turn % 2:
                    return patiently(lambda: service.act(found, "withdraw", CITIZEN, now).state)
                return patiently(
                    lambda: service.record_check(case_id, "public_security", "passed", SYSTEM, now).state
                )
            except Conflict as error:
                return error.code

        said = Counter(at_once(act, 8))
        case = service.case(case_id)
        assert said["withdrawn"] + said["accepted"] == 1
        assert case.state in ("withdrawn", "accepted") and said[case.state] == 1
        ends = [event.what for event in case.events if event.what in ("case_withdraw", "case_accepted")]
        assert len(ends) == 1


def test_two_workers_with_two_findings_leave_one_outcome_and_one_count(judged: None, now: datetime) -> None:
    visit = Town(now).visit()

    def report(turn: int) -> str:
        outcome = OutcomeReport(outcome=("not_here", "registered")[turn % 2])  # type: ignore[arg-type]
        try:
            return patiently(
                lambda: fieldwork.record_outcome(staff("grid_worker"), visit, outcome, now).outcome
            )
        except Conflict as error:
            return error.code

    said = Counter(at_once(report, 20))
    row = visits.visit(visit)
    assert row is not None and row.status == "done"
    assert said == {str(row.outcome): 10, "visit_outcome_recorded": 10}
    (counted,) = visits.counts(TOWN)
    assert (int(counted.due), int(counted.done)) == (0, 1)
    assert sum(entry.act == "visit.recorded" for entry in audit.EntryRow.scan()) == 1


def test_the_engine_names_refused_writes_in_the_order_that_the_floor_counts_on(
    judged: None, now: datetime
) -> None:
    """PynamoDB's order of sending and AWS's order of reasons: what ``tables._refusal`` puts back in place."""
    taken = RequestRow("taken", "X", digest="d", status=1, answer="a")
    taken.save()
    writes = [
        tables.Update(RequestRow("taken", "X"), [RequestRow.status.set(2)], RequestRow.status == 1),
        tables.create(RequestRow("taken2", "X", digest="d", status=1, answer="a")),
        tables.Delete(RequestRow("other", "X"), RequestRow.pk.exists()),
        tables.Check(RequestRow, "absent", "X", RequestRow.pk.exists()),
    ]
    with pytest.raises(tables.Cancelled) as refused:
        tables.transact(*writes)
    assert refused.value.failed == (2, 3)
