"""Writing a whole city: chunks made by one or more workers, files grown in order."""

import json
import os
import resource
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from simulation import feeds, formats, staff
from simulation.city import City, Plan
from simulation.departments import Delivery, deliver
from simulation.extracts import REGISTER, SOURCES
from simulation.formats import Growing, Spreadsheet

SLOW = 2.0
WRITTEN = ("inbox", "truth")


@dataclass(frozen=True)
class Options:
    """Where and how a city is written."""

    out: Path
    flat: bool = False
    mixed: bool = False
    workers: int = 0  # 0: as many as there are processors and chunks, at most 2
    say: Callable[[str], None] = print


class Progress:
    """A line for each stage that takes more than two seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._last = say, time.monotonic()

    def at(self, line: str) -> None:
        """Say the line if two seconds have passed since the last one."""
        if time.monotonic() - self._last >= SLOW:
            self._say(line)
            self._last = time.monotonic()


def write(plan: Plan, options: Options) -> dict[str, int]:
    """Write the city; what was there of an earlier one is replaced. Returns rows by file."""
    progress = Progress(options.say)
    clear(options)
    city = City(plan)
    progress.at(f"  {len(city.places.buildings):,} buildings, {len(city.employers):,} employers")
    files = _open(plan, options, city)
    present: list[int] = []
    done = 0
    for delivery in _deliveries(city, options.workers):
        _add(files, delivery)
        present = [a + b for a, b in zip(present or [0] * len(delivery.present), delivery.present, strict=True)]
        done += delivery.people.num_rows
        progress.at(f"  {done:,} of {plan.people:,} people written")
    if not options.flat:
        for name, table in feeds.counts(plan, present).items():
            files[name].add(table)
    for table in city.places.table():
        files["addresses"].add(table)
        progress.at(f"  {files['addresses'].rows:,} of {city.places.buildings.rooms:,} addresses written")
    files["staff"].add(staff.roster(plan))
    for file in files.values():
        file.close()
    rows = {name: file.rows for name, file in files.items()}
    _summary(plan, options, rows, sum(present))
    return rows


def clear(options: Options) -> None:
    """Remove what an earlier run wrote to the same folder, and nothing else."""
    for name in WRITTEN:
        shutil.rmtree(options.out / name, ignore_errors=True)
    for source in (REGISTER, *SOURCES):
        (options.out / f"{source.name}.csv").unlink(missing_ok=True)


def _open(plan: Plan, options: Options, city: City) -> dict[str, Growing | Spreadsheet]:
    out = options.out
    files: dict[str, Growing | Spreadsheet] = {
        "addresses": Growing(out / "addresses.csv.gz", "csv.gz"),
        "staff": Growing(out / "staff.csv", "csv"),
        "live_people": Growing(out / "live_people.csv", "csv"),
        "truth/people": Growing(out / "truth" / "people.parquet", "parquet"),
        "truth/links": Growing(out / "truth" / "links.parquet", "parquet"),
        "truth/unregistered": Growing(out / "truth" / "unregistered.csv", "csv"),
        "truth/lookalikes": Growing(out / "truth" / "lookalikes.csv", "csv"),
    }
    names = [source.name for source in (REGISTER, *SOURCES)]
    for name in names if options.flat else [*names, *feeds.FEEDS]:
        kind = formats.MIXED.get(name, "csv") if options.mixed and not options.flat else "csv"
        if kind == "xlsx" and plan.people > 5 * formats.SPREADSHEET_ROWS:
            kind = "csv"
        folder = out if options.flat else out / "inbox" / name / plan.on.isoformat()
        path = folder / f"{name}.{formats.ENDINGS.get(kind, kind)}"
        files[name] = Spreadsheet(path) if kind == "xlsx" else Growing(path, kind)
    return files


def _add(files: dict[str, Growing | Spreadsheet], delivery: Delivery) -> None:
    for name, table in delivery.sources.items():
        files[name].add(table)
    files["truth/people"].add(delivery.people)
    files["truth/links"].add(delivery.links)
    files["truth/unregistered"].add(delivery.unregistered)
    files["truth/lookalikes"].add(delivery.lookalikes)
    files["live_people"].add(delivery.live)


def _deliveries(city: City, workers: int) -> Iterator[Delivery]:
    """The chunks in order; the same whether one worker makes them or several."""
    chunks = city.plan.chunks
    count = workers or min(2, os.cpu_count() or 1, chunks)
    if count == 1:
        for index in range(chunks):
            yield deliver(city.chunk(index))
        return
    with ProcessPoolExecutor(count, get_context("spawn"), _prepare, (city.plan,)) as pool:
        waiting: deque[Future[Delivery]] = deque()
        for index in range(chunks):
            waiting.append(pool.submit(_make, index))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_city: City | None = None


def _prepare(plan: Plan) -> None:
    global _city
    _city = City(plan)


def _make(index: int) -> Delivery:
    assert _city is not None
    return deliver(_city.chunk(index))


def peak_memory() -> int:
    """The largest resident size of this process and of its largest child, together, in bytes."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024


def _summary(plan: Plan, options: Options, rows: dict[str, int], present: int) -> None:
    facts = {
        "people": plan.people,
        "seed": plan.seed,
        "on": plan.on.isoformat(),
        "registered": plan.registered,
        "in_city": present,
        "rows": rows,
    }
    path = options.out / "summary.json"
    path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
