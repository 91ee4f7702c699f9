"""The search in the curated zone: parts to scratch disk, the comparison, and candidates' clear columns."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa

from chalicelib import aws, config
from chalicelib.linkage import comparison
from chalicelib.linkage.model import Candidate, Policy, SourceRule
from chalicelib.sources import service as sources

_AT_ONCE: Final = 8


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


class Parts:
    """Copies of the zones' parts on scratch disk. A part never changes under its name, so a copy stays good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[Path] = set()

    def fetch(self, zone: config.Bucket, parts: Iterable[sources.Part]) -> dict[sources.Part, Path]:
        """Where the copies are, fetching those that are missing."""
        wanted = {part: self.folder / part.key.replace("/", "~") for part in parts}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.used |= set(wanted.values())
        missing = [(part.key, path) for part, path in wanted.items() if not path.exists()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda pair: _fetch(zone, *pair), missing))
        return wanted

    def tidy(self) -> None:
        """Delete the copies that were not used since this object was made: their parts are replaced."""
        for path in set(self.folder.glob("*")) - self.used:
            path.unlink()


def _fetch(zone: config.Bucket, key: str, path: Path) -> None:
    body = aws.client("s3").get_object(Bucket=config.bucket(zone), Key=key)["Body"]
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)
    half.rename(path)


def connect(scratch: Path, memory_mb: int | None = None) -> Any:
    """A DuckDB connection that spills to scratch disk and downloads nothing."""
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET temp_directory = '{scratch / 'spill'}'")
    connection.execute("SET autoinstall_known_extensions = false; SET enable_progress_bar = false")
    if memory_mb:
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
    return connection


def load(connection: Any, parts: Parts, policy: Policy) -> dict[str, int]:
    """Put the current rows of every source of people into ``seen``; returns rows by source."""
    connection.execute(
        "CREATE TABLE seen (source VARCHAR, record_id VARCHAR, key VARCHAR, town VARCHAR, address VARCHAR,"
        " seen_on DATE, status VARCHAR, left_on DATE, ended BOOLEAN)"
    )
    rows: dict[str, int] = {}
    for source, contract in sources.contracts().items():
        if contract.kind == "people" and (contract.signal != "none" or source == comparison.REGISTER):
            current = parts.fetch("curated", sources.current_parts(source))
            if current:
                rows[source] = _load_source(connection, source, current, policy)
    return rows


def _load_source(connection: Any, source: str, current: dict[sources.Part, Path], policy: Policy) -> int:
    order = pa.table(
        {
            "file": pa.array([str(path) for path in current.values()]),
            "place": pa.array([part.order for part in current]),
            "day": pa.array([part.day for part in current]),
        }
    )
    connection.register("files", order)
    ending = policy.ended_by.get(source)
    values = ", ".join(f"'{value}'" for value in ending.values) if ending else ""
    ended = f"coalesce({ending.column} IN ({values}), false)" if ending else "false"
    status, left_on = ("status", "left_on") if source == comparison.REGISTER else ("NULL", "NULL")
    newest = (
        "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY files.place DESC) = 1"
        if len({part.order for part in current}) > 1
        else ""
    )
    paths = ", ".join(f"'{path}'" for path in current.values())
    made = connection.execute(
        f"INSERT INTO seen SELECT '{source}', record_id, person_key, town, address,"
        f" coalesce(seen_on, files.day), {status}, {left_on}, {ended}"
        f" FROM read_parquet([{paths}], filename = true, union_by_name = true) AS rows"
        f" JOIN files ON files.file = rows.filename {newest}"
    ).fetchone()
    return int(made[0])


def search(connection: Any, policy: Policy, today: date) -> list[Candidate]:
    """The candidates among the rows that were loaded."""
    return comparison.candidates(connection, rules(), policy, today)


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
