"""A made-up register for the tests of releases: so many people a month of birth and community."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

TOWN = "440604010"
COMMUNITIES = [f"{TOWN}{n:03}" for n in (1, 3, 4, 5)]
GRADE_1 = "2020-03"  # In grade 1 of 2026, in grade 7 of 2032.
PRESCHOOL = "2023-10"  # In grade 1 of 2030.
OLD, NEARLY_OLD = "1950-01", "1968-05"  # 65 and over; 60 in 2028.


class Person(NamedTuple):
    """Somebody of the register."""

    person_id: str
    region: str
    is_active: bool
    since: date
    first: date
    born: str | None


def people(
    numbers: Iterable[tuple[str, str, int]],
    day: date = date(2026, 11, 28),
    *,
    years: int = 3,
    left: bool = False,
    tag: str = "",
) -> Iterator[Person]:
    """(month of birth, region, how many); registered so many years ago; with ``left`` gone a month ago."""
    first = day - timedelta(days=365 * years + 1)
    since = day - timedelta(days=30) if left else first
    for born, region, count in numbers:
        for number in range(count):
            yield Person(f"P{tag}{born}{region}{number:07d}", region, not left, since, first, born)


def found(numbers: Iterable[tuple[str, str, int]]) -> Iterator[tuple[str, str | None, str]]:
    """Who the finder knows and the register does not."""
    for born, region, count in numbers:
        for number in range(count):
            yield f"G{born}{region}{number:07d}", born, region
