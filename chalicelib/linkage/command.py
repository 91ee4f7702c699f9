"""The comparison of a folder of CSV files: rows to clusters, pairs, and who is not registered.

Exact keys: two rows are one person when their identity numbers are the same valid number of GB 11643
after normalising. Numbers stay inside; what is written names rows and people by ids only.
"""

import csv
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from chalicelib.linkage import comparison, model
from chalicelib.linkage.model import SourceRule

STANDARD: Final = (
    "record_id",
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "town",
    "address",
    "seen_on",
)
PAIRED_AT_MOST: Final = 20
_FULL_WIDTH: Final = "０１２３４５６７８９ＸｘＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＹＺ－　"
_HALF_WIDTH: Final = "0123456789XXABCDEFGHIJKLMNOPQRSTUVWYZ- "
_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))


class Unusable(ValueError):
    """The folder cannot be compared; the message is one line for the person who called."""


def check_character_sql(text: str) -> str:
    """The check character of 17 digits, as SQL (ISO 7064 MOD 11-2)."""
    total = " + ".join(f"CAST(substr({text}, {i}, 1) AS INT) * {w}" for i, w in enumerate(_WEIGHTS, 1))
    return f"substr('10X98765432', ({total}) % 11 + 1, 1)"


def key_sql(column: str) -> str:
    """A valid identity number in its normal form, else null, as SQL; agrees with ``idnumbers.parse``."""
    plain = (
        f"upper(regexp_replace(translate({column}, '{_FULL_WIDTH}', '{_HALF_WIDTH}'), '[\\s\\-]', '', 'g'))"
    )
    whole = "regexp_full_match(n, '[1-9][0-9]{16}[0-9X]')"
    born = "try_strptime(substr(n, 7, 8), '%Y%m%d')"
    foreign = "regexp_full_match(n, '[A-Z]{3}[0-9]{12}')"
    century = "CASE WHEN substr(n, 8, 2) > '25' THEN '19' ELSE '20' END"
    old_born = f"try_strptime({century} || substr(n, 8, 6), '%Y%m%d')"
    long = "substr(p, 1, 6) || '19' || substr(p, 7)"
    grown = (
        f"CASE WHEN regexp_full_match(p, '[1-8][0-9]{{14}}') "
        f"THEN ({long}) || {check_character_sql(f'({long})')} ELSE p END"
    )
    judged = (
        f"CASE WHEN {foreign} AND {old_born} IS NOT NULL THEN n "
        f"WHEN {whole} AND year({born}) BETWEEN 1850 AND 2100 "
        f"THEN CASE WHEN {check_character_sql('n')} = substr(n, 18, 1) THEN n END END"
    )
    return f"(SELECT {judged} FROM (SELECT {grown} AS n FROM (SELECT {plain} AS p)))"


