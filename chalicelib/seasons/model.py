"""What is filed, established, decided and ranked in a season of points. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from chalicelib.errors import Conflict
from chalicelib.points.model import GroupScore, ScoreLine
from chalicelib.residence.model import IdNumber, Name, Phone
from chalicelib.shapes import Shape

Scope = Literal["school", "hukou"]
Outcome = Literal["placed", "refused", "withdrawn", "banned"]
RankingState = Literal["making", "made", "publicity", "settling", "settled", "final"]
Label = Annotated[str, Field(min_length=1, max_length=60)]
MONTHS_OF_SCHOOL_YEAR: Final = 9


class Named(Shape):
    """Somebody by name and ID number."""

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)


class Child(Named):
    """The child that school admission is for. Under 14 the guardian's consent is needed (PIPL art. 31)."""

    guardian_consent: bool = False


class Present(Named):
    """The person at the counter."""

    phone: Phone | None = Field(default=None, repr=False)


class Claim(Shape):
    """What the applicant says of one indicator, in the one form that its mode takes.

    ``label`` one of its labels, ``labels`` several, ``yes`` that it is so, ``amount`` full periods or the natural
    quantity. ``record``: the number of the record or certificate that proves it, where there is one.
    """

    indicator: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}(\.[A-Z0-9]{1,4}){0,3}$")
    label: Label | None = None
    labels: list[Label] | None = Field(default=None, max_length=20)
    yes: bool | None = None
    amount: Decimal | None = Field(default=None, ge=0, max_digits=11, decimal_places=4)
    record: str | None = Field(default=None, min_length=3, max_length=80)

    @property
    def says_one_thing(self) -> bool:
        """Whether exactly one of the four is given."""
        return sum(each is not None for each in (self.label, self.labels, self.yes, self.amount)) == 1

    @property
    def value(self) -> Any:
        """The answer as the policy takes it: a label, a list, true, or the number that was written."""
        if self.amount is not None:
            return self.amount
        return self.label if self.label is not None else self.labels if self.labels is not None else self.yes


class NewApplication(Shape):
    """One form for one scope of one policy. ``child`` and ``spouse`` belong to school admission."""

    policy: str = Field(max_length=40)
    scope: Scope
    town: str = Field(pattern=r"^\d{9}$")
    child: Child | None = None
    spouse: Named | None = None
    claims: list[Claim] = Field(max_length=100)
    person: Present | None = None


class Application(Shape):
    """An application as it is kept. ``child`` and ``area`` are keys, ``child_person`` is the child's person id; nobody is named."""

    case: str
    person: str
    child: str | None
    child_person: str | None = None
    scope: Scope
    area: str
    town: str
    period: str
    policy: str
    policy_version: str
    policy_digest: str
    filed_at: datetime
    decisions: int = 0

    @property
    def people(self) -> list[str]:
        """Whose data it is: the applicant's and the child's."""
        return [self.person, self.child_person] if self.child_person else [self.person]


class Shown(Shape):
    """The record that an answer rests on; ``proof`` where two people's rows may be of one thing (a title's number)."""

    source: str
    record: str
    proof: str | None = None
    seen_on: date


class Established(Shape):
    """What one department established: answers by indicator, and the record behind each that has one."""

    answers: dict[str, Any]
    evidence: dict[str, Shown] = {}


class Sealed(Shape):
    """Everything that a decision came from: enough to compute it again on any later day."""

    case: str
    policy: str
    policy_version: str
    policy_digest: str
    scope: Scope
    town: str
    as_of: date
    applied_at: datetime
    answers: dict[str, Any]
    evidence: dict[str, Shown]


class Result(Shape):
    """What came out: the total, whether it qualifies, and the receipt of every point."""

    total: Decimal
    eligible: bool
    ties: list[Decimal]
    lines: list[ScoreLine]
    groups: list[GroupScore]


class Ranked(NamedTuple):
    """Somebody who may be ranked. ``ties`` are the totals of the policy's tie-break groups in its order."""

    case: str
    person: str
    child: str | None
    total: Decimal
    ties: tuple[Decimal, ...]
    applied_at: datetime
    digest: str


class FinalPlace(NamedTuple):
    """A line of a final list, for who gives out what it is about.

    ``owner`` is the applicant's person id, ``child`` the key of the child (school only; the same for the same
    child in every list), ``tie_break`` the totals that broke ties, the highest first in order.
    """

    case: str
    owner: str
    child: str | None
    area: str
    rank: int
    total: Decimal
    tie_break: tuple[Decimal, ...]
    applied_at: datetime


