"""Schools, applications, runs and places, and the rules about them. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from chalicelib import regions
from chalicelib.errors import Field as Place
from chalicelib.residence.model import Finding, IdNumber, Name, Named, PaperId
from chalicelib.schooling.policy import GRADES, Grade, GradeRule, Policy, Reach
from chalicelib.shapes import Shape, Title

__all__ = ["Finding"]

SchoolId = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,20}$")]
District = Annotated[str, Field(pattern=r"^4406\d{2}$")]
CaseId = Annotated[str, Field(pattern=r"^C[0-9A-Z]{26}$")]
RunState = Literal["open", "closed", "sealed", "publicity", "final", "failed"]
Status = Literal["filed", "accepted", "refused", "withdrawn", "given_up"]
PolicyClaim = Literal["martyr", "military", "fire_rescue", "police", "talent", "other"]
Facts = Callable[[str, str], list[dict[str, Any]]]
SHOWN: Final[frozenset[RunState]] = frozenset({"publicity", "final"})
ROLL_DAYS: Final = 400  # A roll is sent twice a year; an older line says nothing of today.


class School(Shape):
    """A school with its places. ``zone``: towns or communities it serves; ``classes``: how many, by grade;
    ``reserved``: places of these classes that other ways of admission fill.
    """

    id: SchoolId
    name: Title
    town: str = Field(pattern=r"^\d{9}$")
    zone: tuple[str, ...] = Field(default=(), max_length=60)
    classes: dict[int, int] = Field(min_length=1)
    reserved: dict[int, int] = {}

    @model_validator(mode="after")
    def _fits_together(self) -> "School":
        counts = [*self.classes.values(), *self.reserved.values()]
        if any(not 0 <= count <= 2000 for count in counts) or self.reserved.keys() - self.classes.keys():
            raise ValueError(
                "classes and reserved places are counted from 0, reserved ones in grades there are"
            )
        if self.classes.keys() - set(GRADES):
            raise ValueError("places are given out in grades 1 and 7")
        if any(not code.isdigit() or not code.startswith(self.district) for code in self.zone):
            raise ValueError("a zone lies in the school's district")
        return self

    @property
    def district(self) -> str:
        """The district that the school is in."""
        return self.town[:6]

    def seats(self, grade: Grade, rule: GradeRule) -> int:
        """Places to give out: classes times the size of a class, less those that are reserved."""
        return max(0, self.classes.get(grade, 0) * rule.class_size - self.reserved.get(grade, 0))

    def serves(self, community: str) -> bool:
        """Whether somebody living in a community is in the school's zone."""
        return any(regions.covers(code, community) for code in self.zone)

    def within(self, community: str, reach: Reach) -> bool:
        """Whether a wish of somebody living there counts when wishes reach so far."""
        if reach == "zone":
            return self.serves(community)
        return regions.covers(self.town if reach == "town" else self.district, community)


class Plan(Shape):
    """A year's schools (招生计划)."""

    year: int = Field(ge=2000, le=2100)
    schools: list[School] = Field(min_length=1, max_length=600)

    @model_validator(mode="after")
    def _each_once(self) -> "Plan":
        if len({school.id for school in self.schools}) < len(self.schools):
            raise ValueError("a school is planned twice")
        return self


class Child(Shape):
    """The child. Under 14 the guardian's consent is needed (PIPL art. 31)."""

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    guardian_consent: bool = False


class Sibling(Shape):
    """A brother or sister who goes to one of the schools wished for."""

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    school: SchoolId


class NewSchoolApplication(Shape):
    """What a parent files. ``points_case``: the points application of one parent; ``policy_claim``: why the child is a policy pupil;
    ``relation_proof``: where no record shows whose child it is; ``person``: the parent who is present when staff file.
    """

    child: Child
    grade: Grade
    district: District
    choices: list[SchoolId] = Field(min_length=1, max_length=20)
    points_case: CaseId | None = None
    siblings: list[Sibling] = Field(default=[], max_length=5)
    policy_claim: PolicyClaim | None = None
    policy_proof: list[PaperId] = Field(default=[], max_length=5)
    relation_proof: list[PaperId] = Field(default=[], max_length=5)
    person: Named | None = None


