"""The search among the persons of the state: who is a candidate, by which number, under which name."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa

from chalicelib.linkage import comparison
from chalicelib.linkage.model import Candidate, Measured, Policy, SourceRule
from chalicelib.linkage.parts import Parts
from chalicelib.sources import service as sources


class Clear(NamedTuple):
    """A candidate's newest clear columns."""

    id_number: str
    name: str | None
    phone: str | None


def rules() -> dict[str, SourceRule]:
    """The sources that may signal, from their contracts."""
    return {
        source: SourceRule(source, c.title.zh, c.title.en, c.signal == "strong", c.independence)
        for source, c in sources.contracts().items()
        if c.signal != "none"
    }


def connect(scratch: Path, memory_mb: int | None = None) -> Any:
    """A DuckDB connection that spills to scratch disk and downloads nothing."""
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET temp_directory = '{scratch / 'spill'}'")
    connection.execute("SET autoinstall_known_extensions = false; SET enable_progress_bar = false")
    if memory_mb:
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
    return connection


def search(
    connection: Any, policy: Policy, today: date, measured: Measured = MappingProxyType({})
) -> list[Candidate]:
    """The candidates among the persons of the state, by cluster id; makes ``registered`` of those who are none."""
    connection.execute(_SEEN)
    connection.execute(_MET)
    return comparison.candidates(connection, rules(), policy, today, measured)


_SEEN: Final = """
CREATE OR REPLACE TEMP TABLE seen AS
SELECT source, record_id, person AS key, town, address, seen_on, status, left_on, ended, sound, birth, male, open
FROM kept_rows JOIN kept_persons USING (rid)
"""
_MET: Final = """
CREATE OR REPLACE TEMP TABLE met AS
WITH persons AS (
  SELECT DISTINCT node, person FROM kept_rows JOIN kept_persons USING (rid)
  SEMI JOIN (SELECT l AS node FROM kept_scores UNION SELECT r FROM kept_scores) AS scored USING (node)
)
SELECT a.person AS l, b.person AS r, max(weight) AS weight
FROM kept_scores JOIN persons a ON a.node = l JOIN persons b ON b.node = r
WHERE a.person <> b.person GROUP BY a.person, b.person
"""
# A row whose number was not taken for its own says nothing of whose the cluster is.
_OWN_KEYS: Final = """
SELECT person, key FROM kept_rows JOIN kept_persons USING (rid)
SEMI JOIN wanted_persons USING (person)
WHERE key IS NOT NULL AND NOT open GROUP BY person, key ORDER BY person, count(*) DESC, key
"""
_NAMED: Final = """
SELECT person, arg_max(name, seen_on) FILTER (name IS NOT NULL), arg_max(CAST(phone AS VARCHAR), seen_on) FILTER (phone IS NOT NULL)
FROM kept_rows JOIN kept_persons USING (rid) SEMI JOIN wanted_persons USING (person) GROUP BY person
"""


def keys_of(connection: Any, persons: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The person keys of clusters, the most frequent first; clusters in which nobody has a number are left out."""
    connection.register("wanted_persons", pa.table({"person": pa.array(list(persons), pa.string())}))
    found: dict[str, tuple[str, ...]] = {}
    for person, key in connection.execute(_OWN_KEYS).fetchall():
        found[person] = (*found.get(person, ()), key)
    return found


def names_of(connection: Any, persons: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """The newest name and phone of clusters in which nobody has a number."""
    connection.register("wanted_persons", pa.table({"person": pa.array(list(persons), pa.string())}))
    return {person: (name, phone) for person, name, phone in connection.execute(_NAMED).fetchall()}


def not_sought(connection: Any, person_keys: Iterable[str]) -> set[str]:
    """Those of the person keys that no row has any more, or whose cluster the register has, by number or without."""
    wanted = set(person_keys)
    connection.register("wanted_keys", pa.table({"key": pa.array(sorted(wanted), pa.string())}))
    found = connection.execute(
        "SELECT kept_rows.key, bool_or(registered.key IS NOT NULL) FROM kept_rows SEMI JOIN wanted_keys USING (key)"
        " JOIN kept_persons USING (rid) LEFT JOIN registered ON registered.key = kept_persons.person"
        " WHERE NOT open GROUP BY kept_rows.key"
    ).fetchall()
    return wanted - {key for key, is_registered in found if not is_registered}


def clear_columns(connection: Any, parts: Parts, found: list[Candidate]) -> dict[str, Clear]:
    """Number, name and phone of the candidates, and of nobody else, from the linkage zone.

    Of each the newest that is not empty; only the sources that saw somebody are opened.
    """
    if not found:
        return {}
    connection.register("wanted", pa.table({"key": pa.array([candidate.key for candidate in found])}))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE clear (key VARCHAR, number VARCHAR, name VARCHAR, phone VARCHAR, day DATE)"
    )
    for source in sorted({source for candidate in found for source in candidate.sources}):
        current = parts.fetch("linkage", sources.current_parts(source, "linkage"))
        for part, path in current.items():
            connection.execute(
                f"INSERT INTO clear SELECT person_key, id_number, name, phone, DATE '{part.day}'"
                f" FROM read_parquet('{path}') WHERE person_key IN (SELECT key FROM wanted)"
            )
    made = connection.execute(
        "SELECT key, any_value(number), arg_max(name, day) FILTER (name IS NOT NULL),"
        " arg_max(phone, day) FILTER (phone IS NOT NULL) FROM clear GROUP BY key"
    ).fetchall()
    return {key: Clear(number, name, phone) for key, number, name, phone in made}
