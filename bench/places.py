"""How fast a warm function finds addresses, against a plain ``LIKE`` scan of the same SQLite file."""

import csv
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.figures import Figure, say
from chalicelib.places import divisions, service
from chalicelib.places.index import Index
from chalicelib.places.listing import COLUMNS, build
from chalicelib.places.model import Division

ROWS = 100_000
SEED = 7
QUERIES = 400
_ROADS = (
    "季华五路",
    "季华四路",
    "岭南大道北",
    "汾江中路",
    "祖庙路",
    "人民路",
    "文华路",
    "南海大道北",
    "桂澜路",
    "环市路",
)
_ENDINGS = ("大道", "中路", "东街", "西街", "新村一巷", "新村二巷", "工业路", "直街", "一路", "二路")


def address_rows(rows: int, rooms: int, seed: int = SEED) -> Iterator[list[str]]:
    """Standard addresses over all communities: ``rooms`` rooms to a building, the same for the same seed."""
    dice = random.Random(seed)
    towns = [d for district in divisions.children("440600") for d in divisions.children(district.code)]
    communities = [c for town in towns for c in divisions.children(town.code)]
    for place in range(-(-rows // rooms)):
        community = communities[place % len(communities)]
        number = place // len(communities) + 1
        road = dice.choice(_ROADS) if dice.random() < 0.3 else community.name[:2] + dice.choice(_ENDINGS)
        yield from _building(community, number, road, min(rooms, rows - place * rooms))


def _building(community: Division, number: int, road: str, rooms: int) -> Iterator[list[str]]:
    town = divisions.find(community.parent)
    district = divisions.find(community.code[:6])
    assert town and district
    grid = f"{community.code}{number % 3 + 1:03d}"
    code = f"{grid}{number:05d}"
    line = f"佛山市{district.name}{town.name}{road}{number}号"
    for place in range(rooms):
        floor, room = place // 10 + 1, place % 10 + 1
        yield [
            f"{code}{floor:02d}{room:02d}", town.code, community.code, grid, code, road, str(number), "",
            f"{floor}{room:02d}", line, "113.1", "23.0",
        ]  # fmt: skip


def write_list(path: Path, rows: int, rooms: int) -> None:
    """Write such an address list as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(address_rows(rows, rooms))


def _questions(connection: sqlite3.Connection) -> list[str]:
    """Pieces of random buildings' addresses, 2 to 8 characters, as somebody types them."""
    dice = random.Random(SEED)
    lines = [row[0] for row in connection.execute("SELECT key FROM buildings")]
    pieces = []
    for line in dice.choices(lines, k=QUERIES):
        start = dice.choice((0, 0, dice.randrange(max(1, len(line) - 2))))
        pieces.append(line[start : start + dice.randint(2, 8)])
    return [piece for piece in pieces if len(piece) >= 2]


def _times(act: Callable[[str], object], questions: list[str]) -> list[float]:
    spent = []
    for question in questions:
        start = time.perf_counter()
        act(question)
        spent.append((time.perf_counter() - start) * 1000)
    return sorted(spent)


def _scan(connection: sqlite3.Connection) -> Callable[[str], object]:
    statement = "SELECT * FROM buildings WHERE key LIKE ? ORDER BY id"
    return lambda text: connection.execute(statement, (f"%{text}%",)).fetchmany(20)


def _ask(index: Index, text: str) -> object:
    return service.search_in(index, text, None, 20)


def _measured(name: str, path: Path) -> list[Figure]:
    index = Index(path)
    with closing(sqlite3.connect(path)) as connection:
        questions = _questions(connection)
        scan = _scan(connection)
        ask = partial(_ask, index)
        _times(ask, questions[:20]), _times(scan, questions[:20])
        ours, plain = _times(ask, questions), _times(scan, questions)
        road, road_plain = _times(ask, ["季华五路"] * 200), _times(scan, ["季华5路"] * 200)
    index.close()
    return [
        _line(f"{name} 季华五路 median", road, road_plain, 0.5),
        _line(f"{name} 季华五路 p99", road, road_plain, 0.99),
        _line(f"{name} random text median", ours, plain, 0.5),
        _line(f"{name} random text p99", ours, plain, 0.99),
    ]


def _line(name: str, ours: list[float], plain: list[float], share: float) -> Figure:
    def at(times: list[float]) -> float:
        return statistics.median(times) if share == 0.5 else times[int(len(times) * share)]

    return Figure(f"places.{name}", at(ours), "ms", "SQL LIKE scan", at(plain))


def run() -> list[Figure]:
    """Search in 100,000 rooms (20 a building), and in 100,000 buildings with one room each."""
    lines: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, rooms in (("search 100k rooms", 20), ("search 100k buildings", 1)):
            say(f"places: {name}")
            source, target = Path(folder, "list.csv"), Path(folder, f"{rooms}.sqlite")
            write_list(source, ROWS, rooms)
            build(source, target, "2026-11-23T00:00:00+08:00")
            lines += _measured(name, target)
    return lines
