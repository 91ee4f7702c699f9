"""Answers against a form: each wrong field is named by place, code and label, and nothing typed comes back."""

from typing import Any

import pytest

from chalicelib.errors import Invalid
from chalicelib.forms import model
from chalicelib.forms.checking import FORMATS, problems, require_sound
from tests.town import COMMUNITY, TOWN, id_number

FORM = model.edition("residence_registration", "2026-11")


def answers(**changes: Any) -> dict[str, Any]:
    right: dict[str, Any] = {
        "address": {"town": TOWN, "community": COMMUNITY, "line": "季华五路 10 号"},
        "arrived_on": "2026-11-01",
        "housing": "rented",
        "household": [{"name": "测试子", "id_number": id_number(7), "relation": "child"}],
    }
    return right | changes


def test_right_answers_have_no_problems() -> None:
    assert problems(FORM, answers()) == []


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"arrived_on": "2026-02-30"}, "/arrived_on", "field_date"),
        ({"arrived_on": 20261101}, "/arrived_on", "field_type"),
        ({"housing": "castle"}, "/housing", "field_choice"),
        ({"address": {"town": TOWN, "line": "季华五路"}}, "/address/community", "field_missing"),
        ({"address": "季华五路"}, "/address", "field_type"),
        ({"landlord": {"name": ""}}, "/landlord/name", "field_length"),
        ({"landlord": {"name": "测试", "phone": "12345678901"}}, "/landlord/phone", "field_form"),
        ({"employer_code": "914406000000000000"}, "/employer_code", "employer_code_invalid"),
        ({"household": [{}] * 13}, "/household", "field_length"),
        (
            {"person": {"name": "测试", "id_number": "440699199001010000"}},
            "/person/id_number",
            "id_number_check",
        ),
        ({"secret": 1}, "/*", "field_unknown"),
        ({"address": answers()["address"] | {"zip": "528000"}}, "/address/*", "field_unknown"),
    ],
)
def test_a_wrong_field_is_named_by_place_and_code(changes: dict[str, Any], path: str, code: str) -> None:
    assert (path, code) in {(field.path, field.code) for field in problems(FORM, answers(**changes))}


def test_a_row_is_named_by_its_number_and_label() -> None:
    row = {"name": "测试", "id_number": id_number(8), "relation": "friend"}
    (found,) = problems(FORM, answers(household=[answers()["household"][0], row]))
    assert (found.path, found.code) == ("/household/1/relation", "field_choice")
    assert found.label == {"zh-CN": "与您的关系", "en": "Relation to you"}


def test_everything_wrong_is_told_at_once_in_the_order_of_the_screen() -> None:
    assert [field.path for field in problems(FORM, {})] == ["/address", "/arrived_on", "/housing"]


def test_what_is_no_object_at_all_is_a_problem_of_the_whole() -> None:
    for body in (None, [], "text", 3, True):
        assert [(field.path, field.code) for field in problems(FORM, body)] == [("/", "field_type")]


def test_nothing_typed_is_repeated() -> None:
    typed = {"我的号码": id_number(9), "address": {"街道": "某某路"}, "arrived_on": "昨天", "housing": "某某"}
    with pytest.raises(Invalid) as refused:
        require_sound(FORM, typed)
    told = repr([(field.path, field.code, field.label) for field in refused.value.fields])
    for part in ("我的号码", id_number(9), '街道"', "某某", "昨天"):
        assert part not in told


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_refuses_what_is_not_its_own(name: str) -> None:
    for text in ("", "x", "１２３", "440604010001" * 2, "\ud800", "D" + "é" * 26):
        assert FORMATS[name](text) is not None


def test_a_format_takes_its_own() -> None:
    right = {
        "id-number": id_number(1),
        "employer-code": "91440600MA000TE577",
        "mobile": "13800000001",
        "town": TOWN,
        "community": COMMUNITY,
        "paper": "D" + "0" * 26,
    }
    assert {name: FORMATS[name](text) for name, text in right.items()} == dict.fromkeys(FORMATS)
