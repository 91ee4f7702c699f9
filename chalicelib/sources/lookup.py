"""One person's rows, from one small bucket of each file."""

import io
from datetime import date
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib import aws, config
from chalicelib.sources.model import bucket_of, part_key
from chalicelib.sources.store import FileRow


def facts(source: str, person_keys: list[str], files: list[FileRow]) -> list[dict[str, Any]]:
    """The person's rows in these files, the newest row of each record; ``files`` oldest first."""
    newest: dict[str, dict[str, Any]] = {}
    for row in files:
        for bucket in sorted({bucket_of(key, int(row.buckets)) for key in person_keys}):
            for found in _rows(part_key("curated", source, bucket, row.file), person_keys):
                newest[found["record_id"]] = {"source": source} | found
    return list(newest.values())


def _rows(key: str, person_keys: list[str]) -> list[dict[str, Any]]:
    body = aws.client("s3").get_object(Bucket=config.bucket("curated"), Key=key)["Body"].read()
    table = pq.read_table(io.BytesIO(body), filters=pc.field("person_key").isin(person_keys))
    return [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]


def plain(value: Any) -> Any:
    """A cell as JSON has it: days as ISO texts."""
    return value.isoformat() if isinstance(value, date) else value
