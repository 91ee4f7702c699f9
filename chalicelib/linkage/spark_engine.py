"""The comparison on Spark: a session, its steps, and Splink's Spark backend with the stored model.

The steps are those of ``command``; their SQL is carried over (``spark_sql``), their tables are Parquet (``spark_connection``).
What grows with the city runs in Spark, but for three things that go through the driver: pairs of open rows that no
settled person takes (some 4,000 per million rows), findings (24,000 per million rows), and files that need mending.
"""

import copy
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chalicelib.linkage import command, scoring, spark_sql
from chalicelib.linkage.spark_connection import SparkConnection
from chalicelib.linkage.spark_files import HadoopPath, SparkFiles
from chalicelib.linkage.stages import Engine

_SETTINGS: Final = {
    # What DuckDB refuses is guarded in the SQL; Spark may evaluate a guarded branch early, which then must not fail.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.session.timeZone": "UTC",
    # A row is malformed even where the broken column is not asked for.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    "spark.sql.adaptive.enabled": "true",
}
# On one machine: nothing listens but on loopback, and nothing shows itself.
_LOCAL: Final = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "16",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
}


class Missing(Exception):
    """Spark cannot run here; the message is one line that says what to do."""


def session(**settings: str) -> Any:
    """A session on this machine, or the one that ``spark-submit`` has prepared. Raises ``Missing``."""
    if importlib.util.find_spec("pyspark") is None:
        raise Missing("Spark is not installed: run `make spark`, or use --engine duckdb")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise Missing("Spark needs Java 17: install it and run `make spark`, or use --engine duckdb")
    from pyspark.sql import SparkSession

    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    builder = SparkSession.builder.appName("linkage")
    for name, value in (_SETTINGS | ({} if submitted else _LOCAL) | settings).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def place(running: Any, address: str) -> Any:
    """A folder of this machine, or one of Hadoop's file systems by its address."""
    return HadoopPath(running, address) if "://" in address else Path(address)


def engine(running: Any) -> Engine:
    """What ``command.compare`` needs to run on a session."""

    def opened(
        folder: Any, begun_with: str, say: Callable[[str], None], memory_mb: int | None = None
    ) -> "SparkStages":
        return SparkStages(running, folder, begun_with, say)

    return Engine("spark", opened, _score, lambda: _used(running))


def _score(connection: Any, settings: dict[str, Any], work: Any) -> int:
    from splink.backends.spark import SparkAPI

    scoring.create(connection, settings)
    connection.session.sparkContext.setCheckpointDir(str(work.folder / "splink"))
    api = SparkAPI(spark_session=connection.session, register_udfs_automatically=False)
    return scoring.score(connection, carried(settings), "pairs", api)


def carried(settings: dict[str, Any]) -> dict[str, Any]:
    """The model's settings with their conditions in Spark's SQL."""
    made = copy.deepcopy(settings)
    for comparison in made["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                level["sql_condition"] = spark_sql.condition(level["sql_condition"])
    return made


class SparkStages:
    """As ``stages.Stages``: steps that are finished for good or not at all, their tables as Parquet in a folder."""

    def __init__(self, running: Any, folder: Any, begun_with: str, say: Callable[[str], None]) -> None:
        self.folder, self._say, self._begun = folder, say, time.monotonic()
        self._files = SparkFiles(running)
        self._note = folder / "steps.json"
        self.connection = SparkConnection(running, self._files, str(folder))
        self._told: dict[str, Any] = {"begun": begun_with, "steps": {}, "tables": "{}"}
        told = json.loads(self._note.read_text("utf-8")) if self._note.is_file() else {}
        if told.get("begun") == begun_with:
            self._told = told
        else:
            self._files.remove(str(folder))
            folder.mkdir(parents=True, exist_ok=True)
        self.connection.restore(self._told["tables"])

    def run(self, name: str, step: Callable[[Any], Any]) -> Any:
        """Do a step unless it is done; returns what it found, or had found."""
        if name in self._told["steps"]:
            self._say(f"{name}: done before")
            return self._told["steps"][name][1]
        began = time.monotonic()
        self._say(f"{name} …")
        before = self.connection.noted()
        try:
            found = step(self.connection)
        except BaseException:
            self.connection.restore(before)
            raise
        seconds = time.monotonic() - began
        self._told["steps"][name] = [seconds, found]
        self._told["tables"] = self.connection.noted()
        self._note.write_text(json.dumps(self._told), "utf-8")
        self._say(f"{name}: {seconds:.1f} s, {time.monotonic() - self._begun:.0f} s in all")
        return found

    def seconds(self) -> dict[str, float]:
        """How long each step took, in the run that did it."""
        return {name: round(seconds, 1) for name, (seconds, _) in self._told["steps"].items()}

    def close(self) -> None:
        """Leave the steps as they are, for a later run."""

    def remove(self) -> None:
        """The comparison is finished: delete its steps."""
        self.connection.restore("{}")
        self._files.remove(str(self.folder))


def _used(running: Any) -> dict[str, float]:
    """This process and the driver's Java process, where Linux tells; on one machine that is all of Spark."""
    found = command.used()
    java = Path(f"/proc/{running._jvm.java.lang.ProcessHandle.current().pid()}")
    try:
        lines = (java / "status").read_text().splitlines()
        ticks = (java / "stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return found
    peak = next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)
    found["peak_memory_mb"] += peak
    found["processor_seconds"] += round(sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), 1)
    return found
