"""Compiled modules beside their sources, so that a function that starts does not compile a thousand files first.

They are checked against no source (`unchecked-hash`, PEP 552): what is in a zip never changes, and the same sources
give the same bytes, which time stamps would not.
"""

import os
import py_compile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from infra.zips import Entry, cached_name


def compiled(entries: Iterable[Entry], scratch: Path, seen_as: str) -> list[Entry]:
    """Compile every Python source among `entries` below `scratch`; return the files with their names in the zip.

    `seen_as` is where Lambda unpacks the zip, as tracebacks shall show it. A source that does not compile (some
    packages ship templates that are no Python) is left to the import that may never come.
    """
    sources = [(source, name) for source, name in entries if name.endswith(".py")]
    wanted = [(source, scratch / cached_name(name), f"{seen_as}/{name}") for source, name in sources]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(_compile, wanted, chunksize=64)
    return [
        (target, cached_name(name))
        for (_, name), (_, target, _), well in zip(sources, wanted, made, strict=True)
        if well
    ]


def _compile(one: tuple[Path, Path, str]) -> bool:
    source, target, seen_as = one
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        py_compile.compile(
            str(source),
            str(target),
            seen_as,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except py_compile.PyCompileError:
        return False
    return True
