"""Drafts: a form half filled on one phone and finished on another."""

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pydantic

from chalicelib import clock, sealing, tables
from chalicelib.errors import Conflict, Field, Invalid, NotFound
from chalicelib.forms import checking, model, store, views
from chalicelib.forms.model import Form
from chalicelib.forms.store import DraftRow
from chalicelib.forms.views import Draft, DraftList, DraftSummary, NewDraft
from chalicelib.shapes import Shape
from chalicelib.tables import Cancelled
from chalicelib.texts import Language

_POLICY = Path(__file__).parent / "policy.json"
_PURPOSE = "draft"


class Policy(Shape):
    """How long a draft stays after it was last saved, and departments' facts after they were asked for."""

    version: str
    draft_days: int = pydantic.Field(ge=1, le=365)
    facts_days: int = pydantic.Field(ge=1, le=365)
    ask_again_hours: int = pydantic.Field(ge=1)


@cache
def policy() -> Policy:
    """The rules in force."""
    return Policy.model_validate_json(_POLICY.read_text("utf-8"))


def save(person_id: str, kind: str, new: NewDraft, now: datetime, language: Language) -> Draft:
    """Keep the answers so far, right or not; says what is still wrong by the edition in force.

    Raises ``NotFound`` for a kind without a form, ``Invalid`` for fields that the form does not have,
    ``Conflict("draft_changed_elsewhere")`` when another device saved something else since
    ``new.revision``. The same answers again are a success.
    """
    form = model.in_force(kind, clock.local_date(now))
    _require_its_fields(form, new.answers)
    row = DraftRow(store.person_pk(person_id), f"DRAFT#{kind}", kind=kind, form_version=form.version)
    row.revision, row.saved_at = new.revision + 1, clock.iso(now)
    row.expires_at = int((now + timedelta(days=policy().draft_days)).timestamp())
    text = json.dumps(new.answers, ensure_ascii=False, sort_keys=True)
    row.sealed = sealing.seal(person_id, text, f"{_PURPOSE}:{kind}")
    try:
        tables.transact(store.save_draft(row, new.revision, now))
    except Cancelled:
        kept = store.draft(person_id, kind, now)
        if kept is None or _opened(person_id, kept) != new.answers:
            raise Conflict("draft_changed_elsewhere") from None
        row = kept
    return _view(row, new.answers, now, language)


def _require_its_fields(form: Form, answers: dict[str, Any]) -> None:
    """Half a form may be kept, and wrong values; but not what is no part of the form."""
    foreign = [
        Field(f"/answers{field.path}", field.code, field.label)
        for field in checking.problems(form, answers)
        if field.code in ("field_unknown", "field_type")
    ]
    if foreign:
        raise Invalid("values_invalid", fields=foreign)


def resume(person_id: str, kind: str, now: datetime, language: Language) -> Draft:
    """The draft of a kind; raises ``NotFound`` when there is none or its time is over."""
    row = store.draft(person_id, kind, now)
    if row is None:
        raise NotFound("draft_unknown")
    return _view(row, _opened(person_id, row), now, language)


def listed(person_id: str, now: datetime, language: Language) -> DraftList:
    """All drafts of a person, without their answers."""
    return DraftList(items=[_summary(row, now, language) for row in store.drafts(person_id, now)])


def drop(person_id: str, kind: str) -> None:
    """Forget the draft of a kind; none being there is as good. Raises ``NotFound`` for a kind without a form."""
    if kind not in model.kinds():
        raise NotFound("form_unknown")
    tables.transact(store.drop_draft(person_id, kind))


def _opened(person_id: str, row: DraftRow) -> dict[str, Any]:
    text = sealing.open_sealed(person_id, row.sealed, f"{_PURPOSE}:{row.kind}")
    answers: dict[str, Any] = json.loads(text)
    return answers


def _view(row: DraftRow, answers: dict[str, Any], now: datetime, language: Language) -> Draft:
    form = model.in_force(row.kind, clock.local_date(now))
    return Draft(
        kind=row.kind,
        form_version=row.form_version,
        answers=answers,
        revision=int(row.revision),
        saved_at=clock.parse_iso(row.saved_at),
        expires_at=clock.from_epoch(int(row.expires_at or 0)),
        problems=[views.wrong(field, language) for field in checking.problems(form, answers)],
    )


def _summary(row: DraftRow, now: datetime, language: Language) -> DraftSummary:
    form = model.in_force(row.kind, clock.local_date(now))
    return DraftSummary(
        kind=row.kind,
        title=form.title.in_language(language),
        revision=int(row.revision),
        saved_at=clock.parse_iso(row.saved_at),
        expires_at=clock.from_epoch(int(row.expires_at or 0)),
    )


def exported(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """Every draft with its answers, for the person's copy."""
    return [
        {"kind": row.kind, "saved_at": row.saved_at, "answers": _opened(person_id, row)}
        for row in store.drafts(person_id, now)
    ]
