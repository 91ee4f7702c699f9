"""Reading an address as people type it: divisions in front, then road, number, building, room.

A first cut by rules. ``key`` is the normal form that matching uses; it is the same for ``季华五路10号3栋``,
``季华5路１０号 3座`` and ``广东省佛山市禅城区石湾镇街道季华五路10号三幢``.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from chalicelib.places.divisions import tree
from chalicelib.places.model import Division

_NUMERALS: Final = "〇零一二三四五六七八九十百"
_VALUES: Final = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"〇": 0}
_UNIT: Final = r"号|栋|幢|座|单元|层|楼|室|房|期"
_COUNTED = re.compile(rf"[{_NUMERALS}]+(?={_UNIT})")
_ANY_NUMERAL = re.compile(rf"[{_NUMERALS}]+")
_DASHES = re.compile(r"[‐‑‒–—―−ー~_]+")
_BREAKS = re.compile(r"(?<=\d)[\s,;、，。.·/]+(?=\d)")
_DROPPED = re.compile(r"[^\w#-]+")
_NUMBERED = re.compile(
    r"(?P<road>.*?)(?P<number>\d+(?:-\d+)?)号(?!楼|房|室)(?:之(?P<part>\d+|[一二三四五六七八九十]+))?(?P<rest>.*)"
)
_BARE_NUMBER = re.compile(
    r"(?P<road>.*?(?:大道|国道|省道|路|街|巷|里|坊|村)[东南西北中]?)-?(?P<number>\d+)"
    r"(?P<rest>(?:-|$|[^\d号栋幢座室房层楼单#]).*)"
)
_INSIDE = re.compile(
    r"-?(?P<name>[^\d-]*?)-?"
    r"(?:(?P<building>\d+[a-z]?|[a-z]{1,2}\d{0,2}|[甲乙丙丁戊己东南西北])(?:号楼|栋|幢|座|#))?"
    r"-?(?:(?P<wing>\d+|[a-z]|[东南西北])(?:栋|幢|座))?"
    r"-?(?:(?P<unit>\d+|[a-z])(?:单元|梯))?-?(?:\d+(?:层|楼))?-?"
    r"(?:(?P<room>[a-z]{0,2}\d{1,5}[a-z]?)(?:号房|号室|室|房|号)?)?(?P<note>\D*)"
)
_DASHED = re.compile(r"-?(?P<building>\d{1,3})-(?P<room>[a-z]?\d{1,5}[a-z]?)(?:室|房|号)?")
_COMMUNITY = re.compile(
    r"(?P<stem>[^\d-]{1,14}?)(?:社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|社区)"
)
_ROAD_NEXT: Final = (
    r"(?!大道|大街|[东南西北中新老旧前后上下]*[路街道巷村]|[一二三四五六七八九十\d]+[路街巷村]|工业|市场)"
)
_BUILDING_WORD = re.compile(r"(?<=[\da-z甲乙丙丁戊己东南西北])(?:号楼|幢|座|#)")


class Address(NamedTuple):
    """What was read. ``building`` is like ``3栋``, whatever word was typed; all but ``road`` may be empty."""

    road: str
    number: str = ""
    name: str = ""
    building: str = ""
    room: str = ""

    @property
    def front(self) -> str:
        """Road and number in normal form: what several buildings of one number share."""
        road = arabic(self.road)
        return f"{road}{self.number}号" if self.number else road + arabic(self.name)

    @property
    def key(self) -> str:
        """The building in normal form."""
        return self.front + self.building


class Located(NamedTuple):
    """Divisions named in front of an address, and what follows them."""

    district: Division | None
    town: Division | None
    rest: str


def clean(text: str) -> str:
    """Half-width, lower case, without blanks and punctuation; a gap between two numbers becomes a dash."""
    text = unicodedata.normalize("NFKC", text).lower().strip()
    text = _BREAKS.sub("-", _DASHES.sub("-", text))
    text = unicodedata.normalize("NFKC", _DROPPED.sub("", text))
    return re.sub(r"-+", "-", text).strip("-")


def _value(numeral: str) -> str:
    if not set(numeral) & set("十百"):
        return "".join(str(_VALUES[c]) for c in numeral)
    total, digit = 0, None
    for c in numeral:
        if c in "十百":
            total += (1 if digit is None else digit) * (10 if c == "十" else 100)
            digit = None
        else:
            digit = _VALUES[c]
    return str(total + (digit or 0))


def arabic(text: str) -> str:
    """Every Chinese numeral as digits: for comparing only, since ``三水`` becomes ``3水`` too."""
    return _ANY_NUMERAL.sub(lambda found: _value(found[0]), text)


def canonical(text: str) -> str:
    """A cleaned text as the search index holds it: digits, and one word for every kind of building."""
    return _BUILDING_WORD.sub("栋", arabic(text))


@lru_cache(maxsize=2)
def _in_front(short: bool) -> re.Pattern[str]:
    found = [d for d in tree().by_code.values() if d.scheme == "nbs"]
    districts = [d.name for d in found if d.level == "district"]
    names = [d.name for d in found if d.level == "town"]
    stems = [town_stem(name) for name in names]
    towns = names + [stem + kind for stem in stems for kind in ("街道", "镇")]
    district = _one_of(districts, [name[:-1] for name in districts] if short else [])
    town = _one_of(sorted(set(towns), key=len, reverse=True), stems if short else [])
    return re.compile(
        rf"(?:广东省?)?(?:佛山市|佛山{_ROAD_NEXT})?(?P<district>{district})?(?:(?P<town>{town})(?:办事处)?)?"
    )


def _one_of(full: list[str], short: list[str]) -> str:
    """Full names first, longest first; short ones only where they do not begin a road's name."""
    return "|".join(full) + (f"|(?:{'|'.join(short)}){_ROAD_NEXT}" if short else "")


