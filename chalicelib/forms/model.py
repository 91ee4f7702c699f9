"""Editions of forms, and the rules that a form's file must keep. Pure.

A form uses a small part of JSON Schema 2020-12, so that a phone can draw and check it: the keywords of
``KEYWORDS``, objects that say ``additionalProperties: false``, arrays and texts with an upper limit.
"""

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from chalicelib.errors import NotFound
from chalicelib.shapes import Shape, Title

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KEYWORDS: Final = frozenset(
    {
        "$schema", "$defs", "$ref", "type", "properties", "required", "additionalProperties",
        "dependentRequired", "items", "minItems", "maxItems", "uniqueItems", "enum", "const", "minLength",
        "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf", "allOf", "if", "then", "else", "not",
    }
)  # fmt: skip
_BOUNDED: Final = frozenset({"enum", "const", "maxLength"})
_EDITIONS: Final = Path(__file__).parent / "editions"
Widget = Literal[
    "text", "long_text", "number", "money", "date", "choice", "choices", "switch", "phone", "id_number",
    "division", "address", "position", "group", "rows", "paper",
]  # fmt: skip


class Hint(Shape):
    """How one field is shown. ``at`` is its JSON pointer, with ``*`` for any row of an array.

    ``known`` names the fact it is prefilled from, ``paper`` the kind of document it takes, ``audience``
    who sees it (everybody when it is empty).
    """

    at: str = Field(pattern=r"^(/(\*|[a-z][a-z0-9_]*))+$")
    label: Title
    help: Title | None = None
    widget: Widget
    options: dict[str, Title] = {}
    known: str | None = None
    paper: str | None = None
    audience: list[Literal["citizen", "landlord", "staff"]] = []


class Form(Shape):
    """One edition of a kind's form. ``fields`` are in the order of the screen."""

    kind: str
    version: str
    effective_from: date
    title: Title
    basis: str
    schema_: dict[str, Any] = Field(alias="schema")
    fields: list[Hint]

    @model_validator(mode="after")
    def _is_whole(self) -> "Form":
        if self.schema_.get("$schema") != DIALECT:
            raise ValueError(f"the schema must say that it is {DIALECT}")
        known = dict(places(self.schema_))
        hinted = [hint.at for hint in self.fields]
        if wrong := known.keys() ^ set(hinted):
            raise ValueError(f"fields without a hint, or hints without a field: {sorted(wrong)}")
        if len(set(hinted)) < len(hinted):
            raise ValueError("a field has two hints")
        for part in subschemas(self.schema_):
            _require_plain(part)
        for hint in self.fields:
            choices = known[hint.at].get("enum", [])
            if {str(choice) for choice in choices} != hint.options.keys():
                raise ValueError(f"{hint.at}: name each choice, and no other, in both languages")
        return self

    def hint(self, pointer: str) -> Hint | None:
        """The hint of the field at a pointer into answers (``/household/0/name``), or None."""
        parts = ["*" if part.isdecimal() else part for part in pointer.split("/")]
        at = "/".join(parts)
        return next((hint for hint in self.fields if hint.at == at), None)

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields: what a problem may say without repeating what somebody typed."""
        return frozenset(part for hint in self.fields for part in hint.at.split("/"))


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema with its ``$ref`` into ``$defs`` followed."""
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")] | {
            key: value for key, value in part.items() if key != "$ref"
        }
    return part


def places(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that a schema's ``properties`` and ``items`` describe, as pointer and schema."""

    def walk(part: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
        part = resolved(schema, part)
        for name, inner in part.get("properties", {}).items():
            yield f"{at}/{name}", resolved(schema, inner)
            yield from walk(inner, f"{at}/{name}")
        if "items" in part:
            inner = resolved(schema, part["items"])
            if inner.get("type") == "object":
                yield from walk(inner, f"{at}/*")

    return walk(schema, "")


def values_at(answers: Any, at: str) -> Iterator[tuple[str, Any]]:
    """The values at a hint's place in answers, each with its pointer; every row of an array, and a list's items."""

    def walk(value: Any, parts: list[str], pointer: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, list):
            rest = parts[1:] if parts and parts[0] == "*" else parts
            for number, inner in enumerate(value):
                yield from walk(inner, rest, f"{pointer}/{number}")
        elif not parts:
            if value is not None:
                yield pointer, value
        elif isinstance(value, dict) and parts[0] in value:
            yield from walk(value[parts[0]], parts[1:], f"{pointer}/{parts[0]}")

    yield from walk(answers, at.removeprefix("/").split("/"), "")


def subschemas(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and every schema inside it."""
    yield part
    for key in ("items", "if", "then", "else", "not"):
        if key in part:
            yield from subschemas(part[key])
    for inner in part.get("allOf", []):
        yield from subschemas(inner)
    for key in ("properties", "$defs"):
        for inner in part.get(key, {}).values():
            yield from subschemas(inner)


def _require_plain(part: dict[str, Any]) -> None:
    """Refuse what a phone could not draw, and what would let answers grow without end."""
    if unknown := part.keys() - KEYWORDS:
        raise ValueError(f"forms do not use {sorted(unknown)}")
    kind = part.get("type")
    if kind == "object" and part.get("additionalProperties") is not False:
        raise ValueError("an object must say additionalProperties: false")
    if kind == "array" and ("maxItems" not in part or "items" not in part):
        raise ValueError("an array must say items and maxItems")
    if kind == "string" and not _BOUNDED & part.keys():
        raise ValueError("a text must say maxLength or its choices")


@cache
def _files() -> dict[str, tuple[str, ...]]:
    """The versions of each kind that has a form, in no order."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(_EDITIONS.glob("*.json")):
        kind, _, version = path.stem.partition("@")
        found[kind] = (*found.get(kind, ()), version)
    return found


def kinds() -> tuple[str, ...]:
    """The kinds that have a form."""
    return tuple(_files())


@cache
def edition(kind: str, version: str) -> Form:
    """One edition, however old; raises ``NotFound``."""
    if version not in _files().get(kind, ()):
        raise NotFound("form_unknown")
    form = Form.model_validate(json.loads((_EDITIONS / f"{kind}@{version}.json").read_text("utf-8")))
    if (form.kind, form.version) != (kind, version):
        raise ValueError(f"{kind}@{version}.json says that it is {form.kind}@{form.version}")
    return form


def in_force(kind: str, day: date) -> Form:
    """The edition of a kind's form that is in force on a day; raises ``NotFound``."""
    return latest([edition(kind, version) for version in _files().get(kind, ())], day)


def latest(editions: list[Form], day: date) -> Form:
    """Of these editions the one that is in force on a day; raises ``NotFound`` before the first."""
    begun = [form for form in editions if form.effective_from <= day]
    if not begun:
        raise NotFound("form_unknown")
    return max(begun, key=lambda form: form.effective_from)
