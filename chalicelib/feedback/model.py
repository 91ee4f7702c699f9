"""Categories, matters, and the geometry of what is near. Pure."""

import re
from datetime import date, datetime
from math import cos, floor, radians
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from chalicelib import clock
from chalicelib.editions import Edition, Editions, in_force
from chalicelib.errors import Conflict, Invalid
from chalicelib.errors import Field as Place
from chalicelib.places.model import Crs
from chalicelib.residence.model import Named
from chalicelib.shapes import Shape, Title

CELL_DEGREES: Final = 0.002  # About 220 m north to south and 205 m east to west in Foshan.
COARSE_DEGREES: Final = 0.001
DEGREE_METRES: Final = 111_195.0
FARTHEST_METRES: Final = 100  # A circle of this radius touches four cells at most.
TOWN: Final = "town"
State = Literal["reported", "handling", "answered", "settled", "refused", "withdrawn", "appealed", "closed"]
# The states in which a matter still waits for something to be done about it.
PENDING: Final = frozenset({"reported", "handling", "appealed"})
# A phone number, an ID number, a plate in part: nothing that a sentence about a lamp needs.
_NUMBERS: Final = re.compile(r"\d{7,}")


class Category(Shape):
    """What a report may be about, whose task that is, and by when it is answered.

    ``owner`` is a department's code or ``town``. Reports of one category within ``nearby_metres`` of each other may be the
    same matter. Only the matters of ``public`` categories are ever shown to others.
    """

    code: str
    title: Title
    owner: str
    answer_working_days: int = Field(ge=1, le=60)
    nearby_metres: int = Field(ge=10, le=FARTHEST_METRES)
    public: bool

    @property
    def queue(self) -> str:
        """Whose worklist: the department's, or that of the town's coordinator."""
        return "coordinator" if self.owner == TOWN else self.owner

    def deadline(self, day: date) -> date:
        """The day by which a report made on ``day`` is answered."""
        return clock.add_working_days(day, self.answer_working_days)


class Policy(Edition):
    """One edition of the rules of feedback.

    A report may be found not fixed ``reopen_limit`` times, each within ``reopen_working_days`` of the answer; then it has
    ``reopened_working_days``. It may be handed on ``transfer_limit`` times. Matters are offered for ``nearby_days`` and
    stay on the map for ``map_days``.
    """

    reopen_limit: int = Field(ge=0, le=10)
    reopen_working_days: int = Field(ge=1)
    reopened_working_days: int = Field(ge=1)
    transfer_limit: int = Field(ge=0, le=10)
    nearby_days: int = Field(ge=1)
    map_days: int = Field(ge=1)
    categories: tuple[Category, ...]

    @model_validator(mode="after")
    def _has_each_once(self) -> "Policy":
        codes = [category.code for category in self.categories]
        if len(set(codes)) < len(codes):
            raise ValueError("a category is there twice")
        return self

    def category(self, code: str, at: str = "/category") -> Category:
        """The category with this code; raises ``Invalid`` that names the field ``at``."""
        for found in self.categories:
            if found.code == code:
                return found
        raise Invalid("values_invalid", fields=[Place(at, "feedback_category_unknown")])


_EDITIONS: Final = Editions(Path(__file__).with_name("policy.json"), Policy, "feedback")


def editions() -> tuple[Policy, ...]:
    """Every edition, the oldest first."""
    return _EDITIONS.all


def policy_on(day: date, among: tuple[Policy, ...] | None = None) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return in_force(among or editions(), day, _EDITIONS.of)


class Spot(NamedTuple):
    """A point in WGS-84 degrees."""

    lon: float
    lat: float


