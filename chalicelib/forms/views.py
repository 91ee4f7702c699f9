"""What callers send and see of forms and drafts."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from chalicelib import errors, texts
from chalicelib.forms.model import Form
from chalicelib.shapes import Shape, Title


class FormSummary(Shape):
    """A kind that has a form, with the edition in force."""

    kind: str
    version: str
    title: Title


class FormList(Shape):
    """All forms in force today."""

    items: list[FormSummary]
    next: str | None = None


class FormQuery(Shape):
    """Which edition; the one in force today when it is left out."""

    version: str | None = Field(default=None, max_length=20)


class NewDraft(Shape):
    """Answers so far. ``revision`` is that of the draft they continue, 0 for a new one."""

    answers: dict[str, Any] = Field(repr=False)
    revision: int = Field(default=0, ge=0)


class Wrong(Shape):
    """A field that is not right yet: where, a stable code, and in words."""

    path: str
    code: str
    detail: str
    label: str | None


class Draft(Shape):
    """A form half filled, with what is still missing by the edition in force.

    ``form_version`` is the edition that it was saved under.
    """

    kind: str
    form_version: str
    answers: dict[str, Any] = Field(repr=False)
    revision: int
    saved_at: datetime
    expires_at: datetime
    problems: list[Wrong]


class DraftSummary(Shape):
    """A draft without its answers."""

    kind: str
    title: str
    revision: int
    saved_at: datetime
    expires_at: datetime


class DraftList(Shape):
    """All drafts of the caller."""

    items: list[DraftSummary]
    next: str | None = None


Departments = Literal["not_needed", "not_asked", "asked", "gathered"]
"""Whether departments' files were asked for the person's facts; ``not_needed`` by forms that want none."""


class KnownValue(Shape):
    """One answer that the city knows already: where it goes, from whom, and as of when.

    ``fact`` names it in a correction request when it is wrong.
    """

    path: str
    value: Any = Field(repr=False)
    label: str
    fact: str
    source: str
    as_of: date | None


class Prefill(Shape):
    """A form's answers as far as they are known."""

    kind: str
    form_version: str
    values: list[KnownValue]
    departments: Departments


class Asked(Shape):
    """Whether what departments know of the caller is there, or on its way."""

    departments: Departments


def wrong(field: errors.Field, language: texts.Language) -> Wrong:
    """A wrong field in the caller's language."""
    return Wrong(
        path=field.path,
        code=field.code,
        detail=texts.sentence(field.code, language),
        label=field.label[language] if field.label else None,
    )


def summary(form: Form) -> FormSummary:
    """A form as lists show it."""
    return FormSummary(kind=form.kind, version=form.version, title=form.title)
