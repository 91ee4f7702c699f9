"""The search index of standard addresses: one SQLite file, built offline, read in every warm function.

Texts are cut into overlapping pairs before SQLite sees them (``季华五路10号`` becomes ``季华 华5 5路 路10 10号``, a
number counting as one character), so that two characters and more are found wherever they stand. Row ids
follow the natural order of addresses, so results come sorted and a search stops as soon as it has enough.
"""

import csv
import gzip
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import IO, Final, NamedTuple

from chalicelib.places import address, divisions
from chalicelib.places.model import COMMUNITY_DIGITS, OFF_LIST

FORMAT: Final = "1"
COLUMNS: Final = (
    "address_code", "town", "community", "grid", "building_code", "road", "number", "building", "room",
    "line", "lon", "lat",
)  # fmt: skip
_UNITS = re.compile(r"[a-z]+|\d+|[\u3400-\u9fff]")
_SCHEMA: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE buildings (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, town TEXT NOT NULL,
  community TEXT NOT NULL, grid TEXT NOT NULL, line TEXT NOT NULL, front TEXT NOT NULL, key TEXT NOT NULL,
  rooms INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL);
CREATE TABLE rooms (building TEXT NOT NULL, room TEXT NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY (building, room)) WITHOUT ROWID;
"""
_INDEXES: Final = """
CREATE INDEX by_key ON buildings (key, town);
CREATE INDEX by_front ON buildings (front, town);
CREATE INDEX by_grid ON buildings (community, grid);
"""
_SEARCH: Final = """CREATE VIRTUAL TABLE search USING fts5
  (place, area, content='', tokenize='unicode61 remove_diacritics 0', prefix='2 3')"""


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


class BadList(ValueError):
    """The address list cannot be indexed; the text says which column or line is wrong."""


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


def build(source: Path, target: Path, built_at: str) -> dict[str, int | str]:
    """Index an address list (CSV, UTF-8, perhaps gzipped; columns as ``COLUMNS``) into a new file.

    Returns what the manifest says: rows, buildings, rejected rows, time. Rows whose codes do not
    nest are rejected and counted. Raises ``BadList`` for missing columns, and ``RuntimeError``
    when this SQLite has no FTS5: an index is built where it can be searched well.
    """
    if not has_fts5():
        raise RuntimeError("this Python's SQLite has no FTS5: build the index with another one")
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(target)) as connection, _opened(source) as lines:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)
        connection.execute(_SEARCH)
        found = _Buildings()
        rooms = found.read(_rows(lines))
        connection.executemany("INSERT OR IGNORE INTO rooms VALUES (?, ?, ?)", rooms)
        connection.executemany(f"INSERT INTO buildings VALUES ({', '.join('?' * 11)})", found.sorted())
        connection.executemany("INSERT INTO search (rowid, place, area) VALUES (?, ?, ?)", found.texts())
        about: dict[str, int | str] = {"format": FORMAT, "built_at": built_at}
        about |= {"rows": found.rows, "rejected": found.rejected, "buildings": len(found.by_code)}
        connection.executemany("INSERT INTO about VALUES (?, ?)", [(k, str(v)) for k, v in about.items()])
        connection.executescript(_INDEXES + "INSERT INTO search (search) VALUES ('optimize'); ANALYZE;")
        connection.commit()
    return about


def _opened(source: Path) -> IO[str]:
    if source.suffix == ".gz":
        return gzip.open(source, "rt", encoding="utf-8-sig", newline="")
    return source.open(encoding="utf-8-sig", newline="")


def _rows(lines: IO[str]) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(lines)
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
        raise BadList(f"the address list lacks the columns {', '.join(missing)}")
    yield from reader


@lru_cache(maxsize=10_000)
def _label(room: str) -> str:
    return address.parse("", room).room


class _Buildings:
    """Rooms gathered into buildings while the list streams by."""

    def __init__(self) -> None:
        self.by_code: dict[str, Building] = {}
        self.order: dict[str, tuple[str, str, int, str, str]] = {}
        self.rooms: Counter[str] = Counter()
        self.rows = self.rejected = 0

    def read(self, rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str, str]]:
        """Take each row in, and pass on its room."""
        for row in rows:
            if not self._nests(row):
                self.rejected += 1
                continue
            self.rows += 1
            code = row["building_code"]
            if code not in self.by_code:
                self._add(row)
            label = _label(row["room"])
            if label:
                self.rooms[code] += 1
                yield code, label, row["address_code"]

    @staticmethod
    def _nests(row: dict[str, str]) -> bool:
        """Town in community in grid in building in address, the community known, the point within the city."""
        chain = [row[n] for n in ("town", "community", "grid", "building_code", "address_code")]
        known = divisions.community_in(row["community"], row["town"])
        listed = row["grid"][COMMUNITY_DIGITS : COMMUNITY_DIGITS + 1] != OFF_LIST
        nests = all(inner.startswith(outer) for outer, inner in pairwise(chain))
        return known and listed and nests and _near(row["lon"], row["lat"])

    def _add(self, row: dict[str, str]) -> None:
        read = address.parse(f"{row['road']}{row['number']}号{row['building']}")
        if not row["number"]:
            read = address.parse(row["road"] + row["building"])
        code, town = row["building_code"], row["town"]
        self.by_code[code] = Building(
            0, code, town, row["community"], row["grid"], row["line"], read.front, read.key, 0,
            float(row["lon"]), float(row["lat"]),
        )  # fmt: skip
        digits = re.match(r"\d+", read.number)
        self.order[code] = (read.road, town, int(digits[0]) if digits else 0, read.building.zfill(6), code)

    def sorted(self) -> Iterator[Building]:
        """Rows of ``buildings`` by road, town, number and block."""
        for place, code in enumerate(sorted(self.order, key=self.order.__getitem__), start=1):
            yield self.by_code[code]._replace(id=place, rooms=self.rooms[code])

    def texts(self) -> Iterator[tuple[int, str, str]]:
        """Rows of ``search``: the place and the area, cut into pairs; the area's codes as whole words."""
        for building in self.sorted():
            chain = (building.town[:6], building.town, building.community)
            names = "".join(d.name for d in map(divisions.find, chain) if d)
            codes = [_area(code) for code in chain]
            area = [*pairs(address.canonical(names)), *codes]
            yield building.id, " ".join(pairs(building.key)), " ".join(area)


def _near(lon: str, lat: str) -> bool:
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        return False
    box = divisions.box(divisions.CITY.code)
    return box.west - 0.1 <= x <= box.east + 0.1 and box.south - 0.1 <= y <= box.north + 0.1


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
        within = f" AND area : {_area(area)}" if area else ""
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
        terms = [f'"{word}"' for word in words] + ([f"area : {_area(area)}"] if area else [])
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


def _area(code: str) -> str:
    return {6: "d", 9: "t", 12: "c"}[len(code)] + code
