"""Bodies refuse what they do not know; answers always carry every field."""

import json
from datetime import date

import pytest
from pydantic import Field, ValidationError

from chalicelib.shapes import Page, Shape, dump


class Small(Shape):
    """A shape of these tests."""

    name: str
    share: float = 0.0
    day: date | None = None
    start: str | None = Field(None, alias="from")


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Small.model_validate({"name": "x", "nmae": "y"})


def test_values_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Small(name="x").name = "y"  # type: ignore[misc]


def test_spaces_around_a_text_are_cut() -> None:
    assert Small(name="  佛山 \n").name == "佛山"


@pytest.mark.parametrize("text", ['{"name": "x", "share": NaN}', '{"name": "x", "share": Infinity}'])
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(ValidationError):
        Small.model_validate_json(text)


def test_an_answer_carries_nulls_and_the_names_of_the_contract() -> None:
    assert json.loads(dump(Small(name="x"))) == {"name": "x", "share": 0.0, "day": None, "from": None}


def test_a_page_without_more_says_null() -> None:
    assert dump(Page[Small](items=[])) == '{"items":[],"next":null}'
