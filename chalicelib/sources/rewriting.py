"""Rewriting the parts of files: without people who asked for deletion, or under new person keys.

A part never changes under its name, since warm functions keep copies of it: a rewritten file gets parts
with a new name, one conditional write makes them count, and then the old ones go. A run that is stopped
leaves whole files behind, old or new.
"""

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from chalicelib import aws, config, keys
from chalicelib.sources import catalogue, parts, store, zones
from chalicelib.sources.model import Contract, bucket_of, part_key
from chalicelib.sources.staging import Staging
from chalicelib.sources.store import FileRow

Proceed = Callable[[], bool]
Successors = Callable[[list[str]], dict[str, str]]


class Rewritten(NamedTuple):
    """What a run did. ``lost``: rows whose key could not be made anew. ``done``: nothing is left to do."""

    files: int
    rows: int
    lost: int
    done: bool


def erase(now: datetime, scratch: Path, proceed: Proceed = lambda: True) -> Rewritten:
    """Take the rows of all who asked for deletion out of every file, with every earlier version of its parts."""
    wanted = store.erasures()
    files = rows = 0
    if not wanted:
        return Rewritten(0, 0, 0, True)
    for _, row in _files_of_people():
        if not proceed():
            return Rewritten(files, rows, 0, False)
        _tidy(row)
        taken = _erase_from(row, wanted, scratch)
        files, rows = files + bool(taken), rows + taken
    store.erased(wanted, now, rows)
    return Rewritten(files, rows, 0, True)


def _files_of_people() -> Iterator[tuple[Contract, FileRow]]:
    for source in catalogue.people_sources():
        for row in store.files(source):
            if row.state != "retiring":
                yield catalogue.contract(source), row


def _tidy(row: FileRow) -> None:
    """Delete what an earlier run or arrival left over."""
    if row.stale_parts and row.state == "done":
        parts.delete_for_good(row.stale_parts)
        store.tidied(row)


def _erase_from(row: FileRow, wanted: set[str], scratch: Path) -> int:
    """Rewrite a file without these keys; how many rows went. Files without any of them are only looked at."""
    touched = {bucket_of(key, int(row.buckets)) for key in wanted}
    left: dict[str, pa.Table] = {}
    taken = 0
    for bucket in sorted(touched):
        for zone in parts.zones_of("people"):
            key = part_key(zone, row.source, bucket, row.file)
            table = _read(key)
            if table is None:
                continue
            gone = pc.is_in(table["person_key"], value_set=pa.array(sorted(wanted), pa.string()))
            count = pc.sum(gone).as_py() or 0
            if count:
                left[key] = table.filter(pc.invert(gone))
                taken += count if zone == "curated" else 0
    if left:
        _replace(row, left, scratch)
    return taken


def _replace(row: FileRow, left: dict[str, pa.Table], scratch: Path) -> None:
    file, old = _next_name(row), parts.keys_of(row, "people")
    made = []
    for key in old:
        target = key.replace(f"/{row.file}.", f"/{file}.")
        made.append(target)
        if key in left:
            zones.put_table(left[key], target, scratch)
        else:
            _copy(key, target)
    _swap(row, file, old, made)


def _next_name(row: FileRow) -> str:
    return f"{row.file.partition('~')[0]}~{int(row.version) + 1}"


def _swap(row: FileRow, file: str, old: list[str], made: list[str], **changes: Any) -> bool:
    if not store.rename(row, file, [*row.stale_parts, *old], **changes):
        parts.delete(made)
        return False
    parts.delete_for_good(row.stale_parts)
    store.tidied(row)
    return True


def rekey(successors: Successors, now: datetime, scratch: Path, proceed: Proceed = lambda: True) -> Rewritten:
    """Bring every file of people under the current person key, file by file; again until ``done``.

    A row's new key comes from its number in the clear columns. Where these are gone already,
    ``successors(old_keys)`` tells the new keys of people whom the city knows; the others' rows stay without a
    key, as rows without a number do.
    """
    current, _ = keys.secret_versions("person_key")
    files = rows = lost = 0
    for contract, row in _files_of_people():
        if row.keyed == current:
            continue
        if not proceed():
            return Rewritten(files, rows, lost, False)
        with TemporaryDirectory(dir=scratch) as folder:
            missing = _rekey_file(row, contract, current, successors, Path(folder))
        if missing is None:
            return Rewritten(files, rows, lost, False)
        files, rows, lost = files + 1, rows + int(row.rows), lost + missing
    return Rewritten(files, rows, lost, True)


def _rekey_file(
    row: FileRow, contract: Contract, current: str, successors: Successors, scratch: Path
) -> int | None:
    """How many rows lost their key; None when the file changed meanwhile."""
    make = keys.person_key_maker(current)
    staged, lost = Staging(scratch, contract, make), 0
    for bucket in range(int(row.buckets)):
        table = _joined(row, bucket, staged.schema)
        made = _new_keys(table, make, successors)
        lost += made.count(None) - table["person_key"].null_count
        place = table.schema.get_field_index("person_key")
        staged.restage(table.set_column(place, table.schema.field(place), pa.array(made, pa.string())))
    file, old, written, count = _next_name(row), parts.keys_of(row, "people"), [], 0
    for count, bucket, table in staged.buckets():  # noqa: B007
        written += zones.put_part(table, contract, bucket, file, scratch)
    return lost if _swap(row, file, old, written, keyed=current, buckets=count) else None


def _joined(row: FileRow, bucket: int, schema: pa.Schema) -> pa.Table:
    """A bucket's curated rows with their clear columns; these are empty where their time is over."""
    curated = _read(part_key("curated", row.source, bucket, row.file))
    clear = _read(part_key("linkage", row.source, bucket, row.file))
    if curated is None:
        return schema.empty_table()
    if clear is not None and not clear["record_id"].equals(curated["record_id"]):
        order = pc.index_in(curated["record_id"], value_set=clear["record_id"])
        clear = clear.take(order)
    columns = {name: clear[name] for name in clear.column_names} if clear is not None else {}
    columns |= {name: curated[name] for name in curated.column_names}
    empty = pa.nulls(curated.num_rows)
    arrays = [columns.get(field.name, empty).cast(field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _new_keys(table: pa.Table, make: Callable[[str], str], successors: Successors) -> list[str | None]:
    old, numbers = table["person_key"].to_pylist(), table["id_number"].to_pylist()
    unknown = sorted({key for key, number in zip(old, numbers, strict=True) if key and not number})
    known = successors(unknown) if unknown else {}
    return [
        None if key is None else make(number) if number else known.get(key)
        for key, number in zip(old, numbers, strict=True)
    ]


def _read(key: str) -> pa.Table | None:
    """A part, or None when it is not there: clear columns live shorter than curated ones."""
    try:
        body = aws.client("s3").get_object(Bucket=config.bucket(parts.bucket_of_key(key)), Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return pq.read_table(io.BytesIO(body.read()))


def _copy(key: str, target: str) -> None:
    bucket = config.bucket(parts.bucket_of_key(key))
    try:
        aws.client("s3").copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": key})
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
            raise
