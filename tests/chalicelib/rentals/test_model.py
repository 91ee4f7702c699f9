"""What a lease must keep to: hand-worked figures on each side of every line."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.rentals import model
from chalicelib.rentals.model import Lease, Terms

TODAY = date(2026, 11, 23)
RULES = model.rules_on(TODAY)


def terms(**changes: Any) -> Terms:
    values = {
        "rent_fen": 150_000,
        "deposit_fen": 300_000,
        "signed_on": "2026-11-20",
        "starts_on": "2026-12-01",
        "ends_on": "2027-11-30",
        "area_m2": "25.5",
        "occupants": 2,
    }
    return Terms.model_validate(values | changes)


def broken(**changes: Any) -> list[str]:
    return [breach.rule for breach in model.breaches(terms(**changes), RULES)]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"deposit_fen": 450_000}, []),
        ({"deposit_fen": 450_001}, ["deposit"]),
        ({"rent_fen": 0, "deposit_fen": 1}, ["deposit"]),
        ({"occupants": 1, "area_m2": "5"}, []),
        ({"occupants": 1, "area_m2": "4.99"}, ["area"]),
        ({"occupants": 2, "area_m2": "6"}, []),
        ({"occupants": 2, "area_m2": "5.99"}, ["area"]),
        ({"occupants": 8, "area_m2": "24"}, []),
        ({"occupants": 9, "area_m2": "26.99"}, ["area"]),
        ({"part": "room"}, []),
        ({"part": "living_room"}, []),
        ({"part": "balcony"}, ["part"]),
        ({"part": "garage"}, ["part"]),
        ({"ends_on": None}, []),
        ({"ends_on": "2046-12-01"}, []),
        ({"ends_on": "2046-12-02"}, ["term"]),
        ({"starts_on": "2024-02-29", "ends_on": "2044-02-29"}, []),
        ({"house_is_legal_and_safe": False}, ["house"]),
        ({"part": "kitchen", "deposit_fen": 900_000}, ["deposit", "part"]),
    ],
)
def test_terms_are_judged_on_each_side_of_every_line(changes: dict[str, Any], rules: list[str]) -> None:
    assert broken(**changes) == rules


def test_every_rule_says_on_what_it_rests() -> None:
    for edition in model.editions():
        assert set(edition.basis) == set(model.RULE_NAMES)
        assert set(edition.assumed) <= set(type(edition).model_fields)


def test_a_contract_is_judged_by_the_rules_of_the_day_it_was_signed() -> None:
    assert model.rules_on(date(2025, 9, 14)).valid_from == date(2010, 1, 1)
    assert model.rules_on(date(2025, 9, 15)).valid_from == date(2025, 9, 15)
    assert model.rules_on(date(1999, 1, 1)).valid_from == date(2010, 1, 1)


def test_a_landlord_is_told_the_field_and_a_tenant_does_not_lose_the_filing() -> None:
    dear = terms(deposit_fen=600_000)
    with pytest.raises(Invalid, match="lease_terms_unlawful") as caught:
        model.require_sound(dear, "landlord", TODAY)
    assert [(f.path, f.code) for f in caught.value.fields] == [
        ("/terms/deposit_fen", "lease_deposit_too_high")
    ]
    (breach,) = model.require_sound(dear, "tenant", TODAY)
    finding = model.terms_finding([breach])
    assert finding and finding.result == "person" and finding.receipt.said == RULES.basis["deposit"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"signed_on": "2026-11-24"}, "/terms/signed_on"),
        ({"signed_on": "1900-01-01"}, "/terms/signed_on"),
        ({"starts_on": "2027-11-25", "ends_on": None}, "/terms/starts_on"),
        ({"ends_on": "2026-12-01"}, "/terms/ends_on"),
        ({"ends_on": "2026-11-01"}, "/terms/ends_on"),
    ],
)
@pytest.mark.parametrize("side", ["landlord", "tenant"])
def test_dates_that_cannot_be_are_refused_whoever_files(
    changes: dict[str, Any], path: str, side: model.Side
) -> None:
    with pytest.raises(Invalid, match="values_invalid") as caught:
        model.require_sound(terms(**changes), side, TODAY)
    assert [f.path for f in caught.value.fields] == [path]


def test_a_filing_after_thirty_days_is_late_and_no_worse_for_it() -> None:
    assert not model.is_late(date(2026, 10, 24), TODAY, RULES)
    assert model.is_late(date(2026, 10, 23), TODAY, RULES)


@given(st.integers(1, 200), st.decimals("0.01", "1000", places=2))
def test_more_room_never_breaks_the_area_rule_and_more_people_never_mend_it(
    people: int, area: Decimal
) -> None:
    few, many = ("area" in broken(occupants=count, area_m2=area) for count in (people, min(people + 1, 200)))
    assert not few or many
    assert not (not few and "area" in broken(occupants=people, area_m2=area + 1))


@given(st.integers(0, 10_000_000), st.integers(0, 40_000_000))
def test_a_deposit_is_allowed_exactly_up_to_three_months(rent: int, deposit: int) -> None:
    assert ("deposit" in broken(rent_fen=rent, deposit_fen=deposit)) == (deposit > 3 * rent)


def lease(**changes: Any) -> Lease:
    values = {
        "id": "L1",
        "number": "ZL-2026-1",
        "case": "C1",
        "status": "active",
        "landlord": "P1",
        "tenant": "P2",
        "filed_by": "landlord",
        "region": "440604010001",
        "building": "44060401000100100001",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "filed_on": "2026-01-05",
    }
    return Lease.model_validate(values | changes)


@pytest.mark.parametrize(
    ("changes", "day", "expected"),
    [
        ({}, "2025-12-31", False),
        ({}, "2026-01-01", True),
        ({}, "2026-12-31", True),
        ({}, "2027-01-01", False),
        ({"ends_on": None}, "2036-01-01", True),
        ({"ended_on": "2026-06-30", "status": "ended"}, "2026-06-30", True),
        ({"ended_on": "2026-06-30", "status": "ended"}, "2026-07-01", False),
    ],
)
def test_a_lease_is_a_home_from_its_first_day_to_its_last(
    changes: dict[str, Any], day: str, expected: bool
) -> None:
    assert lease(**changes).in_force_on(date.fromisoformat(day)) is expected


def test_only_the_parties_have_a_side() -> None:
    assert [lease().side_of(person) for person in ("P1", "P2", "P3")] == ["landlord", "tenant", None]


def test_a_title_in_the_building_agrees_and_silence_is_for_a_person() -> None:
    claim = {"building": "B1", "region": "440604010001"}
    assert model.title_finding(claim, [{"building": "B1", "seen_on": "2026-01-01"}], "v").result == "passed"
    assert model.title_finding(claim, [{"building": "B2"}], "v").result == "person"
    assert model.title_finding(claim, [{"community": "440604010001"}], "v").result == "person"
    assert model.title_finding(claim, [], "v").result == "person"


def test_one_party_without_a_real_name_is_for_a_person() -> None:
    assert model.parties_finding({"landlord": True, "tenant": True}, "v", TODAY).result == "passed"
    assert model.parties_finding({"landlord": True, "tenant": False}, "v", TODAY).result == "person"
