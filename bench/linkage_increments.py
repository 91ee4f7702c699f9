"""Twenty thousand rows that arrive after a city was compared, beside comparing the whole city again.

`python -m chalicelib.linkage update IN STATE` is run on a city without 20,000 of its rows, then on these. Persons must
then be as good as if all had come at once: the state's clusters are held against the truth, and so are those of `compare`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import quality
from bench.city import city
from bench.figures import Figure, NotMeasured, conditions, say
from bench.linkage import MIX, SEED, WAYS
from bench.watched import watched
from simulation.extracts import REGISTER, SOURCES

PEOPLE = 60_000
ROWS = 20_000
GOAL_SECONDS = 15.0
UPDATE = ["-m", "chalicelib.linkage", "update"]


def run(people: int = PEOPLE, rows: int = ROWS) -> Iterator[Figure]:
    """Seconds, memory, precision and recall after the increment."""
    made = city(people, (f"--seed={SEED}", f"--mix={MIX}"))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        later = split(made.folder, place / "before", place / "later", rows)
        say(f"linkage: a state of {people:,} people, then {later:,} rows")
        state = place / "state"
        watched([*UPDATE, str(place / "before"), str(state)], state)
        taken = watched([*UPDATE, str(place / "later"), str(state)], state)
        whole = watched([*WAYS["ours"], str(made.folder), str(place / "whole")], place / "whole")
        ours, theirs = (quality.measure(made.folder, each) for each in (state, place / "whole"))
    if ours["rows"]["lost"] or ours["rows"]["twice_or_unknown"]:
        raise NotMeasured(f"rows were lost or doubled: {ours['rows']}")
    name, other = f"linkage.increment.{people}", "comparing_all_again"
    yield Figure(f"{name}.time", taken.seconds, "s", "goal_for_20000_rows", GOAL_SECONDS)
    yield Figure(f"{name}.cpu", taken.cpu, "s", other, whole.cpu)
    yield Figure(f"{name}.memory", taken.peak_mb, "MB", other, whole.peak_mb)
    for measure in ("precision", "recall"):
        mine, whole_one = (each["pairs"][measure] or 0 for each in (ours, theirs))
        yield Figure(f"{name}.{measure}", mine, "share", other, whole_one)


def split(source: Path, before: Path, later: Path, rows: int) -> int:
    """Deal the rows of a city's files to two folders, about `rows` of them, evenly, to the second; returns how many."""
    for folder in (before, later):
        folder.mkdir(parents=True)
    paths = [path for each in (REGISTER, *SOURCES) if (path := source / f"{each.name}.csv").is_file()]
    total = sum(_lines(path) for path in paths)
    every, seen, dealt = max(1, total // rows), 0, 0
    for path in paths:
        with (
            path.open("rb") as read,
            (before / path.name).open("wb") as first,
            (later / path.name).open("wb") as second,
        ):
            header = next(read)
            first.write(header)
            second.write(header)
            for line in read:
                seen += 1
                second_one = seen % every == 0
                dealt += second_one
                (second if second_one else first).write(line)
    return dealt


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def main() -> int:
    """Measure a city of as many people as the first argument says."""
    for line in conditions():
        print(line, flush=True)
    for figure in run(*(int(number) for number in sys.argv[1:3])):
        print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
