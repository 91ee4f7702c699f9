"""What a cold start of the API pays in imports, against its three libraries with nothing of ours."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from statistics import median

from bench.apart import ROOT, Spent, spent
from bench.figures import Figure, say

ROUNDS = 9
HEAVIEST = 5
LISTINGS = 3  # The least of a few: one pause of a busy machine makes any module look heavy.
OURS = "import app"
BARE = "from chalice import Chalice; from pydantic import BaseModel; from pynamodb.models import Model"
_BASELINE = "chalice+pydantic+pynamodb"
_NAMES = "; import sys; answer = sorted(sys.modules)"


def run() -> Iterator[Figure]:
    """Import time, processor time and memory, in fresh processes, ours and bare by turns."""
    say(f"imports: {ROUNDS} fresh processes each")
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(spent(BARE))
        ours.append(spent(OURS))
    yield _figure("imports.api", "ms", [s.seconds * 1000 for s in ours], [s.seconds * 1000 for s in bare])
    yield _figure("imports.api.cpu", "ms", [s.cpu * 1000 for s in ours], [s.cpu * 1000 for s in bare])
    yield _figure("imports.api.memory", "MB", [s.peak_mb for s in ours], [s.peak_mb for s in bare])
    yield from _on_top(spent(OURS + _NAMES), spent(BARE + _NAMES))


def _figure(name: str, unit: str, ours: list[float], bare: list[float]) -> Figure:
    return Figure(name, median(ours), unit, _BASELINE, median(bare))


def _on_top(ours: Spent, bare: Spent) -> Iterator[Figure]:
    """How many modules come on top, and which of them take longest themselves."""
    yield Figure("imports.api.modules", len(ours.answer), "modules", _BASELINE, len(bare.answer))
    rounds = [self_times(_import_times()) for _ in range(LISTINGS)]
    times = {name: min(each.get(name, took) for each in rounds) for name, took in rounds[0].items()}
    whole = sum(times.values())
    added = {name: took for name, took in times.items() if name not in set(bare.answer)}
    packages: Counter[str] = Counter()
    for name, took in added.items():
        packages[name.partition(".")[0]] += took
    for name, took in packages.most_common(HEAVIEST):
        yield Figure(f"imports.package.{name}", took / 1000, "ms", "all_modules", whole / 1000)
    for name in sorted(added, key=lambda n: -added[n])[:HEAVIEST]:
        yield Figure(f"imports.on_top.{name}", added[name] / 1000, "ms", "all_modules", whole / 1000)


def _import_times() -> str:
    command = [sys.executable, "-W", "ignore", "-X", "importtime", "-c", OURS]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=60).stderr


def self_times(told: str) -> dict[str, int]:
    """Microseconds that each module took itself, from what ``-X importtime`` tells."""
    found = {}
    for line in told.splitlines():
        if line.startswith("import time:") and line.count("|") == 2:
            own, _, name = line.removeprefix("import time:").split("|")
            if own.strip().isdigit():
                found[name.strip()] = int(own)
    return found
