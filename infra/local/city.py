"""Bringing the deployed city to life: a synthetic city, its staff, its register, its departments, its newcomers."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from infra import operator
from infra.local import newcomers, pipeline, staffwork, summary
from infra.local.client import Client
from infra.local.place import STACK, LocalSession
from infra.package import ROOT

SEED = 7
LIVE = 200
# Who is in the old register: the rest is what the departments know and the city does not.
REGISTERED = 0.95
IMPORT_SECONDS = 900
Say = Callable[[str], None]


@dataclass
class Story:
    """What happened while the city came to life; the summary is printed from it."""

    people: int
    folder: Path
    endpoints: dict[str, Any]
    session: boto3.Session
    settings: dict[str, str]
    api: Client
    acted: list[newcomers.Acted] = field(default_factory=list)
    decided: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def bring_to_life(endpoints: dict[str, Any], people: int, say: Say) -> None:
    """Fill a freshly deployed city with people, let a few hundred act through the API, and print what happened."""
    story = begin(endpoints, people, ROOT / ".local" / "city")
    with _chapter(story, f"a synthetic city of {people:,} people, seed {SEED}", say):
        make_city(story)
    with _chapter(story, "staff, addresses and grids", say):
        prepare(story)
    with _chapter(story, "the old register and the departments' files", say) as progress:
        _import_and_live(story, progress)
    with _chapter(story, "departments' reviewers, coordinators and grid workers", say):
        story.decided = staffwork.work(story.api, story.acted)
    with _chapter(story, "letting the city come to rest", say):
        pipeline.settle(story.session, story.settings, lambda: None, 120)
    with _chapter(story, "asking what became of it", say):
        told = summary.lines(story)
    for line in told:
        say(line)


def begin(endpoints: dict[str, Any], people: int, folder: Path) -> Story:
    """Open the story of a deployed city; its synthetic files go to `folder`."""
    session = LocalSession(endpoints["aws_endpoint"], endpoints["credentials"])
    settings = operator.environment(session, STACK)
    return Story(people, folder, endpoints, session, settings, Client(endpoints["api"]))


@contextmanager
def _chapter(story: Story, what: str, say: Say) -> Iterator[Callable[[str], None]]:
    """Say how far a chapter is every two seconds while it lasts, and how long it took."""
    started, over, state = time.monotonic(), threading.Event(), [""]

    def tick() -> None:
        while not over.wait(2):
            say(f"  {what} ... {time.monotonic() - started:.0f} s {state[0]}")

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield lambda line: state.__setitem__(0, line)
    finally:
        over.set()
        ticking.join()
    story.seconds[what] = time.monotonic() - started
    say(f"  {what}: {story.seconds[what]:.1f} s")


def make_city(story: Story) -> None:
    """Write the synthetic city: people, department files, addresses, staff."""
    today = datetime.now(UTC).astimezone().date().isoformat()
    options = ["--people", str(story.people), "--seed", str(SEED), "--on", today, "--live", str(LIVE)]
    options += ["--registered", str(REGISTERED)]
    _run(
        [
            sys.executable,
            "-m",
            "simulation",
            "city",
            "--out",
            str(story.folder),
            "--formats",
            "mixed",
            *options,
        ],
        {},
    )


def prepare(story: Story) -> None:
    """Bring in the staff and publish the address list, as an operator does."""
    index = story.folder / "addresses.sqlite"
    commands = [
        ["chalicelib.identity", "staff", "import", str(story.folder / "staff.csv")],
        ["chalicelib.places", "index", str(story.folder / "addresses.csv.gz"), str(index), "--publish"],
    ]
    running = [_start(story, command) for command in commands]
    for process, command in zip(running, commands, strict=True):
        output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:2])} failed: {output[-800:]}")


def _start(story: Story, command: list[str]) -> subprocess.Popen[str]:
    """Start an operator's command with the settings and the root key of the local city."""
    settings = {**os.environ, **story.settings, **story.endpoints["credentials"]}
    settings["AWS_ENDPOINT_URL"] = story.endpoints["aws_endpoint"]
    line = [sys.executable, "-m", *command]
    return subprocess.Popen(
        line, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _run(command: list[str], settings: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:4])} failed: {(done.stdout + done.stderr)[-800:]}")


def _import_and_live(story: Story, progress: Callable[[str], None]) -> None:
    """Drop all files; while functions work through them, newcomers act through the API."""
    bucket = story.endpoints["inbox_bucket"]
    paths = pipeline.files(story.folder)
    pipeline.drop(story.session, bucket, story.folder, paths)
    people = newcomers.read(story.folder / "live_people.csv")
    acting = threading.Thread(
        target=newcomers.live, args=(story.api, story.endpoints["sandbox"], people, story.acted), daemon=True
    )
    acting.start()

    def state() -> str:
        reported = pipeline.count_reports(story.session, bucket)
        queued = pipeline.waiting(story.session, story.settings)
        progress(
            f"{reported}/{len(paths)} files, {len(story.acted)}/{len(people)} newcomers, queued {queued or 'nothing'}"
        )
        return f"{reported} of {len(paths)} files reported, queues {queued}"

    def done() -> bool:
        said = state()
        return said.startswith(f"{len(paths)} of") and "queues {}" in said and not acting.is_alive()

    pipeline.wait_until(done, IMPORT_SECONDS, state, pause=1.0)
    pipeline.settle(story.session, story.settings, lambda: summary.active(story), IMPORT_SECONDS)
