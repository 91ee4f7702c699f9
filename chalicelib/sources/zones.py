"""The buckets: taking a file out of the inbox, writing parts, pieces, repairs and reports."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from chalicelib import aws, config, keys
from chalicelib.sources.checking import Checked
from chalicelib.sources.model import PIECE_ROWS, Contract, InboxKey, Report, Unreadable, part_key
from chalicelib.sources.packing import LIMITS, Limits
from chalicelib.sources.staging import clear_schema, curated_schema

_GONE: Final = {"NoSuchKey", "404", "NotFound"}
IMPORTED: Final = (
    "record_id",
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "town",
    "community",
    "address",
    "address_code",
    "arrived_on",
    "registered_on",
    "housing",
    "status",
    "left_on",
)


def file_id(key: InboxKey, digest: str) -> str:
    """The name of a file's parts: the same file and content, the same name; safe as an object key."""
    known_by = keys.stable_id("F", key.source, str(key.date), key.name)
    return f"{key.date:%Y%m%d}-{known_by[:14]}-{digest[:12]}"


def download(bucket: str, key: str, target: Path, limits: Limits = LIMITS) -> str:
    """Stream an object to scratch disk; returns the SHA-256 of its bytes.

    Raises ``Unreadable`` with ``object_gone`` or ``too_large``.
    """
    try:
        answer = aws.client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise Unreadable("object_gone") from None
        raise
    if answer["ContentLength"] > limits.packed:
        raise Unreadable("too_large", str(limits.packed))
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in answer["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def put_file(bucket: config.Bucket, key: str, path: Path, kind: str) -> None:
    """Upload a file from scratch disk."""
    with path.open("rb") as body:
        aws.client("s3").put_object(Bucket=config.bucket(bucket), Key=key, Body=body, ContentType=kind)


def put_report(key: str, report: Report) -> None:
    """Write a report where the department looks for it."""
    body = report.model_dump_json(indent=2).encode()
    aws.client("s3").put_object(
        Bucket=config.bucket("inbox"), Key=key, Body=body, ContentType="application/json; charset=utf-8"
    )


def put_part(table: pa.Table, contract: Contract, bucket: int, file: str, scratch: Path) -> list[str]:
    """Write one bucket of a file: its curated columns, and of people the clear ones in their own zone.

    Returns the object keys.
    """
    zones: list[tuple[Literal["curated", "linkage"], pa.Schema]] = [("curated", table.schema)]
    if contract.kind == "people":
        zones = [("curated", curated_schema(contract)), ("linkage", clear_schema(contract))]
    written = [part_key(zone, contract.source, bucket, file) for zone, _ in zones]
    for key, (_, schema) in zip(written, zones, strict=True):
        put_table(table.select(schema.names), key, scratch)
    return written


def put_table(table: pa.Table, key: str, scratch: Path) -> None:
    """Write one part under its key, in the zone that the key names."""
    zone: config.Bucket = "linkage" if key.startswith("linkage/") else "curated"
    path = scratch / f"{zone}.parquet"
    pq.write_table(table, path, compression="zstd", row_group_size=16_384)
    put_file(zone, key, path, "application/vnd.apache.parquet")
    path.unlink()


def delete_raw(bucket: str, key: str) -> None:
    """Delete a count feed from the inbox: its raw rows are not kept."""
    aws.client("s3").delete_object(Bucket=bucket, Key=key)


def piece_key(file: str, piece: int) -> str:
    """The object key of a piece of the old register."""
    return f"imports/{file}/{piece:05d}.jsonl"


class Pieces:
    """Cuts the accepted rows of the old register into pieces that one message can carry through."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self._rows: list[str] = []

    def add(self, checked: Checked) -> None:
        """Take a batch; whole pieces go to the linkage zone at once."""
        names = [n for n in IMPORTED if n in checked.columns]
        for row in zip(*(checked.columns[n] for n in names), strict=True):
            made = dict(zip(names, row, strict=True))
            made["status"] = made.get("status") or "active"
            self._rows.append(json.dumps(made, ensure_ascii=False, default=_iso))
            if len(self._rows) == PIECE_ROWS:
                self.flush()

    def flush(self) -> None:
        """Write what is gathered as a piece, if anything."""
        if not self._rows:
            return
        self.count += 1
        body = ("\n".join(self._rows) + "\n").encode()
        key = piece_key(self.file, self.count)
        aws.client("s3").put_object(
            Bucket=config.bucket("linkage"), Key=key, Body=body, ContentType="application/x-ndjson"
        )
        self._rows = []

    def messages(self, count: int, source_file: str) -> Iterator[dict[str, Any]]:
        """One message for each of ``count`` pieces."""
        bucket = config.bucket("linkage")
        for piece in range(1, count + 1):
            key = piece_key(self.file, piece)
            yield {"bucket": bucket, "key": key, "piece": piece, "of": count, "source_file": source_file}


def _iso(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)
