from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.sources import catalogue, model
from chalicelib.sources.model import Contract, Report, Unreadable


def test_a_key_says_source_date_name_and_format() -> None:
    key = model.inbox_key("inbox/tax/2026-11-23/十一月 v1.2.csv.gz")
    assert key[1:] == ("tax", date(2026, 11, 23), "十一月 v1.2", "csv", True)
    assert key.report == "reports/tax/2026-11-23/十一月 v1.2.json"
    assert key.repairs == "repairs/tax/2026-11-23/十一月 v1.2.csv"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("inbox/tax/2026-02-30/a.csv", "key_date_impossible"),
        ("inbox/tax/20261123/a.csv", "key_not_understood"),
        ("inbox/tax/2026-11-23/a.exe", "key_not_understood"),
        ("inbox/tax/2026-11-23/deeper/a.csv", "key_not_understood"),
        ("inbox/../2026-11-23/a.csv", "key_not_understood"),
        ("reports/tax/2026-11-23/a.csv", "key_not_understood"),
    ],
)
def test_a_key_that_is_none_is_refused_by_name(key: str, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        model.inbox_key(key)
    assert refusal.value.code == code


def test_every_source_of_the_contract_has_its_file() -> None:
    assert set(catalogue.contracts()) == {
        *("social_security", "employment", "housing_fund", "school_rolls", "health_service"),
        *("lease_filings", "tax", "education_records", "skills", "civil_affairs", "volunteering"),
        *("blood_donation", "property", "registrations", "operator_counts", "access_counts"),
    }


def test_what_employers_report_is_one_independent_group() -> None:
    reported = ("social_security", "employment", "housing_fund", "tax")
    assert {catalogue.contract(source).independence for source in reported} == {"employer"}


def test_health_data_never_selects_anybody() -> None:
    assert catalogue.contract("blood_donation").signal == "none"


def test_no_contract_curates_a_direct_identifier() -> None:
    direct = {"name", "id_number", "phone", "birth_date"}
    curated = [
        (source, column.name)
        for source, contract in catalogue.contracts().items()
        for column in contract.columns
        if column.type in direct and column.zone in {"curated", "both"}
    ]
    assert curated == []


def test_a_contract_that_would_curate_a_name_is_refused() -> None:
    body = catalogue.contract("tax").model_dump()
    body["columns"][1]["zone"] = "curated"
    with pytest.raises(ValidationError, match="direct identifier"):
        Contract.model_validate(body)


def test_a_contract_without_a_standard_column_is_refused() -> None:
    body = catalogue.contract("tax").model_dump()
    body["columns"] = body["columns"][1:]
    with pytest.raises(ValidationError, match="record_id"):
        Contract.model_validate(body)


def test_a_report_that_loses_rows_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="accepted plus rejected"):
        Report(source="tax", date="2026-11-23", name="a", key="k", at="t", received=3, accepted=1, rejected=1)


@settings(deadline=None)
@given(st.integers(0, 10_000_000))
def test_buckets_are_a_power_of_two_and_at_most_64(rows: int) -> None:
    count = model.buckets_for(rows)
    assert count in {1, 2, 4, 8, 16, 32, 64}
    assert rows <= count * model.ROWS_A_BUCKET or count == 64


@settings(deadline=None)
@given(st.integers(0, 255))
def test_a_persons_bucket_follows_from_the_key_for_every_number_of_buckets(last: int) -> None:
    key = f"1:{'0' * 62}{last:02x}"
    fine = model.bucket_of(key, 64)
    assert all(model.bucket_of(key, count) == fine % count for count in (1, 2, 4, 8, 16, 32))
