"""Many hands on one child's application and one round at the same moment, judged by AWS's own engine."""

from datetime import datetime, timedelta

import pytest

from chalicelib.schooling import answering, running, store
from chalicelib.schooling.views import NewAnswer
from tests.chalicelib.schooling.season import OFFICER, Families, opened, planned
from tests.conformance.test_permit_races import THREADS, at_once

RUN = "2026-440604-1-1"


@pytest.fixture
def families(dynamodb_engine: str, cloud: None, now: datetime) -> Families:
    """A district, with DynamoDB Local as the judge."""
    if dynamodb_engine == "moto":
        pytest.skip("races are judged by DynamoDB Local alone: pytest --dynamodb local tests/conformance")
    planned(now)
    return Families(now)


def test_of_many_applications_for_a_child_at_once_one_is_filed(families: Families, now: datetime) -> None:
    opened(now)
    parents, body = [families.parent(), families.parent()], families.body("a1")
    turns = iter(range(10 * THREADS))
    said = at_once(lambda: families.filed(parents[next(turns) % 2], body) and "filed")
    assert said["filed"] == 1
    assert set(said) <= {"filed", "school_child_asked_already", "changed_meanwhile"}
    assert len(store.pool(2026, "440604", 1)) == 1


def test_a_round_is_closed_once_and_a_place_answered_one_way(families: Families, now: datetime) -> None:
    opened(now)
    parent, case = families.accepted("a1")
    later = now + timedelta(hours=2)
    said = at_once(lambda: running.close_run(OFFICER, RUN, later).state)
    assert said["closed"] == 1
    assert set(said) <= {"closed", "school_run_state", "changed_meanwhile"}
    running.proceed(RUN, families.read, later)
    answers = iter(["accept", "refuse"] * 10 * THREADS)

    def answer() -> str:
        asked = NewAnswer.model_validate({"answer": next(answers)})
        return answering.answer(parent, case, asked, later).answer

    told = at_once(answer)
    line = store.entry(RUN, case)
    assert line is not None and line.answer is not None
    assert set(told) <= {line.answer, "school_answered"}
