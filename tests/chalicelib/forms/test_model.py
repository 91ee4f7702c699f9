"""The rules that a form's file must keep, over every edition there is and over files that break them."""

from copy import deepcopy
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from chalicelib.errors import NotFound
from chalicelib.forms import model
from chalicelib.forms.checking import FORMATS

EDITIONS = [(kind, version) for kind, versions in model._files().items() for version in versions]
STANDARD_FORMATS = {"date", "date-time", "time", "email", "uri"}

SMALL: dict[str, Any] = {
    "kind": "trial",
    "version": "1",
    "effective_from": "2026-01-01",
    "title": {"zh-CN": "试", "en": "Trial"},
    "basis": "none",
    "schema": {
        "$schema": model.DIALECT,
        "type": "object",
        "additionalProperties": False,
        "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
    },
    "fields": [
        {
            "at": "/colour",
            "label": {"zh-CN": "颜色", "en": "Colour"},
            "widget": "choice",
            "options": {"red": {"zh-CN": "红", "en": "Red"}, "blue": {"zh-CN": "蓝", "en": "Blue"}},
        }
    ],
}


@pytest.mark.parametrize(("kind", "version"), EDITIONS)
def test_every_edition_is_whole_and_its_schema_is_a_schema(kind: str, version: str) -> None:
    form = model.edition(kind, version)
    jsonschema_rs.meta.validate(form.schema_)
    for _, part in model.places(form.schema_):
        assert part.get("format", "date") in STANDARD_FORMATS | FORMATS.keys()


@pytest.mark.parametrize(("kind", "version"), EDITIONS)
def test_every_label_is_chinese_in_chinese_and_not_in_english(kind: str, version: str) -> None:
    for hint in model.edition(kind, version).fields:
        for told in [hint.label, *hint.options.values(), *([hint.help] if hint.help else [])]:
            assert any("\u4e00" <= c <= "\u9fff" for c in told.zh), hint.at
            assert not any("\u4e00" <= c <= "\u9fff" for c in told.en), hint.at


def broken(change: str) -> dict[str, Any]:
    form = deepcopy(SMALL)
    colour = form["schema"]["properties"]["colour"]
    match change:
        case "another dialect":
            form["schema"]["$schema"] = "http://json-schema.org/draft-07/schema#"
        case "a field without a hint":
            form["schema"]["properties"]["size"] = {"type": "integer"}
        case "a hint without a field":
            form["fields"].append({"at": "/size", "label": SMALL["title"], "widget": "number"})
        case "an open object":
            del form["schema"]["additionalProperties"]
        case "a text without an end":
            form["schema"]["properties"]["colour"] = {"type": "string"}
            form["fields"][0]["options"] = {}
        case "a list without an end":
            form["schema"]["properties"]["colour"] = {"type": "array", "items": {"type": "integer"}}
            form["fields"][0]["options"] = {}
        case "a keyword that no phone draws":
            colour["contentEncoding"] = "base64"
        case "a choice without its name":
            colour["enum"].append("green")
    return form


def test_the_small_form_is_right() -> None:
    assert model.Form.model_validate(SMALL).hint("/colour") is not None


@pytest.mark.parametrize(
    "change",
    [
        "another dialect",
        "a field without a hint",
        "a hint without a field",
        "an open object",
        "a text without an end",
        "a list without an end",
        "a keyword that no phone draws",
        "a choice without its name",
    ],
)
def test_a_file_that_breaks_the_rules_is_refused(change: str) -> None:
    with pytest.raises(ValidationError):
        model.Form.model_validate(broken(change))


def test_the_edition_in_force_is_the_latest_that_has_begun() -> None:
    old = model.Form.model_validate(SMALL)
    new = old.model_copy(update={"version": "2", "effective_from": date(2027, 1, 1)})
    assert model.latest([new, old], date(2026, 12, 31)) is old
    assert model.latest([old, new], date(2027, 1, 1)) is new
    with pytest.raises(NotFound, match="form_unknown"):
        model.latest([old, new], date(2025, 12, 31))


def test_a_row_of_an_array_has_the_hint_of_any_row() -> None:
    form = model.edition("residence_registration", "2026-11")
    hint = form.hint("/household/11/relation")
    assert hint is not None and hint.at == "/household/*/relation"
    assert form.hint("/household/0/nothing") is None


def test_an_unknown_kind_or_version_is_not_found() -> None:
    for kind, version in (("nothing", "2026-11"), ("residence_registration", "1999-01")):
        with pytest.raises(NotFound):
            model.edition(kind, version)
