"""Unpacking with limits: a small file that claims or turns out to be a huge one is refused."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chalicelib.sources.model import Unreadable

CHUNK: Final = 1 << 20
_STRETCH: Final = 1 << 18
_NO_VALUE = re.compile(rb"(?:</f>|<f(?: [^<>]*)?/>)(?:<v></v>|<v ?/>)?</c>")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is taken, in bytes; ``ratio`` is unpacked against packed size."""

    packed: int = 3 << 30
    unpacked: int = 6 << 30
    sheet: int = 1 << 30
    strings: int = 256 << 20
    ratio: int = 200
    ratio_from: int = 16 << 20
    entries: int = 5_000
    line: int = 4 << 20
    group: int = 768 << 20
    cell: int = 1 << 20


LIMITS: Final = Limits()


class Unpacked:
    """A file's bytes in chunks; ``damaged`` tells afterwards that a gzip broke off or was altered."""

    def __init__(self, path: Path, gzipped: bool, limits: Limits = LIMITS) -> None:
        self.path, self.gzipped, self.limits = path, gzipped, limits
        self.damaged = False

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            chunks = iter(lambda: file.read(CHUNK), b"")
            yield from self._gunzip(chunks) if self.gzipped else chunks

    def _gunzip(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        packed = made = 0
        stream, inside = zlib.decompressobj(wbits=31), False
        try:
            for chunk in chunks:
                packed += len(chunk)
                while chunk:
                    inside = True
                    out = stream.decompress(chunk, CHUNK)
                    made += len(out)
                    self._check(packed, made)
                    yield out
                    chunk = stream.unconsumed_tail
                    if stream.eof:
                        inside, chunk = False, stream.unused_data.lstrip(b"\0")
                        stream = zlib.decompressobj(wbits=31)
            if inside:
                yield stream.flush()
                self.damaged = not stream.eof
        except zlib.error:
            if not made:
                raise Unreadable("gzip_unreadable") from None
            self.damaged = True

    def _check(self, packed: int, made: int) -> None:
        if made > self.limits.unpacked:
            raise Unreadable("too_large_unpacked")
        if made > self.limits.ratio_from and made > packed * self.limits.ratio:
            raise Unreadable("zip_bomb")


def to_disk(path: Path, limits: Limits = LIMITS) -> Path:
    """Unpack a gzipped spreadsheet or Parquet file beside itself; raises ``Unreadable`` for half a one."""
    target, source = path.with_suffix(".unpacked"), Unpacked(path, True, limits)
    with target.open("wb") as file:
        for chunk in source:
            file.write(chunk)
    if source.damaged:
        raise Unreadable("file_cut")
    return target


def check_workbook(path: Path, limits: Limits = LIMITS) -> int:
    """Look at a workbook before opening it; returns how many formulas have no value saved with them.

    What its directory declares is all that can be unpacked, and no text in it may be longer than a cell can
    be, since it would be held in memory whole. Raises ``Unreadable`` with ``spreadsheet_unreadable``,
    ``zip_bomb``, ``too_large_unpacked`` or ``cell_too_long``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_directory(archive.infolist(), max(1, path.stat().st_size), limits)
            return sum(_scan(archive, entry, limits) for entry in archive.infolist())
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as problem:
        if isinstance(problem, Unreadable):
            raise
        raise Unreadable("spreadsheet_unreadable") from None


def _check_directory(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    declared = sum(e.file_size for e in entries)
    if len(entries) > limits.entries or (declared > limits.ratio_from and declared > packed * limits.ratio):
        raise Unreadable("zip_bomb")
    strings = sum(e.file_size for e in entries if e.filename.endswith("sharedStrings.xml"))
    if declared > limits.sheet or strings > limits.strings:
        raise Unreadable("too_large_unpacked")


def _scan(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> int:
    """Pass over one XML file: stretches without any tag, and in sheets formulas without a value."""
    if not entry.filename.endswith(".xml"):
        return 0
    sheet = entry.filename.startswith("xl/worksheets/")
    found, bare, held = 0, 0, b""
    with archive.open(entry) as file:
        while chunk := file.read(_STRETCH):
            bare = 0 if b"<" in chunk else bare + len(chunk)
            if bare > limits.cell:
                raise Unreadable("cell_too_long", str(limits.cell))
            if sheet:
                held += chunk
                end = held.rfind(b"</c>") + 4
                found += len(_NO_VALUE.findall(held[:end])) if end > 3 else 0
                held = held[end:][-_STRETCH:] if end > 3 else held[-_STRETCH:]
    return found
