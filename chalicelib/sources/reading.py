"""Files as departments send them, opened with care and read in bounded batches.

CSV and JSON lines are streamed. Spreadsheets and Parquet declare their sizes in a directory, which
is looked at before anything is unpacked.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

from chalicelib.sources import packing
from chalicelib.sources.checking import Raw, Refused
from chalicelib.sources.delimited import Delimited
from chalicelib.sources.headers import resolver, spelled
from chalicelib.sources.lines import Lines
from chalicelib.sources.model import Contract, Format, Unreadable
from chalicelib.sources.packing import LIMITS, Limits, Unpacked

ROWS: Final = 5_000
MOST_COLUMNS: Final = 1_000


class Table(Protocol):
    """An opened file: its header, batches of rows, and after the last what was noticed on the way."""

    header: list[str]
    problem: str | None
    # What is odd about cells, by code; counted into the report's warnings.
    noticed: dict[str, int]

    @property
    def present(self) -> set[str] | None:
        """The columns that came so far, where the format has no header; None where it has one."""
        ...

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
    table = _opened(path, kind, gzipped, contract, limits)
    if len(table.header) > MOST_COLUMNS:
        raise Unreadable("too_many_columns", str(len(table.header)))
    return table


def _opened(path: Path, kind: Format, gzipped: bool, contract: Contract, limits: Limits) -> Table:
    if kind == "csv":
        return Delimited(Lines(Unpacked(path, gzipped, limits), limits.line))
    if kind == "jsonl":
        return JsonLines(Lines(Unpacked(path, gzipped, limits), limits.line), contract)
    if gzipped:
        path = packing.to_disk(path, limits)
    return Sheet(path, limits) if kind == "xlsx" else Columns(path, limits)


class JsonLines:
    """A JSON object a line. Its header is what the first lines have, and whatever else the contract knows.

    Keys that neither has are left out, missing ones are empty.
    """

    def __init__(self, lines: Lines, contract: Contract) -> None:
        self.lines = lines
        self.problem: str | None = None
        self.noticed: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._resolved = resolver(contract)
        self._blocks = iter(lines)
        self._first = next(self._blocks, None)
        self.header: list[str] = []
        self._places: dict[str, int] = {}
        for text in self._first.texts if self._first else []:
            for key in _object(text) or {}:
                self._add(self._spelled(key))
        for column in contract.columns:
            self._add(column.name)

    @property
    def present(self) -> set[str] | None:
        """The keys that came so far, or None when no line was an object yet."""
        return set(self._names.values()) or None

    def _spelled(self, key: str) -> str:
        if (name := self._names.get(key)) is None:
            name = spelled(key)
            if len(self._names) <= MOST_COLUMNS:
                self._names[key] = name
        return name

    def _add(self, name: str) -> None:
        """A column, unless the same one is there by another name."""
        place = self._places.get(self._resolved.get(name, name), len(self.header))
        if name not in self._resolved and place >= MOST_COLUMNS // 2:
            return
        if place == len(self.header):
            self.header.append(name)
        self._places |= {name: place, self._resolved.get(name, name): place}

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
        for block in chain([self._first] if self._first else [], self._blocks):
            self._first = None
            raw = Raw(bad=[Refused(n, [], "", code, t) for n, t, code in block.unusable])
            for number, text in zip(block.numbers, block.texts, strict=True):
                if text and not text.isspace():
                    self._place(number, text, raw)
            self._mark_cut(raw)
            yield raw
        if self.lines.damaged:
            self.problem = "file_cut"

    def _place(self, number: int, text: str, raw: Raw) -> None:
        row = _object(text)
        if row is None:
            raw.bad.append(Refused(number, [], "", "json_invalid", text))
            return
        cells = [""] * len(self.header)
        for key, value in row.items():
            name = self._spelled(key)
            place = self._places.get(name, self._places.get(self._resolved.get(name, "")))
            if place is not None:
                cells[place] = as_text(value)
        raw.lines.append(number)
        raw.rows.append(cells)

    def _mark_cut(self, raw: Raw) -> None:
        for refused in raw.bad:
            if self.lines.cut and refused.line == self.lines.count:
                refused.code, self.problem = "row_cut", "file_cut"


def _object(text: str) -> dict[str, Any] | None:
    """A line's JSON object, or None when it is none."""
    try:
        row = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


class Sheet:
    """The first sheet of a workbook. Formulas count as the value that was saved with them; where none was, it
    is noticed, since the cell looks empty.
    """

    encodings: dict[str, int] = {}
    encoding: str | None = None
    present: set[str] | None = None

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        import openpyxl

        self.noticed = {"formula_without_value": packing.check_workbook(path, limits)}
        self.problem: str | None = None
        try:
            self._book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            rows = self._book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS + 1)
            self._rows = enumerate(rows, 1)
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
    """A Parquet file, read a row group at a time; texts stay as a dictionary of their different values."""

    encodings: dict[str, int] = {}
    encoding: str | None = None
    present: set[str] | None = None

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        import pyarrow
        import pyarrow.parquet as pq

        self.problem: str | None = None
        self.noticed: dict[str, int] = {}
        try:
            self._file = pq.ParquetFile(path)
            self.header = list(self._file.schema_arrow.names)
            self._file = pq.ParquetFile(path, read_dictionary=self._texts(pyarrow), pre_buffer=False)
        except (pyarrow.ArrowException, OSError):
            raise Unreadable("parquet_unreadable") from None
        groups = [self._file.metadata.row_group(i) for i in range(self._file.metadata.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > limits.unpacked:
            raise Unreadable("too_large_unpacked")
        if any(group.total_byte_size > limits.group for group in groups):
            raise Unreadable("row_group_too_large", str(limits.group))

    def _texts(self, pyarrow: Any) -> list[str]:
        kinds = {pyarrow.string(), pyarrow.large_string()}
        return [f.name for f in self._file.schema_arrow if f.type in kinds]

    def batches(self) -> Iterator[Raw]:
        """The rows, some thousand at a time."""
        import pyarrow

        number = 1
        try:
            for batch in self._file.iter_batches(batch_size=ROWS):
                columns = [self._cells(pyarrow, column) for column in batch.columns]
                rows = [list(row) for row in zip(*columns, strict=True)]
                yield Raw(list(range(number, number + len(rows))), rows)
                number += len(rows)
        except (pyarrow.ArrowException, OSError):
            self.problem = "file_cut"

    def _cells(self, pyarrow: Any, column: Any) -> list[str]:
        """A batch's cells; what comes again and again is one text in memory, however long it is."""
        if not isinstance(column, pyarrow.DictionaryArray):
            return [as_text(v) for v in column.to_pylist()]
        used = column.indices.unique().drop_null()
        known = dict(
            zip(used.to_pylist(), map(as_text, column.dictionary.take(used).to_pylist()), strict=True)
        )
        return ["" if i is None else known[i] for i in column.indices.to_pylist()]


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
            return _number(value)
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


def _number(value: float) -> str:
    """Whole numbers without a point; beyond 15 digits the rest is noise and must not pass for a number."""
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < 1e15 else f"{value:.14E}"
