"""Files as departments send them, opened with care and read in bounded batches.

CSV and JSON lines are streamed. Spreadsheets and Parquet declare their sizes in a directory, which
is looked at before anything is unpacked.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from chalicelib.sources import packing
from chalicelib.sources.checking import Raw, Refused
from chalicelib.sources.delimited import Delimited
from chalicelib.sources.lines import Lines
from chalicelib.sources.model import Contract, Format, Unreadable
from chalicelib.sources.packing import LIMITS, Limits, Unpacked

ROWS: Final = 5_000


class Table(Protocol):
    """An opened file: its header, batches of rows, and after the last what was noticed on the way."""

    header: list[str]
    problem: str | None

    @property
    def encodings(self) -> dict[str, int]:
        """Lines by encoding; empty for binary formats."""
        ...

    @property
    def encoding(self) -> str | None:
        """The encoding of most lines, None for binary formats."""
        ...

    def batches(self) -> Iterator[Raw]:
        """The rows, some thousand at a time."""
        ...


def open_table(path: Path, kind: Format, gzipped: bool, contract: Contract, limits: Limits = LIMITS) -> Table:
    """Open a delivered file; raises ``Unreadable`` when nothing can be read from it at all."""
    if path.stat().st_size == 0:
        raise Unreadable("file_empty")
    if kind == "csv":
        return Delimited(Lines(Unpacked(path, gzipped, limits), limits.line))
    if kind == "jsonl":
        return JsonLines(Lines(Unpacked(path, gzipped, limits), limits.line), contract)
    if gzipped:
        path = packing.to_disk(path, limits)
    return Sheet(path, limits) if kind == "xlsx" else Columns(path, limits)


class JsonLines:
    """A JSON object a line. Keys that the contract does not know are left out, missing ones are empty."""

    def __init__(self, lines: Lines, contract: Contract) -> None:
        self.lines = lines
        self.problem: str | None = None
        self.header = [c.name for c in contract.columns]
        self._places = {name: place for place, name in enumerate(self.header)}

    @property
    def encodings(self) -> dict[str, int]:
        """Lines by encoding."""
        return dict(self.lines.encodings)

    @property
    def encoding(self) -> str | None:
        """The encoding of most lines."""
        return self.lines.encoding

    def batches(self) -> Iterator[Raw]:
        """The rows, a block of lines at a time."""
        for block in self.lines:
            raw = Raw(bad=[Refused(n, [], "", "undecodable", t) for n, t in block.undecoded])
            for number, text in zip(block.numbers, block.texts, strict=True):
                if text and not text.isspace():
                    self._place(number, text, raw)
            self._mark_cut(raw)
            yield raw
        if self.lines.damaged:
            self.problem = "file_cut"

    def _place(self, number: int, text: str, raw: Raw) -> None:
        try:
            row = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raw.bad.append(Refused(number, [], "", "json_invalid", text))
            return
        cells = [""] * len(self.header)
        for key, value in row.items():
            if (place := self._places.get(key.strip().lower())) is not None:
                cells[place] = as_text(value)
        raw.lines.append(number)
        raw.rows.append(cells)

    def _mark_cut(self, raw: Raw) -> None:
        for refused in raw.bad:
            if self.lines.cut and refused.line == self.lines.count:
                refused.code, self.problem = "row_cut", "file_cut"


class Sheet:
    """The first sheet of a workbook. Formulas count as the value that was saved with them."""

    encodings: dict[str, int] = {}
    encoding: str | None = None

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        import openpyxl

        packing.check_workbook(path, limits)
        self.problem: str | None = None
        try:
            self._book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            self._rows = enumerate(self._book.worksheets[0].iter_rows(values_only=True), 1)
        except Exception:  # The library's errors on damaged workbooks have no common class.
            raise Unreadable("spreadsheet_unreadable") from None
        self.header = self._read_header()

    def _read_header(self) -> list[str]:
        for _, row in self._next_rows():
            cells = [as_text(cell) for cell in row]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                return cells
        raise Unreadable("file_empty")

    def _next_rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        while True:
            try:
                numbered = next(self._rows, None)
            except Exception:  # A sheet that breaks off in the middle, by any of several libraries.
                self.problem = "file_cut"
                return
            if numbered is None:
                return
            yield numbered

    def batches(self) -> Iterator[Raw]:
        """The rows, some thousand at a time; short rows are filled, since sheets leave out empty cells."""
        raw, width = Raw(), len(self.header)
        for number, row in self._next_rows():
            cells = [as_text(cell) for cell in row]
            if not any(cells):
                continue
            cells += [""] * (width - len(cells))
            if any(cells[width:]):
                raw.bad.append(Refused(number, cells[:width], "", "column_count", ",".join(cells[width:])))
            else:
                raw.lines.append(number)
                raw.rows.append(cells[:width])
            if len(raw.rows) >= ROWS:
                yield raw
                raw = Raw()
        self._book.close()
        yield raw


class Columns:
    """A Parquet file."""

    encodings: dict[str, int] = {}
    encoding: str | None = None

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        import pyarrow
        import pyarrow.parquet as pq

        self.problem: str | None = None
        try:
            self._file = pq.ParquetFile(path)
        except (pyarrow.ArrowException, OSError):
            raise Unreadable("parquet_unreadable") from None
        about = self._file.metadata
        declared = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if declared > limits.unpacked:
            raise Unreadable("too_large_unpacked")
        self.header = list(self._file.schema_arrow.names)

    def batches(self) -> Iterator[Raw]:
        """The rows, some thousand at a time."""
        import pyarrow

        number = 1
        try:
            for batch in self._file.iter_batches(batch_size=ROWS):
                columns = [[as_text(v) for v in column.to_pylist()] for column in batch.columns]
                rows = [list(row) for row in zip(*columns, strict=True)]
                yield Raw(list(range(number, number + len(rows))), rows)
                number += len(rows)
        except (pyarrow.ArrowException, OSError):
            self.problem = "file_cut"


def as_text(value: Any) -> str:
    """A cell's value as a department would have typed it; lists are joined by ``;``."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
        case datetime():
            midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
            return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
        case list() | tuple():
            return ";".join(as_text(v) for v in value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
