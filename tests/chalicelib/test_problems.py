"""One problem document for every failure, and never what the caller typed."""

import json
from datetime import date
from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from chalicelib import problems
from chalicelib.errors import Conflict, Invalid, Throttled, TooLarge
from chalicelib.idnumbers import InvalidIdNumber
from chalicelib.residence.model import IdNumber
from chalicelib.shapes import Shape

CANARY = "canary-8b1f"


class Form(Shape):
    """A shape of these tests with one field of each sort."""

    word: str = Field(default="ab", min_length=2, max_length=4)
    code: str = Field(default="1", pattern=r"^\d$")
    number: int = Field(default=1, ge=1, le=9)
    day: date = date(2026, 1, 1)
    choice: Literal["a", "b"] = "a"
    items: list[int] = Field(default=[], max_length=2)
    by_name: dict[str, int] = {}
    id_number: IdNumber | None = None


def findings(values: object) -> Invalid:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(values)
    return problems.invalid(caught.value, Form)


def test_a_refusal_becomes_a_document_in_the_callers_language() -> None:
    error = TooLarge("body_too_large", limit=9)
    document = problems.problem(error, "en", "urn:request:1")
    assert document == {
        "type": "urn:ncsl:problem:body_too_large",
        "title": "Content Too Large",
        "status": 413,
        "code": "body_too_large",
        "detail": "The body is too large: at most 9 bytes.",
        "instance": "urn:request:1",
    }
    assert problems.problem(error, "zh-CN", "urn:request:1")["detail"] == "请求内容过大，上限为 9 字节。"


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"word": CANARY}, "/word", "field_length"),
        ({"word": 5}, "/word", "field_type"),
        ({"code": CANARY}, "/code", "field_form"),
        ({"number": 10}, "/number", "field_range"),
        ({"number": CANARY}, "/number", "field_type"),
        ({"day": CANARY}, "/day", "field_date"),
        ({"choice": CANARY}, "/choice", "field_choice"),
        ({"items": [1, 2, 3]}, "/items", "field_length"),
        ({"items": [1, CANARY]}, "/items/1", "field_type"),
        ({CANARY: 1}, "/", "field_unknown"),
        ({"id_number": "440699199001010011"}, "/id_number", "id_number_check"),
        ({"id_number": CANARY}, "/id_number", "id_number_form"),
    ],
)
def test_each_wrong_value_is_named_by_place_and_code_and_never_repeated(
    values: dict[str, object], path: str, code: str
) -> None:
    error = findings(values)
    assert [(field.path, field.code) for field in error.fields] == [(path, code)]
    text = problems.encode(problems.problem(error, "en", "urn:request:1"))
    assert CANARY not in text and "44069919900101001" not in text


def test_a_name_that_the_caller_chose_is_not_repeated_as_a_place() -> None:
    error = findings({"by_name": {CANARY: "x"}})
    assert CANARY not in problems.encode(problems.problem(error, "en", ""))
    assert [(field.path, field.code) for field in error.fields] == [("/by_name/*", "field_type")]


def test_the_same_finding_twice_is_told_once() -> None:
    error = findings({"a" + CANARY: 1, "b" + CANARY: 2})
    assert len(error.fields) == 1


def test_a_body_of_another_sort_is_a_type_error_at_the_root() -> None:
    assert [(f.path, f.code) for f in findings([1]).fields] == [("/", "field_type")]


def test_chinese_stays_readable_on_the_wire() -> None:
    text = problems.encode(problems.problem(Conflict("changed_meanwhile"), "zh-CN", ""))
    assert json.loads(text)["detail"] in text


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    assert problems.headers(Throttled("too_many_attempts", seconds=30)) == {"Retry-After": "30"}
    assert problems.headers(Conflict("changed_meanwhile")) == {}


def test_an_invalid_number_does_not_carry_the_number() -> None:
    assert str(InvalidIdNumber("id_number_form")) == "id_number_form"
    assert issubclass(Form, BaseModel)
