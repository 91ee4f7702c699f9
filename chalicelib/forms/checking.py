"""Answers checked by a form's schema; what is wrong is named by place and code and never repeated.

The validator is jsonschema-rs, loaded when the first answers are checked: it costs the API's start nothing.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from stdnum.cn import uscc

from chalicelib import idnumbers, regions
from chalicelib.errors import Field, Invalid
from chalicelib.forms.model import Form, edition

_CODES: Final = {
    "required": "field_missing",
    "dependentRequired": "field_missing",
    "additionalProperties": "field_unknown",
    "enum": "field_choice",
    "const": "field_choice",
    "minimum": "field_range",
    "maximum": "field_range",
    "exclusiveMinimum": "field_range",
    "exclusiveMaximum": "field_range",
    "multipleOf": "field_range",
    "minLength": "field_length",
    "maxLength": "field_length",
    "minItems": "field_length",
    "maxItems": "field_length",
    "uniqueItems": "field_repeats",
    "pattern": "field_form",
    "type": "field_type",
}


def _id_number(text: str) -> str | None:
    try:
        idnumbers.parse(text)
    except idnumbers.InvalidIdNumber as error:
        return error.code
    return None


def _employer_code(text: str) -> str | None:
    return None if uscc.is_valid(text) else "employer_code_invalid"


def _region(level: str) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        try:
            return None if regions.level(text) == level else "field_form"
        except ValueError:
            return "field_form"

    return check


def _mobile(text: str) -> str | None:
    is_mobile = len(text) == 11 and text.isascii() and text.isdigit()
    return None if is_mobile and text[0] == "1" and text[1] in "3456789" else "field_form"


def _paper(text: str) -> str | None:
    is_id = len(text) == 27 and text[0] == "D" and text.isascii() and text.isalnum()
    return None if is_id else "field_form"


FORMATS: Final[dict[str, Callable[[str], str | None]]] = {
    "id-number": _id_number,
    "employer-code": _employer_code,
    "mobile": _mobile,
    "town": _region("town"),
    "community": _region("community"),
    "paper": _paper,
}
"""Our own formats: from a text to the code of what is wrong with it, or None. A phone has the same six."""


def problems(form: Form, answers: Any) -> list[Field]:
    """What is wrong with the answers, each place once, in the order of the form; empty when all is right."""
    found = dict.fromkeys(_fields(form, _validator(form.kind, form.version).iter_errors(answers)))
    order = {hint.at: place for place, hint in enumerate(form.fields)}

    def place(field: Field) -> tuple[int, str]:
        hint = form.hint(field.path)
        return order[hint.at] if hint else len(order), field.path

    return sorted(found, key=place)


def require_sound(form: Form, answers: Any) -> None:
    """Raise ``Invalid("values_invalid")`` with every wrong field."""
    if fields := problems(form, answers):
        raise Invalid("values_invalid", fields=fields)


@cache
def _validator(kind: str, version: str) -> Any:
    import jsonschema_rs

    def is_right(check: Callable[[str], str | None]) -> Callable[[str], bool]:
        return lambda text: check(text) is None

    return jsonschema_rs.Draft202012Validator(
        edition(kind, version).schema_,
        validate_formats=True,
        formats={name: is_right(check) for name, check in FORMATS.items()},
    )


def _fields(form: Form, errors: Any) -> Iterator[Field]:
    for error in errors:
        keyword = str(error.kind.name)
        parts = [
            str(part) if isinstance(part, int) or part in form.names else "*" for part in error.instance_path
        ]
        if keyword == "required":
            parts.append(error.kind.property)
        elif keyword == "additionalProperties":
            parts.append("*")
        pointer = "".join(f"/{part}" for part in parts)
        hint = form.hint(pointer)
        label = {"zh-CN": hint.label.zh, "en": hint.label.en} if hint else None
        yield Field(pointer or "/", _code(keyword, error), label)


def _code(keyword: str, error: Any) -> str:
    if keyword != "format":
        return _CODES.get(keyword, "value_invalid")
    named = str(error.kind.format)
    if named in FORMATS:
        return FORMATS[named](error.instance) or "field_form"
    return "field_date" if named in ("date", "date-time", "time") else "field_form"
