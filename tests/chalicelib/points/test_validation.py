"""Unsound policies are refused with the place named."""

import json
from typing import Any

import pytest

from chalicelib.errors import Field, Invalid
from chalicelib.points import editions, validation
from tests.chalicelib.points.documents import changed, document, indicator, policy, title


def test_the_small_policy_and_every_shipped_one_is_sound() -> None:
    assert validation.faults(policy()) == []
    assert [each.name for each in editions.shipped()] == ["demo-2026@1", "foshan-2016@1"]


UNSOUND: list[tuple[str, Any, str, str]] = [
    ("/scopes/school/threshold", 100_000, "/scopes/school/threshold", "policy_threshold_unreachable"),
    ("/scopes/school/threshold", -1, "/scopes/school/threshold", "policy_wrong_sign"),
    ("/scopes/school/threshold", 0.5, "/scopes/school/threshold", "points_inexact"),
    ("/scopes/school/tie_break", ["nothing"], "/scopes/school/tie_break/0", "policy_reference_unknown"),
    ("/scopes/school/tie_break", ["base", "base"], "/scopes/school/tie_break/1", "policy_repeats"),
    ("/scopes/school/quotas", {"123": 4}, "/scopes/school/quotas/123", "policy_region_unknown"),
    ("/scopes/school/quotas", {"440604": -4}, "/scopes/school/quotas/440604", "policy_not_positive"),
    ("/scopes/school/calendar", {"publicity": 3}, "/scopes/school/calendar/publicity", "field_range"),
    ("/groups/0/under", "inner", "/groups/0/under", "policy_cyclic"),
    ("/groups/0/under", "base", "/groups/0/under", "policy_cyclic"),
    ("/groups/1/under", "nothing", "/groups/1/under", "policy_reference_unknown"),
    ("/groups/1/code", "base", "/groups/1", "policy_repeats"),
    ("/groups/1/cap", 0, "/groups/1/cap", "policy_cap_too_low"),
    ("/groups/1/cap", 14, "/groups/1/cap", "policy_cap_too_low"),
    ("/indicators/1/code", "A1", "/indicators/1", "policy_repeats"),
    ("/indicators/1/points", -15, "/indicators/1/points", "policy_wrong_sign"),
    ("/indicators/1/points", 0, "/indicators/1/points", "policy_wrong_sign"),
    ("/indicators/1/points", None, "/indicators/1/points", "field_missing"),
    ("/indicators/2/cap", 4, "/indicators/2/cap", "policy_cap_too_low"),
    ("/indicators/2/at_most", 0, "/indicators/2/at_most", "policy_not_positive"),
    ("/indicators/2/unit", {"size": 1, "title": title("u")}, "/indicators/2/unit", "policy_not_of_mode"),
    ("/indicators/2/departments", ["magic"], "/indicators/2/departments/0", "policy_department_unknown"),
    ("/indicators/2/evidence", {"source": "rumour"}, "/indicators/2/evidence/source", "policy_source_unknown"),
    ("/indicators/2/scopes", ["hukou"], "/indicators/2/scopes/0", "policy_reference_unknown"),
    ("/indicators/2/group", "nothing", "/indicators/2/group", "policy_reference_unknown"),
    ("/indicators/2/group", "veto", "/indicators/2/group", "policy_wrong_part"),
    ("/indicators/2/mode", "guess", "/indicators/2/mode", "field_choice"),
    ("/indicators/3/unit/size", 0, "/indicators/3/unit/size", "policy_not_positive"),
    ("/indicators/3/unit/size", -50, "/indicators/3/unit/size", "policy_not_positive"),
    ("/indicators/3/points", 999999999, "/indicators/3/points", "policy_too_large"),
    ("/indicators/3/points", "--5", "/indicators/3/points", "points_inexact"),
    ("/indicators/3/points", "1e3", "/indicators/3/points", "points_inexact"),
    ("/indicators/3/points", "0.00001", "/indicators/3/points", "points_inexact"),
    ("/indicators/3/points", True, "/indicators/3/points", "points_inexact"),
    ("/indicators/5/at_most", 1000, "/indicators/5/at_most", "policy_too_large"),
    ("/indicators/4/formula/bands/0/below", 0, "/indicators/4/formula/bands/0/below", "policy_band_empty"),
    ("/indicators/5/points", 15, "/indicators/5/points", "policy_wrong_sign"),
    ("/exclusives/0/members", ["A2", "A2"], "/exclusives/0/members/1", "policy_excludes_itself"),
    ("/exclusives/0/members", ["A2"], "/exclusives/0/members", "policy_excludes_itself"),
    ("/exclusives/0/members", ["A2", "Z9"], "/exclusives/0/members/1", "policy_reference_unknown"),
    ("/exclusives/0/members", ["A2", "D1"], "/exclusives/0/members/1", "policy_wrong_part"),
    ("/effective_to", "2026-12-31", "/effective_to", "policy_period_backwards"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "at", "code"), UNSOUND, ids=lambda value: str(value)[:50])
