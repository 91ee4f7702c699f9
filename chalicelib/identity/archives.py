"""Everything about oneself as one zip: the export as JSON, and the files.

It is made into bucket ``documents`` under ``exports/``, where it lies for two days, and fetched by a link.
"""

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any, Final

from botocore.exceptions import ClientError

from chalicelib import audit, aws, clock, config, keys
from chalicelib.actors import Actor
from chalicelib.identity import model, parts, rights
from chalicelib.shapes import Shape
from chalicelib.tables import Once, transact

LINK_SECONDS: Final = 900
# What one function packs in time, on its scratch disk of 512 MB. The rest is named, and had one by one.
MOST_BYTES: Final = 300 << 20
_EXPORTS: Final = "exports/"
# Without the right to list documents, bytes that are not there are "denied".
_MISSING: Final = ("NoSuchKey", "404", "403", "AccessDenied")


class Archive(Shape):
    """A zip of everything, for a quarter of an hour at ``url``. ``left_out``: files that are not in it."""

    url: str
    expires_at: str
    size: int
    files: int
    left_out: list[str]


def archive(actor: Actor, now: datetime, once: Once | None = None, most_bytes: int = MOST_BYTES) -> Archive:
    """Pack everything held about the caller; ``left_out`` names the files that were too many or are not there.

    Paths: ``everything.json``, and the files below ``papers/`` and ``cases/<receipt number>/``.
    """
    held = rights.export(actor, now)
    key = f"{_EXPORTS}{actor.id}/{keys.new_id('E', now)}.zip"
    with tempfile.TemporaryFile() as packed:
        files, left_out = _pack(packed, held, parts.files(actor.id), most_bytes)
        size = packed.tell()
        packed.seek(0)
        aws.client("s3").put_object(
            Bucket=config.bucket("documents"), Key=key, Body=packed, ContentType="application/zip"
        )
    answer = Archive(
        url=_link(key),
        expires_at=clock.iso(now + timedelta(seconds=LINK_SECONDS)),
        size=size,
        files=files,
        left_out=left_out,
    )
    transact(audit.entry(actor, "person.packed", actor.id, now, files=files), once=once, answer=answer)
    return answer


def _pack(
    packed: IO[bytes], held: model.Export, files: list[parts.File], most_bytes: int
) -> tuple[int, list[str]]:
    import zipfile  # Only who asks for a copy pays for it.

    left: list[str] = []
    count = 0
    with zipfile.ZipFile(packed, "w") as zipped:
        text = json.dumps(held.model_dump(mode="json"), ensure_ascii=False, indent=1)
        zipped.writestr("everything.json", text, zipfile.ZIP_DEFLATED)
        for file in sorted(files, key=lambda file: file.size):
            most_bytes -= file.size
            body = _body(file) if most_bytes >= 0 else None
            if body is None:
                left.append(file.name)
                continue
            with zipped.open(file.name, "w") as entry:
                for piece in body:
                    entry.write(piece)
            count += 1
    packed.seek(0, 2)
    return count, left


def _body(file: parts.File) -> Iterator[bytes] | None:
    """The bytes by pieces, None when they are gone."""
    try:
        found = aws.client("s3").get_object(Bucket=config.bucket("documents"), Key=file.key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None
    pieces: Iterator[bytes] = found["Body"].iter_chunks(1 << 20)
    return pieces


def _link(key: str) -> str:
    params: dict[str, Any] = {"Bucket": config.bucket("documents"), "Key": key}
    made: str = aws.client("s3").generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)
    return made


def _erase(person_id: str, now: datetime) -> list[model.Kept]:
    """Delete the copies that were made for a person and still lie there."""
    client, bucket = aws.client("s3"), config.bucket("documents")
    held = client.list_objects_v2(Bucket=bucket, Prefix=f"{_EXPORTS}{person_id}/")
    for found in held.get("Contents", []):
        client.delete_object(Bucket=bucket, Key=found["Key"])
    return []


parts.contribute(parts.Part("exports", erase=_erase))
