from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import keys
from chalicelib.sources import catalogue, retention, service, store
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.rows import csv_text, number, row
from tests.chalicelib.sources.test_service import curated, keys_in

OLD = "inbox/lease_filings/2026-11-22/a.csv"
NEW = "inbox/lease_filings/2026-11-23/a.csv"
DAYS = catalogue.contract("lease_filings").retention_days


def test_rows_beyond_the_contracts_retention_are_gone_and_the_others_stay(
    deliver: Deliver, now: datetime
) -> None:
    deliver(OLD, csv_text([row(1), row(2)]))
    deliver(NEW, csv_text([row(3)]))
    last = date(2026, 11, 22) + timedelta(days=DAYS)
    assert service.retire(last, now) == {}
    assert service.retire(last + timedelta(days=1), now) == {"lease_filings": 2}
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00003"]
    assert {key.split("/")[-1][:8] for key in keys_in("curated") + keys_in("linkage")} == {"20261123"}
    assert service.facts("lease_filings", [keys.person_key(number(1))]) == []


def test_a_run_that_stopped_half_way_is_finished_by_the_next(deliver: Deliver, now: datetime) -> None:
    deliver(NEW, csv_text([row(1)]))
    kept = store.file("lease_filings", "2026-11-23", "a")
    assert kept is not None
    assert store.retire(kept)
    assert service.current_files("lease_filings") == []
    assert service.retire(date(2026, 11, 24), now) == {"lease_filings": 1}
    assert keys_in("curated") == []
    assert store.file("lease_filings", "2026-11-23", "a") is None


def test_a_file_may_come_again_after_its_retirement(deliver: Deliver, now: datetime) -> None:
    deliver(NEW, csv_text([row(1)]))
    service.retire(date(2040, 1, 1), now)
    assert deliver(NEW, csv_text([row(1)])).repeat_of is None
    assert len(curated("lease_filings")) == 1


def test_counts_are_retired_too(deliver: Deliver, now: datetime) -> None:
    area = next(iter(sorted(service.regions().communities)))
    header = ("record_id", "area", "seen_on", "hour", "count")
    deliver("inbox/operator_counts/2026-11-23/d.csv", csv_text([["1", area, "2026-11-22", "8", "5"]], header))
    assert service.retire(date(2040, 1, 1), now) == {"operator_counts": 1}
    assert keys_in("curated") == []


@settings(deadline=None)
@given(st.integers(1, 4_000), st.integers(-5_000, 5_000))
def test_a_row_is_kept_through_its_last_day(days: int, age: int) -> None:
    kept = store.FileRow("p", "s", date="2026-11-23")
    today = date(2026, 11, 23) + timedelta(days=age)
    assert retention.is_over(kept, days, today) == (age > days)


@pytest.mark.parametrize("source", sorted(catalogue.contracts()))
def test_every_contract_says_for_how_long(source: str) -> None:
    assert 30 <= catalogue.contract(source).retention_days <= 3_650
