"""Writing a whole city: parts made by one or more workers, files grown in order."""

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
from simulation.departments import deliver
from simulation.extracts import REGISTER, SOURCES, delivering
from simulation.formats import File, Part

SLOW = 2.0
WRITTEN = ("inbox", "truth")
ADDRESSES_AT_ONCE = 100_000
BESIDES = {
    "addresses": "csv.gz",
    "staff": "csv",
    "live_people": "csv",
    "truth/people": "parquet",
    "truth/links": "parquet",
    "truth/unregistered": "csv",
    "truth/lookalikes": "csv",
}
# The workers make and drop arrays of about a megabyte all the time: without these, glibc hands each back to the kernel.
WORKER_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "200000000",
    "MALLOC_TRIM_THRESHOLD_": "800000000",
    "MALLOC_TOP_PAD_": "67108864",
}


@dataclass(frozen=True)
class Options:
    """Where and how a city is written."""

    out: Path
    flat: bool = False
    mixed: bool = False
    workers: int = 0  # 0: two if there are as many processors and chunks
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class Work:
    """What a worker needs to make any part of the city."""

    plan: Plan
    kinds: dict[str, str]


@dataclass(frozen=True)
class Made:
    """Parts for some files, and for a chunk also its people, all and by community."""

    parts: dict[str, Part]
    people: int = 0
    present: tuple[int, ...] = ()


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
    kinds = {name: _kind(name, plan, options) for name in _names(plan, options)}
    files = {name: formats.opened(_path(name, kind, plan, options), kind) for name, kind in kinds.items()}
    present: tuple[int, ...] = ()
    done = 0
    for made in _made(Work(plan, kinds), options.workers):
        for name, more in made.parts.items():
            files[name].add(more)
        if made.people:
            present = tuple(map(sum, zip(present, made.present, strict=True))) if present else made.present
            done += made.people
        progress.at(f"  {done:,} of {plan.people:,} people, {files['addresses'].rows:,} addresses written")
    _finish(plan, files, kinds, present)
    rows = {name: file.rows for name, file in files.items()}
    _summary(plan, options, rows, sum(present))
    return rows


def _finish(plan: Plan, files: dict[str, File], kinds: dict[str, str], present: tuple[int, ...]) -> None:
    tables = {**feeds.counts(plan, present), "staff": staff.roster(plan)}
    for name, table in tables.items():
        if name in files:
            files[name].add(formats.part(table, kinds[name]))
    for file in files.values():
        file.close()


def clear(options: Options) -> None:
    """Remove what an earlier run wrote to the same folder, and nothing else."""
    for name in WRITTEN:
        shutil.rmtree(options.out / name, ignore_errors=True)
    for source in (REGISTER, *SOURCES):
        (options.out / f"{source.name}.csv").unlink(missing_ok=True)


def _names(plan: Plan, options: Options) -> list[str]:
    sources = [source.name for source in delivering(plan)]
    return [*BESIDES, *sources, *(() if options.flat else feeds.FEEDS)]


def _kind(name: str, plan: Plan, options: Options) -> str:
    kind = formats.MIXED.get(name, "csv") if options.mixed and not options.flat else "csv"
    if kind == "xlsx" and plan.people > 5 * formats.SPREADSHEET_ROWS:
        kind = "csv"
    return BESIDES.get(name, kind)


def _path(name: str, kind: str, plan: Plan, options: Options) -> Path:
    file = f"{name}.{formats.ENDINGS.get(kind, kind)}"
    if name in BESIDES or options.flat:
        return options.out / file
    return options.out / "inbox" / name / plan.on.isoformat() / file


class Workshop:
    """One worker's own copy of the city."""

    def __init__(self, work: Work) -> None:
        self.city, self.kinds = City(work.plan), work.kinds

    @property
    def tasks(self) -> int:
        """How many tasks the city takes: its chunks, then its addresses."""
        return self.city.plan.chunks + -(-self.city.places.buildings.rooms // ADDRESSES_AT_ONCE)

    def make(self, task: int) -> Made:
        """The parts of one task."""
        if task >= self.city.plan.chunks:
            first = (task - self.city.plan.chunks) * ADDRESSES_AT_ONCE
            table = self.city.places.table(first, first + ADDRESSES_AT_ONCE)
            return Made({"addresses": formats.part(table, self.kinds["addresses"])})
        delivery = deliver(self.city.chunk(task))
        parts = {name: formats.part(table, self.kinds[name]) for name, table in delivery.tables.items()}
        return Made(parts, delivery.people, tuple(delivery.present))


def _made(work: Work, workers: int) -> Iterator[Made]:
    """All tasks in order; the same whether one worker makes them or several."""
    count = workers or min(2, os.cpu_count() or 1, work.plan.chunks)
    if count == 1:
        shop = Workshop(work)
        yield from (shop.make(task) for task in range(shop.tasks))
        return
    earlier = {name: os.environ.get(name) for name in WORKER_MEMORY}
    os.environ.update(WORKER_MEMORY)
    try:
        with ProcessPoolExecutor(count, get_context("spawn"), _prepare, (work,)) as pool:
            yield from _in_order(pool, count, pool.submit(_tasks).result())
    finally:
        for name, value in earlier.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_order(pool: ProcessPoolExecutor, count: int, tasks: int) -> Iterator[Made]:
    """Results in the order of the tasks, never more than a few waiting, so that memory stays bounded."""
    waiting: deque[Future[Made]] = deque()
    for task in range(tasks):
        waiting.append(pool.submit(_make, task))
        if len(waiting) > count + 1:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_shop: Workshop | None = None


def _prepare(work: Work) -> None:
    global _shop
    _shop = Workshop(work)


def _own() -> Workshop:
    if _shop is None:
        raise RuntimeError("a worker was asked before it was prepared")
    return _shop


def _tasks() -> int:
    return _own().tasks


def _make(task: int) -> Made:
    return _own().make(task)


def peak_memory(workers: int) -> int:
    """Resident bytes at most: this process's peak and, for each worker, the largest worker's."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child * workers) * 1024


def processor_seconds() -> float:
    """Processor time of this process and its ended workers: what other work on the machine does not stretch."""
    uses = (resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def workers_used(plan: Plan, workers: int) -> int:
    """How many workers beside this process are started."""
    count = workers or min(2, os.cpu_count() or 1, plan.chunks)
    return count if count > 1 else 0


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