def compare(source: Path, target: Path, rules: dict[str, SourceRule], today: date) -> dict[str, Any]:
    """Compare the files of a folder and write ``clusters``, ``pairs``, ``unregistered`` and ``report``.

    ``rules`` are those of the sources that may signal; files of other people's sources are clustered
    too. Signals are judged on the newest ``seen_on`` in the files, or ``today`` if that is earlier.
    Raises ``Unusable`` for a folder or file that cannot be read.
    """
    started = time.monotonic()
    target.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(target / ".work.duckdb"))
    try:
        connection.execute(f"SET temp_directory = '{target / '.spill'}'; SET enable_progress_bar = false")
        rows = _load(connection, source)
        with _stage("clusters"):
            _cluster(connection)
            _write(connection, _CLUSTERS, target / "clusters.csv")
        with _stage("pairs"):
            pairs = _write(connection, _PAIRS.format(most=PAIRED_AT_MOST), target / "pairs.csv")
        with _stage("unregistered"):
            found = _unregistered(connection, rules, today, target / "unregistered.csv")
        people = _count(connection, "SELECT count(DISTINCT person_id) FROM clustered")
    finally:
        connection.close()
        for left in target.glob(".work.duckdb*"):
            left.unlink()
    report = {
        "engine": "duckdb",
        "rows": rows | {"total": sum(rows.values())},
        "people": people,
        "pairs": pairs,
        "unregistered": found,
        "seconds": round(time.monotonic() - started, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    (target / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report


@contextmanager
def _stage(name: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{name} …", file=sys.stderr, flush=True)
    yield
    print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def _load(connection: Any, folder: Path) -> dict[str, int]:
    """Read every source's file into ``input``; returns rows by source."""
    from chalicelib.sources import service as sources

    if not (folder / "registrations.csv").is_file():
        raise Unusable(f"{folder} holds no registrations.csv")
    connection.execute(
        "CREATE TABLE input (source VARCHAR, record_id VARCHAR, key VARCHAR, town VARCHAR, address VARCHAR,"
        " seen_on DATE, status VARCHAR, left_on DATE, ended BOOLEAN)"
    )
    rows: dict[str, int] = {}
    known = set(sources.people_sources())
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in known:
            print(f"{path.name}: not a source of people, left out", file=sys.stderr)
            continue
        with _stage(f"reading {path.name}"):
            rows[path.stem] = _load_file(connection, path)
    return rows


def _load_file(connection: Any, path: Path) -> int:
    header = _header(path)
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in header)
    ending = model.policy_on(date.today()).ended_by.get(path.stem)  # noqa: DTZ011
    ended = "false"
    if ending and ending.column in header:
        ended = f"coalesce({ending.column} IN ({', '.join(_quoted(v) for v in ending.values)}), false)"
    status = "nullif(status, '')" if "status" in header and path.stem == comparison.REGISTER else "NULL"
    left_on = "try_cast(left_on AS DATE)" if "left_on" in header else "NULL"
    query = (
        f"INSERT INTO input SELECT '{path.stem}', coalesce(record_id, ''), {key_sql('id_number')}, nullif(town, ''),"
        f" nullif(trim(address), ''), try_cast(seen_on AS DATE), {status}, {left_on}, {ended}"
        f" FROM read_csv({_quoted(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', columns = {{{columns}}}, max_line_size = 1048576)"
    )
    try:
        connection.execute(query)
    except duckdb.Error as error:
        raise Unusable(f"{path.name}: {str(error).splitlines()[0][:200]}") from None
    return _count(connection, f"SELECT count(*) FROM input WHERE source = '{path.stem}'")


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [name.strip().lower() for name in next(csv.reader(file), [])]
    except UnicodeDecodeError:
        raise Unusable(f"{path.name}: not UTF-8") from None
    if missing := [name for name in STANDARD if name not in header]:
        raise Unusable(f"{path.name}: columns missing: {', '.join(missing)}")
    if len(set(header)) != len(header) or not all(name.isidentifier() for name in header):
        raise Unusable(f"{path.name}: the header repeats a column or has an odd name")
    return header


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_NUMBERED = """
CREATE TABLE numbered AS
SELECT *, row_number() OVER (PARTITION BY source, record_id ORDER BY key, town, address, seen_on) AS again FROM input
"""
_PLAIN = "CREATE TABLE numbered AS SELECT *, 1 AS again FROM input"
_NAMED = """
CREATE TABLE clustered AS
WITH labelled AS (
  SELECT *, source || chr(31) || record_id || chr(31) || again AS label FROM numbered
), firsts AS (
  SELECT key, min(label) AS first FROM labelled WHERE key IS NOT NULL GROUP BY key
)
SELECT labelled.*, 'P' || substr(md5(coalesce(firsts.first, label)), 1, 20) AS person_id
FROM labelled LEFT JOIN firsts ON firsts.key = labelled.key
"""
_CLUSTERS = "SELECT source, record_id, person_id FROM clustered ORDER BY source, record_id, again"
_PAIRS = """
WITH ranked AS (
  SELECT source, record_id, label, key, row_number() OVER (PARTITION BY key ORDER BY label) AS place
  FROM clustered WHERE key IS NOT NULL
)
SELECT a.source AS left_source, a.record_id AS left_id, b.source AS right_source, b.record_id AS right_id,
       '1.0' AS probability, 'id_number' AS because
FROM ranked a JOIN ranked b ON a.key = b.key AND a.place < b.place AND (b.place <= {most} OR a.place = 1)
ORDER BY a.label, b.label
"""


def _cluster(connection: Any) -> None:
    """Give each row its person: rows with one valid number are one, a row without is on its own.

    A person id comes from the first of its rows, so that it stays while that row is there, and says
    nothing about the number.
    """
    doubled = _count(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM input GROUP BY source, record_id HAVING count(*) > 1)",
    )
    connection.execute(_NUMBERED if doubled else _PLAIN)
    connection.execute("DROP TABLE input")
    connection.execute(_NAMED)
    connection.execute("DROP TABLE numbered")


def _write(connection: Any, query: str, path: Path) -> int:
    made = connection.execute(f"COPY ({query}) TO {_quoted(str(path))} (HEADER, DELIMITER ',')").fetchone()
    return int(made[0])


def _unregistered(connection: Any, rules: dict[str, SourceRule], today: date, path: Path) -> int:
    connection.execute("CREATE OR REPLACE TEMP VIEW seen AS SELECT * FROM clustered")
    newest = connection.execute("SELECT max(seen_on) FROM clustered WHERE seen_on <= ?", [today]).fetchone()[
        0
    ]
    day = newest or today
    policy = model.policy_on(day)
    found = comparison.candidates(connection, rules, policy, day)
    people = _person_ids(connection, [candidate.key for candidate in found])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["person_id", "town", "address", "sources", "confidence", "because"])
        for candidate in found:
            why = model.because(candidate, rules)
            writer.writerow(
                [
                    people[candidate.key],
                    candidate.town,
                    candidate.address,
                    ";".join(candidate.sources),
                    model.confidence(candidate, rules, policy),
                    f"{why['zh-CN']} / {why['en']}",
                ]
            )
    return len(found)


def _person_ids(connection: Any, keys: list[str]) -> dict[str, str]:
    import pyarrow as pa

    wanted = pa.table({"key": pa.array(keys, pa.string())})
    connection.register("wanted_keys", wanted)
    query = "SELECT DISTINCT key, person_id FROM clustered WHERE key IN (SELECT key FROM wanted_keys)"
    return dict(connection.execute(query).fetchall())
