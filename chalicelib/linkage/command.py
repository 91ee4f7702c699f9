"""The comparison of a folder of CSV files: rows to clusters, pairs, and who is not registered.

Rows that carry a valid number are settled by it. What is left is compared with the settled people and with
each other by Splink, with a stored model. Numbers stay inside; what is written names rows and people by
ids only.
"""

import csv
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from chalicelib.linkage import (
    blocking,
    comparison,
    joining,
    mending,
    model,
    names,
    nodes,
    reading,
    scoring,
    settling,
    stages,
    training,
    writing,
)
from chalicelib.linkage.model import SourceRule
from chalicelib.linkage.reading import Unusable as Unusable
from chalicelib.linkage.stages import Engine, Stages

# Raised when a step makes something else than it did, so that nobody resumes on older steps' tables.
STEPS_EDITION: Final = "2"
_HEADER: Final = ("person_id", "town", "address", "sources", "confidence", "because")
_SEEN: Final = """
CREATE OR REPLACE TEMP VIEW seen AS
SELECT source, record_id, cluster AS key, town, address, seen_on, status, left_on, ended, sound, birth, male, open
FROM clustered
"""
_MET: Final = """
CREATE OR REPLACE TEMP TABLE met AS
WITH cluster_of AS (
  SELECT DISTINCT node, cluster FROM clustered SEMI JOIN (SELECT l AS node FROM scored UNION SELECT r FROM scored) AS met USING (node)
)
SELECT a.cluster AS l, b.cluster AS r, max(weight) AS weight
FROM scored JOIN cluster_of a ON a.node = scored.l JOIN cluster_of b ON b.node = scored.r
WHERE a.cluster <> b.cluster GROUP BY a.cluster, b.cluster
"""


def to_stderr(line: str) -> None:
    """Say a line where progress belongs."""
    print(line, file=sys.stderr, flush=True)


