"""Half a year of registered residence, by hand and by property; what a person is told before applying."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.permits.eligibility import Residence, judge, residence
from chalicelib.permits.lifetime import months_after
from chalicelib.permits.policy import policy_on
from chalicelib.texts import sentence

POLICY = policy_on(date(2026, 1, 1))
TODAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Stay:
    registered_on: date
    ended_on: date | None = None


def stay(start: str, end: str | None = None) -> Stay:
    return Stay(date.fromisoformat(start), date.fromisoformat(end) if end else None)


@pytest.mark.parametrize(
    ("stays", "since", "half_year"),
    [
        ([stay("2026-01-10")], "2026-01-10", "2026-07-10"),
        ([stay("2026-08-31")], "2026-08-31", "2027-02-28"),
        ([stay("2027-08-29")], "2027-08-29", "2028-02-29"),
        ([stay("2026-01-10", "2026-04-01"), stay("2026-04-04")], "2026-01-10", "2026-07-10"),
        ([stay("2026-01-10", "2026-04-01"), stay("2026-04-05")], "2026-04-05", "2026-10-05"),
        ([stay("2026-01-10", "2026-04-01")], None, None),
        ([], None, None),
        ([stay("2026-01-10", "2026-05-01"), stay("2026-03-01", "2026-03-20"), stay("2026-05-02")], "2026-01-10", "2026-07-10"),
    ],
    ids=[
        "still there",
        "no 31 February",
        "a leap day",
        "three days between",
        "four days between",
        "gone",
        "never registered",
        "one inside another",
    ],
)  # fmt: skip
def test_half_a_year_by_hand(stays: list[Stay], since: str | None, half_year: str | None) -> None:
    found = residence(stays, POLICY)
    assert (str(found.since) if found.since else None) == since
    assert (str(found.half_year_on) if found.half_year_on else None) == half_year


DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@st.composite
def moves(draw: st.DrawFn, most_gap: int) -> list[Stay]:
    """Stays one after the other, the last in force; every gap at most so many days."""
    at, made = draw(DAYS), []
    for _ in range(draw(st.integers(1, 5))):
        end = at + timedelta(days=draw(st.integers(0, 400)))
        made.append(Stay(at, end))
        at = end + timedelta(days=draw(st.integers(0, most_gap)))
    return [*made, Stay(at)]


@settings(deadline=None)
@given(moves(POLICY.gap_days))
def test_moves_without_a_longer_gap_never_break_the_run(stays: list[Stay]) -> None:
    assert residence(stays, POLICY).since == stays[0].registered_on


@settings(deadline=None)
@given(moves(30), st.integers(4, 400))
def test_a_longer_gap_always_begins_anew(stays: list[Stay], gap: int) -> None:
    earlier = Stay(
        stays[0].registered_on - timedelta(days=gap + 10), stays[0].registered_on - timedelta(days=gap)
    )
    assert residence([earlier, *stays], POLICY) == residence(stays, POLICY)


@settings(deadline=None)
@given(moves(6))
def test_the_order_in_which_stays_come_does_not_matter(stays: list[Stay]) -> None:
    expected = residence(stays, POLICY)
    assert all(
        residence(order, POLICY) == expected
        for order in permutations(stays[:4] + stays[-1:])
        if len(stays) < 5
    )


@settings(deadline=None)
@given(moves(6), st.integers(0, 60))
def test_registering_earlier_never_puts_the_permit_off(stays: list[Stay], earlier: int) -> None:
    first = Stay(stays[0].registered_on - timedelta(days=earlier), stays[0].ended_on)
    before, after = residence(stays, POLICY), residence([first, *stays[1:]], POLICY)
    assert after.half_year_on is not None and before.half_year_on is not None
    assert after.half_year_on <= before.half_year_on


@settings(deadline=None)
@given(DAYS)
def test_half_a_year_is_met_on_its_day_and_not_the_day_before(day: date) -> None:
    found = residence([Stay(day)], POLICY)
    assert found.half_year_on == months_after(day, 6)
    assert found.met(months_after(day, 6)) and not found.met(months_after(day, 6) - timedelta(days=1))


def said(code: str, /, **params: str | int) -> str:
    return sentence(code, "en", **params)


def test_what_is_missing_and_when_it_will_be_there_is_said_in_words() -> None:
    found = judge(residence([stay("2026-08-01")], POLICY), False, POLICY, TODAY, said)
    assert (found.eligible, found.from_day) == (False, date(2027, 2, 1))
    (half,) = (c for c in found.criteria if c.requirement == "half_year")
    assert (half.met, half.met_on) == (False, date(2027, 2, 1))
    assert "2027-02-01" in half.said


def test_somebody_who_is_not_registered_is_told_to_begin_with_that() -> None:
    found = judge(Residence(since=None, half_year_on=None), False, POLICY, TODAY, said)
    assert (found.eligible, found.from_day) == (False, None)
    assert [c.requirement for c in found.criteria if c.met is False] == ["registered", "half_year"]


def test_after_half_a_year_only_the_ground_is_left_and_its_papers_are_named_all_at_once() -> None:
    found = judge(residence([stay("2026-01-10")], POLICY), False, POLICY, TODAY, said)
    assert (found.eligible, found.from_day) == (True, TODAY)
    assert [c.requirement for c in found.criteria if c.met is None] == ["ground"]
    assert {g.ground: len(g.papers) for g in found.grounds} == {"work": 3, "home": 4, "school": 2}


def test_who_has_a_permit_cannot_apply_for_another() -> None:
    found = judge(residence([stay("2026-01-10")], POLICY), True, POLICY, TODAY, said)
    assert not found.eligible and found.criteria[-1].requirement == "no_permit"
