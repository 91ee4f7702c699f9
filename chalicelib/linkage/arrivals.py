"""Which rows are new to the state, which changed, and which no longer count.

Table ``staged`` holds rows as they were read, several of one record perhaps. Of one record that row counts whose
file is the newest (``places(file, place)``), then the one seen last, then the greater by content: the order in
which files are read changes nothing. A row that says what the state has already is no news.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from chalicelib.linkage import reading

_CONTENT: Final = (
    "key, name, number, written, repaired, birth, male, phone, town, address, seen_on, status, left_on, ended"
)
_SAYS: Final = f"md5(CAST(struct_pack({', '.join(f'{c} := {c}' for c in _CONTENT.split(', '))}) AS VARCHAR))"
STAGED: Final = """
CREATE OR REPLACE TABLE staged (
  source VARCHAR, record_id VARCHAR, name VARCHAR, number BIGINT, written VARCHAR, repaired BOOLEAN,
  birth INTEGER, male BOOLEAN, phone BIGINT, town VARCHAR, address VARCHAR, seen_on DATE,
  status VARCHAR, left_on DATE, ended BOOLEAN, file VARCHAR, key VARCHAR
)
"""
_CONTENDERS: Final = f"""
CREATE OR REPLACE TABLE contenders AS
WITH known AS (
  SELECT kept_rows.* FROM kept_rows SEMI JOIN staged ON staged.source = kept_rows.source AND staged.record_id = kept_rows.record_id
), both_ AS (
  SELECT rid, source, record_id, file, {_CONTENT} FROM known
  UNION ALL SELECT NULL, source, record_id, file, {_CONTENT} FROM staged
), told AS (
  SELECT both_.*, {_SAYS} AS says, coalesce(places.place, -1) AS place FROM both_ LEFT JOIN places ON places.file = both_.file
)
SELECT *, row_number() OVER (
  PARTITION BY source, record_id ORDER BY place DESC, seen_on DESC NULLS LAST, says DESC, rid DESC NULLS LAST
) AS rank FROM told
"""
# The winner is news unless the state's own row of the record says the same.
_ARRIVED: Final = """
CREATE OR REPLACE TABLE arrived AS
SELECT w.* EXCLUDE (rid, says, place, rank) FROM contenders w
LEFT JOIN (SELECT source, record_id, any_value(says) AS said FROM contenders WHERE rid IS NOT NULL GROUP BY ALL) k
  ON k.source = w.source AND k.record_id = w.record_id
WHERE w.rank = 1 AND w.rid IS NULL AND w.says IS DISTINCT FROM k.said
"""
_REPLACED: Final = """
CREATE OR REPLACE TABLE replaced AS
SELECT kept_rows.rid FROM kept_rows
JOIN arrived ON arrived.source = kept_rows.source AND arrived.record_id = kept_rows.record_id
UNION
SELECT rid FROM kept_rows SEMI JOIN whole USING (source)
ANTI JOIN staged ON staged.source = kept_rows.source AND staged.record_id = kept_rows.record_id
"""


_AGAIN: Final = (
    f"INSERT INTO arrived BY NAME SELECT source, record_id, file, {_CONTENT} FROM kept_rows ANTI JOIN replaced USING (rid)",
    "INSERT INTO replaced SELECT rid FROM kept_rows ANTI JOIN replaced USING (rid)",
)


def take_all_again(connection: Any) -> None:
    """Let every row that goes on counting arrive once more, so that all are compared: persons keep their ids."""
    for query in _AGAIN:
        connection.execute(query)


def stage_folder(connection: Any, folder: Path, today: date) -> dict[str, int]:
    """Read a folder of ``{source}.csv`` into ``staged``; returns rows by source. The register may be missing."""
    from chalicelib.sources import service as sources

    connection.execute(STAGED)
    reading.create(connection)
    known = set(sources.people_sources())
    rows: dict[str, int] = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem in known:
            rows[path.stem] = reading.load(connection, path.stem, path, today)
    connection.execute("INSERT INTO staged SELECT *, '', NULL FROM rows")
    connection.execute("DROP TABLE rows")
    return rows


def compare_with_state(
    connection: Any, places: Iterable[str] = (), whole: Iterable[str] = ()
) -> tuple[int, int]:
    """Make ``arrived`` and ``replaced`` of ``staged``; returns how many of each.

    ``places``: the files that count, the oldest first. ``whole``: sources of which ``staged`` has every row
    that counts; rows of theirs that it does not have are gone.
    """
    files = list(places)
    table = {"file": pa.array(files, pa.string()), "place": pa.array(range(len(files)), pa.int64())}
    connection.register("places", pa.table(table))
    connection.register("whole", pa.table({"source": pa.array(list(whole), pa.string())}))
    for query in (_CONTENDERS, _ARRIVED, _REPLACED):
        connection.execute(query)
    connection.execute("DROP TABLE contenders")
    counted = connection.execute(
        "SELECT (SELECT count(*) FROM arrived), (SELECT count(*) FROM replaced)"
    ).fetchall()[0]
    return int(counted[0]), int(counted[1])
