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


def test_of_many_applications_for_a_child_at_once_its_parent_files_one(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent, stranger, body = families.parent(), families.parent(), families.body("a1")
    families.at_home(parent, body)
    turns = iter([parent, stranger] * 5 * THREADS)

    def file() -> str:
        who = next(turns)
        return families.filed(who, body) and ("parent" if who is parent else "stranger")

    said = at_once(file)
    # Who is not shown to be a parent may file as well, and holds no place until a person has seen a paper.
    assert said["parent"] == 1 and said["stranger"] <= 1
    assert set(said) <= {"parent", "stranger", "school_child_asked_already", "changed_meanwhile"}
    assert [one.owner for one in store.pool(2026, "440604", 1) if one.kin] == [parent.id]


def test_a_round_is_closed_once_and_a_place_answered_one_way(families: Families, now: datetime) -> None:
    opened(now)
    parent, case = families.accepted("a1")
    later = now + timedelta(hours=2)
    said = at_once(lambda: running.close_run(OFFICER, RUN, later).state)
    assert said["closed"] >= 1  # Closing again asks again for what waits; it changes nothing.
    assert set(said) <= {"closed", "school_run_state", "changed_meanwhile"}
    done = at_once(lambda: running.proceed(RUN, families.read, later).state)
    assert done["publicity"] >= 1 and set(done) <= {"publicity", "changed_meanwhile"}, done
    sealed = store.run(RUN)
    assert sealed is not None and sealed[0].state == "publicity"
    answers = iter(["accept", "refuse"] * 10 * THREADS)

    def answer() -> str:
        asked = NewAnswer.model_validate({"answer": next(answers)})
        return answering.answer(parent, case, asked, later).answer

    told = at_once(answer)
    line = store.entry(RUN, case)
    assert line is not None and line.answer is not None
    assert set(told) <= {line.answer, "school_answered"}
