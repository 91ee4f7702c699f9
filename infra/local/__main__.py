"""``python -m infra.local up | down | status``: what `make run`, `make stop` and `make status` call."""

import os
import signal
import sys
import time

from infra.deploy import DeploymentFailed
from infra.local import processes, up
from infra.local.place import Place, Trouble, usual_place
from infra.package import PackagingFailed, package


def main(arguments: list[str]) -> int:
    """Do what the first argument says; return the exit code."""
    known = {"up": _up, "down": _down, "status": _status}
    if len(arguments) != 1 or arguments[0] not in known:
        print(f"usage: python -m infra.local {' | '.join(known)}", file=sys.stderr)
        return 2
    try:
        return known[arguments[0]](usual_place())
    except (Trouble, PackagingFailed, DeploymentFailed) as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped before the city was ready; the next run begins again", file=sys.stderr)
        return 130


def _up(place: Place) -> int:
    began = time.monotonic()
    people = _people(os.environ.get("CITY") or "20000")
    if len(processes.running(place)) == 2 and (place.folder / "endpoints.json").exists():
        print(f"the city already runs: {place.api}\n`make stop` ends it")
        return 0
    if os.environ.get("FRESH"):
        up.forget(place)
    _stop_on_signals()
    try:
        up.raise_city(place, people, package(unless_current=True))
    except BaseException:  # Whatever it was, nothing half made may be left running.
        _stop(place)
        raise
    _print_addresses(place, time.monotonic() - began)
    if os.environ.get("DETACH"):
        return 0
    print("Ctrl-C stops the city and keeps its state", flush=True)
    _stay(place)
    return _down(place)


def _people(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 5_000_000:
        raise Trouble(f"CITY={text} is not a number of people between 1 and 5000000")
    return int(text)


def _stop_on_signals() -> None:
    """Take a termination like Ctrl-C, so that both stop cleanly at any moment."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def _stay(place: Place) -> None:
    """Wait until somebody stops the city, or a process of it ends by itself."""
    try:
        while len(processes.running(place)) == 2:
            time.sleep(1)
        print("a process of the city has ended; its log is in .local/", file=sys.stderr)
    except KeyboardInterrupt:
        print()


def _down(place: Place) -> int:
    alive = processes.running(place)
    if not alive:
        print("no city runs")
        return 0
    with up.stage("stopping the city and keeping its state"):
        _stop(place)
    return 0


def _stop(place: Place) -> None:
    """Stop the processes; a second Ctrl-C must not cut the writing of the state short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    processes.stop(place)


def _status(place: Place) -> int:
    alive = processes.running(place)
    for name in ("ministack", "infra.sandbox"):
        print(f"{name}: {f'process {alive[name]}' if name in alive else 'not running'}")
    if len(alive) == 2:
        _print_addresses(place, None)
    return 0


def _print_addresses(place: Place, seconds: float | None) -> None:
    lines = {"API": place.api, "sandbox": place.sandbox, "cloud": place.endpoint}
    print("\n".join(f"{name:8} {address}" for name, address in lines.items()))
    print(f"{'keys':8} {(place.folder / 'endpoints.json').relative_to(place.folder.parent)}")
    if seconds is not None:
        print(f"ready after {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
