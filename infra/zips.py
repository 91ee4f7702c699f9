"""Zips whose bytes depend on their content alone: the same sources always make the same package."""

import hashlib
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# Zip files cannot hold an earlier time; a fixed one keeps the bytes equal from build to build.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SKIPPED = {"__pycache__", ".DS_Store"}

# A file, and its name inside the zip.
type Entry = tuple[Path, str]


def write_zip(target: Path, entries: Iterable[Entry], *, level: int = 6) -> None:
    """Write `target` from pairs of file and name inside the zip, in the order of the names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for source, name in sorted(entries, key=lambda entry: entry[1]):
            archive.writestr(_entry(source, name), source.read_bytes(), zipfile.ZIP_DEFLATED, level)
    unfinished.replace(target)


def _entry(source: Path, name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = (0o755 if source.stat().st_mode & 0o100 else 0o644) << 16
    return info


def files_below(folder: Path, prefix: str = "") -> list[Entry]:
    """Return every file below `folder` with its name inside the zip, without caches."""
    return [
        (path, prefix + path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _SKIPPED & set(path.parts)
    ]


def cached_name(name: str) -> str:
    """Return where Python looks for the compiled form of a source: `a/b.py` in `a/__pycache__/b.cpython-313.pyc`."""
    source = PurePosixPath(name)
    return str(source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc")


def digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of the contents of `paths`, in their order, as hex."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
