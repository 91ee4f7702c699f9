"""Files that would break a reader: each ends in a report, in bounded memory, and nothing is lost unsaid."""

import gzip
import io
import json
import resource
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.sources import catalogue, packing, reading, service, staging
from chalicelib.sources.checking import Checker
from chalicelib.sources.delimited import Delimited
from chalicelib.sources.lines import Lines
from chalicelib.sources.model import Unreadable
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row
from tests.chalicelib.sources.test_service import curated

KEY = "inbox/lease_filings/2026-11-23/november"
TAX = catalogue.contract("tax")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("body", [b"", b"\n" * 300_000, b"\xef\xbb\xbf", b" ,,, \n"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_empty_file_has_a_report(deliver: Deliver, body: bytes, kind: str) -> None:
    report = deliver(f"{KEY}.{kind}", body)
    assert (report.received, report.accepted) in {(0, 0), (1, 0)}
    assert report.problem in {"file_empty", "nothing_usable"}


def test_one_missing_column_is_named_and_the_rows_load(deliver: Deliver) -> None:
    header = tuple(name for name in HEADER if name != "phone")
    report = deliver(f"{KEY}.csv", csv_text([[*row(1)[:5], *row(1)[6:]]], header))
    assert (report.accepted, report.problem) == (1, None)
    assert "phone" in report.drift.missing


@pytest.mark.parametrize("column", ["record_id", "name", "id_number"])
def test_a_file_without_a_necessary_column_is_refused_with_all_its_rows(
    deliver: Deliver, column: str
) -> None:
    place = HEADER.index(column)
    cells = [c for i, c in enumerate(row(1)) if i != place]
    report = deliver(f"{KEY}.csv", csv_text([cells], tuple(n for n in HEADER if n != column)))
    assert (report.received, report.rejected, report.problem, report.detail) == (
        1,
        1,
        "columns_missing",
        column,
    )


def test_a_billion_characters_in_one_cell_cost_one_row() -> None:
    def chunks() -> list[bytes]:
        whole = b"R1,before\n"
        return [b"id,name\n" + whole + b'R2,"', *[b"x" * (1 << 20)] * 954, b'"\nR3,after\n']

    before = peak_mb()
    table = Delimited(Lines(iter(chunks())))
    rows, bad = [], []
    for raw in table.batches():
        rows += raw.rows
        bad += raw.bad
    assert rows == [["R1", "before"], ["R3", "after"]]
    assert [(r.line, r.code, len(r.extra)) for r in bad] == [(3, "line_too_long", 1001)]
    assert peak_mb() - before < 64


def test_a_cell_beyond_any_spreadsheet_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        sheet = (
            b"<worksheet><sheetData><row><c><v>"
            + b"x" * (8 << 20)
            + b"</v></c></row></sheetData></worksheet>"
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(Unreadable) as refusal:
        packing.check_workbook(path)
    assert refusal.value.code == "cell_too_long"


def test_a_long_text_that_parquet_holds_once_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * (4 << 20)]))
    pq.write_table(pa.table({"record_id": [str(i) for i in range(5_000)], "name": text}), path)
    before = peak_mb()
    (raw,) = reading.open_table(path, "parquet", False, TAX).batches()
    assert len(raw.rows) == 5_000
    assert peak_mb() - before < 200


def test_a_row_group_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "group.parquet"
    pq.write_table(pa.table({"record_id": [str(i) for i in range(50_000)]}), path)
    with pytest.raises(Unreadable) as refusal:
        reading.open_table(path, "parquet", False, TAX, packing.Limits(group=1_000))
    assert refusal.value.code == "row_group_too_large"


def test_a_formula_counts_as_its_saved_value_and_is_noticed_without_one(
    deliver: Deliver, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(HEADER))
    cells = row(1)
    cells[HEADER.index("address")] = '=CONCAT("a","b")'
    book.active.append(cells)
    packed = io.BytesIO()
    book.save(packed)
    report = deliver(f"{KEY}.xlsx", packed.getvalue())
    assert report.accepted == 1
    assert report.warnings["formula_without_value"] == 1


def test_the_text_that_a_formula_forces_is_read(deliver: Deliver) -> None:
    forced = csv_text([row(1)]).replace(number(1), f'"=""{number(1)}"""')
    report = deliver(f"{KEY}.csv", forced)
    assert (report.accepted, report.warnings) == (1, {})


