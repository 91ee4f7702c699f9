"""What callers send and see of a season. Lists name nobody but by family name and stars."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from chalicelib import texts
from chalicelib.points.model import Condition, ScoreLine
from chalicelib.seasons.model import Claim, Established, Ranking, RankingState, Scope
from chalicelib.shapes import Shape

# Never blank: it is a key of the table.
RankingId = Annotated[str, Field(min_length=1, max_length=64)]


class Answers(Shape):
    """What a department's person establishes: by indicator as the policy takes answers, true or false by condition."""

    answers: dict[str, Any] = Field(max_length=60)
    reason: str = Field(min_length=2, max_length=500)


class NewObjection(Shape):
    """An objection to a public list: about one's own ``case``, or about the line at a ``rank``."""

    ranking: RankingId
    case: str | None = Field(default=None, min_length=1, max_length=64)
    rank: int | None = Field(default=None, ge=1, le=10_000_000)
    department: str = Field(pattern=r"^[a-z][a-z_]{1,39}$")
    reason: str = Field(min_length=2, max_length=2000)

    @model_validator(mode="after")
    def _is_about_one(self) -> "NewObjection":
        if (self.case is None) == (self.rank is None):
            raise ValueError("an objection is about one application")
        return self


class Particulars(Shape):
    """What was filed and what is established of it, for whoever decides; people masked."""

    case: str
    name: str
    child: str | None
    spouse: str | None
    policy: str
    policy_version: str
    scope: Scope
    town: str
    claims: list[Claim]
    established: dict[str, Established]
    objection: str | None


class NewRanking(Shape):
    """A ranking to be opened. ``area``: the city's, a district's or a town's code; ``of`` for a later round."""

    policy: str = Field(min_length=1, max_length=40)
    version: str | None = Field(default=None, min_length=1, max_length=20)
    scope: Scope
    area: str = Field(pattern=r"^\d{6}(\d{3})?$")
    period: str = Field(pattern=r"^\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?$")
    round: int = Field(default=1, ge=1, le=3)
    of: list[RankingId] = Field(default=[], max_length=60)
    quota: int | None = Field(default=None, ge=1, le=1_000_000)


class RankingView(Shape):
    """A ranking as it stands. ``inputs``: SHA-256 over everything its list was made of."""

    id: str
    policy: str
    policy_version: str
    policy_digest: str
    scope: Scope
    area: str
    period: str
    round: int
    state: RankingState
    state_text: str
    list_number: int
    count: int
    quota: int | None
    cut_off: Decimal | None
    published_on: date | None
    public_through: date | None
    objections_through: date | None
    final_on: date | None
    inputs: str | None


class PlaceView(Shape):
    """A line of a list; ``mine``: it is the caller's."""

    rank: int
    name: str
    total: Decimal
    within_quota: bool | None
    mine: bool


class RankingPage(RankingView):
    """A ranking with a page of its list."""

    items: list[PlaceView]
    next: str | None = None


class PlaceQuery(Shape):
    """A page of a list."""

    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = None


class RankingList(Shape):
    """Rankings, the latest first."""

    items: list[RankingView]


class Standing(Shape):
    """Where an application stands in a list."""

    ranking: str
    state: RankingState
    area: str
    round: int
    rank: int | None
    of: int
    cut_off: Decimal | None
    within_quota: bool | None
    outcome: str | None
    public_through: date | None
    objections_through: date | None


class MyApplication(Shape):
    """One of the caller's applications: its points with the receipt of each, and where it stands."""

    case: str
    policy: str
    policy_version: str
    policy_digest: str
    scope: Scope
    area: str
    period: str
    state: str
    filed_at: datetime
    applied_at: datetime | None
    total: Decimal | None
    eligible: bool | None
    lines: list[ScoreLine]
    conditions: list[Condition]
    standings: list[Standing]
    inputs: str | None


class MyPoints(Shape):
    """The caller's applications, the latest first; and until when the caller may not apply."""

    items: list[MyApplication]
    banned_until: date | None


def ranking_view(found: Ranking, language: str) -> RankingView:
    """A ranking in the caller's language."""
    tongue: texts.Language = "en" if language == "en" else "zh-CN"
    shown = found.model_dump(include=set(RankingView.model_fields))
    return RankingView(**shown, state_text=texts.sentence(f"ranking_{found.state}", tongue))


def within(rank: int, quota: int | None) -> bool | None:
    """Whether a rank is within the quota; None where there is none."""
    return None if quota is None else rank <= quota
