"""The day's end of visits, on the event's time."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.fieldwork import service, store
from functions.expire_visits import handler
from tests.chalicelib.fieldwork.people import COMMUNITY, finding, nobody_registered, people

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/expire_visits.json").read_text("utf-8"))
FOUND = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def statuses() -> dict[str, int]:
    return {s: len(store.visits_in(s, [COMMUNITY], 100, None)[0]) for s in ("due", "expired")}


@pytest.fixture
def two_visits() -> None:
    """Two visits whose last day is 2026-12-23 in Foshan."""
    service.plan([finding(p) for p in people(2, FOUND)], "B1", FOUND, nobody_registered)


def test_visits_end_after_their_last_day_and_once(two_visits: None) -> None:
    assert [handler(EVENT, None) for _ in range(2)] == [{"expired": 2}, {"expired": 0}]
    assert statuses() == {"due": 0, "expired": 2}


def test_visits_live_through_their_last_day(two_visits: None) -> None:
    handler(EVENT | {"time": "2026-12-22T16:20:00Z"}, None)
    assert statuses() == {"due": 2, "expired": 0}


def test_a_missed_run_is_made_up_for_by_the_next(two_visits: None) -> None:
    assert handler(EVENT | {"time": "2026-12-28T16:20:00Z"}, None) == {"expired": 2}
