"""Work in a process of its own: its seconds, its processor time, its highest memory, its answer.

Memory is the peak of the process's own pages (``VmHWM``): ``getrusage`` would also hold the peak of
whoever started it. Needs Linux.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import NotMeasured

ROOT = Path(__file__).resolve().parents[1]
_AFTER = """
import json as _json, time as _time
_peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print("SPENT " + _json.dumps([_time.perf_counter() - _began, _time.process_time() - _cpu, _peak, answer]))
"""
_BEFORE = "import time as _t\nanswer = None\n"
_START = "_began, _cpu = _t.perf_counter(), _t.process_time()\n"


@dataclass(frozen=True)
class Spent:
    """What a piece of work took: seconds of the clock and the processor, peak megabytes, its answer."""

    seconds: float
    cpu: float
    peak_mb: float
    answer: Any


def spent(work: str, setting_up: str = "", seconds: int = 600) -> Spent:
    """Run Python source in a fresh process; only ``work`` is timed. It may set ``answer`` (JSON).

    Raises ``NotMeasured`` with the end of its stderr when it fails.
    """
    source = _BEFORE + setting_up + "\n" + _START + work + _AFTER
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=seconds,
        text=True,
    )
    if done.returncode:
        raise NotMeasured(f"a process ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    last = next(line for line in reversed(done.stdout.splitlines()) if line.startswith("SPENT "))
    clock, cpu, peak, answer = json.loads(last.removeprefix("SPENT "))
    return Spent(clock, cpu, peak / 1024, answer)