class Position(Shape):
    """A point as a phone gives it; mini-programs report GCJ-02."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    crs: Crs = "GCJ-02"


def cell(spot: Spot) -> str:
    """The cell that a point lies in: ``56560:11510``."""
    return f"{floor(spot.lon / CELL_DEGREES)}:{floor(spot.lat / CELL_DEGREES)}"


def cells_around(spot: Spot, metres: float) -> list[str]:
    """The cells that hold a point within so many metres: four at most.

    A matter is listed in each of them, so that whoever stands near it reads one cell.
    """
    north = metres / DEGREE_METRES
    east = north / cos(radians(spot.lat))
    xs = {floor((spot.lon + side) / CELL_DEGREES) for side in (-east, east)}
    ys = {floor((spot.lat + side) / CELL_DEGREES) for side in (-north, north)}
    return [f"{x}:{y}" for x in sorted(xs) for y in sorted(ys)]


def metres_between(one: Spot, other: Spot) -> float:
    """Metres between two points some hundred metres apart: on a plane, which is off by centimetres."""
    north = (one.lat - other.lat) * DEGREE_METRES
    east = (one.lon - other.lon) * DEGREE_METRES * cos(radians((one.lat + other.lat) / 2))
    return float((north**2 + east**2) ** 0.5)


def coarse(spot: Spot) -> Spot:
    """The middle of the square of about 100 m that the point lies in: all that the map shows."""
    lon, lat = (floor(value / COARSE_DEGREES) * COARSE_DEGREES + COARSE_DEGREES / 2 for value in spot)
    return Spot(round(lon, 6), round(lat, 6))


class WrongValue(ValueError):
    """A value is wrong; ``code`` names the sentence that says how."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _names_nobody(text: str) -> str:
    if _NUMBERS.search(text):
        raise WrongValue("feedback_text_names")
    return text


ClearedText = Annotated[str, Field(min_length=2, max_length=200), AfterValidator(_names_nobody)]


class NewReport(Shape):
    """What somebody reports. Unless ``anonymous`` is false, whoever handles it does not learn who it was.

    ``person`` when staff report for somebody who is present.
    """

    category: str = Field(max_length=40)
    text: str = Field(min_length=5, max_length=1000, repr=False)
    position: Position
    town: str = Field(pattern=r"^\d{9}$")
    community: str | None = Field(default=None, pattern=r"^\d{12}$")
    place: str = Field(default="", max_length=100, repr=False)
    anonymous: bool = True
    person: Named | None = None


class Clearing(Shape):
    """Staff take a report on. ``public_text`` is what the map may say, in the words of the staff; without it, the category."""

    public_text: ClearedText | None = None


class Transfer(Shape):
    """To whom a report is handed on: the owner of another category."""

    category: str = Field(max_length=40)
    reason: str = Field(min_length=2, max_length=300)


class FeedbackAnswer(Shape):
    """What was done, for the reporter."""

    text: str = Field(min_length=2, max_length=1000)


class Rating(Shape):
    """How the reporter found it, 1 (bad) to 5 (good)."""

    stars: int = Field(ge=1, le=5)


class NotFixed(Shape):
    """What is still wrong."""

    reason: str = Field(min_length=2, max_length=500)


class Matter(Shape):
    """The thing reported, at its place, without the reporter. ``case`` leads to the report."""

    id: str
    case: str
    category: str
    edition: date
    region: str
    lon: float
    lat: float
    state: State
    anonymous: bool
    reported_at: datetime
    supporters: int = 0
    reopened: int = 0
    transferred: int = 0
    accepted_on: date | None = None
    answered_at: datetime | None = None
    public_text: str | None = None
    stars: int | None = None

    @property
    def spot(self) -> Spot:
        """Where it is."""
        return Spot(self.lon, self.lat)

    @property
    def policy(self) -> Policy:
        """The rules it was reported under."""
        return policy_on(self.edition)

    def require_reopening(self, today: date) -> None:
        """Raise ``Conflict`` when "not fixed" was said often enough, or too late."""
        if self.reopened >= self.policy.reopen_limit:
            raise Conflict("feedback_reopened_enough", limit=self.policy.reopen_limit)
        if self.answered_at and today > self.last_day(self.answered_at):
            raise Conflict("feedback_reopen_too_late")

    def last_day(self, answered_at: datetime) -> date:
        """The last day on which an answer may be rated or found wanting; after it the report is settled."""
        return clock.add_working_days(clock.local_date(answered_at), self.policy.reopen_working_days)

    def require_transfer(self) -> None:
        """Raise ``Conflict`` when it was handed on often enough: somebody has to do it now."""
        if self.transferred >= self.policy.transfer_limit:
            raise Conflict("feedback_transferred_enough", limit=self.policy.transfer_limit)