class Ranking(Shape):
    """A ranking of one scope, area and period.

    ``list_number`` counts its lists: one when it was made, another each time that objections are settled. Several
    workers may try to make one; ``tries`` names, for each list, the try that counts. ``inputs`` is the SHA-256
    over what the present list was made of. ``of``: for a later round, the rankings whose lines
    without a place are ranked again.
    """

    id: str
    policy: str
    policy_version: str
    policy_digest: str
    scope: Scope
    area: str
    period: str
    round: int = Field(ge=1, le=3)
    of: list[str] = []
    state: RankingState
    list_number: int = 0
    tries: list[str] = []
    version: int = 1
    count: int = 0
    quota: int | None = None
    cut_off: Decimal | None = None
    inputs: str | None = None
    opened_by: str
    published_on: date | None = None
    public_through: date | None = None
    objections_through: date | None = None
    final_on: date | None = None

    def counted(self, list_number: int, attempt: str) -> bool:
        """Whether a list of a try is or was this ranking's list."""
        return 0 < list_number <= len(self.tries) and self.tries[list_number - 1] == attempt

    def to(self, state: RankingState, *origins: RankingState, **changes: Any) -> "Ranking":
        """The ranking in its next state; raises ``Conflict`` unless it is in one of ``origins``."""
        if self.state not in origins:
            raise Conflict("ranking_state_forbids", state=self.state)
        return self.model_copy(update={"state": state, "version": self.version + 1, **changes})


def canonical(value: Any) -> str:
    """JSON that is the same for the same content: sorted, without blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def sealed_digest(inputs: Sealed) -> str:
    """The digest of what a decision came from."""
    return digest(inputs.model_dump(mode="json"))


def order(one: Ranked) -> tuple[Any, ...]:
    """Total, then the policy's groups, each the higher the better; then the earlier application; then the case's id.

    The id decides only between applications of the same millisecond, and says so by being last.
    """
    return (-one.total, *[-tie for tie in one.ties], one.applied_at, one.case)


def ranked(pool: Iterable[Ranked], *, one_spouse: bool) -> list[Ranked]:
    """Everybody by rank. With ``one_spouse`` of the applications for one child only the highest is in it."""
    lines: list[Ranked] = []
    children: set[str] = set()
    for one in sorted(pool, key=order):
        if one_spouse and one.child is not None:
            if one.child in children:
                continue
            children.add(one.child)
        lines.append(one)
    return lines


def inputs_digest(ranking: Ranking, pool: Sequence[Ranked]) -> str:
    """The digest over what a list is made of: the policy, the place, and each application with its decision's digest."""
    rows = sorted(
        [one.case, str(one.total), [str(tie) for tie in one.ties], one.applied_at.isoformat(), one.digest]
        for one in pool
    )
    where = [
        ranking.policy,
        ranking.policy_digest,
        ranking.scope,
        ranking.area,
        ranking.period,
        ranking.round,
    ]
    return digest([where, rows])


def period_of(kind: str, day: date) -> str:
    """The name of the ranking period that a day is in: ``2026`` or ``2026Q4`` or ``2026-11``.

    A school year has the name of the year in which it begins: what is applied for until August is for that
    September, later it is for the next.
    """
    if kind == "quarter":
        return f"{day.year}Q{(day.month + 2) // 3}"
    if kind == "month":
        return f"{day:%Y-%m}"
    return str(day.year + (kind == "school_year" and day.month >= MONTHS_OF_SCHOOL_YEAR))


def school_periods(day: date) -> frozenset[str]:
    """What the lists are called that a giving-out of school places may go by: this year's, and the school year that is applied for."""
    return frozenset({period_of("year", day), period_of("school_year", day)})


_AREA: Final = {"city": 4, "district": 6, "town": 9, "zone": 9}


def area_of(kind: str, town: str) -> str:
    """The ranking area around a town: the city ``440600``, a district's 6 digits, a town's 9."""
    code = town[: _AREA[kind]]
    return f"{code}00" if kind == "city" else code


def banned_until(day: date, years: int) -> date:
    """The last day of a ban: this year's right is lost, and ``years`` more (2016 measure, item E1)."""
    return date(day.year + years, 12, 31)


def plain_record(record: str) -> str:
    """A certificate's number without what people write differently."""
    return re.sub(r"[\s\-－—–/]", "", record).upper()
