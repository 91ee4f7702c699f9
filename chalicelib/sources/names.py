"""Names as departments write them, and the form in which they are compared. Pure.

A name is kept as it was written, without titles and notes. ``plain`` is for comparing only: traditional
and variant characters become those of everyday use, so that ``張偉`` and ``张 伟`` are one name. The tables are
in ``data/``; the comparison reads the same ones.
"""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"
_DOTS: Final = re.compile(r"[.・•‧∙⋅．・]")
_NOTE = re.compile(r"[(\[{【〔（].*?(?:[)\]}】〕）]|$)")
_HAN: Final = r"[\u2e80-\u9fff\U00020000-\U0003ffff]"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A count after a name, blanks beside Chinese characters, one such character: made at first use, they are large."""
    beside = r"[\u2e80-\u9fff\U00020000-\U0003ffff·]"
    return (
        re.compile(rf"(?<={_HAN})[-_#]?\d{{1,3}}$"),
        re.compile(rf"(?<={beside}) +| +(?={beside})"),
        re.compile(_HAN),
    )


@cache
def folds() -> dict[int, str]:
    """Characters with their plain form, for ``str.translate``."""
    return {ord(c): plain for c, plain in _pairs("plain_characters.csv")}


@cache
def compound_surnames() -> frozenset[str]:
    """Surnames of two characters, in plain form."""
    return frozenset((DATA / "compound_surnames.txt").read_text("utf-8").split())


@cache
def titles() -> tuple[str, ...]:
    """Words after a name that are no part of it, the longest first."""
    return tuple(sorted((DATA / "titles.txt").read_text("utf-8").split(), key=lambda t: (-len(t), t)))


def _pairs(name: str) -> list[tuple[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


def written(text: str) -> str:
    """A cleaned name without notes in brackets, counts, titles and blanks beside Chinese characters.

    A title stays when nothing but a surname would be left: ``张先生`` is all that is known of him.
    """
    if text.isalpha() and not text.endswith(titles()):
        return text
    made = _NOTE.sub("", text).strip() or text
    if not made.isascii():
        count, blanks, _ = _patterns()
        made = count.sub("", blanks.sub("", _DOTS.sub("·", made)))
        made = _without_title(made)
    return " ".join(made.split()).strip("·") or text


def _without_title(name: str) -> str:
    for title in titles():
        rest = name.removesuffix(title)
        if rest != name and len(rest) > len(surname(rest)):
            return rest
    return name


def plain(text: str) -> str:
    """The form for comparing: everyday characters, capitals, no dots, blanks or signs."""
    made = unicodedata.normalize("NFKC", text).translate(folds()).upper()
    return "".join(c for c in made if c.isalnum())


def surname(name: str) -> str:
    """The surname of a Chinese name: two characters where the list has them, else one; none for others."""
    if not name or not _patterns()[2].match(name):
        return ""
    return name[:2] if name[:2].translate(folds()) in compound_surnames() else name[:1]
