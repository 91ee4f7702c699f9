"""Answers read and scored: receipts, caps of groups, and what is wrong named without a partial score."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Field, Invalid, NotFound
from chalicelib.points import service
from chalicelib.points.exact import plain, rounded
from chalicelib.points.model import Evidence

DAY = date(2026, 5, 30)
DEMO = service.policy("demo-2026", "1")
OLD = service.policy("foshan-2016", "1")


def test_a_line_is_a_receipt() -> None:
    record = Evidence(source="education_records", record="r-1", seen_on=date(2026, 3, 2))
    found = service.score(DEMO, "school", {"A1.1": "本科"}, DAY, {"A1.1": record}, language="en")
    (line,) = found.lines
    assert line.rule == "demo-2026@1#A1.1" and line.version == "1" and line.clause == "Table A1.1"
    assert line.evidence == record and line.arithmetic == "70" and line.cap is None
    assert line.reason == (
        "Education: Bachelor's degree; 70 points under Table A1.1. Shown by: education_records, record of 2026-03-02."
    )
    assert found.hash == service.policy_hash(DEMO)


def test_a_receipt_says_what_a_cap_took_in_both_languages() -> None:
    told = {
        language: service.score(DEMO, "school", {"A2.1": 100}, DAY, language=language).lines[0]
        for language in ("zh-CN", "en")
    }
    assert told["en"].arithmetic == told["zh-CN"].arithmetic == "min(100 × 1.2, 80) = 80"
    assert told["en"].reason.endswith("At most 80 count for this.")
    assert told["zh-CN"].reason.endswith("本项最高80分。")


def test_caps_of_groups_inside_each_other_leave_lines_that_add_up() -> None:
    """Contribution: 30 + 25 + 43 = 98, capped at 50; bonus: 50 + 80 + 40 = 170, capped at 150."""
    answers = {"B5.1": 5000, "B5.2": 5000, "B5.3": ["入库", "捐献"], "B4": ["市级一"] * 2, "B6": 99_000}
    found = service.score(DEMO, "school", answers, DAY, language="en")
    groups = {each.group: (str(each.before), str(each.points)) for each in found.groups}
    assert (groups["community"], groups["bonus"]) == (("98", "50"), ("170", "150"))
    assert found.total == sum(line.points for line in found.lines) == 150
    assert "“Contribution” counts at most 50 in all" in found.lines[-2].reason


def test_indicators_of_a_district_are_for_its_people() -> None:
    assert service.score(DEMO, "school", {"F1": 2}, DAY, region="440604010001").total == 10
    with pytest.raises(Invalid) as refused:
        service.score(DEMO, "school", {"F1": 2}, DAY, region="440605011001")
    assert refused.value.fields == [Field("/answers/F1", "indicator_of_other_region")]


def test_a_qualification_that_is_not_met_stands_against_it_and_one_not_told_does_not() -> None:
    home = {"A3.1": 9, "A3.2": True}
    assert service.score(DEMO, "hukou", home, DAY).eligible
    assert not service.score(DEMO, "hukou", {**home, "Q2": False}, DAY).eligible
    states = {
        each.code: each.met for each in service.score(DEMO, "hukou", {**home, "Q2": True}, DAY).conditions
    }
    assert states == {"threshold": True, "Q1": None, "Q2": True}


BAD: list[tuple[str, Any, str]] = [
    ("A1.1", "博士后", "answer_unknown_label"),
    ("A1.1", 5, "answer_not_label"),
    ("A3.1", "yes", "answer_not_flag"),
    ("A3.1", 1, "answer_not_flag"),
    ("A2.1", 1000, "answer_out_of_range"),
    ("A2.1", -1, "answer_negative"),
    ("A2.1", 2.5, "answer_not_whole"),
    ("A2.1", True, "answer_not_number"),
    ("A2.1", "3", "answer_not_number"),
    ("A2.1", {"full": 3}, "answer_form"),
    ("A2.1", {"full": 3, "months": 12}, "answer_out_of_range"),
    ("A2.1", float("nan"), "answer_out_of_range"),
    ("A2.1", float("inf"), "answer_out_of_range"),
    ("A2.1", 10**4000, "answer_out_of_range"),
    ("A2.1", -(10**4000), "answer_negative"),
    ("B7.2", -0.01, "answer_negative"),
    ("B7.2", 1e300, "answer_out_of_range"),
    ("B1.1", {"birth_date": "2030-01-01"}, "answer_in_future"),
    ("B1.1", {"birth_date": "1800-01-01"}, "answer_out_of_range"),
    ("B1.1", {"birth_date": "yesterday"}, "answer_not_birth_date"),
    ("B1.1", 30, "answer_not_birth_date"),
    ("B3", 2, "answer_not_list"),
    ("B3", [{"value": "发明", "owners": 0}], "answer_out_of_range"),
    ("B3", [{"value": "发明", "owners": 1, "first": False}], "answer_out_of_range"),
    ("B3", [{"value": "发明", "shares": 2}], "answer_form"),
    ("B5", [{"level": "市级", "rank": "十"}], "answer_unknown_label"),
    ("B5", [{"level": "市级", "rank": 1}], "answer_not_label"),
    ("B6.3", ["入库", "入库"], "answer_repeats"),
    ("B6.3", "入库", "answer_not_list"),
    ("B11.1", 1, "indicator_of_other_scope"),
    ("Z9", 1, "indicator_unknown"),
]


@pytest.mark.parametrize(("code", "value", "problem"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_answer_is_named_and_there_is_no_partial_score(code: str, value: Any, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.score(OLD, "hukou", {"A1.2": "中级工/四级", code: value}, DAY)
    assert refused.value.fields == [Field(f"/answers/{code}", problem)]


def test_all_bad_answers_are_named_at_once_and_what_was_typed_as_a_name_is_not_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        service.score(OLD, "school", {"A2.1": -1, "B9.1": "x", "张三的学历": 1, "A3.2": 4}, DAY)
    assert refused.value.fields == [
        Field("/answers/A2.1", "answer_negative"),
        Field("/answers/B9.1", "answer_not_flag"),
        Field("/answers/*", "indicator_unknown"),
    ]


def test_no_answer_is_no_line() -> None:
    assert service.score(OLD, "school", {"A2.1": None}, DAY).lines == []


def test_a_scope_that_a_policy_does_not_serve_is_not_found() -> None:
    hukou_only = OLD.model_copy(update={"scopes": {"hukou": OLD.scopes["hukou"]}})
    with pytest.raises(NotFound):
        service.score(hukou_only, "school", {}, DAY)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 99_999), st.integers(1, 1001), st.integers(0, 4))
def test_shares_are_rounded_once_and_half_up(cents: int, owners: int, places: int) -> None:
    value = Decimal(cents).scaleb(-2)
    found = rounded(value, owners, places)
    # Half up means: not further than half a unit, and never half a unit below.
    difference = found * owners - value
    half = Decimal(owners).scaleb(-places) / 2
    assert -half < difference <= half


def test_points_are_written_without_exponents_or_needless_zeros() -> None:
    assert [plain(Decimal(text)) for text in ("1E+2", "7.50", "-0.20", "0.00", "80")] == [
        "100", "7.5", "-0.2", "0", "80",
    ]  # fmt: skip
