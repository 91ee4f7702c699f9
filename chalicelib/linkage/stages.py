"""A long comparison in steps, each finished for good or not at all: a run that was killed goes on where it was.

The steps' tables are in one DuckDB file beside the results. A step's tables and the note that it is done are one
transaction. Notes carry what the steps found, so that a report tells of steps that an earlier run did.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

_EDGE: Final = 1 << 16


def fingerprint(parts: Iterable[str], files: Iterable[Path]) -> str:
    """What a run was begun with: texts, and files by name, size, time of change, first and last bytes."""
    digest = hashlib.sha256(json.dumps(list(parts)).encode())
    for path in files:
        told = path.stat()
        digest.update(f"{path.name} {told.st_size} {told.st_mtime_ns}".encode())
        with path.open("rb") as file:
            digest.update(file.read(_EDGE))
            file.seek(max(0, told.st_size - _EDGE))
            digest.update(file.read(_EDGE))
    return digest.hexdigest()


class Engine(NamedTuple):
    """What runs a comparison's steps.

    ``open`` makes ``Stages`` or their like of folder, fingerprint, ``say`` and megabytes; ``score`` fills table ``scored`` of
    ``pairs`` and ``nodes``, given connection, settings and stages; ``used`` tells megabytes at the
    highest and seconds of processor time, as the report names them.
    """

    name: str
    open: Callable[..., Any]
    score: Callable[[Any, dict[str, Any], Any], int]
    used: Callable[[], dict[str, float]]


class Stages:
    """The steps of one comparison in a folder of its own; ``say`` is told of each."""

    def __init__(
        self, folder: Path, begun_with: str, say: Callable[[str], None], memory_mb: int | None = None
    ) -> None:
        self.folder, self._say, self._begun = folder, say, time.monotonic()
        self._open(memory_mb)
        if self._noted("begun") != begun_with:
            self.connection.close()
            shutil.rmtree(folder)
            self._open(memory_mb)
            self._note("begun", 0.0, begun_with)

    def _open(self, memory_mb: int | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(str(self.folder / "comparison.duckdb"))
        self.connection.execute(f"SET temp_directory = '{self.folder / 'spill'}'")
        self.connection.execute("SET enable_progress_bar = false; SET autoinstall_known_extensions = false")
        if memory_mb:
            self.connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS steps (name VARCHAR PRIMARY KEY, seconds DOUBLE, found VARCHAR)"
        )

    def _noted(self, name: str) -> Any:
        row = self.connection.execute("SELECT found FROM steps WHERE name = ?", [name]).fetchone()
        return json.loads(row[0]) if row else None

    def _note(self, name: str, seconds: float, found: Any) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO steps VALUES (?, ?, ?)", [name, seconds, json.dumps(found)]
        )

    def run(self, name: str, step: Callable[[Any], Any]) -> Any:
        """Do a step unless it is done; returns what it found, or had found."""
        if (found := self._noted(name)) is not None:
            self._say(f"{name}: done before")
            return found
        began = time.monotonic()
        self._say(f"{name} …")
        self.connection.execute("BEGIN")
        try:
            found = step(self.connection)
            seconds = time.monotonic() - began
            self._note(name, seconds, found)
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self._say(f"{name}: {seconds:.1f} s, {time.monotonic() - self._begun:.0f} s in all")
        return found

    def seconds(self) -> dict[str, float]:
        """How long each step took, in the run that did it."""
        rows = self.connection.execute("SELECT name, seconds FROM steps WHERE name <> 'begun'").fetchall()
        return {name: round(seconds, 1) for name, seconds in rows}

    def close(self) -> None:
        """Leave the steps as they are, for a later run."""
        self.connection.close()

    def remove(self) -> None:
        """The comparison is finished: delete its steps."""
        self.connection.close()
        shutil.rmtree(self.folder)
