"""A policy as a document: what it may say. Pure.

What a document of this shape says can still be nonsense (a threshold that nobody reaches, groups in a circle):
``validation`` finds that. How points come of it: ``scoring``.
"""

import hashlib
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal, get_args

from pydantic import Field

from chalicelib import shapes
from chalicelib.points.exact import Exact
from chalicelib.shapes import Shape, Title

Scope = Literal["school", "hukou"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
Mode = Literal[
    "highest", "flag", "per_full_year", "per_year", "per_month", "per_full_year_per_insurance", "per_unit", "per_item",
    "flags_add", "formula", "veto",
]  # fmt: skip
PERIODS: Final[tuple[Mode, ...]] = ("per_full_year", "per_year", "per_month", "per_full_year_per_insurance")
Status = Literal["draft", "signed", "in force", "superseded"]
Part = Literal["base", "bonus", "deduction", "veto", "district"]
Area = Literal["city", "district", "town", "zone"]
Code = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}(\.[A-Z0-9]{1,4}){0,3}$")
Word = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")


class Source(Shape):
    """Where the text of the policy is from: the measure, the part of it that holds the table, when it was issued."""

    measure: Title
    clause: Title
    issued_on: date
    found_at: str | None = Field(default=None, max_length=400)


class MonthDay(Shape):
    """A day of every year."""

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)


class CutOff(Shape):
    """The day of the year up to which an indicator counts: residence years back from 30 May."""

    indicator: str
    until: MonthDay


class Qualification(Shape):
    """A condition of a scope without points, and who looks at it."""

    code: str = Code
    title: Title
    departments: list[str] = Field(min_length=1, max_length=5)
    clause: str = Field(max_length=40)


class Ranking(Shape):
    """How a scope is ranked: the area of each round, and how often. ``zone`` is a school's."""

    rounds: list[Area] = Field(min_length=1, max_length=3)
    period: Literal["school_year", "year", "quarter", "month"]


class Objections(Shape):
    """The clocks of objections, in working days: made within, forwarded, checked again, answered."""

    made_within: int = Field(default=10, ge=1, le=60)
    forwarded_within: int = Field(default=5, ge=1, le=60)
    rechecked_within: int = Field(default=10, ge=1, le=60)
    answered_within: int = Field(default=15, ge=1, le=60)


class Calendar(Shape):
    """A scope's clocks, in working days; without ``opens`` one applies on any working day."""

    opens: MonthDay | None = None
    closes: MonthDay | None = None
    verification: int = Field(default=10, ge=1, le=60)
    publicity: int = Field(default=5, ge=5, le=60)
    objections: Objections = Objections()


class ScopeRule(Shape):
    """What one of the policy's services asks beyond points, and how people are ranked for it.

    ``tie_break`` names groups, the highest first; the earlier application comes last of all by itself. ``quotas`` by region
    code; where a region has none the city sets it by notice. ``one_spouse``: of a household only the higher counts.
    """

    title: Title
    threshold: Exact
    qualifications: list[Qualification] = Field(default=[], max_length=20)
    tie_break: list[str] = Field(max_length=10)
    cut_offs: list[CutOff] = Field(default=[], max_length=50)
    ranking: Ranking
    quotas: dict[str, int] = Field(default={}, max_length=1000)
    calendar: Calendar = Calendar()
    one_spouse: bool = False
    result_valid_months: int | None = Field(default=None, ge=1, le=60)


class Group(Shape):
    """A class of indicators. ``under``: the group that it is part of. ``cap``: the most that counts of it."""

    code: str = Word
    title: Title
    part: Part
    under: str | None = None
    cap: Exact | None = None


class Value(Shape):
    """One label of an indicator and its points."""

    points: Exact
    title: Title


class Unit(Shape):
    """How much of a quantity gives the points once: ``{"size": 50, "title": hours}``."""

    size: Exact
    title: Title


class Share(Shape):
    """Points of an item with n owners: value / (n + 1), times ``first_times`` for the first of them, half up to ``places``."""

    first_times: int = Field(default=2, ge=1, le=10)
    places: int = Field(default=2, ge=0, le=4)


class Line(Shape):
    """A straight piece: ``start`` points at ``at``, ``slope`` more for each 1 more, never under ``least`` nor over ``most``."""

    start: Exact
    at: Exact
    slope: Exact
    least: Exact | None = None
    most: Exact | None = None


class Band(Shape):
    """From ``low`` on and below ``below`` (no end where it is null): fixed ``points`` or a ``line``."""

    low: Exact
    below: Exact | None = None
    points: Exact | None = None
    line: Line | None = None


class Formula(Shape):
    """Points by bands of a person's full years of age, or of a number."""

    of: Literal["age", "number"]
    bands: list[Band] = Field(min_length=1, max_length=50)


class Effect(Shape):
    """What a veto does: the scopes that it stops, whether results are void, for how many years one may not apply."""

    stops: list[Scope] = Field(min_length=1)
    voids_results: bool = False
    years: int = Field(default=0, ge=0, le=50)


class EvidenceRule(Shape):
    """Which department data proves an indicator, and how far back it counts; without months, all of it."""

    source: str
    window_months: int | None = Field(default=None, ge=1, le=1200)


