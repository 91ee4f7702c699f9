"""The rules of the permit as data, by the day they are in force from. Pure."""

from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from chalicelib.editions import Edition, Editions
from chalicelib.shapes import Shape

Ground = Literal["work", "home", "school"]
GROUNDS: Final[tuple[Ground, ...]] = ("work", "home", "school")


class Proof(Shape):
    """A source that proves a ground: how old its record may be, and the field that says since when it is over."""

    source: str
    days: int = Field(gt=0)
    until: str | None


class GroundRule(Shape):
    """One of the three grounds: who looks at it, which records prove it, which papers do where none is found."""

    department: str
    sources: list[Proof]
    papers: list[str] = Field(min_length=1)


class Policy(Edition):
    """One edition of the rules; lengths in days or months as their names say.

    ``fees_fen``: null where a local rule sets the fee and the city has not told it yet.
    """

    basis: str
    residence_months: int = Field(gt=0)
    gap_days: int = Field(ge=0)
    issue_days: int = Field(gt=0)
    issue_days_at_most: int = Field(gt=0)
    year_months: int = Field(gt=0)
    window_months: int = Field(gt=0)
    remind_days_before: int = Field(gt=0)
    joins_years: bool
    minor_age: int
    old_age: int
    code_seconds: int = Field(gt=0, le=600)
    fees_fen: dict[Literal["application", "endorsement", "replacement"], int | None]
    grounds: dict[Ground, GroundRule]

    @model_validator(mode="after")
    def _is_lawful(self) -> "Policy":
        """Decree 663 art. 9: thirty days at most, whatever a local rule says."""
        if not self.issue_days <= self.issue_days_at_most <= 30:
            raise ValueError("a permit is issued within 15 days, 30 at most by local rule")
        return self


_EDITIONS: Final = Editions(Path(__file__).with_name("policy.json"), Policy, "the permit")


def policy_on(day: date) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return _EDITIONS.on(day)
