"""`make smoke`: drives a running local city through its public doors and prints a line for each thing shown."""

import json
import sys
import time
from collections.abc import Callable

from infra.local import smoke_forms, smoke_insight, smoke_permits, smoke_steps
from infra.local.client import Client, Refused
from infra.local.place import LocalSession, usual_place
from infra.local.smoke_steps import NotShown, Run

# The audit comes last: it proves what the others left behind.
STEPS = [
    *smoke_steps.STEPS[:-1],
    *smoke_forms.STEPS,
    *smoke_permits.STEPS,
    *smoke_insight.STEPS,
    smoke_steps.audits,
]


def main() -> int:
    """Take every step; return 0 when all was shown, 1 otherwise."""
    path = usual_place().folder / "endpoints.json"
    if not path.exists():
        print("smoke: no city runs here; `make run` starts one", file=sys.stderr)
        return 1
    endpoints = json.loads(path.read_text())
    session = LocalSession(endpoints["aws_endpoint"], endpoints["credentials"])
    run = Run(Client(endpoints["api"]), endpoints["sandbox"], session, endpoints["inbox_bucket"])
    failed = sum(not _show(step, run) for step in STEPS)
    print(f"{len(STEPS) - failed} of {len(STEPS)} things shown")
    return int(failed > 0)


def _show(step: Callable[[Run], str], run: Run) -> bool:
    started = time.monotonic()
    try:
        said, good = step(run), True
    except (NotShown, Refused, KeyError) as problem:
        said, good = f"{type(problem).__name__}: {problem}", False
    seconds = time.monotonic() - started
    name = step.__name__.replace("_", " ")
    print(f"{'ok  ' if good else 'FAIL'} {name:<28} {seconds:5.1f} s  {said}", flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main())
