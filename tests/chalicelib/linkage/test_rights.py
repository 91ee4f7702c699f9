"""What the comparison holds of a person: a copy for them, and nothing after deletion."""

import subprocess
import sys
from datetime import date, datetime

import pytest

from chalicelib import audit
from chalicelib.identity.parts import erase, exports
from chalicelib.linkage import service, store
from chalicelib.linkage.model import Finding
from tests.chalicelib.fieldwork.people import TOWN, people

pytestmark = pytest.mark.usefixtures("cloud")


def found(now: datetime, person_id: str, *finding_ids: str) -> None:
    made = [
        Finding(
            id=finding_id,
            person_id=person_id,
            person_key=f"1:{person_id}",
            state="open",
            name="测试甲",
            phone="13800000001",
            town=TOWN,
            address=f"季华五路{number}号",
            sources=("lease_filings",),
            confidence=0.9,
            because={"en": "Recently seen"},
            seen_on=date(2026, 11, 20),
        )
        for number, finding_id in enumerate(finding_ids)
    ]
    assert store.add(made, now) == len(made)


def test_a_person_gets_a_copy_of_what_was_found_in_the_clear(now: datetime) -> None:
    one, other = people(2, now)
    found(now, one, "N1")
    found(now, other, "N2")
    held = exports(one, now)["linkage"]
    assert isinstance(held, list)
    (copy,) = held
    assert (copy["id"], copy["name"], copy["address"]) == ("N1", "测试甲", "季华五路0号")
    assert "person_key" not in copy


def test_deletion_removes_everything_found_of_a_person_and_of_nobody_else(now: datetime) -> None:
    one, other = people(2, now)
    found(now, one, "N1", "N2", "N3")
    found(now, other, "N4")
    service.settle("N2", "visited", now)
    service.settle("N3", "closed", now)
    assert erase(one, now) == []
    assert [row.finding_id for row in rows()] == ["N4"]
    assert store.of_person(one) == []
    entries = [row for row in audit.EntryRow.scan() if row.act == "findings.erased"]
    assert [(row.target, row.facts) for row in entries] == [(one, '{"findings":3}')]


def rows() -> list[store.FindingRow]:
    return list(store.FindingRow.scan(store.FindingRow.sk == "FINDING"))


def test_deletion_again_is_harmless(now: datetime) -> None:
    (person,) = people(1, now)
    found(now, person, "N1")
    assert [erase(person, now) for _ in range(2)] == [[], []]


def test_more_findings_than_one_transaction_takes_all_go(now: datetime) -> None:
    (person,) = people(1, now)
    found(now, person, *(f"N{number:03d}" for number in range(101)))
    erase(person, now)
    assert rows() == []


def test_a_batch_still_to_be_sent_does_not_bring_the_person_back(now: datetime) -> None:
    (person,) = people(1, now)
    found(now, person, "N1")
    erase(person, now)
    ((_, ids),) = store.unsent()
    assert service.findings(ids) == []


def test_the_api_lets_the_comparison_take_part() -> None:
    """It has no routes: nothing else would import it where ``DELETE /me`` runs."""
    asked = "from chalicelib import api; api.routes(); from chalicelib.identity import parts; print(*parts._parts)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True).stdout
    assert "linkage" in told.split()