class Indicator(Shape):
    """One indicator. What each mode needs is in ``validation.NEEDS``; the rest must stay away.

    ``scopes``: all of the policy's when empty. ``regions``: only for people of these districts. ``at_most``: the largest
    answer that is believed (periods, items, the natural quantity). ``axes``: names under which an item may say its label in
    parts. ``changeable``: whether somebody can do anything about it. ``effort``: how long a step takes.
    """

    code: str = Code
    group: str
    title: Title
    mode: Mode
    scopes: list[Scope] = []
    regions: list[str] = []
    points: Exact | None = None
    values: dict[str, Value] = Field(default={}, max_length=60)
    unit: Unit | None = None
    cap: Exact | None = None
    at_most: Exact | None = None
    share: Share | None = None
    axes: list[str] = Field(default=[], max_length=4)
    formula: Formula | None = None
    effect: Effect | None = None
    departments: list[str] = Field(min_length=1, max_length=5)
    evidence: EvidenceRule | None = None
    clause: str = Field(max_length=40)
    note: Title | None = None
    changeable: bool = True
    effort: Literal["days", "months", "years"] | None = None

    @property
    def highest(self) -> Decimal:
        """The most points that one answer of a label, flag or item can give."""
        found = [value.points for value in self.values.values()]
        return max([*found, *([self.points] if self.points is not None else [])], default=Decimal(0))


class Exclusive(Shape):
    """Indicators of which only the highest counts, the first of them where they are equal."""

    members: list[str] = Field(min_length=1, max_length=20)
    clause: str = Field(max_length=40)


class Policy(Shape):
    """One edition of a policy."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")
    title: Title
    about: Title | None = None
    source: Source
    status: Status
    effective_from: date
    effective_to: date | None = None
    supersedes: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9-]{1,39}@[0-9A-Za-z][0-9A-Za-z.-]{0,19}$"
    )
    scopes: dict[Scope, ScopeRule] = Field(min_length=1)
    groups: list[Group] = Field(min_length=1, max_length=60)
    indicators: list[Indicator] = Field(min_length=1, max_length=200)
    exclusives: list[Exclusive] = Field(default=[], max_length=50)

    @property
    def name(self) -> str:
        """Id and version as one word: ``foshan-2016@1``."""
        return f"{self.id}@{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the document in its canonical form, but for its status: what a case or ranking keeps with its version."""
        held = self.model_copy(update={"status": "signed"})
        return hashlib.sha256(shapes.dump(held).encode()).hexdigest()

    @cached_property
    def by_scope(self) -> dict[str, dict[str, Indicator]]:
        """The indicators of each scope by code, in the document's order."""
        return {
            scope: {each.code: each for each in self.indicators if not each.scopes or scope in each.scopes}
            for scope in self.scopes
        }

    @cached_property
    def by_group(self) -> dict[str, Group]:
        """The groups by code."""
        return {group.code: group for group in self.groups}

    @cached_property
    def ancestors(self) -> dict[str, tuple[str, ...]]:
        """For each group itself and all around it, the innermost first; ends where a circle would begin."""
        found: dict[str, tuple[str, ...]] = {}
        for group in self.groups:
            chain: list[str] = []
            code: str | None = group.code
            while code in self.by_group and code not in chain:
                chain.append(code)
                code = self.by_group[code].under
            found[group.code] = tuple(chain)
        return found

    @cached_property
    def inside_out(self) -> tuple[str, ...]:
        """The groups' codes, those inside others before those around them."""
        return tuple(sorted(self.by_group, key=lambda code: -len(self.ancestors[code])))

    def title_of(self, code: str, language: str) -> str:
        """What an indicator is called; its code where there is none of it."""
        return next((each.title.in_language(language) for each in self.indicators if each.code == code), code)

    def is_effective(self, day: date) -> bool:
        """Whether the edition's period holds the day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


class Evidence(Shape):
    """The record that an answer rests on: its source, its id there, and the day it was seen."""

    source: str
    record: str
    seen_on: date
    title: Title | None = None


class ScoreLine(Shape):
    """The receipt of one answer.

    ``points`` is what counts of it in the total, after its own cap, its exclusive set and the caps of its groups; the lines of a
    score add up to its total. ``arithmetic`` says how, in signs alone. ``reason`` is the sentence for the person.
    """

    indicator: str
    title: str
    group: str
    points: Exact
    rule: str
    version: str
    clause: str
    evidence: Evidence | None
    arithmetic: str
    cap: Exact | None
    reason: str


class GroupScore(Shape):
    """The points of a group, after its own cap; ``before`` without it."""

    group: str
    title: str
    points: Exact
    before: Exact
    cap: Exact | None


class Condition(Shape):
    """A threshold, qualification or veto: ``met`` is null where nobody has said yet."""

    code: str
    met: bool | None
    reason: str


class Score(Shape):
    """What a person has under a policy, and why. ``eligible``: nothing that is known stands against applying."""

    policy: str
    version: str
    hash: str
    scope: Scope
    as_of: date
    total: Exact
    threshold: Exact
    eligible: bool
    lines: list[ScoreLine]
    groups: list[GroupScore]
    conditions: list[Condition]
