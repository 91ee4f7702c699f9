"""The rules of a run as data: mechanism, classes, lot, grades, rounds, calendar. Pure."""

import json
from collections.abc import Collection
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from chalicelib import clock
from chalicelib.errors import NotFound
from chalicelib.schooling.allocation import Mechanism
from chalicelib.shapes import Shape, Title

Grade = Literal[1, 7]
GRADES: Final[tuple[Grade, ...]] = (1, 7)
Reach = Literal["zone", "town", "district"]
Flag = Literal["policy", "sibling", "zone"]
DEFAULT: Final = "demo-2026"
_POLICIES: Final = Path(__file__).parent / "policies"
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Window(Shape):
    """The days of a year on which a run may open and close, both included."""

    from_: MonthDay = Field(alias="from")
    to: MonthDay

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.from_ <= f"{day:%m-%d}" <= self.to


class GradeRule(Shape):
    """A grade: pupils in a class, and the age that the child must have, in full years, by a day of the year.

    Compulsory Education Law art. 11: a child who is six begins school. ``most_years``: older ones are looked at by a person.
    """

    class_size: int = Field(gt=0, le=100)
    full_years: int | None = Field(default=None, ge=0, le=20)
    full_by: MonthDay = "08-31"
    most_years: int = Field(ge=0, le=30)

    def age(self, born: date, year: int) -> int:
        """The child's full years on the year's day."""
        month, day = (int(part) for part in self.full_by.split("-"))
        return clock.age_on(born, date(year, month, day))

    def old_enough(self, born: date, year: int) -> bool:
        """Whether the age is full on that day: who turns six on 31 August begins, who does on 1 September does not."""
        return self.full_years is None or self.age(born, year) >= self.full_years


class RoundRule(Shape):
    """A round: how far from home a wished school may lie for the wish to count."""

    reach: Reach


class PriorityClass(Shape):
    """A class (优先类别): who has all of ``needs`` is in it, the first that fits."""

    code: str = Field(pattern=r"^[a-z_]{2,20}$")
    needs: tuple[Flag, ...]
    title: Title


class Policy(Shape):
    """One edition of the rules. ``assumed`` names what still needs the city's word."""

    id: str = Field(pattern=r"^[a-z0-9-]{2,40}$")
    title: Title
    basis: str
    mechanism: Mechanism
    lottery: bool
    window: Window
    choices_limit: int = Field(gt=0, le=20)
    publicity_working_days: int = Field(ge=5, le=30)
    grades: dict[int, GradeRule]
    rounds: tuple[RoundRule, ...] = Field(min_length=1, max_length=3)
    classes: tuple[PriorityClass, ...] = Field(min_length=1, max_length=20)
    assumed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "Policy":
        if set(self.grades) != set(GRADES):
            raise ValueError("grades: 1 and 7 need their rules")
        if self.classes[-1].needs:
            raise ValueError("classes: the last one takes everybody, so that nobody stands in none")
        needs = [frozenset(each.needs) for each in self.classes]
        for place, later in enumerate(needs):
            if hidden := [self.classes[i].code for i in range(place) if needs[i] <= later]:
                raise ValueError(f"classes: nobody comes into {self.classes[place].code} after {hidden[0]}")
        if self.mechanism == "points_first" and any(need - {"policy"} for need in needs):
            raise ValueError(
                "classes: points first has one order for all schools; sibling and zone differ by school"
            )
        return self

    def class_of(self, flags: Collection[str]) -> int:
        """The number of the first class whose needs somebody with these flags has."""
        return next(place for place, each in enumerate(self.classes) if set(each.needs) <= set(flags))

    def reach(self, round_: int) -> Reach:
        """How far wishes count in a round, the first being 1; raises ``NotFound`` beyond the last."""
        if not 1 <= round_ <= len(self.rounds):
            raise NotFound("school_round_unknown")
        return self.rounds[round_ - 1].reach


@cache
def policies() -> dict[str, Policy]:
    """Every edition by id."""
    found = [
        Policy.model_validate(json.loads(p.read_text("utf-8"))) for p in sorted(_POLICIES.glob("*.json"))
    ]
    return {each.id: each for each in found}


def policy(name: str) -> Policy:
    """The edition of that id; raises ``NotFound``."""
    if name not in policies():
        raise NotFound("school_policy_unknown")
    return policies()[name]
