"""Values and rules of outreach: which findings may lead to a visit, and what a worker gets to see. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from chalicelib.editions import Edition, Editions
from chalicelib.shapes import Shape

Status = Literal["due", "done", "expired", "withdrawn"]
Outcome = Literal["registered", "already_registered", "not_here", "refused", "wrong_address"]
NOTE_LENGTH: Final = 200
PAGE_LENGTH: Final = 50
# A worker who finds nobody at an address, or somebody registered, was sent there by a wrong match.
RIGHT_OUTCOMES: Final = frozenset({"registered", "refused"})
WRONG_OUTCOMES: Final = frozenset({"already_registered", "wrong_address", "not_here"})


class Policy(Edition):
    """One edition of the rules of outreach.

    ``signals`` maps a source to the group it belongs to: sources of one group are one signal. A source
    in ``strong`` is enough alone. ``visits_a_day`` is one worker's capacity, ``days_ahead`` how far ahead is planned.
    """

    life_days: int = Field(ge=1)
    visits_a_day: int = Field(ge=1, le=60)
    days_ahead: int = Field(ge=1)
    note_days: int = Field(ge=1)
    signals: dict[str, str]
    strong: frozenset[str]

    def allows(self, sources: Iterable[str]) -> bool:
        """Whether a visit is justified: two independent signals, or a strong one."""
        known = {source for source in sources if source in self.signals}
        return bool(known & self.strong) or len({self.signals[source] for source in known}) >= 2

    def expires_on(self, today: date) -> date:
        """The last day on which a visit found today may be made."""
        return today + timedelta(days=self.life_days)


_EDITIONS: Final = Editions(Path(__file__).with_name("policy.json"), Policy, "outreach")


def policy_on(day: date) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return _EDITIONS.on(day)


class Finding(Shape):
    """A person seen by departments at an address, and not registered.

    ``sources``: each department once. ``because``: the reason for people, by language, without names.
    ``community``, ``building`` and ``room`` are None or empty when the comparison could not tell.
    """

    id: str
    person_id: str
    name: str | None = Field(default=None, repr=False)
    phone: str | None = Field(default=None, repr=False)
    town: str
    community: str | None = None
    address: str = Field(repr=False)
    room: str = ""
    building: str | None = None
    sources: tuple[str, ...]
    confidence: float | None = None
    seen_on: date | None = None
    because: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a visit goes. ``region`` is the grid, or the town when nothing finer is known.

    ``point`` is the building's longitude and latitude in WGS-84, where the list of standard addresses has it.
    """

    town: str
    community: str
    region: str
    building: str
    room: str
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a worker is told of a batch: how many visits in how many buildings; nobody is named."""

    worker: str
    visits: int
    buildings: int
    most: int
    first_day: date


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What became of a batch of findings: planned now, known before, and left out by reason."""

    planned: int
    known: int
    left_out: Mapping[str, int]
    digests: Sequence[Digest]


def digests(visits: Iterable[tuple[str, str, date]]) -> list[Digest]:
    """A digest for each worker; ``visits`` are worker, building and planned day."""
    by_worker: dict[str, list[tuple[str, date]]] = {}
    for worker, building, day in visits:
        by_worker.setdefault(worker, []).append((building, day))
    return [_digest(worker, found) for worker, found in sorted(by_worker.items())]


def _digest(worker: str, found: Sequence[tuple[str, date]]) -> Digest:
    counts: dict[str, int] = {}
    for building, _ in found:
        counts[building] = counts.get(building, 0) + 1
    return Digest(worker, len(found), len(counts), max(counts.values()), min(day for _, day in found))


def allot(
    count: int, days: Iterable[date], load: Mapping[date, int], capacity: int
) -> list[tuple[date, int]]:
    """On which days how many of ``count`` visits fit, the earliest first; what never fits is left over.

    ``load``: how many each day already has.
    """
    found: list[tuple[date, int]] = []
    for day in days:
        if count <= 0:
            break
        room = min(count, capacity - load.get(day, 0))
        if room > 0:
            found.append((day, room))
            count -= room
    return found


RegionCode = Annotated[str, StringConstraints(pattern=r"^\d+$")]
TownCode = Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
CommunityCode = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


class VisitQuery(Shape):
    """Which visits to list; within the caller's scope when no region is named."""

    status: Status = "due"
    town: TownCode | None = None
    community: CommunityCode | None = None
    limit: int = Field(default=PAGE_LENGTH, ge=1, le=100)
    next: str | None = None


class VisitView(Shape):
    """What a worker sees of one visit. Name, phone and room are null once the visit is over.

    ``stop``: which building of the day's walk it is, from 1, among those planned together.
    """

    id: str
    name: str | None = Field(repr=False)
    phone_masked: str | None
    room: str | None
    because: str
    sources: list[str]
    planned_for: date
    stop: int | None = None
    expires_on: date
    status: Status
    outcome: Outcome | None


class BuildingView(Shape):
    """The visits of one building; a building at the end of a page may go on in the next."""

    building: str
    address: str | None
    town: str
    community: str | None
    grid: str | None
    visits: list[VisitView]


class OutcomeReport(Shape):
    """What the worker found. Refusal has no consequence for the person."""

    outcome: Outcome
    note: Annotated[str, StringConstraints(max_length=NOTE_LENGTH)] | None = Field(default=None, repr=False)


class OutcomeView(Shape):
    """What is recorded of a visit."""

    id: str
    status: Status
    outcome: Outcome
    outcome_at: str


class OverviewQuery(Shape):
    """The town to count."""

    town: TownCode


class CommunityCount(Shape):
    """How a community's visits stand; ``withdrawn``: the person registered before anybody came."""

    community: str
    name: str
    due: int
    done: int
    expired: int
    withdrawn: int


class Overview(Shape):
    """A town's visits by community, exact: they are counts of work."""

    town: str
    items: list[CommunityCount]


class PrecisionQuery(Shape):
    """By what to count: combinations of sources as they led to visits, single sources, or months (Asia/Shanghai)."""

    by: Literal["sources", "source", "month"] = "sources"


class Precision(Shape):
    """How often sources were right, of the ``told`` visits that could tell. ``share`` is 0 to 1.

    ``outcomes`` are the reasons: what the workers found. By month, ``sources`` is empty; else ``month`` is null.
    """

    sources: tuple[str, ...]
    month: str | None = None
    outcomes: dict[str, int]
    right: int
    told: int
    share: float | None


def right_of_told(outcomes: Mapping[str, int]) -> tuple[int, int]:
    """How many visits found what was said, and how many could tell."""
    right = sum(outcomes.get(outcome, 0) for outcome in RIGHT_OUTCOMES)
    return right, right + sum(outcomes.get(outcome, 0) for outcome in WRONG_OUTCOMES)


def precision_of(sources: str, outcomes: Mapping[str, int], month: str | None = None) -> Precision:
    """The precision of sources written as ``a+b`` from counted outcomes; its share is None while there are none."""
    right, told = right_of_told(outcomes)
    return Precision(
        sources=tuple(sources.split("+")) if sources else (),
        month=month,
        outcomes=dict(outcomes),
        right=right,
        told=told,
        share=round(right / told, 4) if told else None,
    )


def by_source(counted: Mapping[str, Mapping[str, int]]) -> dict[str, Counter[str]]:
    """Outcomes of combinations as outcomes of each source: a visit that two led to counts for both."""
    found: dict[str, Counter[str]] = {}
    for sources, outcomes in counted.items():
        for source in sources.split("+"):
            found.setdefault(source, Counter()).update(outcomes)
    return found
