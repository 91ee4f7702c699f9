import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.sources import catalogue, reading
from chalicelib.sources.checking import Refused
from chalicelib.sources.delimited import Delimited
from chalicelib.sources.lines import Lines
from chalicelib.sources.model import Format, Unreadable
from chalicelib.sources.packing import Limits

TAX = catalogue.contract("tax")


def read(
    tmp_path: Path, data: bytes, kind: Format = "csv", gzipped: bool = False, limits: Limits | None = None
) -> tuple[reading.Table, list[list[str]], list[Refused]]:
    path = tmp_path / f"file.{kind}"
    path.write_bytes(data)
    table = reading.open_table(path, kind, gzipped, TAX, limits or Limits())
    rows: list[list[str]] = []
    bad: list[Refused] = []
    for raw in table.batches():
        rows += raw.rows
        bad += raw.bad
    return table, rows, bad


def test_a_quoted_cell_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    _, rows, bad = read(tmp_path, b'a,b\n1,"x, ""y""\nz"\n2,w\n')
    assert rows == [["1", 'x, "y"\nz'], ["2", "w"]]
    assert bad == []


def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path) -> None:
    lines = [f"{i},v{i}" for i in range(200)]
    lines[50] = '50,"open'
    _, rows, bad = read(tmp_path, ("a,b\n" + "\n".join(lines) + "\n").encode())
    assert len(rows) == 199
    assert [(r.code, r.line) for r in bad] == [("quote_unclosed", 52)]


def test_a_quote_inside_a_cell_is_just_a_character(tmp_path: Path) -> None:
    _, rows, bad = read(tmp_path, b'a,b\n1,6" pipe\n2,x\n')
    assert rows == [["1", '6" pipe'], ["2", "x"]]
    assert bad == []


def test_rows_in_both_encodings_are_read_and_a_broken_one_is_kept_aside(tmp_path: Path) -> None:
    body = "编号,姓名\n".encode() + "1,张三\n".encode() + "2,李四\n".encode("gb18030") + b"3,\xff\xfe\xff\n"
    table, rows, bad = read(tmp_path, body)
    assert rows == [["1", "张三"], ["2", "李四"]]
    assert [(r.code, r.extra) for r in bad] == [("undecodable", "3,\\xff\\xfe\\xff")]
    assert table.encodings == {"utf-8": 2, "gb18030": 1, "unknown": 1}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    table, _, _ = read(tmp_path, b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    assert table.header == ["a", "b"]
    assert table.encoding == "utf-8-sig"


def test_too_few_and_too_many_cells_are_refused_as_they_came(tmp_path: Path) -> None:
    _, rows, bad = read(tmp_path, b"a,b\n1\n1,2,3\n1,2,\n")
    assert rows == [["1", "2"]]
    assert [(r.cells, r.extra, r.code) for r in bad] == [
        (["1"], "", "column_count"),
        (["1", "2"], "3", "column_count"),
    ]


def test_half_a_gzip_is_named_and_its_whole_rows_are_kept(tmp_path: Path) -> None:
    noise = random.Random(1)
    body = "a,b\n" + "".join(f"{i},{noise.random()}\n" for i in range(5000))
    packed = gzip.compress(body.encode())
    table, rows, bad = read(tmp_path, packed[: len(packed) // 2], gzipped=True)
    assert table.problem == "file_cut"
    assert 1000 < len(rows) < 5000
    assert rows == [line.split(",") for line in body.split("\n")[1 : len(rows) + 1]]
    assert [r.code for r in bad] in ([], ["row_cut"])


def test_a_last_row_that_breaks_off_is_named(tmp_path: Path) -> None:
    table, rows, bad = read(tmp_path, b"a,b,c\n1,2,3\n4,5")
    assert table.problem == "file_cut"
    assert len(rows) == 1
    assert [r.code for r in bad] == ["row_cut"]


def test_a_last_row_without_line_end_is_whole_when_its_cells_are(tmp_path: Path) -> None:
    table, rows, _ = read(tmp_path, b"a,b\n1,2")
    assert table.problem is None
    assert rows == [["1", "2"]]


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a,b\n" + b"1,1\n" * 20_000_000)
    with pytest.raises(Unreadable) as refusal:
        read(tmp_path, bomb, gzipped=True)
    assert refusal.value.code == "zip_bomb"


def test_a_spreadsheet_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 << 20))
    with pytest.raises(Unreadable) as refusal:
        read(tmp_path, packed.getvalue(), "xlsx")
    assert refusal.value.code == "zip_bomb"


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(tmp_path, gzip.compress(random.randbytes(5000)), gzipped=True, limits=Limits(unpacked=1000))
    assert refusal.value.code == "too_large_unpacked"


@pytest.mark.parametrize(
    ("data", "kind", "gzipped", "code"),
    [
        (b"", "csv", False, "file_empty"),
        (b"\n\n", "csv", False, "file_empty"),
        (b"no gzip", "csv", True, "gzip_unreadable"),
        (b"no zip", "xlsx", False, "spreadsheet_unreadable"),
        (b"PAR1 no", "parquet", False, "parquet_unreadable"),
        ("a,b".encode("utf-16"), "csv", False, "encoding_unsupported"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(
    tmp_path: Path, data: bytes, kind: Format, gzipped: bool, code: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(tmp_path, data, kind, gzipped)
    assert refusal.value.code == code


def test_a_spreadsheet_gives_the_same_rows_as_its_csv(tmp_path: Path) -> None:
    from datetime import datetime

    book = openpyxl.Workbook()
    book.active.append(["record_id", "seen_on", "n"])
    book.active.append(["R1", datetime(2026, 11, 1), 3.0])
    book.active.append(["R2", None, None])
    packed = io.BytesIO()
    book.save(packed)
    table, rows, _ = read(tmp_path, packed.getvalue(), "xlsx")
    assert table.header == ["record_id", "seen_on", "n"]
    assert rows == [["R1", "2026-11-01", "3"], ["R2", "", ""]]


def test_json_lines_are_read_by_key_and_broken_ones_refused(tmp_path: Path) -> None:
    body = json.dumps({"record_id": "R1", "name": "某", "odd": 1}) + "\n[1]\n{broken\n"
    table, rows, bad = read(tmp_path, body.encode(), "jsonl")
    assert dict(zip(table.header, rows[0], strict=True))["name"] == "某"
    assert [r.code for r in bad] == ["json_invalid", "json_invalid"]


def test_parquet_is_read_in_batches(tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"record_id": [f"R{i}" for i in range(12_000)], "n": list(range(12_000))}), out)
    _, rows, _ = read(tmp_path, out.getvalue(), "parquet")
    assert len(rows) == 12_000
    assert rows[11_999] == ["R11999", "11999"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text('ab",\n 张', max_size=6), st.text('x"\n', max_size=4)), max_size=30),
    st.integers(1, 40),
)
def test_whatever_a_csv_writer_wrote_comes_back(rows: list[tuple[str, str]], size: int) -> None:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["one", "two"])
    writer.writerows(rows)
    data = text.getvalue().encode()
    table = Delimited(Lines(data[i : i + size] for i in range(0, len(data), size)))
    assert [tuple(row) for raw in table.batches() for row in raw.rows] == rows


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail_without_a_name(data: bytes) -> None:
    try:
        table = Delimited(Lines([b"a,b\n" + data]))
        lines = sum(len(raw.rows) + len(raw.bad) for raw in table.batches())
    except Unreadable:
        return
    assert lines <= data.count(b"\n") + 1
