"""Neighbours say "me too" at once, and two of the staff answer at once, judged by AWS's own engine."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict
from chalicelib.feedback import service as feedback
from chalicelib.feedback import store
from chalicelib.feedback.model import FeedbackAnswer
from chalicelib.tables import Cancelled
from tests.chalicelib.feedback.reports import HANDLER, item_of, reported, taken_on
from tests.conformance.test_races import at_once, patiently
from tests.town import Town, outside_systems


@pytest.fixture
def town(dynamodb_engine: str, cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    """A town in DynamoDB Local."""
    if dynamodb_engine == "moto":
        pytest.skip("races are judged by DynamoDB Local alone: pytest --dynamodb local tests/conformance")
    with outside_systems(tmp_path, now):
        yield Town(now)


def neighbour(number: int) -> Actor:
    return Actor(f"P{number:026d}", "citizen", frozenset({"citizen"}))


def test_forty_supports_by_twenty_neighbours_count_twenty(town: Town, now: datetime) -> None:
    item = item_of(reported(town.owner, now))
    at_once(lambda turn: patiently(lambda: feedback.support(neighbour(turn % 20), item, now)))
    matter = store.matter(item, consistent=True)
    assert matter and matter.supporters == 20
    assert len([row for row in store.all_rows(item) if row.sk.startswith("PERSON#")]) == 21


def test_of_many_answers_at_once_one_stands(town: Town, now: datetime) -> None:
    case_id = taken_on(town.owner, now)

    def answer(turn: int) -> bool:
        try:
            text = FeedbackAnswer(text=f"answer {turn}")
            patiently(lambda: feedback.answer(HANDLER, case_id, text, now, None, "en"))
        except (Conflict, Cancelled):
            return False
        return True

    assert sum(at_once(answer, 12)) == 1
    found = cases.case(case_id)
    assert [event.what for event in found.events].count("case_answer") == 1
    matter = store.matter(item_of(case_id), consistent=True)
    assert matter and (found.state, matter.state) == ("answered", "answered")
