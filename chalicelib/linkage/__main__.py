"""``python -m chalicelib.linkage compare IN OUT [--engine duckdb|spark]``, ``agree OUT_A OUT_B``, ``update IN STATE``, ``train IN MODEL VERSION``."""

import argparse
import resource
import sys
import time
from pathlib import Path

from chalicelib import clock


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, or 2 with one line on stderr that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.linkage", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="compare registrations.csv with each department's file")
    compare.add_argument(
        "source", metavar="IN", help="a folder; with Spark also an address as s3://bucket/folder"
    )
    compare.add_argument("target", metavar="OUT")
    compare.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
    update = commands.add_parser("update", help="compare a folder of files with what STATE remembers")
    update.add_argument("source", metavar="IN", type=Path)
    update.add_argument("target", metavar="STATE", type=Path)
    update.add_argument("--memory", type=int, help="megabytes for DuckDB")
    agree = commands.add_parser("agree", help="list what two comparisons of the same files say differently")
    agree.add_argument("source", metavar="OUT_A", type=Path)
    agree.add_argument("target", metavar="OUT_B", type=Path)
    agree.add_argument(
        "--least", type=float, default=0.9999, help="share of pairs below which the answer is 1"
    )
    train = commands.add_parser("train", help="learn a model from a folder of files, without labels")
    train.add_argument("source", metavar="IN", type=Path)
    train.add_argument("target", metavar="MODEL", type=Path)
    train.add_argument("version", metavar="VERSION")
    asked = parser.parse_args(arguments)
    if asked.command == "train":
        return _train(asked.source, asked.target, asked.version)
    if asked.command == "agree":
        return _agree(asked.source, asked.target, asked.least)
    if asked.command == "update":
        return _update(asked.source, asked.target, asked.memory)
    return _compare(asked.source, asked.target, asked.engine)


def _compare(source: str, target: str, chosen: str) -> int:
    from chalicelib.linkage import command, finder, spark_engine

    try:
        engine, folder, answer = command.DUCKDB, Path(source), Path(target)
        if chosen == "spark":
            running = spark_engine.session()
            engine = spark_engine.engine(running)
            folder, answer = (spark_engine.place(running, address) for address in (source, target))
        today = clock.local_date(clock.utc_now())
        report = command.compare(folder, answer, finder.rules(), today, engine=engine)
    except (command.Unusable, spark_engine.Missing, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(
        f"{report['rows']['total']:,} rows, {report['people']:,} people, {report['pairs']:,} pairs,"
        f" {report['unregistered']:,} not registered; {report['seconds']} s, {report['peak_memory_mb']} MB"
    )
    return 0


def _agree(one: Path, other: Path, least: float) -> int:
    from chalicelib.linkage import agreement

    try:
        found = agreement.Agreement(one, other)
    except OSError as problem:
        print(problem, file=sys.stderr)
        return 2
    for line in found.rest():
        print("\t".join(line))
    counts = found.counts()
    print(
        "  ".join(
            f"{name} {value:,}" if name != "agreed" else f"agreed {value:.6f}"
            for name, value in counts.items()
        )
    )
    return 0 if counts["agreed"] >= least else 1


def _train(source: Path, target: Path, version: str) -> int:
    from chalicelib.linkage import command, training

    try:
        model = command.train(source, version, clock.local_date(clock.utc_now()))
    except (command.Unusable, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    training.save(model, target)
    print(f"model {version}, learned from {model['trained_on']['people']:,} settled people, in {target}")
    return 0


def _update(source: Path, target: Path, memory_mb: int | None) -> int:
    from chalicelib.linkage import reading, updating, weighing

    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {line}", file=sys.stderr, flush=True)

    try:
        made = updating.update_folder(source, target, weighing.stored(), clock.utc_now(), memory_mb, say)
    except (reading.Unusable, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{made.arrived:,} rows new or changed, {made.pairs:,} pairs compared, {made.events:,} changes of ids,"
        f" {made.questions:,} questions; {time.monotonic() - started:.1f} s, {memory} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
