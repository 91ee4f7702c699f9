"""Kinds, states, checks and the rules between them. Pure."""

import json
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from chalicelib import clock
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.shapes import Shape

CheckState = Literal["open", "person", "passed", "failed"]
OPEN_CHECKS: tuple[CheckState, ...] = ("open", "person")
Merge = Literal["all_agree"]
_KINDS = Path(__file__).parent / "kinds"


class Title(Shape):
    """A name in both languages."""

    zh: str = Field(alias="zh-CN")
    en: str

    def in_language(self, language: str) -> str:
        """The name in the caller's language."""
        return self.en if language == "en" else self.zh


class Transition(Shape):
    """An act: from which states, to which, and who may do it (roles, or ``owner`` and ``filer``)."""

    origins: list[str] = Field(alias="from")
    to: str
    who: list[str]


class CheckKind(Shape):
    """One department's part in a kind of case; ``due_working_days`` is its clock."""

    department: str
    title: Title
    due_working_days: int = Field(ge=0, le=60)
    automatic: bool


class DocumentKind(Shape):
    """A paper that may be attached: media types, size in bytes, how many."""

    kind: str
    title: Title
    media: list[str]
    max_bytes: int = Field(gt=0, le=20 * 1024 * 1024)
    max_count: int = Field(gt=0, le=20)


class Kind(Shape):
    """A kind of case, as its file says. A case keeps the version it was made under."""

    kind: str
    version: str
    title: Title
    basis: str
    receipt: str
    first_state: str
    transitions: dict[str, Transition]
    work: dict[str, str]
    checks: list[CheckKind]
    merge: Merge
    deadline_working_days: int = Field(gt=0)
    appeal_working_days: int = Field(gt=0)
    supplement_working_days: int = Field(gt=0)
    documents: list[DocumentKind]

    @model_validator(mode="after")
    def _is_whole(self) -> "Kind":
        states = {self.first_state} | {t.to for t in self.transitions.values()}
        if loose := {s for t in self.transitions.values() for s in t.origins} - states - {"confirming"}:
            raise ValueError(f"no transition leads to {sorted(loose)}")
        if missing := set(self.work) - states:
            raise ValueError(f"work names unknown states {sorted(missing)}")
        return self

    def transition(self, act: str, state: str) -> Transition:
        """The transition of an act from a state; raises ``Conflict`` when the state does not allow it."""
        found = self.transitions.get(act)
        if found is None or state not in found.origins:
            raise Conflict("case_state_forbids", state=state)
        return found

    def deadline(self, submitted: datetime) -> date:
        """The day by which the case must be decided."""
        return clock.add_working_days(clock.local_date(submitted), self.deadline_working_days)

    def document(self, kind: str) -> DocumentKind:
        """The document kind; raises ``NotFound`` when this kind of case takes no such paper."""
        for found in self.documents:
            if found.kind == kind:
                return found
        raise NotFound("document_kind_unknown")


@cache
def kind(name: str) -> Kind:
    """The kind of this name; raises ``NotFound`` for one that no file describes."""
    path = _KINDS / f"{name}.json"
    if name not in kinds():
        raise NotFound("case_kind_unknown")
    return Kind.model_validate(json.loads(path.read_text("utf-8")))


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return tuple(sorted(path.stem for path in _KINDS.glob("*.json")))


def merged(merge: Merge, results: list[CheckState]) -> Literal["accepted", "review"]:
    """Where the join moves a case: on when every department agrees, to a person otherwise.

    A program never refuses: whatever is not clear agreement is reviewed by somebody.
    """
    assert merge == "all_agree"
    return "accepted" if all(result == "passed" for result in results) else "review"


def require_role(transition: Transition, relations: set[str]) -> None:
    """Raise ``Forbidden`` unless one of the caller's roles or relations may do this."""
    if not relations & set(transition.who):
        raise Forbidden("act_not_allowed")


class Receipt(Shape):
    """Where a check's answer came from, in words a citizen reads."""

    rule: str
    version: str
    source: str | None = None
    record_date: date | None = None
    said: Title | None = None


class CaseCheck(Shape):
    """One department's check on a case."""

    department: str
    state: CheckState
    due: date
    decided_at: datetime | None = None
    reason: str | None = None
    receipt: Receipt | None = None


class CaseEvent(Shape):
    """A line of the timeline: what happened, when, and in which role somebody acted."""

    at: datetime
    what: str
    who: str
    params: dict[str, str | int] = {}


class CaseDocument(Shape):
    """A paper on a case."""

    id: str
    kind: str
    state: Literal["awaited", "clean", "refused"]
    media_type: str
    size: int
    at: datetime


class Case(Shape):
    """A case with everything that belongs to it. ``payload`` holds no names, numbers or phones."""

    id: str
    kind: str
    kind_version: str
    state: str
    owner: str
    filer: str
    region: str
    submitted_at: datetime
    deadline: date
    receipt_number: str
    open_checks: int
    payload: dict[str, Any]
    sealed: str | None = None
    decided_at: datetime | None = None
    checks: list[CaseCheck] = []
    events: list[CaseEvent] = []
    documents: list[CaseDocument] = []

    def check(self, department: str) -> CaseCheck:
        """That department's check; raises ``NotFound`` when the case has none."""
        for found in self.checks:
            if found.department == department:
                return found
        raise NotFound("check_unknown")
