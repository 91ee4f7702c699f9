"""The search index of standard addresses: one SQLite file, built offline, read in every warm function.

Texts are cut into overlapping pairs before SQLite sees them (``季华五路10号`` becomes ``季华 华5 5路 路10 10号``, a
number counting as one character), so that two characters and more are found wherever they stand. Row ids
follow the natural order of addresses, so results come sorted and a search stops as soon as it has enough.
"""

import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

FORMAT: Final = "1"
_UNITS = re.compile(r"[a-z]+|\d+|[\u3400-\u9fff\U00020000-\U0003ffff]")


class Building(NamedTuple):
    """A row of ``buildings``."""

    id: int
    code: str
    town: str
    community: str
    grid: str
    line: str
    front: str
    key: str
    rooms: int
    lon: float
    lat: float


def area_word(code: str) -> str:
    """The word by which the index knows a district, town or community."""
    return {6: "d", 9: "t", 12: "c"}[len(code)] + code


def has_fts5() -> bool:
    """Whether this SQLite can make and read full-text tables."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5(x)")
        except sqlite3.OperationalError:
            return False
    return True


def pairs(text: str) -> list[str]:
    """Overlapping pairs of the units (a character, a number, a Latin word) of a canonical text."""
    units = _UNITS.findall(text)
    return units if len(units) < 2 else [a + b for a, b in pairwise(units)]


class Index:
    """An index opened for reading."""

    def __init__(self, path: Path, *, fts: bool | None = None) -> None:
        """Open the file; raises ``sqlite3.DatabaseError`` when it is none of ours.

        Without FTS5 in this SQLite (or with ``fts=False``) texts are found by scanning instead: the
        same answers for plain texts, more slowly.
        """
        self.connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            self.about = self._about()
        except sqlite3.DatabaseError:
            self.close()
            raise
        self.fts = has_fts5() if fts is None else fts

    def _about(self) -> dict[str, str]:
        about = dict(self.connection.execute("SELECT name, value FROM about"))
        if about.get("format") != FORMAT:
            raise sqlite3.DatabaseError("the index has another format")
        return about

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _buildings(self, where: str, *values: str | int) -> list[Building]:
        # Only constant text of this module reaches the statement; what was typed is always bound.
        found = self.connection.execute(f"SELECT b.* FROM buildings b {where}", values)
        return [Building(*row) for row in found]

    def containing(self, text: str, area: str | None, limit: int) -> list[Building]:
        """Buildings whose place contains the canonical text, those that begin with it first.

        ``area``: the code of a district, town or community to stay within. At most ``limit``.
        """
        if not self.fts:
            return self._scan(text, area, limit)
        if not (phrase := _phrase(text)):
            return []
        within = f" AND area : {area_word(area)}" if area else ""
        first = self._match(f"place : ^ {phrase}{within}", limit)
        if len(first) == limit:
            return first
        seen = {building.id for building in first}
        more = self._match(f"{phrase}{within}", limit + len(first))
        return (first + [building for building in more if building.id not in seen])[:limit]

    def with_all(self, text: str, area: str | None, limit: int) -> list[Building]:
        """Buildings that contain every pair of the canonical text somewhere, in place or area."""
        words = sorted(set(pairs(text)))
        if not self.fts or not words:
            return []
        terms = [f'"{word}"' for word in words] + ([f"area : {area_word(area)}"] if area else [])
        return self._match(" AND ".join(terms), limit)

    def _match(self, expression: str, limit: int) -> list[Building]:
        return self._buildings(
            "JOIN search s ON s.rowid = b.id WHERE search MATCH ? ORDER BY s.rowid LIMIT ?", expression, limit
        )

    def _scan(self, text: str, area: str | None, limit: int) -> list[Building]:
        return self._buildings(
            "WHERE instr(b.key, ?) > 0 AND substr(b.community, 1, ?) = ? "
            "ORDER BY instr(b.key, ?) > 1, b.id LIMIT ?",
            text, len(area or ""), area or "", text, limit,
        )  # fmt: skip

    def by_key(self, key: str, area: str) -> list[Building]:
        """Buildings with this normal form in the area."""
        return self._buildings("WHERE b.key = ? AND substr(b.community, 1, ?) = ?", key, len(area), area)

    def by_front(self, front: str, area: str) -> list[Building]:
        """Buildings with this road and number in the area, at most 60."""
        return self._buildings(
            "WHERE b.front = ? AND substr(b.community, 1, ?) = ? LIMIT 60", front, len(area), area
        )

    def by_code(self, code: str) -> Building | None:
        """The building with this code, or None."""
        return next(iter(self._buildings("WHERE b.code = ?", code)), None)

    def room(self, building: str, room: str) -> str | None:
        """The address code of a room of the building, or None."""
        statement = "SELECT code FROM rooms WHERE building = ? AND room = ?"
        found = self.connection.execute(statement, (building, room)).fetchone()
        return str(found[0]) if found else None

    def grids(self, community: str) -> list[str]:
        """The grids of the community in which standard buildings stand."""
        statement = "SELECT DISTINCT grid FROM buildings WHERE community = ? ORDER BY grid"
        return [row[0] for row in self.connection.execute(statement, (community,))]


def _phrase(text: str) -> str:
    """An FTS5 phrase of the text's pairs; a number at its end may go on (``10`` finds ``101``).

    Units are letters and digits only, so nothing of FTS5's query language gets through.
    """
    words = pairs(text)
    open_end = bool(words) and words[-1][-1].isascii()
    return f'"{" ".join(words)}"' + (" *" if open_end else "") if words else ""
