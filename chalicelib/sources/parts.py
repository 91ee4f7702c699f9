"""The parts of files in the two zones: their keys, and deleting them for good. Needs no PyArrow."""

from collections.abc import Iterable
from typing import Literal

from chalicelib import aws, config
from chalicelib.sources.model import part_key
from chalicelib.sources.store import FileRow

Zone = Literal["curated", "linkage"]


def zones_of(kind: str) -> tuple[Zone, ...]:
    """The zones that hold a file of that kind: of people, both."""
    return ("curated", "linkage") if kind == "people" else ("curated",)


def keys_of(row: FileRow, kind: str) -> list[str]:
    """The object keys of all parts of a file."""
    return [
        part_key(zone, row.source, bucket, row.file)
        for zone in zones_of(kind)
        for bucket in range(int(row.buckets))
    ]


def bucket_of_key(key: str) -> config.Bucket:
    """The bucket that an object key of ours belongs to."""
    return "linkage" if key.startswith(("linkage/", "imports/")) else "curated"


def delete(keys: Iterable[str]) -> None:
    """Delete parts; those that are not there are no error. Earlier versions stay for the bucket's time."""
    for key in keys:
        aws.client("s3").delete_object(Bucket=config.bucket(bucket_of_key(key)), Key=key)


def delete_for_good(keys: Iterable[str]) -> None:
    """Delete parts with every version of them: nothing of a person who asked for it stays behind."""
    s3 = aws.client("s3")
    for key in keys:
        bucket = config.bucket(bucket_of_key(key))
        s3.delete_object(Bucket=bucket, Key=key)
        listed = s3.list_object_versions(Bucket=bucket, Prefix=key)
        for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            if version["Key"] == key:
                s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
