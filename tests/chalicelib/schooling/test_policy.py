"""The rules as data: editions that ship, editions that are refused, ages, places, reach, ranks, small counts."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.errors import NotFound
from chalicelib.schooling import model, policy, receipts
from chalicelib.schooling.model import PointsPlace, School
from chalicelib.schooling.policy import GradeRule, Policy
from tests.chalicelib.schooling.season import OTHER_TOWN, school
from tests.town import COMMUNITY, TOWN

DEMO = json.loads(Path("chalicelib/schooling/policies/demo-2026.json").read_text("utf-8"))
SIX = GradeRule(class_size=45, full_years=6, full_by="08-31", most_years=9)


def changed(**parts: Any) -> dict[str, Any]:
    return {**DEMO, **parts}


def classes(*needs: list[str]) -> list[dict[str, Any]]:
    title = {"zh-CN": "类", "en": "class"}
    return [{"code": f"c_{'x' * (n + 1)}", "needs": need, "title": title} for n, need in enumerate(needs)]


def test_both_mechanisms_ship_and_the_measures_calendar_is_april_to_june() -> None:
    found = policy.policies()
    assert {each.mechanism for each in found.values()} == {"deferred_acceptance", "points_first"}
    window = found["points-first-2016"].window
    assert [window.holds(date(2026, *day)) for day in ((3, 31), (4, 1), (6, 30), (7, 1))] == [
        False,
        True,
        True,
        False,
    ]
    assert {g: rule.class_size for g, rule in found["demo-2026"].grades.items()} == {1: 45, 7: 50}


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"classes": classes(["policy"])}, "the last one takes everybody"),
        ({"classes": classes(["sibling"], ["sibling", "zone"], [])}, "nobody comes into"),
        ({"mechanism": "points_first"}, "points first has one order"),
        ({"grades": {"1": DEMO["grades"]["1"]}}, "1 and 7"),
        ({"window": {"from": "13-01", "to": "06-30"}}, "window"),
        ({"publicity_working_days": 4}, "publicity_working_days"),
        ({"choices_limit": 0}, "choices_limit"),
        ({"lotery": True}, "lotery"),
    ],
)
def test_an_edition_that_cannot_be_is_refused_with_the_place_named(parts: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Policy.model_validate(changed(**parts))


def test_a_round_that_the_rules_do_not_have_is_not_there() -> None:
    demo = policy.policy("demo-2026")
    assert [demo.reach(1), demo.reach(2)] == ["town", "district"]
    for number in (0, 3):
        with pytest.raises(NotFound):
            demo.reach(number)


@pytest.mark.parametrize(
    ("born", "enough"),
    [
        (date(2020, 8, 31), True),
        (date(2020, 9, 1), False),
        (date(2020, 2, 29), True),
        (date(2021, 1, 1), False),
    ],
)
def test_six_must_be_full_by_the_last_of_august(born: date, enough: bool) -> None:
    assert SIX.old_enough(born, 2026) is enough


def test_the_first_class_whose_needs_are_met_is_the_childs() -> None:
    demo = policy.policy("demo-2026")
    given_flags: list[set[str]] = [{"policy", "zone"}, {"sibling"}, {"zone", "sibling"}, {"zone"}, set()]
    assert [demo.class_of(flags) for flags in given_flags] == [0, 1, 1, 2, 3]


def test_places_are_classes_times_their_size_less_what_is_reserved() -> None:
    made = School.model_validate(school("a1", 0) | {"classes": {"1": 3}, "reserved": {"1": 100}})
    assert made.seats(1, SIX) == 35
    assert made.seats(7, SIX) == 0
    full = School.model_validate(school("a1", 0) | {"classes": {"1": 1}, "reserved": {"1": 60}})
    assert full.seats(1, SIX) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": {"2": 1}, "reserved": {}},
        {"classes": {"1": -1}, "reserved": {}},
        {"classes": {"1": 1}, "reserved": {"7": 1}},
        {"zone": ["440605011001"]},
        {"id": "A 1"},
    ],
)
def test_a_school_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        School.model_validate(school("a1", 1) | wrong)


def test_wishes_reach_as_far_as_the_round_says() -> None:
    made = School.model_validate(school("a1", 1, zone=[COMMUNITY]))
    homes = (COMMUNITY, f"{TOWN}002", f"{OTHER_TOWN}001", "440605011001")
    assert [made.within(home, "zone") for home in homes] == [True, False, False, False]
    assert [made.within(home, "town") for home in homes] == [True, True, False, False]
    assert [made.within(home, "district") for home in homes] == [True, True, True, False]


def test_ranks_go_by_total_then_groups_then_the_earlier_application_and_equals_share_one() -> None:
    early, late = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)

    def line(case: str, total: str, tie: int, at: datetime) -> PointsPlace:
        return PointsPlace(case, "P1", "", Decimal(total), (Decimal(tie),), at)

    lines = [
        line("late", "60", 10, late),
        line("early", "60.0", 10, early),
        line("twin", "60", 10, early),
        line("group", "60", 11, late),
        line("best", "60.01", 0, late),
    ]
    assert model.ranks(lines) == {"best": 1, "group": 2, "early": 3, "twin": 3, "late": 4}


def test_small_counts_cannot_be_found_by_subtraction() -> None:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
    def holds(counts: list[int]) -> None:
        shown = receipts.protected(counts, 10)
        hidden = [count for count, seen in zip(counts, shown, strict=True) if seen is None]
        assert all(seen is None or seen == 0 or seen >= 10 for seen in shown)
        assert all(seen in (None, count) for count, seen in zip(counts, shown, strict=True))
        lone = [count for count in counts if count]
        assert len(hidden) != 1 or len(lone) == 1

    holds()
