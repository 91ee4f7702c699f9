"""Making the search index of an address list, offline. See ``index`` for what it holds."""

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
from typing import IO, Final

from chalicelib.places import address, divisions
from chalicelib.places.index import FORMAT, Building, area_word, has_fts5, pairs
from chalicelib.places.model import COMMUNITY_DIGITS, OFF_LIST

COLUMNS: Final = (
    "address_code", "town", "community", "grid", "building_code", "road", "number", "building", "room",
    "line", "lon", "lat",
)  # fmt: skip
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


class BadList(ValueError):
    """The address list cannot be indexed; the text says which column or line is wrong."""


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
            codes = [area_word(code) for code in chain]
            area = [*pairs(address.canonical(names)), *codes]
            yield building.id, " ".join(pairs(building.key)), " ".join(area)


def _near(lon: str, lat: str) -> bool:
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        return False
    box = divisions.box(divisions.CITY.code)
    return box.west - 0.1 <= x <= box.east + 0.1 and box.south - 0.1 <= y <= box.north + 0.1
