"""A file that cannot be read as it is, line by line into one that can; what is left out is counted by reason.

Only files that fail come here: it is slow. Memory is bounded by the longest line that is taken.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

LONGEST_LINE: Final = 1 << 20


def mend(path: Path, target: Path) -> dict[str, int]:
    """Write the lines of a CSV file that are rows of its header, in UTF-8; returns lines left out by reason.

    Lines may be UTF-8 or GB18030, each for itself. Reasons: ``line_too_long``, ``undecodable``, ``quotes`` (a quote
    that never closes on its line), ``column_count``. Empty lines are no rows.
    """
    refused: Counter[str] = Counter()
    with path.open("rb") as file, target.open("w", encoding="utf-8", newline="") as made:
        writer = csv.writer(made, lineterminator="\n")
        width = 0
        for line in _lines(file):
            cells = _cells(line)
            if isinstance(cells, str):
                refused[cells] += 1
            elif cells and width and len(cells) != width:
                refused["column_count"] += 1
            elif cells:
                width = width or len(cells)
                writer.writerow(cells)
    return dict(refused)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None for one that is too long, which is skipped to its end."""
    while line := file.readline(LONGEST_LINE):
        whole = line.endswith(b"\n") or len(line) < LONGEST_LINE
        yield line if whole else None
        while not whole and line:
            line = file.readline(LONGEST_LINE)
            whole = line.endswith(b"\n")


def _cells(line: bytes | None) -> list[str] | str:
    if line is None:
        return "line_too_long"
    for encoding in ("utf-8", "gb18030"):
        try:
            text = line.decode(encoding).removeprefix("\ufeff").rstrip("\r\n")
            break
        except UnicodeDecodeError:
            continue
    else:
        return "undecodable"
    try:
        return next(csv.reader([text.replace("\x00", "")], strict=True), [])
    except csv.Error:
        return "quotes"
