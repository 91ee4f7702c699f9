import gzip
import json
from datetime import date

import pytest
from pydantic import ValidationError

from chalicelib.sources import catalogue, headers
from chalicelib.sources.checking import Raw
from chalicelib.sources.model import Column, Contract, Former
from chalicelib.sources.values import Regions
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.rows import HEADER, csv_text, row
from tests.chalicelib.sources.test_service import curated

NOWHERE = Regions(frozenset(), frozenset())
KEY = "inbox/lease_filings/2026-11-23/november.csv"


def third_version() -> Contract:
    """Leases of version 3: ``floor`` came with 2, ``rent`` was ``monthly`` through 2, ``agent`` ended with 1."""
    now = catalogue.contract("lease_filings")
    more = (
        Column(name="floor", type="integer", zh="楼层", description="Floor.", since=2),
        Column(
            name="fee",
            type="integer",
            zh="费用",
            description="Fee.",
            formerly=(Former(name="charge", until=2), Former(name="cost", until=1)),
        ),
        Column(name="agent", type="text", zh="中介", description="Agent.", until=1),
    )
    return now.model_copy(update={"version": 3, "columns": (*now.columns, *more)})


LEASES = [c.name for c in catalogue.contract("lease_filings").columns]


@pytest.mark.parametrize(
    ("more", "version"),
    [(["floor", "fee"], 3), (["floor", "charge"], 2), (["cost", "agent"], 1)],
)
def test_a_file_is_of_the_version_whose_columns_it_has(more: list[str], version: int) -> None:
    header = headers.read_header(third_version(), [*LEASES, *more])
    assert header.version == version
    assert not header.drift.any


def test_a_file_of_an_older_version_loads_by_todays_names(deliver: Deliver) -> None:
    header = (*HEADER, "cost", "agent")
    report = deliver(KEY, csv_text([[*row(1), "120", "某行"]], header), contract_of=lambda _: third_version())
    assert (report.accepted, report.contract_version, report.drift.renamed) == (1, 1, {})
    assert [(r["fee"], r["agent"], r["floor"]) for r in curated("lease_filings")] == [(120, "某行", None)]


def test_missing_new_and_renamed_columns_are_named() -> None:
    kept = [name for name in LEASES if name != "phone"]
    header = headers.read_header(third_version(), [*kept, "floor", "charge", "agent", "备注"])
    assert header.version == 2
    assert header.drift.missing == ("phone",)
    assert header.drift.new == ("备注",)
    late = headers.read_header(third_version(), [*LEASES, "floor", "cost"])
    assert (late.version, late.drift.renamed) == (3, {"cost": "fee"})


def test_a_new_header_is_guessed_at_by_its_values_and_not_acted_on(deliver: Deliver) -> None:
    cells = [[*row(i)[:5], "", *row(i)[6:], f"1990000{i:04d}"] for i in range(20)]
    renamed = tuple("note" if name == "phone" else name for name in HEADER)
    report = deliver(KEY, csv_text(cells, (*renamed, "联系方式")))
    assert report.drift.perhaps == {"联系方式": "phone"}
    assert report.drift.new == ("note", "联系方式")
    assert report.accepted == 20


def test_a_refused_file_says_which_new_header_may_be_the_missing_column(deliver: Deliver) -> None:
    renamed = tuple("证号" if name == "id_number" else name for name in HEADER)
    report = deliver(KEY, csv_text([row(i) for i in range(20)], renamed))
    assert (report.problem, report.detail, report.accepted) == ("columns_missing", "id_number", 0)
    assert report.drift.perhaps == {"证号": "id_number"}


def test_too_few_or_mixed_values_make_no_guess() -> None:
    contract = catalogue.contract("tax")
    header = headers.read_header(contract, [*(n for n in HEADER if n != "phone"), "x"])
    few = Raw(rows=[[*([""] * 8), "19900001234"]] * 4)
    mixed = Raw(rows=[[*([""] * 8), value] for value in ["19900001234", "no"] * 10])
    assert headers.guess(contract, header, few, NOWHERE) == {}
    assert headers.guess(contract, header, mixed, NOWHERE) == {}


def test_keys_of_json_lines_drift_like_headers(deliver: Deliver) -> None:
    rows = [dict(zip(HEADER, row(i), strict=True)) for i in range(3)]
    late = dict(rows[2]) | {"extra": "x"}
    body = "\n".join(json.dumps({k: v for k, v in r.items() if k != "phone"}) for r in [*rows[:2], late])
    report = deliver(KEY.replace("csv", "jsonl.gz"), gzip.compress(body.encode() + b"\n"))
    assert report.accepted == 3
    assert "phone" in report.drift.missing
    assert report.drift.new == ("extra",)


def test_one_column_under_two_names_is_refused() -> None:
    header = headers.read_header(third_version(), [*LEASES, "fee", "费用"])
    assert header.problem == ("columns_repeated", "")


def test_a_column_of_a_version_that_is_not_there_is_refused() -> None:
    body = third_version().model_dump() | {"version": 1}
    with pytest.raises(ValidationError, match="versions that there are not"):
        Contract.model_validate(body)


def test_the_shipped_contract_with_an_older_version_reads_both(deliver: Deliver) -> None:
    contract = catalogue.contract("social_security")
    assert contract.version == 2
    old = tuple(c.called(1) for c in contract.columns if c.is_of(1))
    new = tuple(c.called(2) for c in contract.columns if c.is_of(2))
    assert old != new
    for header, version in ((old, 1), (new, 2)):
        cells = [*row(version), *[""] * (len(header) - len(HEADER))]
        key = f"inbox/social_security/{date(2026, 11, version)}/a.csv"
        report = deliver(key, csv_text([cells], header))
        assert (report.contract_version, report.drift.any, report.accepted) == (version, False, 1)
