"""The newest published search index, on this function's scratch disk.

In the bucket ``published``: ``places/addresses.sqlite`` and ``places/addresses.json``, its manifest. The
manifest is written last, so whoever reads it finds the file; the file's digest is checked all the same.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chalicelib import aws, config
from chalicelib.errors import Unavailable
from chalicelib.places.index import Index

FILE_KEY: Final = "places/addresses.sqlite"
MANIFEST_KEY: Final = "places/addresses.json"
CHECK_SECONDS: Final = 300
_MISSING: Final = {"NoSuchKey", "NoSuchBucket", "404"}


def publish(path: Path, about: dict[str, int | str]) -> dict[str, int | str]:
    """Put an index and its manifest into the bucket; returns the manifest.

    The manifest has ``etag``, ``sha256``, ``bytes`` and what ``about`` says (``rows``, ``built_at`` …).
    """
    s3, bucket = aws.client("s3"), config.bucket("published")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        etag = s3.put_object(Bucket=bucket, Key=FILE_KEY, Body=file)["ETag"].strip('"')
    manifest = {**about, "etag": etag, "sha256": sha256, "bytes": path.stat().st_size}
    body = json.dumps(manifest, ensure_ascii=False).encode()
    s3.put_object(Bucket=bucket, Key=MANIFEST_KEY, Body=body, ContentType="application/json")
    return manifest


class Copy:
    """One process's copy: fetched when first needed, looked after at most every five minutes."""

    def __init__(self, s3: Any, bucket: str, scratch: Path, clock: Callable[[], float]) -> None:
        self.s3, self.bucket, self.scratch, self.clock = s3, bucket, scratch, clock
        self.sha256 = ""
        self.checked_at = float("-inf")
        self.opened: Index | None = None

    def index(self) -> Index | None:
        """The newest index, or None while none has been published.

        Raises ``Unavailable`` when S3 does not answer and there is no copy yet; with a copy, that one
        serves on.
        """
        if self.opened and self.clock() < self.checked_at + CHECK_SECONDS:
            return self.opened
        try:
            self._refresh()
        except Unavailable:
            if not self.opened:
                raise
        self.checked_at = self.clock()
        return self.opened

    def close(self) -> None:
        """Close the index; the file stays for other processes on this disk."""
        if self.opened:
            self.opened.close()
        self.opened, self.sha256 = None, ""

    def _refresh(self) -> None:
        manifest = self._read(MANIFEST_KEY)
        if manifest is None:
            return
        about = json.loads(manifest.read())
        if about["sha256"] == self.sha256:
            return
        path = self._fetch(about["sha256"], about["bytes"])
        self.close()
        self.opened, self.sha256 = Index(path), about["sha256"]

    def _read(self, key: str) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise Unavailable("addresses_unavailable") from error
        except BotoCoreError as error:
            raise Unavailable("addresses_unavailable") from error

    def _fetch(self, sha256: str, size: int) -> Path:
        """The file with this digest on the scratch disk; other processes there may have brought it."""
        path = self.scratch / f"addresses-{sha256[:32]}.sqlite"
        if path.exists() and path.stat().st_size == size:
            return path
        body = self._read(FILE_KEY)
        if body is None:
            raise Unavailable("addresses_unavailable")
        handle, name = tempfile.mkstemp(dir=self.scratch, suffix=".part")
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(body, file, 1 << 20)
        with partial.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if not whole:  # A newer file is being published just now: its manifest comes in a moment.
            partial.unlink()
            raise Unavailable("addresses_unavailable")
        partial.replace(path)
        self._tidy(path)
        return path

    def _tidy(self, keep: Path) -> None:
        for old in self.scratch.glob("addresses-*.sqlite"):
            if old != keep:
                old.unlink(missing_ok=True)


_copies: dict[str, Copy] = {}


def scratch() -> Path:
    """Where copies are kept: a folder of the function's scratch disk."""
    path = Path(tempfile.gettempdir()) / "places"
    path.mkdir(exist_ok=True)
    return path


def newest() -> Index | None:
    """The newest published index, or None while none has been published; see ``Copy.index``."""
    bucket = config.bucket("published")
    if bucket not in _copies:
        _copies[bucket] = Copy(aws.client("s3"), bucket, scratch(), time.monotonic)
    return _copies[bucket].index()


def forget() -> None:
    """Close this process's copies and look for the published index anew: between tests."""
    for copy in _copies.values():
        copy.close()
    _copies.clear()
