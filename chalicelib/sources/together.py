"""Many people's rows at once: each part of a source is read once and joined with all who are asked about, by DuckDB."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from chalicelib import aws, config
from chalicelib.sources.lookup import plain
from chalicelib.sources.model import bucket_of, part_key
from chalicelib.sources.store import FileRow


def facts_of_many(
    source: str, people: Mapping[str, str], files: list[FileRow], scratch: Path
) -> dict[str, list[dict[str, Any]]]:
    """By whoever a person key belongs to: exactly the rows that ``lookup.facts`` gives for all of that person's keys.

    ``people`` maps person keys to ids of the caller's; ``files`` are the current ones, oldest first. Of each
    file only the buckets in which one of the keys is are read, each once. People of whom nothing is known are
    left out.
    """
    newest: dict[str, dict[str, dict[str, Any]]] = {}
    for row in files:
        for found in _joined(source, people, row, scratch):
            person = people[found["person_key"]]
            newest.setdefault(person, {})[found["record_id"]] = {"source": source} | found
    return {person: list(rows.values()) for person, rows in newest.items()}


def _joined(source: str, people: Mapping[str, str], row: FileRow, scratch: Path) -> list[dict[str, Any]]:
    """The rows of one file that belong to one of the keys."""
    buckets = sorted({bucket_of(key, int(row.buckets)) for key in people})
    parts = [
        _fetched(part_key("curated", source, bucket, row.file), scratch / str(bucket)) for bucket in buckets
    ]
    wanted = pa.table({"person_key": list(people)})  # noqa: F841  # DuckDB finds it by its name.
    with duckdb.connect() as database:
        query = "SELECT f.* FROM read_parquet(?) f SEMI JOIN wanted USING (person_key)"
        found: pa.Table = database.sql(query, params=[[str(part) for part in parts]]).to_arrow_table()
    for part in parts:
        part.unlink()
    return [{name: plain(value) for name, value in each.items()} for each in found.to_pylist()]


def _fetched(key: str, path: Path) -> Path:
    """A part on scratch disk."""
    body = aws.client("s3").get_object(Bucket=config.bucket("curated"), Key=key)["Body"]
    with path.open("wb") as out:
        for block in body.iter_chunks(1 << 20):
            out.write(block)
    return path
