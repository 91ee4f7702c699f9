"""Checking a delivered file row by row, beside a bare read of the same file with pyarrow."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from bench.apart import Spent, spent
from bench.city import city
from bench.figures import Figure, NotMeasured, say

ROWS = 200_000
PEOPLE = 300_000
ROUNDS = 3
SOURCE = "registrations"
_SETUP = """
from datetime import date
from pathlib import Path
from chalicelib.sources import service
from chalicelib.sources.checking import Checker
from chalicelib.sources.reading import open_table
regions, contract = service.regions(), service.contract({source!r})
"""
_OURS = """
table = open_table(Path({path!r}), "csv", False, contract)
checker = Checker(contract, table.header, regions, date(2026, 11, 23))
answer = [0, 0]
for raw in table.batches():
    checked = checker.check(raw)
    answer = [answer[0] + len(checked), answer[1] + len(checked.refused)]
"""
_BARE = "answer = [csv.read_csv({path!r}).num_rows, 0]"


def run(rows: int = ROWS, people: int = PEOPLE) -> Iterator[Figure]:
    """Rows a second and peak memory, each round in processes of their own, by turns."""
    whole = city(people).folder / f"{SOURCE}.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{SOURCE}.csv")
        taken = cut(whole, path, rows)
        say(f"sources: checking {taken:,} rows, {ROUNDS} rounds")
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(spent(_BARE.format(path=str(path)), "from pyarrow import csv"))
            ours.append(spent(_OURS.format(path=str(path)), _SETUP.format(source=SOURCE)))
    if sum(ours[0].answer) != taken:
        raise NotMeasured(f"{sum(ours[0].answer)} of {taken} rows were accepted or refused")
    yield from _figures(taken, ours, bare)


def cut(source: Path, target: Path, rows: int) -> int:
    """Copy the header and the first rows; returns how many there were."""
    with source.open(encoding="utf-8") as read, target.open("w", encoding="utf-8") as write:
        lines = list(islice(read, rows + 1))
        write.writelines(lines)
    return len(lines) - 1


def _figures(rows: int, ours: list[Spent], bare: list[Spent]) -> Iterator[Figure]:
    speed, plain = (median(rows / s.seconds for s in each) for each in (ours, bare))
    yield Figure(f"sources.{rows}.rows", speed, "rows/s", "bare_pyarrow_csv", plain)
    memory, least = (median(s.peak_mb for s in each) for each in (ours, bare))
    yield Figure(f"sources.{rows}.memory", memory, "MB", "bare_pyarrow_csv", least)
