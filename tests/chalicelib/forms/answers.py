"""Answers to any form: right ones, and right ones with one thing made wrong whose place is known."""

import re
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from chalicelib.forms.checking import problems
from chalicelib.forms.model import Form, resolved
from tests.town import COMMUNITY, FAR_COMMUNITY, FAR_TOWN, TOWN, id_number

DATES = st.dates(date(1950, 1, 1), date(2050, 12, 31)).map(date.isoformat)
FORMATS = {
    "date": DATES,
    "date-time": DATES.map(lambda day: f"{day}T09:30:00+08:00"),
    "id-number": st.integers(1, 999).map(id_number),
    "employer-code": st.just("91440600MA000TE577"),
    "mobile": st.integers(0, 99_999_999).map(lambda n: f"138{n:08d}"),
    "town": st.sampled_from([TOWN, FAR_TOWN]),
    "community": st.sampled_from([COMMUNITY, FAR_COMMUNITY]),
    "paper": st.integers(0, 10**9).map(lambda n: f"D{n:026d}"),
}
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))


def texts(part: dict[str, Any]) -> st.SearchStrategy[str]:
    """Texts that a schema takes."""
    if "format" in part:
        return FORMATS[part["format"]]
    least, most = part.get("minLength", 0), part.get("maxLength", 40)
    if "pattern" in part:
        made = st.from_regex(part["pattern"], fullmatch=part["pattern"].startswith("^"), alphabet=LETTERS)
        return made.map(lambda text: text[:most]).filter(
            lambda text: len(text) >= least and re.search(part["pattern"], text) is not None
        )
    return st.text(LETTERS, min_size=least, max_size=min(most, least + 30))


def values(schema: dict[str, Any], part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a part of a schema takes; conditions between fields apart."""
    part = resolved(schema, part)
    if "const" in part:
        return st.just(part["const"])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    match part.get("type"):
        case "object":
            inner = {name: values(schema, each) for name, each in part["properties"].items()}
            needed = {name: inner.pop(name) for name in part.get("required", [])}
            return st.fixed_dictionaries(needed, optional=inner)
        case "array":
            return st.lists(
                values(schema, part["items"]),
                min_size=part.get("minItems", 0),
                max_size=min(part["maxItems"], 3),
                unique_by=repr if part.get("uniqueItems") else None,
            )
        case "string":
            return texts(part)
        case "boolean":
            return st.booleans()
        case "integer":
            step = part.get("multipleOf", 1)
            low, high = part.get("minimum", 0), part.get("maximum", 1_000_000)
            return st.integers(-(-low // step), high // step).map(lambda n: n * step)
        case "number":
            return st.floats(part.get("minimum", 0), part.get("maximum", 1e6), allow_nan=False).map(
                lambda n: round(n, 2)
            )
    raise NotImplementedError(f"make answers for {part}")


@st.composite
def right(draw: st.DrawFn, form: Form) -> dict[str, Any]:
    """Answers that the form takes; those that break a condition between fields are thrown away."""
    made: dict[str, Any] = draw(values(form.schema_, form.schema_))
    assume(not problems(form, made))
    return made


@dataclass(frozen=True)
class Wrong:
    """Answers with one thing made wrong: where a problem must be named, and of which codes."""

    answers: Any
    at: str
    codes: frozenset[str]


_OTHER_TYPE = {"string": 7, "integer": "7", "number": "7", "boolean": "yes", "array": {}, "object": []}


def faults(form: Form, answers: dict[str, Any]) -> list[Wrong]:
    """Every way to make one thing wrong in these answers that must be refused whatever else they say."""
    found: list[Wrong] = []

    def put(path: list[str | int], value: Any, at: str, *codes: str) -> None:
        found.append(Wrong(_changed(answers, path, value), at, frozenset(codes)))

    def walk(part: dict[str, Any], value: Any, path: list[str | int]) -> None:
        part = resolved(form.schema_, part)
        at = "".join(f"/{step}" for step in path)
        if path:
            _break_value(part, value, path, at, put)
        if isinstance(value, dict):
            put([*path, "stranger"], 1, f"{at}/*", "field_unknown")
            for name in part.get("required", []):
                put([*path, name], _GONE, f"{at}/{name}", "field_missing")
            for name, inner in value.items():
                walk(part["properties"][name], inner, [*path, name])
        for number, inner in enumerate(value if isinstance(value, list) else ()):
            walk(part["items"], inner, [*path, number])

    walk(form.schema_, answers, [])
    return found


def _changed(answers: Any, path: list[str | int], value: Any) -> Any:
    """The answers with another value in one place, or without it."""
    changed = deepcopy(answers)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    if value is _GONE:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return changed


_GONE = object()


def _break_value(part: dict[str, Any], value: Any, path: list[str | int], at: str, put: Any) -> None:
    kind = part.get("type")
    if kind in _OTHER_TYPE:
        put(path, _OTHER_TYPE[kind], at, "field_type", "field_choice")
        put(path, None, at, "field_type", "field_choice")
    if "enum" in part:
        put(path, "neither", at, "field_choice", "field_type")
    if "maxLength" in part:
        put(
            path,
            "字" * (part["maxLength"] + 1),
            at,
            "field_length",
            "field_form",
            "field_choice",
            *_FORMAT_CODES,
        )
    if "maxItems" in part and value:
        put(path, [value[0]] * (part["maxItems"] + 1), at, "field_length", "field_repeats")
    if part.get("format") in FORMATS:
        put(path, "not so", at, "field_form", "field_length", *_FORMAT_CODES)
    for limit, step in (("minimum", -1), ("maximum", 1)):
        if limit in part:
            put(path, part[limit] + step, at, "field_range")


_FORMAT_CODES = ("field_date", "id_number_form", "employer_code_invalid")