def town_stem(name: str) -> str:
    """A town's name without its kind: ``石湾镇街道`` gives ``石湾``."""
    return re.sub(r"(镇街道|街道|镇)$", "", name)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Division]:
    found: dict[str, Division] = {}
    for division in tree().by_code.values():
        if division.scheme == "nbs" and division.level == "district":
            found |= {division.name: division, division.name[:-1]: division}
        if division.scheme == "nbs" and division.level == "town":
            stem = town_stem(division.name)
            found |= {division.name: division, stem + "街道": division, stem + "镇": division, stem: division}
    return found


@lru_cache(maxsize=1)
def _community_stems() -> frozenset[str]:
    names = (d.name for d in tree().by_code.values() if d.level == "community")
    return frozenset(found["stem"] for name in names if (found := _COMMUNITY.fullmatch(name)))


def divisions_in_front(text: str, short: bool = False) -> Located:
    """Take province, city, district, town and community off the front of a cleaned text.

    With ``short`` also names without their kind (``禅城``, ``石湾``), unless they begin a road's name.
    """
    found = _in_front(short).match(text)
    assert found is not None  # Every part of the pattern may be empty.
    names = _by_name()
    rest = text[found.end() :]
    community = _COMMUNITY.match(rest)
    if community and community["stem"] in _community_stems() and len(community[0]) < len(rest):
        rest = rest[community.end() :]
    return Located(names.get(found["district"] or ""), names.get(found["town"] or ""), rest.lstrip("-"))


def parse(line: str, room: str = "", short: bool = False) -> Address:
    """Read a line and, when it was typed apart, a room (``502``, ``3栋502房``, ``3-502``). Never fails.

    What cannot be told apart stays in ``road``, so that the key is stable all the same.
    """
    read = _read(divisions_in_front(clean(line), short).rest)
    if not (typed := _counted(clean(room))):
        return read
    inside = _inside(typed)
    building = read.building or inside.building
    if read.room and inside.room and read.room != inside.room and not building:
        building = f"{read.room}栋"
    return read._replace(building=building, room=inside.room or typed)


def read(rest: str) -> Address:
    """Read what follows the divisions in a cleaned text: road, number, building, room. Never fails."""
    return _read(rest)


def _counted(text: str) -> str:
    return _COUNTED.sub(lambda found: _value(found[0]), text)


def _read(text: str) -> Address:
    text = _counted(text)
    found = _NUMBERED.fullmatch(text) or _BARE_NUMBER.fullmatch(text)
    if found:
        number = "-".join(part.lstrip("0") or "0" for part in found["number"].split("-"))
        if part := found.groupdict().get("part"):
            number += f"之{arabic(part)}"
        return _inside(found["rest"])._replace(road=found["road"].strip("-"), number=number)
    inside = _inside(text)
    if inside.building or inside.room:
        return inside._replace(road=inside.name, name="")
    return Address(road=text)


def _inside(text: str) -> Address:
    """What follows the number: the compound's name, the building, the room.

    What fits no rule is taken for the building as a whole, so that different places stay different.
    """
    if dashed := _DASHED.fullmatch(text):
        return Address("", building=_word(dashed["building"]), room=_room(dashed["room"]))
    if found := _INSIDE.fullmatch(text):
        name = found["name"] or ("" if found["building"] or found["room"] else found["note"])
        building = _word(found["building"]) + _word(found["wing"])
        return Address("", name=name, building=building, room=_room(found["room"]))
    return Address("", building=canonical(text))


def _word(building: str | None) -> str:
    return f"{building.lstrip('0') or building}栋" if building else ""


def _room(room: str | None) -> str:
    return (room or "").lstrip("0")
