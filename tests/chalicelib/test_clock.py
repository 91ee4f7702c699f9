"""Working days as the State Council's notices have them; dates of people are Foshan's."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))

# General Office of the State Council, notice on holidays in 2026 (国办发明电〔2025〕7号).
OFF_2026 = {
    "new year": (date(2026, 1, 1), date(2026, 1, 3)),
    "spring festival": (date(2026, 2, 15), date(2026, 2, 23)),
    "tomb sweeping": (date(2026, 4, 4), date(2026, 4, 6)),
    "labour day": (date(2026, 5, 1), date(2026, 5, 5)),
    "dragon boat": (date(2026, 6, 19), date(2026, 6, 21)),
    "mid-autumn": (date(2026, 9, 25), date(2026, 9, 27)),
    "national day": (date(2026, 10, 1), date(2026, 10, 7)),
}
WORKED_WEEKENDS_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]


def year_2026() -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def test_every_day_of_2026_is_as_the_notice_says() -> None:
    off = {
        first + timedelta(days=n) for first, last in OFF_2026.values() for n in range((last - first).days + 1)
    }
    for day in year_2026():
        ordinary = day.weekday() < 5 and day not in off
        assert clock.is_working_day(day) is (ordinary or day in WORKED_WEEKENDS_2026), day


def test_2026_has_as_many_working_days_as_the_notice_leaves() -> None:
    assert sum(clock.is_working_day(day) for day in year_2026()) == 248


def test_three_working_days_over_the_spring_festival_end_on_the_moved_saturday() -> None:
    friday = date(2026, 2, 13)
    assert clock.add_working_days(friday, 1) == date(2026, 2, 14)
    assert clock.add_working_days(friday, 2) == date(2026, 2, 24)
    assert clock.add_working_days(date(2026, 2, 24), 4) == date(2026, 2, 28)


def test_a_year_without_a_notice_counts_weekends_alone() -> None:
    assert clock.is_working_day(date(2090, 10, 2)) and not clock.is_working_day(date(2090, 10, 1))
    assert date(2090, 10, 1).weekday() == 6


def test_the_day_itself_does_not_count() -> None:
    monday = date(2026, 11, 23)
    assert clock.add_working_days(monday, 0) == monday
    assert clock.add_working_days(monday, 1) == date(2026, 11, 24)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        clock.add_working_days(date(2026, 11, 23), -1)


@given(day=DAYS, count=st.integers(1, 40))
def test_the_day_reached_is_a_working_day_and_as_many_lie_between(day: date, count: int) -> None:
    reached = clock.add_working_days(day, count)
    assert clock.is_working_day(reached)
    assert clock.working_days_between(day, reached) == count


@given(day=DAYS, first=st.integers(0, 20), second=st.integers(0, 20))
def test_days_may_be_added_in_two_steps(day: date, first: int, second: int) -> None:
    together = clock.add_working_days(day, first + second)
    assert clock.add_working_days(clock.add_working_days(day, first), second) == together


@given(start=DAYS, end=DAYS)
def test_nothing_lies_between_when_the_end_is_not_later(start: date, end: date) -> None:
    if end <= start:
        assert clock.working_days_between(start, end) == 0
    else:
        assert 0 <= clock.working_days_between(start, end) <= (end - start).days


@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_written_time_is_read_back_to_the_millisecond(moment: datetime) -> None:
    written = clock.iso(moment)
    assert abs(clock.parse_iso(written) - moment) < timedelta(milliseconds=1)
    assert written[-6] in "+-" and written[:10] == clock.local_date(moment).isoformat()


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.parse_iso("2026-11-23T09:30:00")


def test_four_in_the_afternoon_in_london_is_tomorrow_in_foshan() -> None:
    assert clock.local_date(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == date(2026, 11, 24)
    assert clock.local_date(datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_deadline_lasts_to_the_end_of_its_day() -> None:
    end = clock.end_of_day(date(2026, 11, 23))
    assert clock.local_date(end) == date(2026, 11, 23)
    assert clock.local_date(end + timedelta(seconds=1)) == date(2026, 11, 24)


@given(born=st.dates(date(1900, 1, 1), date(2020, 1, 1)), day=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_age_grows_by_one_in_a_year_and_only_at_the_birthday(born: date, day: date) -> None:
    tomorrow = day + timedelta(days=1)
    grown = clock.age_on(born, tomorrow) - clock.age_on(born, day)
    leapling_turns = (born.month, born.day) == (2, 29) and (tomorrow.month, tomorrow.day) == (3, 1)
    turns = (tomorrow.month, tomorrow.day) == (born.month, born.day)
    assert grown == int(turns or (leapling_turns and (day.month, day.day) == (2, 28)))


def test_the_clock_of_the_machine_is_in_utc() -> None:
    assert clock.utc_now().tzinfo is UTC
