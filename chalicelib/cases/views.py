"""What callers send and see of a case. No names, numbers or phones pass through here."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from chalicelib import texts
from chalicelib.actors import Actor
from chalicelib.cases import model, timeline
from chalicelib.cases.materials import MaterialView, materials_of
from chalicelib.cases.model import Case
from chalicelib.cases.timeline import EventView, NextStep
from chalicelib.shapes import Shape


class CheckView(Shape):
    """One department's part in a check; ``id`` is what a decision names."""

    id: str
    department: str
    title: str
    state: str
    due: date


class DocumentView(Shape):
    """A paper on the case."""

    id: str
    kind: str
    state: str
    media_type: str
    size: int
    place: str | None = None
    proven_on: date | None = None
    thumbnail: bool = False


class CaseView(Shape):
    """A case as its owner and the staff in scope see it."""

    id: str
    kind: str
    title: str
    state: str
    state_text: str
    region: str
    submitted_at: datetime
    deadline: date
    receipt_number: str
    timeline: list[EventView]
    next: NextStep | None
    checks: list[CheckView]
    receipts: list[model.Receipt]
    documents: list[DocumentView]
    materials: list[MaterialView]
    form_version: str | None


class Decision(Shape):
    """A decision on one check (``check`` is its id, or the department's where it has one) or on the case.

    On a check ``approve``, ``refuse`` or ``cannot_tell``; on the case an act of its kind, such as ``approve``,
    ``refuse``, ``ask_supplement``, ``uphold`` or ``reject``.
    ``value`` goes with approving a check that is merged by value.
    """

    check: str | None = Field(default=None, max_length=90)
    decision: str = Field(pattern=r"^[a-z][a-z_]{1,39}$")
    reason: str = Field(min_length=2, max_length=500)
    value: Decimal | None = Field(default=None, max_digits=18, decimal_places=6)


class Reason(Shape):
    """Why, in the caller's own words; may be left out."""

    reason: str | None = Field(default=None, max_length=500)


class Appeal(Shape):
    """What the applicant holds against the decision."""

    reason: str = Field(min_length=2, max_length=2000)


class NewDocument(Shape):
    """A paper that is about to be uploaded: exactly this type and this many bytes."""

    kind: str = Field(max_length=40)
    media_type: str = Field(max_length=60)
    size: int = Field(gt=0)


class Upload(Shape):
    """Where to send the bytes: one HTTPS PUT with exactly these headers before the time is over."""

    document: DocumentView
    url: str
    headers: dict[str, str]
    expires_at: datetime


class Download(Shape):
    """Where to fetch the bytes until the time is over."""

    url: str
    expires_at: datetime


class WorkItem(Shape):
    """Something that waits for a person: a check, or a case to decide.

    ``queue`` is the role or department that it waits for, ``claimed_by`` the colleague who has taken it;
    ``bulk`` says that it may be accepted with others in one go, if it is clean.
    """

    case: str
    kind: str
    title: str
    check: str | None
    region: str
    due: date
    state: str
    queue: str
    claimed_by: str | None
    bulk: bool


class WorkQuery(Shape):
    """Which part of one's worklist; without a town, all towns in scope.

    ``queue``: the work of a lower level instead of one's own. ``mine``: only what the caller has claimed.
    """

    queue: str | None = Field(default=None, max_length=40)
    mine: bool = False
    town: str | None = Field(default=None, pattern=r"^\d{9}$")
    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = None


class Piece(Shape):
    """A piece of work: the case, or a check on it."""

    check: str | None = Field(default=None, max_length=90)


class HandOver(Piece):
    """A piece of work goes to a colleague."""

    to: str = Field(min_length=1, max_length=64)


class PieceOfCase(Piece):
    """A piece of work in a list."""

    case: str = Field(min_length=1, max_length=64)


class Acceptances(Shape):
    """Clean work to accept in one go, and why."""

    items: list[PieceOfCase] = Field(min_length=1, max_length=50)
    reason: str = Field(min_length=2, max_length=500)


class Acceptance(Shape):
    """What became of one piece: accepted, or left as it was; ``code`` and ``text`` say why."""

    case: str
    check: str | None
    accepted: bool
    code: str | None
    text: str | None


class AcceptancesDone(Shape):
    """What became of each, in the order they were sent."""

    items: list[Acceptance]


class PageQuery(Shape):
    """A page of a list."""

    limit: int = Field(default=20, ge=1, le=100)
    next: str | None = None
    filed: bool = False


class ReceiptProof(Shape):
    """What anybody may learn from a receipt's QR code: that it is ours, and how the case stands."""

    valid: bool
    receipt_number: str
    kind: str
    title: str
    submitted_on: date
    state: str


def view(case: Case, language: str, today: date | None = None) -> CaseView:
    """The case in the caller's language, as it stands on a day in Asia/Shanghai."""
    kind = model.kind_of(case)
    tongue: texts.Language = "en" if language == "en" else "zh-CN"
    titles = timeline.check_titles(kind, language)
    return CaseView(
        id=case.id,
        kind=case.kind,
        title=kind.title.in_language(language),
        state=case.state,
        state_text=texts.sentence(f"state_{case.state}", tongue),
        region=case.region,
        submitted_at=case.submitted_at,
        deadline=case.deadline,
        receipt_number=case.receipt_number,
        timeline=timeline.events(case, tongue),
        next=timeline.next_step(case, tongue, today),
        checks=[
            CheckView(id=c.id, department=c.department, title=titles[c.id], state=c.state, due=c.due)
            for c in case.checks
        ],
        receipts=[c.receipt for c in case.checks if c.receipt],
        documents=[document_view(d) for d in case.documents],
        materials=materials_of(case, tongue),
        form_version=case.form_version,
    )


def role_of(actor: Actor) -> str:
    """In which role somebody acts: all that a timeline tells."""
    if actor.kind != "staff":
        return actor.kind
    return min(actor.roles, default="staff")


def document_view(document: model.CaseDocument) -> DocumentView:
    """A paper as callers see it."""
    return DocumentView(**document.model_dump(include=set(DocumentView.model_fields)))
