"""Synthetic cities for the benchmarks of bulk work: made once in a run, gone at its end."""

import atexit
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.apart import ROOT
from bench.figures import NotMeasured, say

_TOTAL = re.compile(r"^([\d.]+) s, peak memory ([\d.]+) GB", re.MULTILINE)


@dataclass(frozen=True)
class Made:
    """A city's flat files, and what making them took: seconds and peak gigabytes of all workers."""

    folder: Path
    seconds: float
    peak_gb: float


@cache
def city(people: int, options: tuple[str, ...] = ()) -> Made:
    """The same city of so many people whoever asks, as `python -m simulation city --flat` writes it.

    ``options`` are more of that command's.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-city-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    say(f"simulation: a city of {people:,} people")
    command = [
        sys.executable,
        "-m",
        "simulation",
        "city",
        "--flat",
        "--people",
        str(people),
        "--out",
        str(folder),
        *options,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    found = _TOTAL.search(done.stdout)
    if done.returncode or not found:
        raise NotMeasured(f"the simulation ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return Made(folder, float(found[1]), float(found[2]))
