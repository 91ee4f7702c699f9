"""A permit ends with a departure and moves with a move, once, by the standing as it is now."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.follow_residents import handler
from tests.chalicelib.permits.holders import held, in_force, registered
from tests.town import FAR_COMMUNITY, Town, outside_systems

TEXT = Path("events/follow_residents.json").read_text("utf-8")
HOLDER = json.loads(TEXT)["Records"][0]["dynamodb"]["NewImage"]["person_id"]["S"]


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def event(town: Town) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TEXT.replace(HOLDER, town.owner.id))
    return loaded


def test_a_departure_cancels_the_permit_on_its_day_and_once(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    registered(town.owner.id, date(2026, 11, 1), until=date(2026, 12, 20))
    for _ in range(2):
        assert handler(event(town), None) == {"batchItemFailures": []}
    permit = held(town.owner)
    assert (permit.state, permit.ended_on) == ("cancelled", date(2026, 12, 20))


def test_a_departure_that_is_told_late_does_not_end_the_permit_of_who_came_back(
    town: Town, now: datetime
) -> None:
    in_force(town.owner, now)
    assert handler(event(town), None) == {"batchItemFailures": []}
    assert held(town.owner).state == "active"


def test_a_move_takes_the_permit_along(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    registered(town.owner.id, date(2026, 12, 1), region=FAR_COMMUNITY)
    handler(event(town), None)
    permit = held(town.owner)
    assert (permit.state, permit.region) == ("active", FAR_COMMUNITY)


def test_who_has_no_permit_and_every_other_item_are_left_alone(town: Town) -> None:
    other = event(town)
    other["Records"][0]["dynamodb"]["NewImage"]["row"]["S"] = "registration"
    for sample in (event(town), other):
        assert handler(sample, None) == {"batchItemFailures": []}
