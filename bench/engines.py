"""What the comparison takes on DuckDB and on Spark at several sizes, how far they agree, and what a city, a province and the country would cost.

`python -m bench.engines --sizes 20000,60000,120000 --alone 300000,1000000 --keep build/engines.json` measures and keeps it;
`--from build/engines.json` only calculates. Measured are processor seconds and memory of whole runs on one machine; a line
through them (seconds = a + b x million rows) is carried on to 5, 50 and 380 million people. Everything that is not measured
is in `bench/engine_prices.json`, to be replaced by the city's own.
"""

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from os import getloadavg
from pathlib import Path
from typing import Any

from bench.city import city
from bench.figures import Figure, Missing, conditions, say
from bench.watched import watched
from chalicelib.linkage.agreement import Agreement

SIZES = (20_000, 60_000, 120_000)
SEED, MIX = 102, "stated"
ENGINES = ("duckdb", "spark")
PEOPLE = (5_000_000, 50_000_000, 380_000_000)
ASSUMED = Path(__file__).with_name("engine_prices.json")
SECONDS = 3600  # a run may take so long


@dataclass(frozen=True)
class Run:
    """One engine's run: people, million rows, processor seconds, megabytes at the highest, megabytes of disk, and the clock."""

    engine: str
    people: int
    rows: float
    cpu: float
    memory: float
    disk: float
    clock: float
    load: float


@dataclass(frozen=True)
class Line:
    """``at`` + ``slope`` x million rows."""

    at: float
    slope: float

    def over(self, rows: float) -> float:
        """Its value for so many million rows."""
        return self.at + self.slope * rows


def measure(sizes: Sequence[int], alone: Sequence[int] = ()) -> dict[str, Any]:
    """Runs of both engines and the agreement of their answers, as it is kept; ``alone`` are DuckDB's only."""
    if importlib.util.find_spec("pyspark") is None or not shutil.which("java"):
        raise Missing("Spark is not there; `make spark` adds it, given Java 17")
    runs: list[Run] = []
    agreed = []
    for people in sizes:
        made = city(people, (f"--seed={SEED}", f"--mix={MIX}"))
        with tempfile.TemporaryDirectory() as folder:
            for engine in ENGINES:
                runs.append(_run(engine, people, made.folder, Path(folder, engine)))
                say(str(runs[-1]))
            agreed.append({"people": people} | Agreement(*(Path(folder, e) for e in ENGINES)).counts())
            say(str(agreed[-1]))
    for people in alone:
        made = city(people, (f"--seed={SEED}", f"--mix={MIX}"))
        with tempfile.TemporaryDirectory() as folder:
            runs.append(_run("duckdb", people, made.folder, Path(folder, "duckdb")))
            say(str(runs[-1]))
    return {"runs": [asdict(one) for one in runs], "agreed": agreed}


def _run(engine: str, people: int, source: Path, target: Path) -> Run:
    load = getloadavg()[0]
    call = ["-m", "chalicelib.linkage", "compare", str(source), str(target), "--engine", engine]
    took = watched(call, target, SECONDS)
    report = json.loads((target / "report.json").read_text("utf-8"))
    rows = report["rows"]["total"] / 1e6
    # What watches from outside counts Java's pages twice in the moment in which it starts another program.
    memory = float(report["peak_memory_mb"])
    return Run(engine, people, rows, report["processor_seconds"], memory, took.disk_mb, took.seconds, load)


