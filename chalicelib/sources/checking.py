"""Rows against a contract: what is kept of each, which are unusable and why. Pure.

Batches are checked a column at a time: most columns hold few different values, so that each is
judged once and looked up afterwards.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from chalicelib.sources import numbers, values
from chalicelib.sources.model import Column, Contract
from chalicelib.sources.values import Judge, Judged, Regions, Value

_REMEMBERED: Final = 50_000


@dataclass(slots=True)
class Refused:
    """A row that cannot be used: as it came, with the column and the code of its first problem."""

    line: int
    cells: list[str]
    column: str
    code: str
    extra: str = ""


@dataclass(slots=True)
class Raw:
    """Rows as read from a file: cells in the header's order, and those that could not be read."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    bad: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class Checked:
    """Accepted rows as columns of equal length, the refused ones, and what was left out of the former."""

    columns: dict[str, list[Value]]
    refused: list[Refused]
    warnings: Counter[str]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


class _Reader:
    """Judges one column, remembering the values that it saw where they come again and again."""

    def __init__(self, column: Column, judge: Judge) -> None:
        self.column = column
        self.judge = judge
        self.remembers = column.type in values.REPEATING
        self.known: dict[str, Judged] = {"": (None, None)}

    def read(self, raw: str) -> Judged:
        found: Judged = (None, None) if raw.isspace() else self.judge(raw)
        if self.remembers and len(self.known) < _REMEMBERED:
            self.known[raw] = found
        return found


class Checker:
    """Checks the rows of one file; ``names`` are its columns by the contract's names (``headers.read_header``)."""

    def __init__(self, contract: Contract, names: list[str], regions: Regions, day: date) -> None:
        self.contract = contract
        self.day = day
        self.names = names
        known = {c.name: c for c in contract.columns}
        self.unknown = [n for n in self.names if n not in known]
        self.readers = [
            (place, _Reader(known[n], values.judge_for(known[n], regions)))
            for place, n in enumerate(self.names)
            if n in known
        ]
        self.absent = [c for c in contract.columns if c.name not in self.names]

    def check(self, raw: Raw) -> Checked:
        """What is kept of the rows and which are refused; every row is in exactly one of both."""
        warnings: Counter[str] = Counter()
        wrong: dict[int, tuple[str, str]] = {}
        columns: dict[str, list[Value]] = {}
        cells = list(zip(*raw.rows, strict=True)) if raw.rows else [()] * len(self.names)
        for place, reader in self.readers:
            if reader.column.type == "id_number":
                columns["id_valid"] = []
            made = _column(reader, cells[place], wrong, warnings, columns.get("id_valid"))
            columns[reader.column.name] = made
        for column in self.absent:
            columns[column.name] = [None] * len(raw.rows)
        if self.contract.kind == "people":
            self._look_ahead(columns, warnings)
            _mend(columns, warnings)
        refused = [Refused(raw.lines[i], raw.rows[i], c, code) for i, (c, code) in sorted(wrong.items())]
        if wrong:
            keep = [i for i in range(len(raw.rows)) if i not in wrong]
            columns = {n: [column[i] for i in keep] for n, column in columns.items()}
        return Checked(columns, [*raw.bad, *refused], warnings)

    def _look_ahead(self, columns: dict[str, list[Value]], warnings: Counter[str]) -> None:
        """Say when a file's dates cannot be: seen after the file was made."""
        late = sum(isinstance(v, date) and v > self.day for v in columns["seen_on"])
        if late:
            warnings["date_in_future"] += late


def _mend(columns: dict[str, list[Value]], warnings: Counter[str]) -> None:
    """Mend numbers with one wrong character where that is proven; ``id_sent`` keeps what was written.

    ``id_valid`` becomes true for a mended number: it names a person, and is marked.
    """
    ids, valid = columns["id_number"], columns["id_valid"]
    sent: list[Value] = [None] * len(ids)
    columns["id_sent"] = sent
    for place, (number, good) in enumerate(zip(ids, valid, strict=True)):
        if good or not isinstance(number, str):
            continue
        born, sex = columns["birth_date"][place], columns["sex"][place]
        made = numbers.mended(number, born if isinstance(born, date) else None, str(sex) if sex else None)
        if made:
            ids[place], valid[place], sent[place] = made, True, number
            warnings["id_number_mended"] += 1


def _column(
    reader: _Reader,
    cells: tuple[str, ...],
    wrong: dict[int, tuple[str, str]],
    warnings: Counter[str],
    valid: list[Value] | None,
) -> list[Value]:
    """Judge a column; for identity numbers ``valid`` is told of each whether it may name a person."""
    column, read, known = reader.column, reader.read, reader.known
    sorting = valid if column.type == "id_number" else None
    made: list[Value] = []
    keep = made.append
    for place, cell in enumerate(cells):
        value, code = known.get(cell) or read(cell)
        keep(value)
        if sorting is not None:
            sorting.append(value is not None and code is None)
        if code is None and (value is not None or not column.required):
            continue
        if column.strict or (column.required and value is None):
            wrong.setdefault(place, (column.name, code or "value_missing"))
        elif code:
            warnings[code] += 1
    return made
