"""How good a comparison is: precision and recall over all true pairs of rows, by error, by source, by kind of people.

`python -m bench.quality IN OUT [--truth TRUTH] [--json FILE]` holds what `python -m chalicelib.linkage compare IN OUT`
wrote against the truth that the simulation put beside IN. Pairs are counted from the sizes of groups, never listed:
with n rows of a person in a cluster there are n (n - 1) / 2 right pairs, so that time and memory grow with the rows.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from bench import quality_finder, quality_people, quality_words
from simulation.errors import KINDS

PAIRS = "coalesce(sum(n * (n - 1) // 2), 0)::BIGINT"
TOUCHED = "coalesce(sum(n * (n - 1) // 2 - (n - k) * (n - k - 1) // 2), 0)::BIGINT"


class Unusable(ValueError):
    """The folders cannot be measured; the message says what is missing."""


def main(arguments: list[str] | None = None) -> int:
    """Print the tables and write the JSON; returns 0, or 2 with one line that says what is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("source", metavar="IN", type=Path)
    parser.add_argument("target", metavar="OUT", type=Path)
    parser.add_argument("--truth", type=Path, help="IN/truth by default")
    parser.add_argument("--json", type=Path, help="OUT/quality.json by default")
    asked = parser.parse_args(arguments)
    try:
        found = measure(asked.source, asked.target, asked.truth)
    except (Unusable, OSError, duckdb.Error) as problem:
        print(str(problem).splitlines()[0], file=sys.stderr)
        return 2
    place = asked.json or asked.target / "quality.json"
    place.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for line in quality_words.lines(found):
        print(line)
    return 0


def measure(source: Path, target: Path, truth: Path | None = None) -> dict[str, Any]:
    """All measures of an answer, as JSON would have them. Raises ``Unusable`` where a file is missing."""
    truth = truth or source / "truth"
    for path in (truth / "links.parquet", truth / "people.parquet", target / "clusters.csv"):
        if not path.is_file():
            raise Unusable(f"{path} is not there")
    with _connection(target) as connection:
        found: dict[str, Any] = {"rows": _load(connection, truth, target)}
        found["pairs"] = _overall(connection)
        found["by_error"] = _by_error(connection)
        found["by_sources"] = _by_sources(connection)
        found["by_people"] = quality_people.recall_by_kind(connection)
        found["wrong_merges"] = quality_people.wrong_merges(connection)
        found["missed_rows"] = quality_people.missed_rows(connection)
        if (target / "unregistered.csv").is_file():
            found["unregistered"] = quality_finder.measure(connection, source, target)
    return found


@contextmanager
def _connection(target: Path) -> Iterator[Any]:
    with tempfile.TemporaryDirectory(dir=target, prefix=".quality-") as folder:
        connection = duckdb.connect(str(Path(folder, "work.duckdb")))
        connection.execute(
            f"SET temp_directory = '{folder}'; SET preserve_insertion_order = false; SET memory_limit = '6GB'"
        )
        connection.execute("SET enable_progress_bar = false")
        try:
            yield connection
        finally:
            connection.close()


def _load(connection: Any, truth: Path, target: Path) -> dict[str, int]:
    """Rows with person, cluster and errors as numbers; what is answered besides, twice or not at all is counted."""
    bits = " ".join(
        f"| (list_contains(found, '{kind}')::BIGINT << {place})" for place, kind in enumerate(KINDS)
    )
    connection.execute(f"""
CREATE TABLE marks AS SELECT errors, (0::BIGINT {bits}) AS bits
FROM (SELECT DISTINCT errors, string_split(errors, ';') AS found FROM '{truth}/links.parquet');
CREATE TABLE answer AS SELECT source, record_id, hash(person_id) AS cluster
FROM read_csv('{target}/clusters.csv', header = true, all_varchar = true);
CREATE TABLE rows AS
SELECT links.source, links.record_id, substr(links.person, 2)::INTEGER AS person, answer.cluster, marks.bits
FROM '{truth}/links.parquet' links JOIN marks USING (errors)
JOIN (SELECT DISTINCT ON (source, record_id) * FROM answer) answer USING (source, record_id);
CREATE TABLE people AS SELECT * REPLACE (substr(person, 2)::INTEGER AS person) FROM '{truth}/people.parquet';
CREATE TABLE shares AS
SELECT cluster, person, count(*) AS n, bit_or(bits) AS bits FROM rows GROUP BY ALL""")
    counts = {
        "in_truth": f"SELECT count(*) FROM '{truth}/links.parquet'",
        "answered": "SELECT count(*) FROM answer",
        "matched": "SELECT count(*) FROM rows",
        "clusters": "SELECT count(DISTINCT cluster) FROM answer",
        "people": "SELECT count(DISTINCT person) FROM rows",
    }
    found = {name: count(connection, query) for name, query in counts.items()}
    found["lost"] = found["in_truth"] - found["matched"]
    found["twice_or_unknown"] = found["answered"] - found["matched"]
    connection.execute("DROP TABLE answer")
    return found


