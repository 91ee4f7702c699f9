"""Writing tables as departments send them, the same bytes for the same rows."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SPREADSHEET_ROWS = 30_000
MIXED = {
    "social_security": "csv.gz",
    "school_rolls": "xlsx",
    "lease_filings": "jsonl",
    "tax": "gb18030",
    "property": "parquet",
    "health_service": "bom",
    "registrations": "csv.gz",
}
ENDINGS = {"gb18030": "csv", "bom": "csv"}
BARE = pc.WriteOptions(include_header=False, quoting_style="none")
QUOTED = pc.WriteOptions(include_header=False, quoting_style="needed")


def csv_bytes(table: pa.Table) -> bytes:
    """The rows as CSV in UTF-8, without a header; quoted only in tables where a value needs it."""
    try:
        return _csv_written(table, BARE)
    except pa.ArrowInvalid:  # PyArrow's answer to a comma, quote or line break in a bare value.
        return _csv_written(table, QUOTED)


def _csv_written(table: pa.Table, options: pc.WriteOptions) -> bytes:
    sink = pa.BufferOutputStream()
    pc.write_csv(table, sink, options)
    return bytes(sink.getvalue().to_pybytes())


def jsonl_bytes(table: pa.Table) -> bytes:
    """One JSON object a row, empty values left out."""
    rows = ({name: value for name, value in row.items() if value is not None} for row in table.to_pylist())
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8")


def packed(body: bytes) -> bytes:
    """A gzip member without the name and time that would make equal cities differ; members may follow one another."""
    return gzip.compress(body, 4, mtime=0)


@dataclass(frozen=True)
class Part:
    """Rows ready to be appended to a file: bytes, or a table where the format needs all rows or their types."""

    rows: int
    header: bytes
    body: Any  # bytes or a table


def part(table: pa.Table, kind: str) -> Part:
    """The rows as a file of that kind takes them: see `KINDS`."""
    return KINDS[kind](table)


def _csv(table: pa.Table) -> Part:
    return Part(table.num_rows, (",".join(table.column_names) + "\n").encode("ascii"), csv_bytes(table))


def _with_bom(table: pa.Table) -> Part:
    plain = _csv(table)
    return replace(plain, header=b"\xef\xbb\xbf" + plain.header)


def _gb18030(table: pa.Table) -> Part:
    plain = _csv(table)
    return replace(plain, body=bytes(plain.body).decode("utf-8").encode("gb18030"))


def _csv_gz(table: pa.Table) -> Part:
    plain = _csv(table)
    return Part(plain.rows, packed(plain.header), packed(bytes(plain.body)))


def _jsonl(table: pa.Table) -> Part:
    return Part(table.num_rows, b"", jsonl_bytes(table))


def _whole(table: pa.Table) -> Part:
    return Part(table.num_rows, b"", table)


KINDS: dict[str, Callable[[pa.Table], Part]] = {
    "csv": _csv,
    "bom": _with_bom,
    "gb18030": _gb18030,
    "csv.gz": _csv_gz,
    "jsonl": _jsonl,
    "parquet": _whole,
    "xlsx": _whole,
}


class Growing:
    """A file of bytes that grows by parts; its header is written once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._file = path.open("wb")

    def add(self, more: Part) -> None:
        """Append the rows of a part."""
        if not self._file.tell():
            self._file.write(more.header)
        self.rows += more.rows
        self._file.write(more.body)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class Columns:
    """A Parquet file that grows by tables, a row group each."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.rows = path, 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, more: Part) -> None:
        """Append the rows of a part."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, more.body.schema, compression="lz4")
        self.rows += more.rows
        self._writer.write_table(more.body)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


class Spreadsheet:
    """An XLSX file of text cells; its rows are kept until it is closed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.tables, self.rows = path, list[pa.Table](), 0

    def add(self, more: Part) -> None:
        """Append the rows of a part."""
        self.tables.append(more.body)
        self.rows += more.rows

    def close(self) -> None:
        """Write the workbook."""
        table = pa.concat_tables(self.tables)
        self.path.write_bytes(workbook(table.column_names, (row.values() for row in table.to_pylist())))


type File = Growing | Columns | Spreadsheet


def opened(path: Path, kind: str) -> File:
    """A new file of that kind."""
    if kind == "parquet":
        return Columns(path)
    return Spreadsheet(path) if kind == "xlsx" else Growing(path)


def workbook(header: Sequence[str], rows: Any) -> bytes:
    """A minimal XLSX with one sheet of text cells and fixed times."""
    lines = [_sheet_row(1, header)]
    lines += [_sheet_row(place, row) for place, row in enumerate(rows, start=2)]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + body)
    return held.getvalue()


def _column(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def _sheet_row(number: int, values: Any) -> str:
    cells = [
        f'<c r="{_column(place)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'
        for place, value in enumerate(values)
        if value is not None
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'
