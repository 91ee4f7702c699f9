"""Who belongs to which cohort in which year, by month of birth, and how a cohort is projected. Pure.

A *band* is the months of birth of some people: ``2019-09..2020-08``. The cohorts of all years asked for are bands
or rows of bands, so that the same people are one figure whatever they are called: who is in grade 1 of 2026 is in
grade 7 of 2032, who is 60 today is 65 in five years.

Projection is cohort-component without births (whoever is asked for is born already): people age; moves in and
out go on at the rate seen, or are assumed not to happen; deaths are assumed not to happen.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from chalicelib.insight.disclosure import Design, Groups, single
from chalicelib.insight.policy import Kind, Policy

_BEGINNING: Final = "0000-00"


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort of a year, and the figure that counts it."""

    name: str
    year: int
    kind: Kind
    ahead: int
    figure: str


@dataclass(frozen=True)
class Plan:
    """What a release counts: its cohorts, its tables by name, and the bands by their last month."""

    cohorts: tuple[Cohort, ...]
    designs: dict[str, Design]
    bands: tuple[tuple[str, str, Kind], ...]

    def band_of(self, born: str) -> tuple[str, Kind] | None:
        """The band that a month of birth lies in, and of which kind; None where nobody asks for the age."""
        for first, last, kind in self.bands:
            if first <= born <= last:
                return f"{first}..{last}", kind
        return None


def plan(policy: Policy, day: date) -> Plan:
    """What is counted on a day."""
    school, school_bands = _school(policy, day)
    elders, design, elder_bands = _elders(policy, day)
    designs = {band: single(band) for band in school_bands} | {"elders": design}
    bands = [(*_ends(band), "school") for band in school_bands] + [
        (*_ends(band), "elders") for band in elder_bands
    ]
    return Plan((*school, *elders), designs, tuple(sorted(bands)))  # type: ignore[arg-type]


def _ends(band: str) -> tuple[str, str]:
    first, _, last = band.partition("..")
    return first, last


def _school(policy: Policy, day: date) -> tuple[list[Cohort], list[str]]:
    """From the school year that runs, by the day that its first form was counted by."""
    found = []
    for rule in policy.school:
        began = day.year if f"{day:%m-%d}" > rule.by else day.year - 1
        for ahead in range(policy.years_ahead + 1):
            year = began + ahead
            band = intake_band(year, rule.age, rule.by)
            found.append(Cohort(rule.cohort, year, "school", ahead, band))
    return found, sorted({one.figure for one in found})


def intake_band(year: int, age: int, by: str) -> str:
    """The months of birth of those who are of full age by a day of the year, and were not a year earlier."""
    last = f"{year - age:04}-{by[:2]}"
    return f"{_next_month(f'{year - age - 1:04}-{by[:2]}')}..{last}"


def _elders(policy: Policy, day: date) -> tuple[list[Cohort], Design, list[str]]:
    """Of full age by the end of the year: the same people in all releases of a year, so that these do not differ
    by who had a birthday between them."""
    ages, years = sorted(policy.elders), policy.years_ahead
    floors = sorted({age - ahead for age in ages for ahead in range(years + 1)}, reverse=True)
    lasts = {age: f"{day.year - age:04}-12" for age in floors}
    band_of: dict[int, str] = {}  # By its youngest age.
    earlier = _BEGINNING
    for age in floors:
        band_of[age] = f"{earlier}..{lasts[age]}"
        earlier = _next_month(lasts[age])
    cohorts = [
        Cohort(f"age_{age}_plus", day.year + ahead, "elders", ahead, f"from_{age - ahead}")
        for age in ages
        for ahead in range(years + 1)
    ]
    figures = {f"from_{age}": _from(band_of, age) for age in floors}
    steps = [floors, [*reversed(ages), ages[0] - years], [ages[0], ages[0] - years], [ages[0]]]
    levels = list(dict.fromkeys(_cells(band_of, step) for step in steps))
    return cohorts, Design(figures, tuple(levels)), list(band_of.values())


def _from(band_of: dict[int, str], age: int) -> Groups:
    return frozenset(band for youngest, band in band_of.items() if youngest >= age)


def _cells(band_of: dict[int, str], floors: list[int]) -> tuple[Groups, ...]:
    """The people between neighbouring ages, from the oldest down; who is younger than the last age is left out."""
    seen: Groups = frozenset()
    cells = []
    for age in sorted(set(floors), reverse=True):
        cells.append(_from(band_of, age) - seen)
        seen = _from(band_of, age)
    return tuple(cells)


def _next_month(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


@dataclass(slots=True)
class Moving:
    """What the register saw of one kind of people in the past year."""

    stock: int = 0
    settled: int = 0
    came: int = 0
    left: int = 0

    def yearly(self, policy: Policy) -> float | None:
        """The net rate of moves of a year: came less left, by those there a year ago; None where too little was seen.

        A register that is new sees people come who have lived here for long.
        """
        rule = policy.moves
        if self.came + self.left < rule.events or self.settled < rule.settled_share * self.stock:
            return None
        return (self.came - self.left) / (self.settled + self.left)


def projected(count: int, rate: float | None, ahead: int) -> int:
    """A published count so many years ahead; as it is where moves are assumed not to happen."""
    return count if rate is None else round(count * (1 + rate) ** ahead)