def test_numbers_that_a_spreadsheet_rounded_are_named(deliver: Deliver) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(HEADER))
    for order, cell in enumerate([float(number(2)), "4.49999E+17"], 1):
        cells: list[object] = list(row(order))
        cells[HEADER.index("id_number")] = cell
        book.active.append(cells)
    packed = io.BytesIO()
    book.save(packed)
    report = deliver(f"{KEY}.xlsx", packed.getvalue())
    assert report.warnings == {"id_number_rounded": 2}


def test_old_numbers_of_fifteen_digits_name_the_same_person(deliver: Deliver) -> None:
    new = number(1)
    deliver(f"{KEY}.csv", csv_text([row(1, id_number=new[:6] + new[8:17])]))
    deliver("inbox/lease_filings/2026-11-24/other.csv", csv_text([row(1, record_id="R2")]))
    assert len({r["person_key"] for r in curated("lease_filings")}) == 1


def test_one_name_in_every_row_is_no_trouble(deliver: Deliver) -> None:
    report = deliver(f"{KEY}.csv", csv_text([row(i, name="张伟") for i in range(300)]))
    assert report.accepted == 300


def staged(tmp_path: Path, rows: int, distinct: int, number_of: str | None) -> staging.Staging:
    """A file of so many rows with so many different records, all of one number if it is given."""
    sink = staging.Staging(tmp_path, TAX, lambda n: f"1:{int(n[6:17]):064x}")
    checker = Checker(TAX, list(HEADER), service.regions(), date(2026, 11, 23))
    for start in range(0, rows, 5_000):
        made = [row(i % distinct % 9999, record_id=f"R{i % distinct}") for i in range(start, start + 5_000)]
        if number_of:
            made = [[*cells[:2], number_of, *cells[3:]] for cells in made]
        sink.add(checker.check(reading.Raw(list(range(5_000)), made)))
    return sink


def test_rows_that_come_ten_thousand_times_are_written_once(tmp_path: Path) -> None:
    sink = staged(tmp_path, 120_000, 30, None)
    written = sum(path.stat().st_size for path in tmp_path.iterdir())
    rows = sum(table.num_rows for _, _, table in sink.buckets())
    assert (rows, sink.repeated) == (30, 119_970)
    assert written < 1 << 20


def test_a_number_that_a_crowd_shares_is_nobodys(tmp_path: Path) -> None:
    sink = staged(tmp_path, 105_000, 105_000, number(7))
    buckets = list(sink.buckets())
    sizes = [table.num_rows for _, _, table in buckets]
    assert sum(sizes) == 105_000
    assert max(sizes) < 2 * 105_000 / len(sizes)
    assert sink.shared == 105_000
    assert all(table["person_key"].null_count == table.num_rows for _, _, table in buckets)


def test_stray_quotes_in_every_line_stay_linear() -> None:
    lines = 60_000
    body = b"a,b\n" + b'1,"x\n' * lines
    table = Delimited(Lines([body[i : i + (1 << 20)] for i in range(0, len(body), 1 << 20)]))
    bad = sum(len(raw.bad) + len(raw.rows) for raw in table.batches())
    assert 0 < bad <= lines


def test_too_many_columns_are_refused(deliver: Deliver) -> None:
    header = ",".join([*HEADER, *(f"c{i}" for i in range(2_000))])
    assert deliver(f"{KEY}.csv", f"{header}\n1\n").problem == "too_many_columns"


def test_keys_beyond_number_cost_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "wide.jsonl"
    with path.open("w") as file:
        for i in range(3_000):
            file.write(
                json.dumps(
                    {"record_id": str(i), "name": "某", "id_number": ""} | {f"k{i}_{j}": 1 for j in range(30)}
                )
                + "\n"
            )
    table = reading.open_table(path, "jsonl", False, TAX)
    widths = {len(cells) for raw in table.batches() for cells in raw.rows}
    assert widths == {len(table.header)}
    assert len(table.header) <= reading.MOST_COLUMNS + len(TAX.columns) + 1


def test_a_gzip_of_one_endless_line_is_refused_as_a_bomb(deliver: Deliver) -> None:
    body = gzip.compress(csv_text([row(1)]).encode() + b"R2," + b"x" * (64 << 20))
    report = deliver(f"{KEY}.csv.gz", body)
    assert report.problem == "zip_bomb"
    assert report.received == report.accepted + report.rejected
