"""What the calendar brings to permits, on the event's time, each once."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.cases import service as cases
from chalicelib.permits import service as permits
from chalicelib.permits.model import NewEndorsement
from functions.keep_permits import handler
from tests.chalicelib.permits.holders import held, holding, in_force, in_production, morning, passed
from tests.town import Town, outside_systems

EVENT = json.loads(Path("events/keep_permits.json").read_text("utf-8"))


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def run(day: str) -> int:
    return handler(EVENT | {"time": f"{day}T00:30:00Z"}, None)["steps"]


def happened(town: Town, now: datetime) -> list[tuple[str, str]]:
    return [(line.what, line.day.isoformat()) for line in permits.mine(town.owner.id, now, "en").history]


def test_the_window_the_week_and_the_suspension_come_on_their_days_and_once(
    town: Town, now: datetime
) -> None:
    in_force(town.owner, now)
    days = [
        "2027-10-22",
        "2027-10-23",
        "2027-10-23",
        "2027-11-15",
        "2027-11-16",
        "2027-11-23",
        "2027-11-24",
        "2027-11-24",
    ]
    assert [run(day) for day in days] == [0, 1, 0, 0, 1, 0, 1, 0]
    assert held(town.owner).state == "suspended"
    assert happened(town, now)[:3] == [
        ("suspended", "2027-11-24"),
        ("week", "2027-11-16"),
        ("window", "2027-10-23"),
    ]


def test_missed_runs_heal_themselves_with_every_step_once(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    assert [run("2027-11-20"), run("2027-12-24"), run("2027-12-24")] == [2, 1, 0]


def test_many_permits_of_a_day_step_together_and_one_that_waits_does_not_hold_up_the_others(
    town: Town, now: datetime
) -> None:
    people = [f"P{number:026d}" for number in range(35)]
    for person in people:
        holding(person)
    waits = holding(town.owner.id)
    filed = permits.endorse(town.owner, NewEndorsement(), morning(date(2026, 12, 1)))
    done = handler(EVENT | {"time": "2026-12-02T00:30:00Z"}, None)
    assert (done["suspended"], done["waiting"], done["busy"]) == (35, 1, 0)
    assert done["steps"] == 3 * 35 + 2
    assert held(town.owner).asked == filed.id and held(town.owner).id == waits.id
    again = handler(EVENT | {"time": "2026-12-02T00:30:00Z"}, None)
    assert (again["steps"], again["suspended"]) == (0, 0)


def test_a_card_that_is_not_out_after_fifteen_days_is_late_once(town: Town, now: datetime) -> None:
    in_production(town.owner, now)
    assert [run("2026-12-08"), run("2026-12-09"), run("2026-12-10")] == [0, 1, 0]


def test_an_endorsement_asked_for_in_time_keeps_the_permit_in_force_until_it_is_decided(
    town: Town, now: datetime
) -> None:
    in_force(town.owner, now)
    run("2027-11-16")
    filed = permits.endorse(town.owner, NewEndorsement(), morning(date(2027, 11, 23)))
    waiting = [handler(EVENT | {"time": f"2027-11-{d}T00:30:00Z"}, None) for d in (24, 25, 26)]
    assert [(w["suspended"], w["waiting"]) for w in waiting] == [(0, 1)] * 3
    assert permits.code(town.owner.id, morning(date(2027, 11, 26))).token
    cases.act(cases.case(filed.id), "withdraw", town.owner, morning(date(2027, 11, 26)))
    assert run("2027-11-27") == 1
    assert held(town.owner).state == "suspended"


def test_an_endorsed_year_has_its_own_steps(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    run("2027-10-23")
    window = morning(date(2027, 10, 25))
    filed = permits.endorse(town.owner, NewEndorsement(), window)
    passed(filed, window)
    assert [run("2027-11-24"), run("2028-10-23"), run("2028-11-16"), run("2028-11-24")] == [0, 1, 1, 1]


def test_the_sample_event_is_of_a_day_on_which_something_happens(town: Town, now: datetime) -> None:
    in_force(town.owner, now - timedelta(days=0))
    assert handler(EVENT, None)["steps"] == 1