def compare(
    source: Path,
    target: Path,
    rules: dict[str, SourceRule],
    today: date,
    weights: Path = training.MODEL,
    memory_mb: int | None = None,
    say: Callable[[str], None] = to_stderr,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Compare the files of a folder and write ``clusters``, ``pairs``, ``unregistered`` and ``report``.

    ``rules`` are those of the sources that may signal; files of other people's sources are clustered
    too. Signals are judged on the newest ``seen_on`` in the files, or ``today`` if that is earlier. A run
    that was stopped goes on from its last finished step while files, model and day are the same.
    Raises ``Unusable`` for a folder or file that cannot be read. Other engines may take other folders than
    ``Path`` (see ``spark_files.HadoopPath``).
    """
    started = time.monotonic()
    engine = engine or DUCKDB
    files = list(reading.files(source))
    stored = training.load(weights)
    begun_with = stages.fingerprint(
        [STEPS_EDITION, json.dumps(stored, sort_keys=True), today.isoformat()], [path for _, path in files]
    )
    target.mkdir(parents=True, exist_ok=True)
    work = engine.open(target / ".work", begun_with, say, memory_mb)
    try:
        report = _steps(engine, work, files, target, rules, today, stored)
        report |= {
            "steps": work.seconds(),
            "seconds": round(time.monotonic() - started, 2),
        }
        report |= engine.used()
        (target / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    except BaseException:
        work.close()
        raise
    work.remove()
    return report


def train(source: Path, version: str, today: date, say: Callable[[str], None] = to_stderr) -> dict[str, Any]:
    """Learn a model from a folder's files, without labels; returns what ``training.save`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        work = Stages(Path(folder) / "work", version, say)
        _read(work, list(reading.files(source)), today)
        work.run("settle by number", _settle)
        work.run("block", _block)
        # Not as a step: Splink looks for tables that are not there yet, which ends a transaction.
        made = training.train(work.connection, version)
        work.remove()
    return made


def _steps(
    engine: Engine,
    work: Any,
    files: list[tuple[str, Path]],
    target: Path,
    rules: dict[str, SourceRule],
    today: date,
    stored: dict[str, Any],
) -> dict[str, Any]:
    rows, refused = _read(work, files, today)
    settled = work.run("settle by number", _settle)
    pairs = work.run("block", _block)
    settings = work.run("fit the model", lambda connection: scoring.fitted(connection, stored))
    work.run("compare", lambda connection: engine.score(connection, settings, work))
    joined = work.run("join", joining.join)
    people = work.run("name people", writing.name_people)
    work.run("write clusters", lambda c: writing.write_clusters(c, target / "clusters.csv"))
    written = work.run("write pairs", lambda c: writing.write_pairs(c, target / "pairs.csv", settings))
    found = work.run(
        "find the unregistered", lambda c: _unregistered(c, rules, today, target / "unregistered.csv")
    )
    return {
        "engine": engine.name,
        "model": stored["version"],
        "rows": rows | {"total": sum(rows.values())},
        "not_read": refused,
        "people": people,
        "pairs": written,
        "compared": pairs,
        "settled": settled,
        "joined": joined,
        "unregistered": found,
    }


def _read(work: Stages, files: list[tuple[str, Path]], today: date) -> tuple[dict[str, int], dict[str, Any]]:
    """Rows by source, and what was not read: lines by reason, or why a file was left out."""
    work.run("begin", reading.create)
    rows: dict[str, int] = {}
    refused: dict[str, Any] = {}
    for source, path in files:
        name = f"read {path.name}"
        try:
            rows[source] = work.run(name, partial(reading.load, source=source, path=path, today=today))
        except Unusable as problem:
            rows[source], refused[source] = _read_mended(work, name, source, path, today, problem)
    return rows, refused


def _read_mended(
    work: Stages, name: str, source: str, path: Path, today: date, problem: Unusable
) -> tuple[int, Any]:
    """Read what can be read of a file; the register must at least have its columns."""
    mended = work.folder / path.name
    refused = mending.mend(path, mended)
    try:
        rows = work.run(name, partial(reading.load, source=source, path=mended, today=today))
    except Unusable as again:
        if source == comparison.REGISTER:
            raise problem from again
        return 0, str(again)
    mended.unlink()
    return int(rows), refused


def _settle(connection: Any) -> dict[str, int]:
    names.build(connection)
    found = settling.settle(connection)
    blocking.enter(connection)
    for table in ("rows", "rejected"):
        connection.execute(f"DROP TABLE {table}")
    return found


def _block(connection: Any) -> int:
    pairs = blocking.block(connection)
    nodes.find_busy(connection)
    nodes.gather(connection, nodes.PAIRED)
    return pairs


def _score(connection: Any, settings: dict[str, Any], work: Any) -> int:
    scoring.create(connection, settings)
    total = int(connection.execute("SELECT count(*) FROM pairs").fetchone()[0])
    if not total:
        return 0
    passes = -(-total // scoring.PAIRS_A_PASS)
    kept = 0
    for place in range(passes):
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW these_pairs AS SELECT * FROM pairs"
            f" WHERE hash(join_key_l, join_key_r) % {passes} = {place}"
        )
        kept += scoring.score(connection, settings, "these_pairs")
    return kept


def used() -> dict[str, float]:
    """Megabytes of memory at their highest and processor seconds of this process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "peak_memory_mb": own.ru_maxrss // 1024,
        "processor_seconds": round(own.ru_utime + own.ru_stime, 1),
    }


DUCKDB: Final = Engine("duckdb", Stages, _score, used)


def _unregistered(connection: Any, rules: dict[str, SourceRule], today: date, path: Path) -> int:
    connection.execute(_SEEN)
    connection.execute(_MET)
    newest = connection.execute("SELECT max(seen_on) FROM seen WHERE seen_on <= ?", [today]).fetchone()[0]
    day = newest or today
    policy = model.policy_on(day)
    found = comparison.candidates(connection, rules, policy, day)
    people = _person_ids(connection, [int(candidate.key) for candidate in found])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        for candidate in found:
            why = model.because(candidate, rules)
            writer.writerow(
                [
                    people[int(candidate.key)],
                    candidate.town,
                    candidate.address,
                    ";".join(candidate.sources),
                    candidate.confidence,
                    f"{why['zh-CN']} / {why['en']}",
                ]
            )
    return len(found)


def _person_ids(connection: Any, clusters: list[int]) -> dict[int, str]:
    import pyarrow as pa

    connection.register("wanted_clusters", pa.table({"cluster": pa.array(clusters, pa.int64())}))
    query = "SELECT cluster, person_id FROM people WHERE cluster IN (SELECT cluster FROM wanted_clusters)"
    return dict(connection.execute(query).fetchall())
