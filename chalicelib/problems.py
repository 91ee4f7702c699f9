"""RFC 9457 problem documents: one shape for every failure, and never what the caller typed."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from chalicelib.errors import DomainError, Field, Invalid, Throttled
from chalicelib.texts import Language, sentence

MEDIA_TYPE = "application/problem+json"

_BY_PREFIX = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "literal_error": "field_choice",
    "enum": "field_choice",
    "greater_than": "field_range",
    "less_than": "field_range",
    "multiple_of": "field_range",
    "finite_number": "field_range",
    "date": "field_date",
    "time": "field_date",
    "string_pattern_mismatch": "field_form",
    "string_too": "field_length",
    "too_": "field_length",
}


def problem(error: DomainError, language: Language, instance: str) -> dict[str, Any]:
    """The problem document of a refusal; ``instance`` is the request id that support asks for."""
    document: dict[str, Any] = {
        "type": f"urn:ncsl:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": sentence(error.code, language, **error.params),
        "instance": instance,
    }
    if error.fields:
        document["errors"] = [_error(field, language) for field in error.fields]
    return document


def _error(field: Field, language: Language) -> dict[str, str]:
    """One wrong field; with its label where a form has one for it."""
    told = {"path": field.path, "code": field.code, "detail": sentence(field.code, language)}
    return told | ({"label": field.label[language]} if field.label else {})


def encode(document: dict[str, Any]) -> str:
    """The document as UTF-8 JSON text."""
    return json.dumps(document, ensure_ascii=False)


def headers(error: DomainError) -> dict[str, str]:
    """Headers that belong to a refusal: how long to wait when throttled."""
    if isinstance(error, Throttled):
        return {"Retry-After": str(error.params.get("seconds", 60))}
    return {}


def invalid(error: ValidationError, *models: type[BaseModel]) -> Invalid:
    """Pydantic's findings as fields with our codes; values and names that the caller chose are left out.

    ``models`` are what was asked for: a part of a place that is none of their fields becomes ``*``.
    """
    known = frozenset[str]().union(*(_names(model) for model in models))
    return Invalid("values_invalid", fields=list(dict.fromkeys(_fields(error.errors(), known))))


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields of a model and of what it holds, keys that it declares one by one included."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    fields = [named for part in parts for named in part.get("properties", {}).items()]
    keys = (key for _, field in fields for key in field.get("propertyNames", {}).get("enum", ()))
    return frozenset([*(name for name, _ in fields), *keys])


def _fields(findings: Iterable[Any], known: frozenset[str]) -> Iterable[Field]:
    for finding in findings:
        place = finding["loc"][:-1] if finding["type"] == "extra_forbidden" else finding["loc"]
        parts = [str(part) if isinstance(part, int) or part in known else "*" for part in place]
        yield Field("/" + "/".join(parts), _code(finding))


def _code(finding: Any) -> str:
    raised = finding.get("ctx", {}).get("error")
    if code := getattr(raised, "code", None):
        return str(code)
    kind: str = finding["type"]
    for prefix, code in _BY_PREFIX.items():
        if kind.startswith(prefix):
            return code
    return "field_type" if kind.endswith(("_type", "_parsing")) else "value_invalid"
