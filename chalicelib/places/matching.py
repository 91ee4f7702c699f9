"""Many addresses at once: read into their parts and matched to the standard list, with a score.

The same rules as for one address (``service.locate``), a few times faster: a file has the same texts again
and again, and what a text means does not change while a file is read.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from chalicelib.places import address, divisions
from chalicelib.places.address import Address
from chalicelib.places.index import Building, Index

LENGTHS: Final = (2, 200)
_REMEMBERED: Final = 100_000
_LOOKUPS: Final = 1_000_000
# How sure a match is: the same normal form; road and number, and the only building there with this room;
# the only building of road and number.
SAME, WITH_ROOM, ONLY_ONE = 1.0, 0.9, 0.8


class Match(NamedTuple):
    """An address in its parts, and the standard building that it means.

    ``building`` is like ``3栋``; parts that the text lacks are empty. ``place`` is the code of the standard
    building and ``community`` its community, both None, and ``score`` 0, where none or several fit.
    """

    town: str | None
    road: str
    number: str
    building: str
    room: str
    community: str | None = None
    place: str | None = None
    score: float = 0.0


def standard(index: Index, area: str, read: Address) -> tuple[Building, float] | None:
    """The one building meant and how surely: the same key; the only one of its number; the one with the room."""
    same = index.by_key(read.key, area)
    if same:
        return (same[0], SAME) if len(same) == 1 else None
    if not read.number:
        return None
    fitting = [b for b in index.by_front(read.front, area) if not read.building or b.key == b.front]
    if len(fitting) == 1:
        return fitting[0], ONLY_ONE
    having = [b for b in fitting if read.room and index.room(b.code, read.room)]
    return (having[0], WITH_ROOM) if len(having) == 1 else None


def narrower(town: str | None, typed: str | None) -> str | None:
    """The smaller of two areas, empty for the whole city, or None when they exclude each other."""
    outer, inner = sorted([town or "", typed or ""], key=len)
    return inner if inner.startswith(outer) else None


class Matcher:
    """Matches texts against one index, or only reads them when there is none.

    After ``lookups`` different buildings it only reads, too: a file of millions must end in a function's time.
    ``tired`` says that it came to this, so that "not looked for" is not taken for "not there".
    """

    def __init__(self, index: Index | None, lookups: int = _LOOKUPS) -> None:
        self.index = index
        self.left = lookups
        self._building = lru_cache(_REMEMBERED)(self._found)

    @property
    def tired(self) -> bool:
        """Whether it only reads by now."""
        return self.left <= 0

    def match(self, text: str, town: str | None = None) -> Match:
        """What a department's free text means. ``town``: the code beside it, passed over when it is none."""
        town = town if town and divisions.find(town) else None
        plain = address.clean(text[: LENGTHS[1]])
        first: Match | None = None
        rest: str | None = None
        for short in (False, True):
            front = address.divisions_in_front(plain, short)
            if short and front.rest == rest:
                break  # No short name stands in front: the second reading is the first.
            rest = front.rest
            read = address.read(rest)
            typed = front.town.code if front.town else front.district and front.district.code
            made = Match(_town(town, typed), read.road, read.number, read.building, read.room)
            first = first or made
            area = narrower(town, typed)
            found = self._place(read, area) if area is not None else None
            if found:
                building, score = found
                return made._replace(
                    town=building.town, community=building.community, place=building.code, score=score
                )
        assert first is not None  # The first reading always leaves one.
        return first

    def _place(self, read: Address, area: str) -> tuple[Building, float] | None:
        """Rooms of one building ask the index once, unless the room itself decides."""
        if self.index is None or self.tired or len(read.key) < LENGTHS[0]:
            return None
        known = self._building(read._replace(room=""), area)
        return known or (standard(self.index, area, read) if read.room and read.number else None)

    def _found(self, read: Address, area: str) -> tuple[Building, float] | None:
        assert self.index is not None  # Asked for by ``_place`` alone.
        self.left -= 1
        return standard(self.index, area, read)


def _town(town: str | None, typed: str | None) -> str | None:
    return town or (typed if typed and len(typed) > 6 else None)
