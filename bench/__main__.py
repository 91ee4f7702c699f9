"""`python -m bench [names] [--list]`: figures on stdout, progress on stderr; 1 when a benchmark fails."""

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from bench.figures import Missing, NotMeasured, conditions, say

BENCHES = (
    "imports",
    "routes",
    "cases",
    "counters",
    "places",
    "sources",
    "linkage",
    "linkage_increments",
    "insight",
    "points",
    "schooling",
    "seasons",
    "simulation",
)


def _load(name: str) -> Any:
    return importlib.import_module(f"bench.{name}")


def main(arguments: list[str] | None = None, load: Callable[[str], Any] = _load) -> int:
    """Run the named benchmarks, all by default; ``load`` gives a benchmark's module."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(BENCHES)}; all by default")
    parser.add_argument("--list", action="store_true", help="say what there is")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - set(BENCHES)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    if asked.list:
        for name in BENCHES:
            print(f"{name:<12} {_first_line(load(name))}")
        return 0
    for line in conditions():
        print(line, flush=True)
    return max([_run(name, load(name)) for name in asked.names or BENCHES])


def _first_line(bench: Any) -> str:
    return str(bench.__doc__).splitlines()[0]


def _run(name: str, bench: Any) -> int:
    began = time.monotonic()
    print(f"# {name}: {_first_line(bench)}", flush=True)
    try:
        for figure in bench.run():
            print(figure, flush=True)
    except Missing as reason:
        print(f"# {name}: LEFT OUT: {reason}", flush=True)
    except NotMeasured as reason:
        print(f"# {name}: FAILED: {reason}", flush=True)
        return 1
    except Exception:  # The edge: one benchmark that fails must not keep the others from running.
        traceback.print_exc()
        print(f"# {name}: FAILED, see stderr", flush=True)
        return 1
    say(f"{name}: {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
