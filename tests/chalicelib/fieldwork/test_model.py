"""Due process, capacity, and what outcomes say of a match."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.fieldwork import model
from chalicelib.sources import service as sources

TODAY = date(2026, 11, 23)
POLICY = model.policy_on(TODAY)


@pytest.mark.parametrize(
    ("sources", "allowed"),
    [
        (["social_security", "health_service"], True),
        (["lease_filings"], True),
        (["social_security", "tax", "employment"], False),
        (["tax"], False),
        (["tax", "tax"], False),
        ([], False),
        (["operator_counts", "access_counts"], False),
        (["tax", "access_counts"], False),
    ],
)
def test_a_visit_needs_two_independent_signals_or_one_strong_one(sources: list[str], allowed: bool) -> None:
    assert POLICY.allows(sources) is allowed


def test_what_the_comparison_counts_as_enough_is_enough_here_too() -> None:
    contracts = {name: c for name, c in sources.contracts().items() if c.signal != "none"}
    assert POLICY.signals == {name: c.independence for name, c in contracts.items()}
    assert POLICY.strong == {name for name, c in contracts.items() if c.signal == "strong"}


def test_rules_are_those_of_the_day() -> None:
    assert POLICY.valid_from <= TODAY
    with pytest.raises(LookupError):
        model.policy_on(date(2000, 1, 1))


@given(st.integers(0, 200), st.dictionaries(st.integers(0, 9), st.integers(0, 30)), st.integers(1, 25))
def test_no_day_gets_more_than_its_capacity_and_early_days_come_first(
    count: int, loads: dict[int, int], capacity: int
) -> None:
    days = [TODAY + timedelta(days=n) for n in range(10)]
    load = {days[n]: planned for n, planned in loads.items()}
    fits = model.allot(count, days, load, capacity)
    assert all(load.get(day, 0) + more <= capacity for day, more in fits)
    free = sum(max(0, capacity - load.get(day, 0)) for day in days)
    assert sum(more for _, more in fits) == min(count, free)
    assert [day for day, _ in fits] == sorted(day for day, _ in fits)


def test_a_digest_counts_by_building_and_names_nobody() -> None:
    day = TODAY + timedelta(days=1)
    found = model.digests([("w", "b1", day), ("w", "b1", TODAY), ("w", "b2", day), ("v", "b3", day)])
    assert found == [model.Digest("v", 1, 1, 1, day), model.Digest("w", 3, 2, 2, TODAY)]


def test_precision_is_the_share_of_right_matches() -> None:
    told = {"registered": 6, "refused": 2, "already_registered": 1, "wrong_address": 1, "not_here": 0}
    assert model.precision_of("tax+skills", told).share == 0.8
    assert model.precision_of("tax", {}).share is None


def test_a_long_note_and_an_unknown_outcome_are_refused() -> None:
    for body in ({"outcome": "registered", "note": "长" * 201}, {"outcome": "gone"}):
        with pytest.raises(ValidationError):
            model.OutcomeReport.model_validate(body)
