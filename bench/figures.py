"""A figure as it is printed, and what the benchmarks say meanwhile."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path

_LIBRARIES = ("chalice", "pydantic", "pynamodb", "botocore", "duckdb", "pyarrow")


class NotMeasured(Exception):
    """A benchmark went wrong in a way that it can tell."""


class Missing(Exception):
    """A benchmark cannot run on this machine: the reason says what it needs."""


@dataclass(frozen=True)
class Figure:
    """One measured value beside the same of a baseline, both in ``unit``."""

    name: str
    value: float
    unit: str
    baseline: str
    against: float

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the baseline's; none against nothing."""
        if self.against:
            return self.value / self.against
        return None if self.value else 1.0

    def __str__(self) -> str:
        ratio = "-" if self.ratio is None else f"{self.ratio:.3f}"
        name, baseline = (text.replace(" ", "_") for text in (self.name, self.baseline))
        return f"{name} {_short(self.value)} {self.unit} vs {baseline}={_short(self.against)} {ratio}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def say(text: str) -> None:
    """Tell on stderr what is going on; the figures have stdout to themselves."""
    print(text, file=sys.stderr, flush=True)


def conditions() -> list[str]:
    """What a reader has to know of the machine and the moment: comment lines for the head of a run."""
    load = ", ".join(f"{value:.1f}" for value in getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        f"# {_processor()}, {cpu_count()} cores, load {load} (1, 5, 15 minutes), {platform.system()} {platform.release()}",
        f"# Python {platform.python_version()}; {versions}",
        "# name value unit vs baseline=its_value ratio",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
