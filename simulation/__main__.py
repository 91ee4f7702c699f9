"""`python -m simulation city` writes a synthetic city, `bench` measures it, `applicants` writes people who ask for points."""

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from simulation import applicants, ship
from simulation.city import Plan
from simulation.errors import CLEAN, EASY
from simulation.extracts import SOURCES
from simulation.mixes import MIXES, Mix


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0, or 2 for a wrong argument."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation", description="A deterministic synthetic city."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    city = commands.add_parser("city", help="write a city")
    city.add_argument("--out", type=Path, required=True)
    city.add_argument(
        "--flat", action="store_true", help="all sources in one folder, as `linkage compare` reads them"
    )
    city.add_argument("--formats", choices=["csv", "mixed"], default="csv")
    bench = commands.add_parser("bench", help="time and memory of a large city")
    bench.add_argument("--keep", type=Path, help="keep the files here instead of a temporary folder")
    for command, people in ((city, 20_000), (bench, 5_000_000)):
        _plan_arguments(command, people)
    _applicants_arguments(commands.add_parser("applicants", help="write a table of applicants for points"))
    chosen = parser.parse_args(arguments)
    if chosen.command == "applicants":
        return _applicants(chosen)
    try:
        plan = _plan(chosen)
    except ValueError as problem:
        parser.error(str(problem))
    return _bench(plan, chosen) if chosen.command == "bench" else _city(plan, chosen)


def _plan_arguments(command: argparse.ArgumentParser, people: int) -> None:
    command.add_argument("--people", type=int, default=people)
    command.add_argument("--seed", type=int, default=7)
    command.add_argument(
        "--on", type=date.fromisoformat, default=date(2026, 11, 23), help="the day of the extracts"
    )
    command.add_argument("--registered", type=float, default=0.85, help="share in the city's old register")
    command.add_argument("--live", type=int, default=300, help="newcomers who act through the API")
    command.add_argument("--workers", type=int, default=0)
    command.add_argument("--mix", choices=MIXES, default="usual", help="how hard the city is to compare")
    command.add_argument("--clean", action="store_true", help="no errors")
    command.add_argument("--easy", action="store_true", help="no hard cases")
    command.add_argument(
        "--rate", action="append", default=[], metavar="NAME=VALUE", help="one rate of the mix, otherwise"
    )
    command.add_argument(
        "--sources", default="", metavar="A,B", help="the sources beside the register; all if not said"
    )
    command.add_argument(
        "--share",
        action="append",
        default=[],
        metavar="SOURCE=TIMES",
        help="a source that knows more or fewer",
    )


def _applicants_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--policy", default="demo-2026", help="a shipped policy, or a document's file")
    command.add_argument("--people", type=int, default=100_000)
    command.add_argument("--seed", type=int, default=7)
    command.add_argument("--on", type=date.fromisoformat, default=date(2026, 5, 30))
    command.add_argument("--out", type=Path, required=True)


def _applicants(chosen: argparse.Namespace) -> int:
    policy = applicants.document(chosen.policy)
    pq.write_table(applicants.pool(policy, chosen.people, chosen.seed, chosen.on), chosen.out)
    print(f"{chosen.people:,} applicants for {policy['id']}, seed {chosen.seed}, in {chosen.out}")
    return 0


def _plan(chosen: argparse.Namespace) -> Plan:
    mix = MIXES[chosen.mix]
    mix = Mix(CLEAN if chosen.clean else mix.rates, EASY if chosen.easy else mix.hard).but(chosen.rate)
    shares = [setting.partition("=") for setting in chosen.share]
    only = tuple(name for name in chosen.sources.split(",") if name)
    known = {source.name for source in SOURCES}
    if unknown := sorted(({name for name, _, _ in shares} | set(only)) - known):
        raise ValueError(f"unknown source {unknown[0]}; known: {', '.join(sorted(known))}")
    return Plan(
        people=chosen.people,
        seed=chosen.seed,
        on=chosen.on,
        registered=chosen.registered,
        live=chosen.live,
        rates=mix.rates,
        hard=mix.hard,
        shares=tuple((name, float(times)) for name, _, times in shares),
        only=only,
    )


def _city(plan: Plan, chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    print(f"A city of {plan.people:,} people, seed {plan.seed}, on {plan.on}:", flush=True)
    options = ship.Options(chosen.out, chosen.flat, chosen.formats == "mixed", chosen.workers, _say)
    rows = ship.write(plan, options)
    peak = ship.peak_memory(ship.workers_used(plan, chosen.workers))
    width = max(len(name) for name in rows)
    for name, count in rows.items():
        print(f"  {name:<{width}} {count:>12,} rows")
    print(f"{time.monotonic() - began:.1f} s, peak memory {peak / 1e9:.2f} GB, in {chosen.out}")
    return 0


def _bench(plan: Plan, chosen: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        out = chosen.keep or Path(folder)
        began = time.monotonic()
        rows = ship.write(plan, ship.Options(out, workers=chosen.workers, say=_say))
        seconds = time.monotonic() - began
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    peak = ship.peak_memory(ship.workers_used(plan, chosen.workers))
    print(f"simulation_people {plan.people} people vs 5000000 ratio {plan.people / 5_000_000:.3f}")
    print(f"simulation_seconds {seconds:.1f} s vs 180 ratio {seconds / 180:.3f}")
    print(
        f"simulation_cpu_seconds {ship.processor_seconds():.1f} s vs 360 ratio {ship.processor_seconds() / 360:.3f}"
    )
    print(f"simulation_peak_memory {peak / 1e9:.2f} GB vs 4 ratio {peak / 4e9:.3f}")
    print(f"simulation_rows {sum(rows.values())} rows, {size / 1e9:.2f} GB written")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