def fitted(points: Sequence[tuple[float, float]]) -> Line:
    """The line of least squares; flat where it would fall."""
    n = len(points)
    mean_x, mean_y = (sum(point[i] for point in points) / n for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = max(0.0, sum((x - mean_x) * (y - mean_y) for x, y in points) / spread) if spread else 0.0
    return Line(max(0.0, mean_y - slope * mean_x), slope)


def lines(runs: Sequence[Run], engine: str) -> dict[str, Line]:
    """Processor seconds, megabytes and disk of an engine by million rows."""
    own = [one for one in runs if one.engine == engine]
    return {
        what: fitted([(one.rows, getattr(one, what)) for one in own]) for what in ("cpu", "memory", "disk")
    }


@dataclass(frozen=True)
class Cost:
    """What a run would take and cost, and what keeps it from being possible, if anything does."""

    money: float
    hours: float
    used: dict[str, float]
    hindered: str = ""


def on_lambda(own: dict[str, Line], rows: float, assumed: dict[str, Any]) -> Cost:
    """One function of the largest size: gigabyte-seconds."""
    f = assumed["lambda"]
    seconds = own["cpu"].over(rows) / (f["vcpu"] * f["parallel"])
    memory, disk = (own[what].over(rows) / 1024 for what in ("memory", "disk"))
    hindered = [
        name
        for name, value, most in (
            ("seconds", seconds, f["seconds_at_most"]),
            ("memory", memory, f["gb"]),
            ("disk", disk, f["disk_gb"]),
        )
        if value > most
    ]
    used = {"gb_s": seconds * f["gb"]}
    return Cost(used["gb_s"] * f["usd_per_gb_s"], seconds / 3600, used, ", ".join(hindered))


def on_emr(own: dict[str, Line], rows: float, assumed: dict[str, Any]) -> Cost:
    """An EMR Serverless job: hours of processors and of gigabytes."""
    e = assumed["emr_serverless"]
    vcpu_h = own["cpu"].over(rows) / e["parallel"] / 3600
    gb_h = vcpu_h * e["gb_per_vcpu"]
    money = vcpu_h * e["usd_per_vcpu_h"] + gb_h * e["usd_per_gb_h"]
    workers = min(e["vcpu_at_most"], max(8.0, rows * e["vcpu_per_million_rows"]))
    return Cost(money, vcpu_h / workers, {"vcpu_h": vcpu_h, "gb_h": gb_h})


def largest(own: dict[str, Line], rows_each: float, assumed: dict[str, Any]) -> int:
    """How many people one function can compare, by the first of its limits; in steps of 100,000."""
    people = 100_000
    while people < 1_000_000_000 and not on_lambda(own, people * rows_each, assumed).hindered:
        people += 100_000
    return people - 100_000


def break_even(own: dict[str, dict[str, Line]], assumed: dict[str, Any]) -> float | None:
    """Million rows from which Spark costs less than DuckDB would, were there no limits; None if never."""
    cheap, dear = (
        [cost(own[engine], rows, assumed).money for rows in (0.0, 1.0)]
        for engine, cost in (("duckdb", on_lambda), ("spark", on_emr))
    )
    gained = (cheap[1] - cheap[0]) - (dear[1] - dear[0])
    return max(0.0, (dear[0] - cheap[0]) / gained) if gained > 0 else None


def figures(measured: dict[str, Any], assumed: dict[str, Any]) -> Iterator[Figure]:
    """Slopes, agreement, costs; the baseline is DuckDB on one function."""
    runs = [Run(**one) for one in measured["runs"]]
    own = {engine: lines(runs, engine) for engine in ENGINES}
    beside = {one.people: one for one in runs if one.engine == "duckdb"}
    for other in (one for one in runs if one.engine == "spark"):
        one, name = beside[other.people], f"engines.{other.people}.spark"
        yield Figure(f"{name}.cpu", other.cpu, "s", "duckdb", one.cpu)
        yield Figure(f"{name}.memory", other.memory, "MB", "duckdb", one.memory)
        yield Figure(f"{name}.disk", other.disk, "MB", "duckdb", one.disk)
    for told in measured["agreed"]:
        yield Figure(f"engines.{told['people']}.agreed", told["agreed"], "share", "goal", 0.9999)
    for what, unit in (("cpu", "s"), ("memory", "MB"), ("disk", "MB")):
        one, other = own["duckdb"][what], own["spark"][what]
        yield Figure(f"engines.spark.{what}.start", other.at, unit, "duckdb", one.at)
        yield Figure(f"engines.spark.{what}.per_million_rows", other.slope, unit, "duckdb", one.slope)
    rows_each = sum(one.rows for one in runs) / sum(one.people for one in runs)
    for people in PEOPLE:
        yield from _projected(people, people * rows_each, own, assumed)
    most = largest(own["duckdb"], rows_each, assumed)
    yield Figure("engines.one_function.people_at_most", most, "people", "a_city", 5_000_000)
    even = break_even(own, assumed)
    yield Figure(
        "engines.break_even", even or 0.0, "Mrows_(0_is_never)", "one_function_at_most", most * rows_each
    )


def _projected(
    people: int, rows: float, own: dict[str, dict[str, Line]], assumed: dict[str, Any]
) -> Iterator[Figure]:
    one, other = on_lambda(own["duckdb"], rows, assumed), on_emr(own["spark"], rows, assumed)
    name = f"engines.projected.{people // 1_000_000}M"
    say(f"{people:,} people, {rows:.1f} million rows: one function {one}; Spark {other}")
    against = f"lambda_duckdb({one.hindered.replace(', ', '+')})" if one.hindered else "lambda_duckdb"
    yield Figure(f"{name}.cost", other.money, "USD", against, one.money)
    yield Figure(f"{name}.hours", other.hours, "h", against, one.hours)
    yield Figure(f"{name}.vcpu_h", other.used["vcpu_h"], "vCPU-h", "gb_h", other.used["gb_h"])
    yield Figure(f"{name}.lambda_gb_s", one.used["gb_s"], "GB-s", "at_most", _most_gb_s(assumed))


def _most_gb_s(assumed: dict[str, Any]) -> float:
    return float(assumed["lambda"]["gb"] * assumed["lambda"]["seconds_at_most"])


def main(arguments: list[str] | None = None) -> int:
    """Measure, or take what was measured, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="people of each city")
    parser.add_argument("--alone", default="", help="people of larger cities for DuckDB alone")
    parser.add_argument("--keep", type=Path, help="where to keep what was measured")
    parser.add_argument("--from", dest="kept", type=Path, help="calculate with what was measured before")
    asked = parser.parse_args(arguments)
    for line in conditions():
        print(line, flush=True)
    try:
        sizes, alone = (
            [int(size) for size in given.split(",") if size] for given in (asked.sizes, asked.alone)
        )
        measured = json.loads(asked.kept.read_text("utf-8")) if asked.kept else measure(sizes, alone)
    except Missing as reason:
        print(f"# engines: LEFT OUT: {reason}")
        return 0
    if asked.keep:
        asked.keep.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    for figure in figures(measured, json.loads(ASSUMED.read_text("utf-8"))):
        print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