def count(connection: Any, query: str) -> int:
    """The one number that a query gives."""
    return int(connection.execute(query).fetchall()[0][0])


def scored(right: int, claimed: int, true: int) -> dict[str, Any]:
    """Precision and recall with their counts; none where nothing was claimed or true."""
    return {
        "right": right,
        "claimed": claimed,
        "true": true,
        "precision": right / claimed if claimed else None,
        "recall": right / true if true else None,
    }


def _overall(connection: Any) -> dict[str, Any]:
    right = count(connection, f"SELECT {PAIRS} FROM shares")
    claimed, true = (
        count(connection, f"SELECT {PAIRS} FROM (SELECT sum(n)::BIGINT AS n FROM shares GROUP BY {key})")
        for key in ("cluster", "person")
    )
    return scored(right, claimed, true)


def _by_error(connection: Any) -> dict[str, Any]:
    """Pairs of which at least one row carries the error; `none` are those where neither carries any."""
    found: dict[str, Any] = {}
    connection.execute("CREATE TABLE sizes AS SELECT *, sum(n) OVER (PARTITION BY cluster)::BIGINT AS of_cluster,"
                       " sum(n) OVER (PARTITION BY person)::BIGINT AS of_person FROM shares")  # fmt: skip
    for place, kind in enumerate(KINDS):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE touched AS SELECT cluster, person, count(*) AS k FROM rows"
            f" WHERE bits >> {place} & 1 = 1 GROUP BY ALL"
        )
        if count(connection, "SELECT count(*) FROM touched"):
            found[kind] = scored(*_touched(connection))
    clean = "SELECT cluster, person, count(*) AS n FROM rows WHERE bits = 0 GROUP BY ALL"
    right = count(connection, f"SELECT {PAIRS} FROM ({clean})")
    claimed, true = (
        count(
            connection, f"SELECT {PAIRS} FROM (SELECT {key}, sum(n)::BIGINT AS n FROM ({clean}) GROUP BY 1)"
        )
        for key in ("cluster", "person")
    )
    found["none"] = scored(right, claimed, true)
    return found


def _touched(connection: Any) -> list[int]:
    """Right, claimed and true pairs with at least one of the touched rows."""
    both = "FROM touched JOIN sizes USING (cluster, person)"
    return [
        count(connection, f"SELECT {TOUCHED} FROM (SELECT n, k {both})"),
        count(
            connection,
            f"SELECT {TOUCHED} FROM (SELECT any_value(of_cluster) AS n, sum(k)::BIGINT AS k {both} GROUP BY cluster)",
        ),
        count(
            connection,
            f"SELECT {TOUCHED} FROM (SELECT any_value(of_person) AS n, sum(k)::BIGINT AS k {both} GROUP BY person)",
        ),
    ]


def _by_sources(connection: Any) -> dict[str, Any]:
    """Pairs between each two sources, and inside each."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, keys in enumerate(("cluster, person", "cluster", "person")):
        query = f"""
WITH counts AS (SELECT {keys}, source, count(*) AS n FROM rows GROUP BY ALL)
SELECT a.source, b.source,
       sum(CASE WHEN a.source = b.source THEN a.n * (a.n - 1) // 2 ELSE a.n * b.n END)::BIGINT
FROM counts a JOIN counts b USING ({keys}) WHERE a.source <= b.source GROUP BY ALL"""
        for left, right, pairs in connection.execute(query).fetchall():
            found.setdefault((left, right), [0, 0, 0])[place] = pairs
    return {
        f"{left} {right}": scored(*counts) for (left, right), counts in sorted(found.items()) if any(counts)
    }


if __name__ == "__main__":
    sys.exit(main())
