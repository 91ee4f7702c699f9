"""An act and its audit entry are one write; the entry tells its own change and names nobody."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from chalicelib import audit, keys
from chalicelib.actors import SYSTEM, Actor
from chalicelib.audit import EntryRow
from chalicelib.tables import Cancelled, transact

REVIEWER = Actor("reviewer-housing", "staff", frozenset({"reviewer", "auditor"}), ("440600",), "housing")


def written(now: datetime) -> EntryRow:
    transact(audit.entry(REVIEWER, "case.decided", "C1", now, check="housing", count=2, minor=False))
    (row,) = EntryRow.scan()
    return row


def test_an_entry_says_who_in_which_roles_did_what_to_what_and_when(cloud: None, now: datetime) -> None:
    row = written(now)
    said = (row.actor, row.role, row.act, row.target, row.at)
    assert said == (
        "reviewer-housing",
        "auditor,reviewer",
        "case.decided",
        "C1",
        "2026-11-23T09:30:00.000+08:00",
    )
    assert json.loads(row.facts) == {"check": "housing", "count": 2, "minor": False}
    assert audit.digest(row) == row.digest


@pytest.mark.parametrize("field", ["entry_id", "at", "actor", "role", "act", "target", "facts"])
def test_a_change_of_any_field_shows_in_the_digest(cloud: None, now: datetime, field: str) -> None:
    row = written(now)
    setattr(row, field, getattr(row, field) + " ")
    assert audit.digest(row) != row.digest


def test_an_entry_cannot_be_written_over(cloud: None, now: datetime) -> None:
    put = audit.entry(SYSTEM, "case.late", "C1", now)
    transact(put)
    with pytest.raises(Cancelled):
        transact(put)


def test_an_act_that_is_refused_leaves_no_entry(cloud: None, now: datetime) -> None:
    first = audit.entry(SYSTEM, "case.late", "C1", now)
    transact(first)
    with pytest.raises(Cancelled):
        transact(audit.entry(SYSTEM, "case.late", "C2", now), first)
    assert [row.target for row in EntryRow.scan()] == ["C1"]


def test_entries_about_a_thing_come_in_order_of_time(cloud: None, now: datetime) -> None:
    acts = ["case.submitted", "case.late", "case.approve"]
    for second, act in enumerate(acts):
        transact(audit.entry(SYSTEM, act, "C1", now.replace(second=second)))
    assert [row.act for row in EntryRow.by_target.query("C1")] == acts


def test_a_days_entries_are_found_by_the_date_in_foshan(cloud: None) -> None:
    late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    transact(audit.entry(SYSTEM, "case.late", "C1", late))
    found = [
        row
        for chain in range(audit.CHAINS)
        for row in EntryRow.by_day.query(audit.day_key("2026-11-24", chain))
    ]
    assert [row.target for row in found] == ["C1"]


def test_chains_are_filled_evenly_and_always_the_same(now: datetime) -> None:
    ids = [keys.new_id("A", now) for _ in range(2000)]
    counted = Counter(audit.chain_of(one) for one in ids)
    assert set(counted) == set(range(audit.CHAINS)) and min(counted.values()) > 350
    assert [audit.chain_of(one) for one in ids] == [audit.chain_of(one) for one in ids]


@pytest.mark.parametrize("fact", ["13812345678", "44069919900101001X", "张三", "季华五路 12 号"])
def test_an_entry_whose_facts_would_name_somebody_is_refused(now: datetime, fact: str) -> None:
    with pytest.raises(ValueError, match="names nobody"):
        audit.entry(SYSTEM, "case.late", "C1", now, note=fact)


@pytest.mark.parametrize("target", ["13812345678", "44069919900101001X", "PERSON#44069919900101001x"])
def test_an_entry_about_a_persons_number_is_refused(now: datetime, target: str) -> None:
    with pytest.raises(ValueError, match="names nobody"):
        audit.entry(SYSTEM, "case.late", target, now)


@pytest.mark.parametrize(
    "target", ["C01KAQ4XYZ0123456789ABCDEF", "440604010001003", "44060401000100300007", "people"]
)
def test_ids_and_region_codes_name_nobody(now: datetime, target: str) -> None:
    assert audit.entry(SYSTEM, "case.late", target, now, region=target).item.target == target
