"""The comparison as a command, beside a bare anti-join in DuckDB of the same files.

The anti-join answers less: which rows' ID numbers are not in the register, letter for letter. It is
the least that any comparison must read.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.apart import Spent, spent
from bench.city import city
from bench.figures import Figure, say

SIZES = (20_000, 300_000)
LARGE = 100_000  # From here on a run is long enough to be told from noise.
ROUNDS = 3
_OURS = """
import runpy, sys
sys.argv = ["linkage", "compare", {source!r}, {target!r}]
try:
    runpy.run_module("chalicelib.linkage", run_name="__main__")
except SystemExit as ended:
    if ended.code:
        raise
"""
_BARE = """
import duckdb
import glob
files = [f for f in glob.glob({source!r} + "/*.csv") if not f.endswith("/registrations.csv")]
keep = []
for file in files:
    told = duckdb.execute("DESCRIBE SELECT * FROM read_csv(?, all_varchar=true)", [file]).fetchall()
    if "id_number" in [row[0] for row in told]:
        keep.append(file)
duckdb.execute("COPY (SELECT s.record_id, s.id_number FROM read_csv(?, all_varchar=true, union_by_name=true) s"
    " ANTI JOIN read_csv(?, all_varchar=true) r ON s.id_number = r.id_number) TO '{target}/bare.csv'",
    [keep, {source!r} + "/registrations.csv"])
"""


def run(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Seconds, rows a second and peak memory, each way in a process of its own."""
    for people in sizes:
        made = city(people)
        say(f"linkage: comparing {people:,} people")
        with tempfile.TemporaryDirectory() as target:
            places = {"source": str(made.folder), "target": target}
            bare, ours = [], []
            for _ in range(ROUNDS if people < LARGE else 1):
                bare.append(spent(_BARE.format(**places)))
                ours.append(spent(_OURS.format(**places)))
            rows = json.loads(Path(target, "report.json").read_text("utf-8"))["rows"]["total"]
        yield from _figures(f"linkage.{people}", rows, ours, bare)


def _figures(name: str, rows: int, ours: list[Spent], bare: list[Spent]) -> Iterator[Figure]:
    baseline = "bare_duckdb_anti_join"
    seconds, least = (median(s.seconds for s in each) for each in (ours, bare))
    yield Figure(f"{name}.time", seconds, "s", baseline, least)
    yield Figure(f"{name}.rows", rows / seconds, "rows/s", baseline, rows / least)
    memory, lowest = (median(s.peak_mb for s in each) for each in (ours, bare))
    yield Figure(f"{name}.memory", memory, "MB", baseline, lowest)
