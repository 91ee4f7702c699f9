"""Who belongs to which cohort: by whole years of age on the day that the rules name."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.insight.cohorts import Moving, intake_band, plan, projected
from chalicelib.insight.policy import Policy, policy_on

DAY = date(2026, 11, 28)
POLICY = policy_on(DAY)


def cohorts_of(born: date, day: date = DAY) -> set[tuple[str, int]]:
    made = plan(POLICY, day)
    band = made.band_of(born.isoformat()[:7])
    if band is None:
        return set()
    return {
        (one.name, one.year)
        for one in made.cohorts
        for design in made.designs.values()
        if one.figure in design.figures and band[0] in design.figures[one.figure]
    }


def test_a_child_of_full_six_by_31_august_goes_to_school_that_year() -> None:
    assert cohorts_of(date(2020, 8, 31)) == {("grade_1", 2026)}
    assert cohorts_of(date(2020, 9, 1)) == {("grade_1", 2027)}
    assert cohorts_of(date(2019, 8, 31)) == {("grade_7", 2031)}  # One class before: grade 1 of 2025 is past.
    assert cohorts_of(date(2025, 8, 31)) == {("grade_1", 2031)}
    assert cohorts_of(date(2025, 9, 1)) == set()


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2005, 1, 1), date(2026, 12, 31)), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_intakes_are_those_of_the_rule_by_age(born: date, day: date) -> None:
    for name, year in cohorts_of(born, day):
        if name.startswith("grade"):
            age = {"grade_1": 6, "grade_7": 12}[name]
            assert clock.age_on(born, date(year, 8, 31)) == age


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1920, 1, 1), date(1990, 12, 31)), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_the_old_of_a_year_are_of_age_by_its_end(born: date, day: date) -> None:
    expected = {
        (f"age_{age}_plus", day.year + ahead)
        for age in (60, 65)
        for ahead in range(6)
        if clock.age_on(born, date(day.year + ahead, 12, 31)) >= age
    }
    assert {one for one in cohorts_of(born, day) if one[0].startswith("age")} == expected


def test_the_same_children_are_one_figure_in_grade_1_and_six_years_later() -> None:
    assert intake_band(2026, 6, "08-31") == intake_band(2032, 12, "08-31") == "2019-09..2020-08"


def test_before_september_the_school_year_that_runs_began_last_year() -> None:
    assert min(one.year for one in plan(POLICY, date(2027, 8, 31)).cohorts if one.kind == "school") == 2026
    assert min(one.year for one in plan(POLICY, date(2027, 9, 1)).cohorts if one.kind == "school") == 2027


def test_moves_are_projected_only_when_enough_were_seen_in_a_register_that_is_not_new() -> None:
    assert Moving(stock=1_000, settled=900, came=100, left=50).yearly(POLICY) == pytest.approx(50 / 950)
    assert Moving(stock=1_000, settled=960, came=40, left=50).yearly(POLICY) is None
    assert Moving(stock=1_000, settled=100, came=900, left=50).yearly(POLICY) is None
    assert [projected(200, 0.1, ahead) for ahead in range(3)] == [200, 220, 242]
    assert projected(200, None, 5) == 200


def test_rules_by_which_cohorts_would_overlap_are_refused() -> None:
    wrong = POLICY.model_dump(by_alias=True) | {
        "school": [
            {"cohort": "grade_1", "age": 6, "by": "08-31"},
            {"cohort": "grade_7", "age": 12, "by": "12-31"},
        ]
    }
    with pytest.raises(ValueError, match="same day"):
        Policy.model_validate(wrong)
    wrong["school"] = [{"cohort": "grade_1", "age": 6, "by": "08-15"}]
    with pytest.raises(ValueError, match="end a month"):
        Policy.model_validate(wrong)
