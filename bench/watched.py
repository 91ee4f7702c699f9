"""A program of its own, watched: its seconds, its processor time, its highest memory, the disk its folder took.

Memory is the sum of the resident pages of the program and what it started, and at least the peak of its own; disk is
the size of the files in a folder while it ran. Both are looked at several times a second. Needs Linux.
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.apart import ROOT
from bench.figures import NotMeasured

EVERY = 0.25  # seconds


@dataclass(frozen=True)
class Watched:
    """What a program took: seconds of the clock and the processor, peak megabytes of memory and of files."""

    seconds: float
    cpu: float
    peak_mb: float
    disk_mb: float


class _Watch(threading.Thread):
    """Looks at a process and a folder until told to stop."""

    def __init__(self, pid: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self.pid, self.folder, self.over = pid, folder, threading.Event()
        self.memory = self.disk = 0

    def run(self) -> None:
        """Look, wait, look again."""
        while True:
            self.memory = max(self.memory, sum(map(resident, family(self.pid))), own_peak(self.pid))
            self.disk = max(self.disk, size(self.folder))
            if self.over.wait(EVERY):
                return


def watched(arguments: list[str], folder: Path, seconds: int = 1800) -> Watched:
    """Run Python with these arguments from the project's folder; raises ``NotMeasured`` when it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(folder.name + ".log")
    before, began = size(folder), time.monotonic()
    with log.open("wb") as told:
        program = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=told, stderr=subprocess.STDOUT
        )
    watch = _Watch(program.pid, folder)
    watch.start()
    alarm = threading.Timer(seconds, program.kill)
    alarm.start()
    _, status, usage = os.wait4(program.pid, 0)
    taken = time.monotonic() - began
    alarm.cancel()
    watch.over.set()
    watch.join()
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        end = log.read_text("utf-8", errors="replace").strip()[-400:]
        raise NotMeasured(f"{arguments} ended with {program.returncode} after {taken:.0f} s: {end}")
    disk = max(watch.disk, size(folder)) - before
    return Watched(taken, usage.ru_utime + usage.ru_stime, watch.memory / 2**20, disk / 2**20)


def family(pid: int) -> list[int]:
    """The process and all that it started, as far as they still run."""
    found, places = [pid], 0
    while places < len(found):
        try:
            tasks = Path(f"/proc/{found[places]}/task").iterdir()
            for task in tasks:
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # It ended meanwhile.
            pass
        places += 1
    return found


def resident(pid: int) -> int:
    """Bytes of resident pages, 0 when the process has ended."""
    return _status(pid, "VmRSS")


def own_peak(pid: int) -> int:
    """The process's own peak of resident pages, 0 when it has ended."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def size(folder: Path) -> int:
    """Bytes of the files in a folder; what vanishes meanwhile does not count."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(top, name).stat().st_blocks * 512
            except OSError:  # It is gone.
                continue
    return total
