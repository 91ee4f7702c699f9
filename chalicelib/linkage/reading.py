"""The files of a folder into table ``rows``: what departments wrote, cleaned column by column."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from chalicelib.linkage import cleaning, comparison, model
from chalicelib.linkage.cleaning import quoted

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
_ROWS: Final = """
CREATE OR REPLACE TABLE rows (
  source VARCHAR, record_id VARCHAR, name VARCHAR, number BIGINT, written VARCHAR, repaired BOOLEAN,
  birth INTEGER, male BOOLEAN, phone BIGINT, town VARCHAR, address VARCHAR, seen_on DATE,
  status VARCHAR, left_on DATE, ended BOOLEAN
)
"""


class Unusable(ValueError):
    """The folder cannot be compared; the message is one line for the person who called."""


def create(connection: Any) -> int:
    """Make table ``rows``, empty; returns 0 rows. A row's id is its ``rowid``: rows are never deleted."""
    connection.execute(_ROWS)
    return 0


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The sources of people and their files, by name; raises ``Unusable`` without a register."""
    from chalicelib.sources import service as sources

    if not (folder / "registrations.csv").is_file():
        raise Unusable(f"{folder} holds no registrations.csv")
    known = set(sources.people_sources())
    for path in sorted(folder.glob("*.csv")):
        if path.stem in known:
            yield path.stem, path


def load(connection: Any, source: str, path: Path, today: date) -> int:
    """Append a file's rows to ``rows``; returns how many. Raises ``Unusable`` for a file that cannot be read."""
    header = _header(path)
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in header)
    file = (
        f"read_csv({quoted(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', columns = {{{columns}}}, max_line_size = 1048576)"
    )
    try:
        made = connection.execute(f"INSERT INTO rows {cleaned(source, header, file, today)}").fetchone()
    except duckdb.Error as error:
        raise Unusable(f"{path.name}: {str(error).splitlines()[0][:200]}") from None
    return int(made[0])


def cleaned(source: str, header: list[str], relation: str, today: date) -> str:
    """The query that makes rows of a relation of text columns, in three steps so that nothing is done twice."""
    known = f"SELECT *, {cleaning.plain_number('id_number')} AS plain FROM {relation}"
    counted = f"SELECT *, {cleaning.digits('plain')} AS digits, {cleaning.day('birth_date')} AS birth FROM ({known})"
    judged = f"SELECT *, {cleaning.number('plain', 'digits')} AS valid FROM ({counted})"
    mended = f"SELECT *, CASE WHEN valid IS NULL THEN {cleaning.mended('plain', 'birth')} END AS mended FROM ({judged})"
    ended, status, left_on = _ending(source, header, today)
    return (
        f"SELECT {quoted(source)}, coalesce(record_id, ''), trim(name), coalesce(valid, mended),"
        f" CASE WHEN valid IS NULL AND mended IS NULL THEN {cleaning.written_number('plain')} END,"
        f" mended IS NOT NULL, birth, {cleaning.is_male('sex')}, {cleaning.phone('phone')}, nullif(town, ''),"
        f" nullif(trim(address), ''), TRY_CAST(seen_on AS DATE), {status}, {left_on}, {ended} FROM ({mended})"
    )


def _ending(source: str, header: list[str], today: date) -> tuple[str, str, str]:
    ending = model.policy_on(today).ended_by.get(source)
    ended = "false"
    if ending and ending.column in header:
        ended = f"coalesce({ending.column} IN ({', '.join(quoted(v) for v in ending.values)}), false)"
    status = "nullif(status, '')" if "status" in header and source == comparison.REGISTER else "NULL"
    return ended, status, _left_on(source, header, today)


def _left_on(source: str, header: list[str], today: date) -> str:
    """The day on which somebody left, or on which the row's relation was over."""
    over = model.policy_on(today).over_by.get(source)
    if over and over.values and over.column in header:
        listed = ", ".join(quoted(value) for value in over.values)
        return f"CASE WHEN {over.column} IN ({listed}) THEN coalesce(TRY_CAST(seen_on AS DATE), DATE '1970-01-01') END"
    column = over.column if over else "left_on"
    return f"TRY_CAST({column} AS DATE)" if column in header else "NULL"


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