def test_an_unsound_policy_is_refused_with_the_place_named(
    place: str, value: Any, at: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        policy(changed(place, value))
    assert Field(at, code) in refused.value.fields


def test_bands_over_each_other_and_lines_below_zero_are_refused() -> None:
    def bands(*given: dict[str, Any]) -> dict[str, Any]:
        aged = indicator("A5", "formula", formula={"of": "age", "bands": list(given)})
        return document(indicators=[aged, *document()["indicators"][:4]])

    with pytest.raises(Invalid) as refused:
        policy(bands({"low": 0, "points": 1}, {"low": 50, "points": 2}))
    assert Field("/indicators/0/formula/bands/1/low", "policy_band_overlaps") in refused.value.fields
    with pytest.raises(Invalid) as refused:
        policy(bands({"low": 0, "below": 60, "line": {"start": 5, "at": 50, "slope": -1}}))
    assert Field("/indicators/0/formula/bands/0/line/least", "policy_wrong_sign") in refused.value.fields


def _edition(version: str, begins: str, **more: Any) -> Any:
    return policy(document(version=version, effective_from=begins, **more))


def test_two_editions_of_one_policy_never_share_a_day() -> None:
    first = _edition("1", "2027-01-01", effective_to="2027-12-31")
    assert validation.clashes(_edition("2", "2028-01-01"), [first]) == []
    overlapping = validation.clashes(_edition("2", "2027-12-31"), [first])
    assert overlapping == [Field("/effective_from", "policy_period_overlaps")]


def test_an_edition_that_supersedes_another_ends_it_and_begins_later() -> None:
    first = _edition("1", "2027-01-01")
    second = _edition("2", "2028-01-01", supersedes="small@1")
    assert validation.clashes(_edition("2", "2028-01-01"), [first]) != []
    assert validation.clashes(second, [first]) == []
    assert str(validation.last_day(first, [first, second])) == "2027-12-31"
    early = _edition("2", "2026-01-01", supersedes="small@1")
    assert Field("/effective_from", "policy_period_backwards") in validation.clashes(early, [first])


def test_editions_that_supersede_each_other_in_a_circle_are_refused() -> None:
    one = _edition("1", "2027-01-01", effective_to="2027-06-30", supersedes="small@2")
    two = _edition("2", "2028-01-01", supersedes="small@1")
    assert Field("/supersedes", "policy_cyclic") in validation.clashes(two, [one])
    lost = _edition("3", "2029-01-01", supersedes="small@9")
    assert Field("/supersedes", "policy_reference_unknown") in validation.clashes(lost, [one])


def test_a_document_is_told_apart_by_its_hash_whatever_its_status() -> None:
    made = policy()
    assert made.hash == policy(document(status="in force")).hash
    assert made.hash != policy(changed("/indicators/1/points", 16)).hash
    assert made.hash == policy(json.loads(made.model_dump_json(by_alias=True))).hash


def test_the_small_policy_reaches_what_its_caps_leave() -> None:
    """20.5 for A1; of A2 (15) and A3 (25) the higher; 20 units of A4 at 3; 5 for the age."""
    assert str(validation.reachable(policy(), "school")) == "110.5"