class Application(Shape):
    """An application as schooling keeps it. ``child``: person id; ``child_key``: how points rankings call the same child;
    ``sibling_at``: schools where the sibling is proven; ``kin``: whether it is shown that it is the owner's child, which then has no other.
    """

    case: str
    owner: str
    child: str
    child_key: str
    year: int
    district: str
    grade: Grade
    region: str
    choices: tuple[str, ...]
    points_case: str | None
    status: Status
    policy: bool = False
    sibling_at: tuple[str, ...] = ()
    kin: bool = False
    version: int = 1


class Run(Shape):
    """One giving-out of places: a year, district, grade and round.

    ``waiting``: applications that departments and officers had not decided when it was last tried to seal it; ``without_points``: families
    left out as they were in no ranking.
    """

    id: str
    year: int
    district: str
    grade: Grade
    round: int
    policy: str
    rankings: tuple[str, ...]
    state: RunState
    commitment: str
    opened_at: datetime
    closes_at: datetime
    inputs_sha256: str | None = None
    ground_sha256: str | None = None
    result_sha256: str | None = None
    waiting: int | None = None
    pupils: int | None = None
    without_points: int | None = None
    placed: int | None = None
    publicity_until: date | None = None
    version: int = 1


class Wish(Shape):
    """A wish that counts in a run, and the pupil's class at that school."""

    school: str
    cls: int


class Entry(Shape):
    """A pupil in a run. ``wishes``: those that count, the dearest first. ``left_out``: why the pupil did not take part."""

    case: str
    owner: str
    child: str
    ref: str
    rank: int
    total: Decimal | None
    tie: tuple[str, ...] = ()
    wishes: tuple[Wish, ...]
    school: str | None = None
    answer: Literal["accept", "refuse"] | None = None
    left_out: Literal["no_points", "no_school_in_reach"] | None = None


class Cutoff(Shape):
    """What a school had to give in a run, and whom it admitted last; by class how many it admitted."""

    school: str
    seats: int
    admitted: int
    last_class: int | None = None
    last_rank: int | None = None
    last_total: Decimal | None = None
    by_class: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PointsPlace:
    """A line of a final points ranking. ``child``: the child's key, empty where the points are for no particular child; ``ties``: the
    totals of groups that order equal totals, the higher first; then the earlier application goes first.
    """

    case: str
    owner: str
    child: str
    total: Decimal
    ties: tuple[Decimal, ...]
    applied_at: datetime

    @property
    def order(self) -> tuple[Decimal, tuple[Decimal, ...], datetime]:
        """What orders lines, the smaller first (Foshan 2016: total, tie-break groups, the earlier application)."""
        return -self.total, tuple(-tie for tie in self.ties), self.applied_at


def run_id(year: int, district: str, grade: int, round_: int) -> str:
    """The id of a run; there is one for each year, district, grade and round."""
    return f"{year}-{district}-{grade}-{round_}"


def age_wrong(born: date | None, rule: GradeRule, today: date) -> str | None:
    """The code of what is wrong with a child's age for a grade of this year's schools, or None."""
    if born is None:
        return "school_birth_unknown"
    if born > today:
        return "school_born_in_future"
    return None if rule.old_enough(born, today.year) else "school_too_young"


def choices_wrong(choices: Sequence[str], offered: Iterable[str], policy: Policy) -> list[Place]:
    """What is wrong with a list of wishes, each named by its place."""
    known, wrong = set(offered), []
    for place, school in enumerate(choices):
        if school not in known:
            wrong.append(Place(f"/choices/{place}", "school_unknown"))
        elif school in choices[:place]:
            wrong.append(Place(f"/choices/{place}", "school_twice"))
    if len(choices) > policy.choices_limit:
        wrong.append(Place("/choices", "school_too_many"))
    return wrong


def flags(application: Application, school: School) -> set[str]:
    """What an application has at a school: proven claims, and whether the family lives in its zone."""
    found = {"policy"} if application.policy else set()
    if school.id in application.sibling_at:
        found.add("sibling")
    if school.serves(application.region):
        found.add("zone")
    return found


def ranks(places: Iterable[PointsPlace]) -> dict[str, int]:
    """Each points case's place, from 1: by total, then what breaks ties; equal for those the lot has to order."""
    found: dict[str, int] = {}
    rank, before = 0, None
    for place in sorted(places, key=lambda place: place.order):
        rank += before != place.order
        found[place.case], before = rank, place.order
    return found
