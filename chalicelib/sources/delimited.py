"""CSV, read so that one broken line costs one row."""

import csv
from collections.abc import Iterator
from typing import Final

from chalicelib.sources.checking import Raw, Refused
from chalicelib.sources.lines import Lines
from chalicelib.sources.model import Unreadable

_OPEN_AT_MOST: Final = 50
_OPEN_SIZE: Final = 1 << 20
# A file full of stray quotes is not searched fifty lines ahead of each of them.
_PATIENCE: Final = 1_000
_OPEN_AFTERWARDS: Final = 3
_DELIMITERS: Final = (",", "\t", ";", "|")
csv.field_size_limit(8 << 20)


class Delimited:
    """A CSV file. The header is the first line that is not empty."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.problem: str | None = None
        self.present: set[str] | None = None
        self.noticed: dict[str, int] = {}
        self.delimiter = ","
        self._blocks = iter(lines)
        self._held: list[tuple[int, str]] = []
        self._bad: list[Refused] = []
        self._unclosed = 0
        self.header = self._read_header()

    @property
    def encodings(self) -> dict[str, int]:
        """Lines by encoding."""
        return dict(self.lines.encodings)

    @property
    def encoding(self) -> str | None:
        """The encoding of most lines."""
        return self.lines.encoding

    def _read_header(self) -> list[str]:
        while self._next_block():
            for place, (_, text) in enumerate(self._held):
                if text.strip(" ,;\t"):
                    del self._held[: place + 1]
                    return self._split_header(text)
            self._held = []
        raise Unreadable("header_undecodable" if self._bad else "file_empty")

    def _split_header(self, text: str) -> list[str]:
        self.delimiter = max(_DELIMITERS, key=text.count)
        header = self._cells(text)
        while header and not header[-1].strip():
            header.pop()
        return header

    def _next_block(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        if self.lines.broken_off:  # Then this block is the half line at the end.
            self._bad += [
                Refused(n, [], "", "row_cut", t) for n, t in zip(block.numbers, block.texts, strict=True)
            ]
        else:
            self._held += zip(block.numbers, block.texts, strict=True)
        self._bad += [Refused(n, [], "", code, text) for n, text, code in block.unusable]
        return True

    def batches(self) -> Iterator[Raw]:
        """The rows, some thousand at a time; a row with too few or too many cells is refused."""
        more = True
        while more:
            raw = Raw(bad=self._bad)
            self._bad = []
            self._take(raw, at_end=False)
            more = self._next_block()
            if not more:
                self._take(raw, at_end=True)
                self._mark_cut(raw)
            yield raw

    def _take(self, raw: Raw, at_end: bool) -> None:
        held, self._held = self._held, []
        if at_end or not self._take_plain(held, raw):
            self._held = self._take_quoted(held, raw, at_end)

    def _take_plain(self, held: list[tuple[int, str]], raw: Raw) -> bool:
        """The fast way: as many rows as lines. Refuses where a quoted cell spans lines or is open."""
        filled = [(n, t) for n, t in held if t and not t.isspace()]
        try:
            rows = list(csv.reader((t for _, t in filled), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return False
        if len(rows) != len(filled):
            return False
        for (number, _), row in zip(filled, rows, strict=True):
            self._place(number, row, raw)
        return True

    def _place(self, number: int, row: list[str], raw: Raw) -> None:
        width = len(self.header)
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) == width:
            raw.lines.append(number)
            raw.rows.append(row)
        else:
            extra = self.delimiter.join(row[width:])
            raw.bad.append(Refused(number, row[:width], "", "column_count", extra))

    def _take_quoted(self, held: list[tuple[int, str]], raw: Raw, at_end: bool) -> list[tuple[int, str]]:
        """Line by line: joins a quoted cell's lines, and gives up on a quote that never closes."""
        place = 0
        while place < len(held):
            number, text = held[place]
            size = self._record_size(held, place)
            if size:
                text = "\n".join(t for _, t in held[place : place + size])
                if text and not text.isspace():
                    self._place(number, self._cells(text), raw)
            elif at_end or len(held) - place > self._reach:
                self._unclosed += 1
                raw.bad.append(Refused(number, [], "", "quote_unclosed", text))
                size = 1
            else:
                return held[place:]
            place += size
        return []

    def _record_size(self, held: list[tuple[int, str]], place: int) -> int:
        """How many lines the record takes that begins there; 0 when its quote is not closed in reach."""
        text = ""
        for size in range(1, min(self._reach, len(held) - place) + 1):
            text += ("\n" if size > 1 else "") + held[place + size - 1][1]
            if not _is_open(text, self.delimiter):
                return size
            if len(text) > _OPEN_SIZE:
                break
        return 0

    @property
    def _reach(self) -> int:
        return _OPEN_AT_MOST if self._unclosed < _PATIENCE else _OPEN_AFTERWARDS

    def _cells(self, text: str) -> list[str]:
        """The cells of a record; a lone carriage return in it is a space, not the end of a line."""
        for tried in (text, text.replace("\r", " ")):
            try:
                return next(csv.reader([tried], delimiter=self.delimiter), [])
            except csv.Error:
                continue
        return [text]

    def _mark_cut(self, raw: Raw) -> None:
        """Name a file that broke off: a gzip without its end, or a last line that is no whole row."""
        if self.lines.damaged:
            self.problem = "file_cut"
        if self.lines.cut:
            for refused in raw.bad:
                if refused.line == self.lines.count or refused.code == "quote_unclosed":
                    refused.code, self.problem = "row_cut", "file_cut"


def _is_open(text: str, delimiter: str) -> bool:
    if text.count('"') % 2 == 0:
        return False
    try:
        next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
