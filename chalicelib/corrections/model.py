"""What is said to be wrong. Pure."""

from datetime import date
from typing import Any

from pydantic import Field

from chalicelib.shapes import Shape

KIND = "correction"


class NewCorrection(Shape):
    """A fact that is wrong: which, what is right, and papers that show it (ids of the caller's own)."""

    fact: str = Field(max_length=80)
    says: str = Field(min_length=2, max_length=1000, repr=False)
    evidence: list[str] = Field(default=[], max_length=5)


class Correction(Shape):
    """A correction as its person and the department that owns the fact see it.

    ``shown``: the value that the person was shown, of ``as_of``; null when nothing was known.
    """

    case: str
    state: str
    fact: str
    title: str
    source: str
    owner: str
    says: str = Field(repr=False)
    shown: Any = Field(repr=False)
    as_of: date | None
