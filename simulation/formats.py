"""Writing tables as departments send them, the same bytes for the same rows."""

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
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
OPTIONS = pc.WriteOptions(include_header=False, quoting_style="needed")


def csv_bytes(table: pa.Table) -> bytes:
    """The rows as CSV in UTF-8, without a header."""
    sink = pa.BufferOutputStream()
    pc.write_csv(table, sink, OPTIONS)
    return sink.getvalue().to_pybytes()


def jsonl_bytes(table: pa.Table) -> bytes:
    """One JSON object a row, empty values left out."""
    rows = ({name: value for name, value in row.items() if value is not None} for row in table.to_pylist())
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8")


class Growing:
    """A file that grows by tables: CSV (plain, gzip, with a BOM, in GB18030), JSON lines or Parquet."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind, self.rows = path, kind, 0
        self._file: IO[bytes] | None = None
        self._raw: IO[bytes] | None = None
        self._parquet: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        self.rows += table.num_rows
        if self.kind == "parquet":
            if self._parquet is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._parquet = pq.ParquetWriter(self.path, table.schema, compression="zstd")
            self._parquet.write_table(table)
            return
        if self.kind == "jsonl":
            self._sink(b"").write(jsonl_bytes(table))
            return
        sink = self._sink((",".join(table.column_names) + "\n").encode("ascii"))
        body = csv_bytes(table)
        sink.write(body.decode("utf-8").encode("gb18030") if self.kind == "gb18030" else body)

    def _sink(self, header: bytes) -> IO[bytes]:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = self.path.open("wb")
            packed = self.kind == "csv.gz"
            # The name and time that gzip stores would make equal cities differ.
            self._file = gzip.GzipFile("", "wb", 4, self._raw, mtime=0) if packed else self._raw  # type: ignore[assignment]
            self._file.write((b"\xef\xbb\xbf" if self.kind == "bom" else b"") + header)
        return self._file

    def close(self) -> None:
        """Finish the file."""
        if self._parquet is not None:
            self._parquet.close()
        for file in (self._file, self._raw):
            if file is not None:
                file.close()


class Spreadsheet:
    """An XLSX file of text cells; its rows are kept until it is closed."""

    def __init__(self, path: Path) -> None:
        self.path, self.tables, self.rows = path, list[pa.Table](), 0

    def add(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        self.tables.append(table)
        self.rows += table.num_rows

    def close(self) -> None:
        """Write the workbook."""
        table = pa.concat_tables(self.tables)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(workbook(table.column_names, (row.values() for row in table.to_pylist())))


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
