"""What a case is made of. Pure; ``model`` gives these out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from chalicelib.errors import NotFound
from chalicelib.shapes import Shape, Title

CheckState = Literal["open", "person", "passed", "failed", "unclear"]
OPEN_CHECKS: tuple[CheckState, ...] = ("open", "person")


class Receipt(Shape):
    """Where a check's answer came from, in words a citizen reads."""

    rule: str
    version: str
    source: str | None = None
    record_date: date | None = None
    said: Title | None = None


class CaseCheck(Shape):
    """One department's part in one check of a case; ``id`` is unique in the case.

    ``listed``: it stands on a worklist or has a clock.
    """

    id: str
    code: str
    department: str
    state: CheckState
    due: date
    queue: str | None = None
    claimed_by: str | None = None
    listed: bool = False
    opened_at: datetime | None = None
    value: Decimal | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    receipt: Receipt | None = None


class CaseEvent(Shape):
    """A line of the timeline: what happened, when, and in which role somebody acted."""

    at: datetime
    what: str
    who: str
    params: dict[str, str | int] = {}


DocumentState = Literal["awaited", "clean", "refused", "gone"]


class CaseDocument(Shape):
    """A paper on a case. ``key`` says where its bytes lie when it was not uploaded to this case.

    ``place`` is the field of the form that it belongs to; ``proven_on`` the day on which another case was
    accepted with it: then it is reused.
    """

    id: str
    kind: str
    state: DocumentState
    media_type: str
    size: int
    at: datetime
    place: str | None = None
    proven_on: date | None = None
    key: str | None = None
    thumbnail: bool = False


class Paper(Shape):
    """A paper of a person's, before or after its case; ``goes_on`` is the day on which its bytes go."""

    id: str
    kind: str
    state: DocumentState
    media_type: str
    size: int
    at: datetime
    key: str
    goes_on: date
    thumbnail: bool = False
    cases: list[str] = []
    proven_on: date | None = None
    valid_until: date | None = None

    def serves(self, day: date) -> bool:
        """Whether it was proven and still may be reused on a day."""
        return self.state == "clean" and self.valid_until is not None and day <= self.valid_until


class Case(Shape):
    """A case with everything that belongs to it. ``payload`` holds no names, numbers or phones."""

    id: str
    kind: str
    kind_version: str
    form_version: str | None = None
    state: str
    owner: str
    filer: str
    region: str
    submitted_at: datetime
    deadline: date
    since: datetime
    due: date | None = None
    queue: str | None = None
    claimed_by: str | None = None
    receipt_number: str
    open_checks: int
    payload: dict[str, Any]
    sealed: str | None = None
    value: Decimal | None = None
    decided_at: datetime | None = None
    checks: list[CaseCheck] = []
    events: list[CaseEvent] = []
    documents: list[CaseDocument] = []

    def check(self, check_id: str) -> CaseCheck:
        """The part with this id; raises ``NotFound`` when the case has none."""
        for found in self.checks:
            if found.id == check_id:
                return found
        raise NotFound("check_unknown")
