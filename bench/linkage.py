"""The comparison as a command, beside Splink as its pages show it and a bare anti-join of the same files.

`python -m bench.linkage --people 300000 --seed 101 --mix stated` measures another city, `--files` another shape of it:
`city` (all sources), `five` (the register against five sources of 1 to 4 million rows to 5 million), `two` (one source
as long as the register). The anti-join answers far less: it is the least that any comparison must read. Plain Splink is
left out with `--without plain`, and where it does not fit.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from os import getloadavg
from pathlib import Path
from typing import Any

from bench import quality
from bench.city import city
from bench.figures import Figure, NotMeasured, conditions, say
from bench.watched import Watched, watched

SIZES = (60_000,)
SEED, MIX = 100, "stated"
PLAIN_FROM = 2000  # people: with fewer, Splink has too little to estimate a model from
WAYS = {
    "bare": ["-m", "bench.linkage_bare"],
    "plain": ["-m", "bench.linkage_plain"],
    "ours": ["-m", "chalicelib.linkage", "compare"],
}
FILES = {
    "city": [],
    "five": [
        "--registered=0.95",
        "--sources=social_security,employment,health_service,tax,lease_filings",
        "--share=social_security=1.5",
        "--share=tax=1.3",
        "--share=lease_filings=2",
    ],
    "two": ["--registered=1", "--sources=health_service", "--share=health_service=4", "--live=0"],
}
NAMES = {"bare": "bare_duckdb_anti_join", "plain": "plain_splink"}


@dataclass(frozen=True)
class Asked:
    """A city and who compares it."""

    people: int
    seed: int = SEED
    mix: str = MIX
    files: str = "city"
    ways: tuple[str, ...] = tuple(WAYS)


@dataclass(frozen=True)
class Answer:
    """What one way took, and what its answer is worth."""

    way: str
    took: Watched
    quality: dict[str, Any]
    load: float  # of the machine when it began


def run(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Seconds, processor seconds, peak memory, disk, precision and recall, each way in a process of its own."""
    for people in sizes:
        ways = tuple(WAYS) if people >= PLAIN_FROM else ("bare", "ours")
        asked = Asked(people, ways=ways)
        rows, answers = compared(asked)
        yield from figures(asked, rows, answers)


def compared(asked: Asked, keep: Path | None = None) -> tuple[int, dict[str, Answer]]:
    """The rows of a city, and each way's answer. The city is gone at the end of the program."""
    made = city(asked.people, (f"--seed={asked.seed}", f"--mix={asked.mix}", *FILES[asked.files]))
    answers: dict[str, Answer] = {}
    with tempfile.TemporaryDirectory(dir=keep) as folder:
        for way in asked.ways:
            say(f"linkage: {way}, {asked.people:,} people")
            target, load = Path(folder, way), getloadavg()[0]
            took = watched([*WAYS[way], str(made.folder), str(target)], target)
            found = quality.measure(made.folder, target) if (target / "clusters.csv").is_file() else {}
            answers[way] = Answer(way, took, found, load)
            if keep and way != "bare":
                (keep / f"{way}.quality.json").write_text(json.dumps(found, ensure_ascii=False), "utf-8")
            shutil.rmtree(target)
    rows = next(answer.quality["rows"]["in_truth"] for answer in answers.values() if answer.quality)
    return rows, answers


def figures(asked: Asked, rows: int, answers: dict[str, Answer]) -> Iterator[Figure]:
    """Ours beside each other way; raises ``NotMeasured`` when rows were lost."""
    ours = answers["ours"]
    if ours.quality["rows"]["lost"] or ours.quality["rows"]["twice_or_unknown"]:
        raise NotMeasured(f"rows were lost or doubled: {ours.quality['rows']}")
    name = f"linkage.{asked.people}" if asked.files == "city" else f"linkage.{asked.files}.{asked.people}"
    for way, baseline in NAMES.items():
        if way not in answers:
            continue
        other = answers[way]
        start = name if way == "bare" else f"{name}.beside_plain"
        yield Figure(f"{start}.time", ours.took.seconds, "s", baseline, other.took.seconds)
        yield Figure(f"{start}.cpu", ours.took.cpu, "s", baseline, other.took.cpu)
        yield Figure(f"{start}.rows", rows / ours.took.seconds, "rows/s", baseline, rows / other.took.seconds)
        yield Figure(f"{start}.memory", ours.took.peak_mb, "MB", baseline, other.took.peak_mb)
        yield Figure(f"{start}.disk", ours.took.disk_mb, "MB", baseline, other.took.disk_mb)
        yield from _worth(start, baseline, ours, other)
    yield from _goals(name, ours)


def _worth(start: str, baseline: str, ours: Answer, other: Answer) -> Iterator[Figure]:
    if not other.quality:
        return
    mine, theirs = ours.quality["pairs"], other.quality["pairs"]
    for measure in ("precision", "recall"):
        yield Figure(f"{start}.{measure}", mine[measure] or 0, "share", baseline, theirs[measure] or 0)
    yield Figure(f"{start}.wrong", *_pairs(mine, theirs, "claimed", baseline))
    yield Figure(f"{start}.missed", *_pairs(mine, theirs, "true", baseline))


def _pairs(
    mine: dict[str, Any], theirs: dict[str, Any], of: str, baseline: str
) -> tuple[float, str, str, float]:
    return mine[of] - mine["right"], "pairs", baseline, theirs[of] - theirs["right"]


def _goals(name: str, ours: Answer) -> Iterator[Figure]:
    pairs, found = ours.quality["pairs"], ours.quality.get("unregistered", {})
    yield Figure(f"{name}.precision", pairs["precision"] or 0, "share", "goal", 0.9998)
    yield Figure(f"{name}.recall", pairs["recall"] or 0, "share", "goal", 0.994)
    if found.get("wanted"):
        yield Figure(f"{name}.unregistered.precision", found["precision"] or 0, "share", "goal", 0.99)
        yield Figure(f"{name}.unregistered.recall", found["recall"] or 0, "share", "goal", 0.97)


def main(arguments: list[str] | None = None) -> int:
    """Measure one city as asked, print its figures and keep everything as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.linkage", description=__doc__)
    parser.add_argument("--people", type=int, default=SIZES[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--mix", default=MIX)
    parser.add_argument("--files", choices=FILES, default="city")
    parser.add_argument("--without", choices=("plain", "bare"), action="append", default=[])
    parser.add_argument("--keep", type=Path, help="a folder for each answer's measures")
    chosen = parser.parse_args(arguments)
    ways = tuple(way for way in WAYS if way not in chosen.without)
    asked = Asked(chosen.people, chosen.seed, chosen.mix, chosen.files, ways)
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    for line in conditions():
        print(line, flush=True)
    rows, answers = compared(asked, chosen.keep)
    print(
        f"# {asdict(asked)}, {rows:,} rows, load {[round(a.load, 1) for a in answers.values()]}", flush=True
    )
    for figure in figures(asked, rows, answers):
        print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
