"""What points take and give over HTTP."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from chalicelib.points.exact import Exact
from chalicelib.points.model import Mode, Policy, Scope, Score, Status
from chalicelib.shapes import Shape


class NewEstimate(Shape):
    """What if: a policy, a scope, and answers by indicator; nothing of it is kept.

    ``version``: the edition in force or the newest without it. ``region``: a region code, where districts have indicators of
    their own. ``as_of``: today in Asia/Shanghai without it.
    """

    policy: str = Field(max_length=40)
    scope: Scope
    answers: dict[str, Any] = Field(max_length=250, repr=False)
    version: str | None = Field(default=None, max_length=20)
    region: str | None = Field(default=None, max_length=20)
    as_of: date | None = Field(default=None, ge=date(1990, 1, 1), le=date(2100, 12, 31))


class NextBest(Shape):
    """A change that adds points: ``change`` in words, ``answer`` as the indicator would then have it.

    ``effort``: whether it takes days, months or years. ``total`` is the total after it.
    """

    indicator: str
    title: str
    change: str
    answer: Any
    effort: str
    gain: Exact
    total: Exact
    reaches_threshold: bool


class Estimate(Score):
    """A score with what would add to it."""

    next_best: list[NextBest]


class Option(Shape):
    """A label that may be chosen."""

    value: str
    title: str
    points: Exact


class Question(Shape):
    """How a screen asks for one indicator.

    ``widget``: ``choice`` and ``choices`` take labels of ``options``; ``switch`` true or false; ``whole`` a whole number of
    ``unit``; ``quantity`` a number of ``unit``; ``items`` a list of ``options``, each with ``owners`` and ``first`` where
    ``shared``; ``count`` how many; ``birth_date`` an object with that date. ``kind``: an indicator, or a condition without points.
    """

    code: str
    kind: Literal["indicator", "qualification"]
    title: str
    group: str | None
    group_title: str | None
    mode: Mode | None
    widget: Literal["choice", "choices", "switch", "whole", "quantity", "items", "count", "birth_date"]
    options: list[Option] = []
    unit: str | None = None
    at_most: Exact | None = None
    points: Exact | None = None
    cap: Exact | None = None
    shared: bool = False
    regions: list[str] = []
    excludes: list[str] = []
    departments: list[str]
    clause: str
    note: str | None = None


class Signature(Shape):
    """Who signed, and when."""

    officer: str
    at: datetime


class PolicyHead(Shape):
    """An edition in a list. ``signatures`` and drafts are for policy officers alone."""

    id: str
    version: str
    hash: str
    title: str
    status: Status
    effective_from: date
    effective_to: date | None
    scopes: list[Scope]
    shipped: bool
    signatures: list[Signature] = []


class PolicyList(Shape):
    """Every edition that the caller may see, the newest first."""

    items: list[PolicyHead]
    next: str | None = None


class PolicyQuery(Shape):
    """Which edition: the one in force or the newest without a version."""

    version: str | None = Field(default=None, max_length=20)


class PolicyView(Shape):
    """An edition: its head, how each scope asks for it, and the document itself."""

    head: PolicyHead
    questions: dict[Scope, list[Question]]
    document: Policy


class NewSignature(Shape):
    """A signature is under one text: the hash of the document that was read."""

    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class Changed(Shape):
    """One place where two editions weigh differently, as JSON pointer with codes; null where it is not there."""

    at: str
    before: str | None
    after: str | None


class Effect(Shape):
    """How many of a group in a region have an outcome, after disclosure control; null where it is suppressed.

    ``reaches`` and ``drops_out``: the quota, or the threshold where there is none; ``gains`` and ``loses``: points alone. Group
    ``*`` holds those that are rare, of outcome ``other`` where even together they are.
    """

    group: str
    outcome: Literal["reaches", "drops_out", "gains", "loses", "same", "other", "all"]
    region: str
    people: int | None
    suppressed: bool


class CutOffs(Shape):
    """The lowest total that is ranked and within the quota in an area; null where too few are ranked to tell."""

    area: str
    before: Exact | None
    after: Exact | None


class Simulation(Shape):
    """What a new edition would do to a pool of applicants, in one scope."""

    old: str
    new: str
    scope: Scope
    by: str | None
    k: int
    changes: list[Changed]
    effects: list[Effect]
    cut_offs: list[CutOffs]


class NewSimulation(Shape):
    """What to compare an edition with, and on whom.

    ``against``: ``id@version``, or the edition that serves the scope today. ``pool``: the name of a table of applicants that the
    city put into bucket ``curated`` as ``pools/{pool}.parquet``. ``by``: the indicator whose labels make the groups.
    """

    scope: Scope
    pool: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    against: str | None = Field(default=None, max_length=61)
    by: str | None = Field(default=None, max_length=20)
    regions: Literal["district", "town"] = "district"
    as_of: date | None = None


class SimulationView(Shape):
    """A simulation that was asked for. ``reason`` is the code of what stood against it."""

    id: str
    state: Literal["waiting", "done", "refused"]
    asked: NewSimulation
    old: str
    new: str
    result: Simulation | None = None
    reason: str | None = None
