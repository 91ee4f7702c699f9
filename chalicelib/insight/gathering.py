"""People become tallies: one pass over a stream, and nothing of a person is kept but a part of two sums."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

from chalicelib.insight.cohorts import Moving, Plan
from chalicelib.insight.perturbation import MODULUS, Tally
from chalicelib.insight.policy import Kind, Policy

RecordKey = Callable[[str], int]
Place = tuple[str, str]


class Resident(Protocol):
    """Somebody of the register, as residence tells it."""

    @property
    def person_id(self) -> str:
        """Who: only the record key is made of it."""
        ...

    @property
    def region(self) -> str:
        """The community."""
        ...

    @property
    def is_active(self) -> bool:
        """Registered now; otherwise gone since ``since``."""
        ...

    @property
    def since(self) -> date:
        """The day of the last change."""
        ...

    @property
    def first(self) -> date:
        """The day of the first registration."""
        ...

    @property
    def born(self) -> str | None:
        """Year and month of birth."""
        ...


class Sums:
    """Counts and sums of record keys by (group, region): memory grows with cells, not with people."""

    def __init__(self) -> None:
        self._cells: dict[Place, list[int]] = {}

    def add(self, group: str, region: str, key: int) -> None:
        """One more person."""
        cell = self._cells.setdefault((group, region), [0, 0])
        cell[0] += 1
        cell[1] += key

    def tallies(self) -> dict[Place, Tally]:
        """What was summed."""
        return {place: Tally(count, key % MODULUS) for place, (count, key) in self._cells.items()}


@dataclass
class Gathered:
    """What a release is made of. ``unknown``: registered people whose month of birth nobody knows."""

    registered: Mapping[Place, Tally]
    unregistered: Mapping[Place, Tally]
    moving: Mapping[Kind, Moving]
    people: int = 0
    unknown: int = 0
    unregistered_people: int = 0


@dataclass
class _Counting:
    sums: Sums = field(default_factory=Sums)
    people: int = 0
    unknown: int = 0


def gather(
    residents: Iterable[Resident],
    unregistered: Iterable[tuple[str, str | None, str]],
    plan: Plan,
    policy: Policy,
    day: date,
    record_key: RecordKey,
) -> Gathered:
    """One pass over each stream. ``unregistered``: id, month of birth, finest region known."""
    band_of = lru_cache(maxsize=4_096)(plan.band_of)
    year_ago = day - timedelta(days=policy.moves.days)
    moving: dict[Kind, Moving] = {"school": Moving(), "elders": Moving()}
    counting = _Counting()
    for one in residents:
        if one.is_active:
            counting.people += 1
            counting.unknown += one.born is None
        if one.born is None or (found := band_of(one.born)) is None:
            continue
        band, kind = found
        _move(moving[kind], one, year_ago)
        if one.is_active:
            counting.sums.add(band, one.region, record_key(one.person_id))
    others = _Counting()
    for id_, born, region in unregistered:
        others.people += 1
        if born and (found := band_of(born)):
            others.sums.add(found[0], region, record_key(id_))
    return Gathered(
        counting.sums.tallies(),
        others.sums.tallies(),
        moving,
        counting.people,
        counting.unknown,
        others.people,
    )


def _move(moving: Moving, one: Resident, year_ago: date) -> None:
    if one.is_active:
        moving.stock += 1
        moving.settled += one.first <= year_ago
        moving.came += one.first > year_ago
    elif one.since > year_ago >= one.first:
        moving.left += 1
