"""Which cohorts are counted, by which day and age, and who may have a list of them: editions of data. Pure."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from chalicelib.editions import Edition, Editions
from chalicelib.shapes import Shape

Kind = Literal["school", "elders"]


class SchoolCohort(Shape):
    """An intake: children who are of full ``age`` by a day (``08-31``) of its year, and were not the year before."""

    cohort: str
    age: int = Field(ge=1, le=18)
    by: str = Field(pattern=r"^\d\d-\d\d$")

    @model_validator(mode="after")
    def _ends_a_month(self) -> Self:
        """Ages are counted by month of birth, so the day must be a month's last."""
        month, day = int(self.by[:2]), int(self.by[3:])
        if monthrange(2001, month)[1] != day:
            raise ValueError("the day by which a child is of age must end a month")
        return self


class Moves(Shape):
    """Moves in and out are projected only when seen for ``days`` with so many ``events`` in a register that is not new."""

    days: int
    events: int
    settled_share: float


class PrecisionRule(Shape):
    """How sure the finder's people count: measured from so many visits' outcomes, before that as assumed."""

    outcomes: int
    assumed: float


class ListRule(Shape):
    """Whose duty a list of people is: roles in their region, reviewers of departments, for which purposes."""

    roles: tuple[str, ...]
    departments: tuple[str, ...]
    purposes: tuple[str, ...]


class Policy(Edition):
    """One edition of the rules, in force from a day."""

    source: str
    school: tuple[SchoolCohort, ...]
    elders: tuple[int, ...] = Field(min_length=1)
    years_ahead: int = Field(ge=0, le=10)
    moves: Moves
    precision: PrecisionRule
    lists: Mapping[Kind, ListRule]
    list_days: int

    @model_validator(mode="after")
    def _cohorts_share_nobody(self) -> Self:
        """Cohorts of different days would overlap in part, and their difference be a small group."""
        if len({one.by for one in self.school}) > 1:
            raise ValueError("all school cohorts of an edition are counted by the same day")
        return self


_EDITIONS: Final = Editions(Path(__file__).with_name("policy.json"), Policy, "cohorts")


def policy_on(day: date) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return _EDITIONS.on(day)
