"""What a reviewer sees: where two records agree, and neither's whole name, number or phone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.linkage import review
from tests.chalicelib.linkage.questions import LEFT, RIGHT, question

POLICY = review.policy_on(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("field", "left", "right", "told"),
    [
        ("name", "测试甲", "测试甲", "equal"),
        ("name", "测试甲", "测试己", "close"),
        ("name", "测试甲", "试测甲", "close"),
        ("name", "测试甲", "测甲", "close"),
        ("name", "测试甲", "别的人", "different"),
        ("name", "测试甲", "", "missing"),
        ("name", None, None, "missing"),
        ("phone", "13800000001", "13800000010", "close"),
        ("phone", "13800000001", "13900000011", "different"),
        ("sex", "male", "female", "different"),
        ("address", "季华五路10号", "季华五路10号502", "close"),
        ("address", "季华五路10号", "季华五路11号", "different"),
    ],
)
def test_agreement_is_told_by_field(field: str, left: str | None, right: str | None, told: str) -> None:
    assert review.agreement(field, left, right) == review.agreement(field, right, left) == told


def test_evidence_is_masked_when_it_is_made() -> None:
    made = review.evidence(LEFT, RIGHT)
    whole = made.model_dump_json()
    assert LEFT["id_number"] not in whole and LEFT["phone"] not in whole and "试甲" not in whole
    assert (made.left.name, made.left.birth_year) == ("测***", 1990)
    assert made.fields == {
        "name": "close",
        "id_number": "missing",
        "birth_date": "equal",
        "sex": "equal",
        "phone": "equal",
        "address": "close",
    }


def test_impossible_joins_are_asked_first_then_the_surest() -> None:
    asked = [
        question(1, why="sample", probability=0.99),
        question(2, probability=0.3),
        question(3, why="two_numbers", probability=0.91),
        question(4, probability=0.8),
    ]
    ordered = sorted(asked, key=lambda one: one.urgency)
    assert [one.probability for one in ordered] == [0.91, 0.8, 0.3, 0.99]


@given(st.floats(0, 1))
def test_every_probability_is_in_the_band_that_begins_at_or_below_it(probability: float) -> None:
    low = float(POLICY.band(probability))
    assert low <= probability
    assert not any(low < other <= probability for other in POLICY.bands)


def test_the_model_is_right_about_grey_pairs_when_they_differ_and_about_joined_ones_when_they_do_not() -> (
    None
):
    grey = review.measured("m", "0.8", "grey", {"same": 3, "different": 1, "unsure": 2})
    assert (grey.precision, grey.agreement) == (0.75, 0.25)
    joined = review.measured("m", "0.999", "sample", {"same": 3, "different": 1})
    assert (joined.precision, joined.agreement) == (0.75, 0.75)
    nothing = review.measured("m", "0.5", "grey", {"unsure": 2})
    assert (nothing.precision, nothing.low, nothing.agreement) == (None, None, None)


def test_the_interval_is_wilsons() -> None:
    assert review.wilson(10, 10) == (0.7225, 1.0)
    assert review.wilson(81, 263) == (
        0.2553,
        0.3662,
    )  # R. G. Newcombe, Statistics in Medicine 17, 1998, table I.
