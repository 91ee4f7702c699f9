"""What a registration must say, and what the departments' data means for it."""

from datetime import date

import pytest
from pydantic import ValidationError

from chalicelib import idnumbers
from chalicelib.residence import model


def number(born: str, order: str = "001") -> str:
    first = f"440000{born}{order}"
    return first + idnumbers.check_character(first)


BODY = {
    "address": {"town": "440604010", "community": "440604010001", "line": "季华五路1号", "room": "502"},
    "arrived_on": "2026-11-20",
    "housing": "rented",
}
CLAIM = {"building": "44060401000100100001", "region": "440604010001"}


def test_a_household_member_named_twice_is_refused() -> None:
    member = {"name": "测试", "id_number": number("20200101"), "relation": "child"}
    with pytest.raises(ValidationError) as caught:
        model.NewRegistration.model_validate(BODY | {"household": [member, member]})
    assert caught.value.errors()[0]["type"] == "household_repeats"


def test_a_child_under_14_needs_the_guardians_consent() -> None:
    child = {"name": "测试", "id_number": number("20200101"), "relation": "child"}
    spouse = {"name": "试", "id_number": number("19900101"), "relation": "spouse"}
    body = model.NewRegistration.model_validate(BODY | {"household": [spouse, child]})
    assert model.minors_without_consent(body.household, date(2026, 11, 23)) == [1]
    assert model.minors_without_consent(body.household, date(2034, 1, 1)) == []


def test_a_lease_in_the_same_building_agrees() -> None:
    fact = {
        "source": "lease_filings",
        "building": CLAIM["building"],
        "community": CLAIM["region"],
        "seen_on": "2026-11-01",
    }
    found = model.dwelling_finding(CLAIM, [fact], "v")
    assert (found.result, found.receipt.source, found.receipt.record_date) == (
        "passed",
        "lease_filings",
        date(2026, 11, 1),
    )


def test_another_building_and_silence_are_for_a_person_and_never_a_refusal() -> None:
    other = {"source": "property", "building": "44060401000100100002", "community": CLAIM["region"]}
    assert model.dwelling_finding(CLAIM, [other], "v").reason == "address_differs"
    silent = model.dwelling_finding(CLAIM, [], "v")
    assert (silent.result, silent.reason) == ("person", "no_record")


def test_an_agreeing_record_outweighs_a_differing_one() -> None:
    other = {"source": "property", "building": "44060401000100100002", "seen_on": "2026-11-22"}
    same = {"source": "lease_filings", "building": CLAIM["building"], "seen_on": "2025-01-01"}
    assert model.dwelling_finding(CLAIM, [other, same], "v").result == "passed"


def test_lateness_counts_working_days() -> None:
    friday = date(2026, 11, 20)
    assert not model.is_late(friday, date(2026, 11, 25))
    assert model.is_late(friday, date(2026, 11, 26))
