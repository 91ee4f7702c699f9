"""Months, years and windows, by hand and by property."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.permits.lifetime import (
    Due,
    endorsement_steps,
    full_years,
    issue_by,
    months_after,
    window_opens,
    year_end,
)
from chalicelib.permits.policy import policy_on

POLICY = policy_on(date(2026, 1, 1))
DAYS = st.dates(date(2016, 1, 1), date(2060, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2027-03-31", -1, "2027-02-28"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)
def test_months_by_the_civil_code(start: str, months: int, end: str) -> None:
    assert months_after(day(start), months) == day(end)


@settings(deadline=None)
@given(DAYS, st.integers(-600, 600))
def test_the_day_is_the_same_or_the_months_last(start: date, months: int) -> None:
    end = months_after(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (
        end.day < start.day and end.day == calendar.monthrange(end.year, end.month)[1]
    )


@settings(deadline=None)
@given(DAYS, DAYS, st.integers(0, 200))
def test_a_later_start_never_ends_earlier(one: date, other: date, months: int) -> None:
    early, late = sorted((one, other))
    assert months_after(early, months) <= months_after(late, months)


@settings(deadline=None)
@given(DAYS, st.integers(0, 12_000))
def test_a_year_end_is_the_first_full_year_after_the_day(start: date, later: int) -> None:
    on = start + timedelta(days=later)
    end = year_end(start, on, POLICY)
    assert end > on
    assert full_years(start, end, POLICY) == full_years(start, on, POLICY) + 1
    assert full_years(start, end - timedelta(days=1), POLICY) == full_years(start, on, POLICY)


def test_a_leap_day_comes_back() -> None:
    start = day("2028-02-29")
    ends = [months_after(start, 12 * n) for n in range(1, 5)]
    assert ends == [day("2029-02-28"), day("2030-02-28"), day("2031-02-28"), day("2032-02-29")]
    assert year_end(start, day("2031-02-28"), POLICY) == day("2032-02-29")


def test_the_steps_of_a_year_by_hand() -> None:
    assert endorsement_steps(day("2027-03-01"), POLICY) == [
        Due(day("2027-02-01"), "window", day("2027-03-01")),
        Due(day("2027-02-22"), "week", day("2027-03-01")),
        Due(day("2027-03-02"), "suspended", day("2027-03-01")),
    ]
    assert window_opens(day("2027-03-31"), POLICY) == day("2027-02-28")


@settings(deadline=None)
@given(DAYS)
def test_the_steps_of_a_year_come_in_order_and_none_before_the_window(full_on: date) -> None:
    steps = endorsement_steps(full_on, POLICY)
    assert steps == sorted(steps) and len({step.day for step in steps}) == 3
    assert steps[0].day == window_opens(full_on, POLICY) < full_on < steps[-1].day


def test_the_card_is_out_fifteen_days_after_acceptance() -> None:
    assert issue_by(day("2026-11-01"), POLICY) == day("2026-11-16")
    assert issue_by(day("2027-01-20"), POLICY) == day("2027-02-04")


def test_no_local_rule_may_take_longer_than_thirty_days() -> None:
    said = POLICY.model_dump(by_alias=True)
    with pytest.raises(ValueError, match="30 at most"):
        type(POLICY).model_validate(said | {"issue_days": 31, "issue_days_at_most": 31})
    assert type(POLICY).model_validate(said | {"issue_days": 30}).issue_days == 30


def test_before_the_first_edition_there_are_no_rules() -> None:
    with pytest.raises(LookupError):
        policy_on(date(2015, 12, 31))
