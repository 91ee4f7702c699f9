"""The repair file: each rejected row as it came, with what is wrong and what to do about it.

Columns: those of the delivered file, then ``extra`` (what did not fit into them), ``line`` (in the
delivered file), ``column``, ``reason`` (a code) and ``fix`` (a sentence in Chinese and English).
It can be corrected and delivered again as it is: the added columns are ignored. A cell that a
spreadsheet would run as a formula begins with an apostrophe, which is taken off on arrival.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chalicelib import texts
from chalicelib.sources.checking import Refused

ADDED: Final = ("extra", "line", "column", "reason", "fix")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def safe(cell: str) -> str:
    """The cell as a spreadsheet may open it: not as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def fix(code: str) -> str:
    """What to do about a rejected row, in both languages."""
    return f"{texts.sentence(f'fix_{code}', 'zh-CN')} / {texts.sentence(f'fix_{code}', 'en')}"


class RepairFile:
    """Writes rejected rows to scratch disk; the file exists only when there are any."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: list[str] = []
        self.rows = 0
        self._keep: set[int] | None = None

    def begin(self, header: list[str], keep: set[str] | None = None) -> None:
        """Name the delivered columns; ``keep`` leaves out the cells of all others."""
        self.header = header
        self._keep = None if keep is None else {i for i, name in enumerate(header) if name in keep}

    def add(self, refused: Iterable[Refused]) -> None:
        """Write rejected rows."""
        made = [self._row(r) for r in refused]
        if not made:
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if not self.rows:
                writer.writerow([*map(safe, self.header), *ADDED])
            writer.writerows(made)
        self.rows += len(made)

    def _row(self, refused: Refused) -> list[str]:
        cells = [*refused.cells, *[""] * (len(self.header) - len(refused.cells))]
        if self._keep is not None:
            cells = [cell if i in self._keep else "" for i, cell in enumerate(cells)]
        extra = refused.extra if self._keep is None else ""
        about = [str(refused.line), refused.column, refused.code, fix(refused.code)]
        return [*map(safe, cells), safe(extra), *about]
