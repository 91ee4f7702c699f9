"""What callers send and see of school places."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from chalicelib.schooling.model import District, RunState, SchoolId, Status
from chalicelib.schooling.policy import DEFAULT, Grade, Policy
from chalicelib.shapes import Shape, Title

RunId = Annotated[str, Field(pattern=r"^\d{4}-\d{6}-[17]-[1-3]$")]


class SchoolsQuery(Shape):
    """Which schools: a district's, this year's unless ``year`` says otherwise."""

    district: District
    year: int | None = Field(default=None, ge=2000, le=2100)


class SchoolView(Shape):
    """A school with its places in the grades it has, by the policy's class size."""

    id: str
    name: str
    town: str
    zone: list[str]
    seats: dict[str, int]


class SchoolList(Shape):
    """A district's schools."""

    items: list[SchoolView]
    next: str | None = None


class PlanView(Shape):
    """What a plan came to."""

    year: int
    schools: int
    districts: list[str]


class PolicyList(Shape):
    """Every edition of the rules."""

    items: list[Policy]


class NewRun(Shape):
    """Open a round: until when families may apply and change their wishes, and which points rankings it goes by; without any, policy pupils alone take part."""

    district: District
    grade: Grade
    round: int = Field(default=1, ge=1, le=3)
    closes_at: AwareDatetime
    rankings: list[Annotated[str, Field(pattern=r"^[\w#:.-]{1,120}$")]] = Field(default=[], max_length=40)
    policy: str = Field(default=DEFAULT, pattern=r"^[a-z0-9-]{2,40}$")


class RunsQuery(Shape):
    """A district's runs of a year, this one unless it says otherwise."""

    district: District
    year: int | None = Field(default=None, ge=2000, le=2100)


class RunFiles(Shape):
    """Links to the two published files, each for a quarter of an hour."""

    inputs: str
    result: str


class RunView(Shape):
    """A run as everybody may see it. ``commitment``: SHA-256 of the lot's seed, which stands in the result.

    ``rankings``: the points lists it goes by; ``waiting``: applications not decided by the city when it was last tried to seal it, which it
    waits for; ``without_points``: families left out as they are in none of the lists, null where those are fewer than ten.
    """

    id: str
    year: int
    district: str
    grade: int
    round: int
    policy: str
    mechanism: str
    state: RunState
    rankings: tuple[str, ...]
    closes_at: datetime
    commitment: str
    inputs_sha256: str | None
    result_sha256: str | None
    waiting: int | None
    pupils: int | None
    without_points: int | None
    placed: int | None
    publicity_until: date | None
    files: RunFiles | None = None


class RunList(Shape):
    """A district's runs."""

    items: list[RunView]


class NewChoices(Shape):
    """The wishes as they shall be, the dearest first."""

    choices: list[SchoolId] = Field(min_length=1, max_length=20)


class ChoicesView(Shape):
    """The wishes as they are."""

    case: str
    choices: list[str]


class NewAnswer(Shape):
    """Whether the family takes the place; refusing is giving up, in later rounds too."""

    answer: Literal["accept", "refuse"]


class AnswerView(Shape):
    """What the family answered, and to which run."""

    case: str
    run: str
    school: str
    answer: Literal["accept", "refuse"]


class ChoiceReceipt(Shape):
    """Why, for one wish: own class and points, those of whoever was admitted last, what was missing."""

    school: str
    name: Title
    code: Literal[
        "admitted",
        "not_needed",
        "class_full",
        "points_below",
        "tie_below",
        "lot_below",
        "no_seats",
        "out_of_reach",
    ]
    own_class: Title | None = None
    last_class: Title | None = None
    own_points: str | None = None
    last_points: str | None = None
    missing: str | None = None
    said: Title


class RoundPlace(Shape):
    """What a round brought a family. ``ref``: the child's line in the published files, which nobody else knows."""

    run: str
    round: int
    state: RunState
    publicity_until: date | None = None
    ref: str | None = None
    rank: int | None = None
    points: str | None = None
    school: str | None = None
    answer: Literal["accept", "refuse"] | None = None
    said: Title
    choices: list[ChoiceReceipt] = []


class MyPlace(Shape):
    """An application with what its rounds brought. The child's name is masked."""

    case: str
    child: str
    year: int
    district: str
    grade: int
    status: Status
    choices: list[str]
    rounds: list[RoundPlace]


class MyPlaces(Shape):
    """The caller's applications, the latest first."""

    items: list[MyPlace]


class SchoolCounts(Shape):
    """What officers see of a school in a run. Counts of fewer than ten children are null, and so is what would tell them."""

    school: str
    name: str
    seats: int
    admitted: int | None
    last_class: str | None
    last_points: str | None
    by_class: dict[str, int | None]


class RunCounts(Shape):
    """The schools of a run."""

    items: list[SchoolCounts]


class PlacesQuery(Shape):
    """A page of the public list."""

    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = None


class PublicPlace(Shape):
    """A line of the public list: the child's masked name and the school."""

    child: str
    school: str
