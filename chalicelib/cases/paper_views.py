"""What people send and see of their own papers."""

from datetime import date

from pydantic import Field

from chalicelib.cases.views import NewDocument
from chalicelib.shapes import Shape


class NewPaper(NewDocument):
    """A paper that is about to be uploaded before there is a case; ``case_kind`` is what it is meant for."""

    case_kind: str = Field(max_length=60)


class PaperView(Shape):
    """One of the caller's papers. ``reusable`` until ``valid_until``; its bytes go on ``goes_on``."""

    id: str
    kind: str
    state: str
    media_type: str
    size: int
    thumbnail: bool
    cases: list[str]
    reusable: bool
    proven_on: date | None
    valid_until: date | None
    goes_on: date


class PaperList(Shape):
    """All papers of the caller, the newest first."""

    items: list[PaperView]
    next: str | None = None


class LinkQuery(Shape):
    """Whether the small picture is asked for."""

    thumbnail: bool = False
