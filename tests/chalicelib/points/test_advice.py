"""What would add points: each piece of advice, taken, adds what it says."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.points import service
from chalicelib.points.model import Scope
from chalicelib.points.views import Estimate, NewEstimate, NextBest

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def estimate(policy: str, scope: Scope, answers: dict[str, Any], region: str | None = None) -> Estimate:
    asked = NewEstimate(policy=policy, version="1", scope=scope, answers=answers, region=region)
    return service.estimate(asked, NOW, "en")


def advised(found: Estimate) -> dict[str, NextBest]:
    return {each.indicator: each for each in found.next_best}


def test_months_already_gone_shorten_the_way_to_the_next_year() -> None:
    found = advised(estimate("foshan-2016", "school", {"A3.2": {"full": 2, "months": 9}}))["A3.2"]
    assert found.change == "3 more month(s): Years of the residence permit"
    assert (found.answer, found.gain, found.effort) == (3, 5, "months")


def test_a_quantity_is_advised_up_to_its_next_unit() -> None:
    found = advised(estimate("foshan-2016", "school", {"B6.1": 149}))["B6.1"]
    assert found.change == "1 more hours: Voluntary service (last 5 years, in the city)"
    assert (found.answer, found.gain) == (150, 3)


def test_what_is_capped_is_not_advised() -> None:
    found = advised(estimate("foshan-2016", "school", {"A2.1": 50, "B6.1": 600, "B9.2": 60}))
    assert not found.keys() & {"A2.1", "B6.1", "B9.2"}


def test_the_next_label_is_advised_and_not_the_last() -> None:
    found = advised(estimate("demo-2026", "school", {"A1.1": "高中"}))["A1.1"]
    assert (found.answer, found.gain) == ("大专", 20)


def test_an_exclusive_set_is_overcome_in_as_many_steps_as_it_takes() -> None:
    """A home of one's own gives 50; a rented one at most min(5 n, 40): no number of years gains."""
    assert "A3.3" not in advised(estimate("demo-2026", "school", {"A3.2": True}))
    rented = advised(estimate("demo-2026", "school", {"A3.3": 4}))
    assert (rented["A3.2"].gain, rented["A3.3"].gain) == (30, 5)


def test_nobody_is_advised_to_grow_younger_or_to_commit_nothing() -> None:
    found = advised(estimate("foshan-2016", "hukou", {"B1.1": {"birth_date": "1970-01-01"}, "D3": 1}))
    assert not found.keys() & {"B1.1", "B1.2", "D1", "D2", "D3", "E1", "E2", "F"}


def test_a_district_s_indicators_are_advised_to_its_people_alone() -> None:
    answers = {"A1.1": "研究生", "A1.2": "一级", "A3.2": True, "B5.3": ["入库", "捐献"]}
    assert "F1" not in advised(estimate("demo-2026", "school", answers, "440605011001"))
    assert "F1" in advised(estimate("demo-2026", "school", answers, "440604010001"))


def test_what_reaches_the_threshold_says_so_and_the_quick_comes_first() -> None:
    found = estimate("foshan-2016", "school", {"A3.2": 5, "B9.2": 9})
    assert advised(found)["B9.1"].reaches_threshold is False  # 25 + 1.8 + 3 = 29.8.
    assert advised(found)["A1.1"].reaches_threshold is True
    efforts = [["days", "months", "years"].index(each.effort) for each in found.next_best]
    assert efforts == sorted(efforts)


PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        "A1.1": st.sampled_from(["高中", "大专", "本科", "研究生"]),
        "A2.1": st.integers(0, 300),
        "A2.2": st.integers(0, 12),
        "A3.1": st.integers(0, 60),
        "A3.2": st.booleans(),
        "A3.3": st.integers(0, 60),
        "B3": st.lists(st.sampled_from(["发明专利", "实用新型专利"]), max_size=4),
        "B5.1": st.integers(0, 3000),
        "B5.2": st.integers(0, 5000),
        "B5.3": st.lists(st.sampled_from(["入库", "捐献"]), unique=True),
        "B6": st.integers(0, 100_000),
        "F2": st.integers(0, 500),
    },
)


@settings(max_examples=25, deadline=None)
@given(PEOPLE)
def test_advice_that_is_taken_adds_exactly_what_it_says(answers: dict[str, Any]) -> None:
    before = estimate("demo-2026", "school", answers, "440605")
    for each in before.next_best:
        taken = {**answers, each.indicator: each.answer}
        after = service.score(
            service.policy("demo-2026", "1"), "school", taken, date(2026, 11, 23), region="440605"
        )
        assert after.total - before.total == each.gain > 0
        assert after.total == each.total
        assert isinstance(each.gain, Decimal)
