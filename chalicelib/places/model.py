"""Values of places, and how the codes of grids, buildings and rooms are built."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from chalicelib.shapes import Shape

Scheme = Literal["nbs", "mca"]
DivisionLevel = Literal["city", "district", "town", "community"]
Crs = Literal["WGS-84", "GCJ-02"]

TOWN_DIGITS: Final = 9
COMMUNITY_DIGITS: Final = 12
OFF_LIST: Final = "9"


class Division(NamedTuple):
    """A city, district, town or community. ``parent`` is a code of the same scheme, empty for the city."""

    code: str
    scheme: Scheme
    name: str
    level: DivisionLevel
    parent: str


class Point(NamedTuple):
    """Degrees; which reference system they are in is said beside them."""

    lon: float
    lat: float


class Box(NamedTuple):
    """The smallest rectangle around something, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Whether the point lies in the rectangle or on its edge."""
        return self.west <= point.lon <= self.east and self.south <= point.lat <= self.north


@dataclass(frozen=True, slots=True)
class CodeLengths:
    """How many digits each level adds to the one above; the city may choose others."""

    grid: int = 3
    building: int = 5
    floor: int = 2
    room: int = 2


LENGTHS: Final = CodeLengths()
BUILDING_DIGITS: Final = COMMUNITY_DIGITS + LENGTHS.grid + LENGTHS.building


def grid_code(community: str, number: int, lengths: CodeLengths = LENGTHS) -> str:
    """A grid's code: ``grid_code("440604010001", 2)`` is ``440604010001002``."""
    return community + _digits(number, lengths.grid)


def building_code(grid: str, number: int, lengths: CodeLengths = LENGTHS) -> str:
    """A building's code: the grid's and five digits more."""
    return grid + _digits(number, lengths.building)


def room_code(building: str, floor: int, room: int, lengths: CodeLengths = LENGTHS) -> str:
    """A room's code, the standard address code: the building's, two digits of floor, two of room."""
    return building + _digits(floor, lengths.floor) + _digits(room, lengths.room)


def _digits(number: int, length: int) -> str:
    if not 0 < number < 10**length:
        raise ValueError(f"a number of {length} digits is wanted")
    return str(number).zfill(length)


def off_list_building(community: str, key: str, lengths: CodeLengths = LENGTHS) -> str:
    """The code of a building that the standard list does not have.

    Community, a ``9``, then digits of SHA-256 over the normal form of the address: the same typed
    address always gets the same code, so that visits to it can be batched. Listed grids must number
    below 900, so the code is never that of a listed building; two different addresses of one
    community share a code with a chance of 1 in 10 million.
    """
    length = lengths.grid + lengths.building - len(OFF_LIST)
    value = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % 10**length
    return f"{community}{OFF_LIST}{value:0{length}d}"


def is_off_list(building: str) -> bool:
    """Whether the building code was made by ``off_list_building``."""
    return building[COMMUNITY_DIGITS : COMMUNITY_DIGITS + 1] == OFF_LIST


class Place(Shape):
    """Where a typed address is.

    ``grid`` and the point (WGS-84) are None when no standard address matched; ``building`` is always
    there. ``room`` is the room's plain label (``502``, ``a3``) or empty; ``address_code`` the room's code in the
    standard list, when it is there. ``score``: 1 the same building, 0.9 and 0.8 found by less, 0 not matched.
    """

    town: str
    community: str
    grid: str | None
    building: str
    room: str
    address_code: str | None = None
    lon: float | None = None
    lat: float | None = None
    matched: bool
    score: float


class AddressHit(Shape):
    """A standard building that fits what was typed, and the room when one was typed.

    ``line`` runs from the city to the building; ``rooms`` is how many rooms the list has in it; the
    point is WGS-84.
    """

    kind: Literal["building", "room"]
    line: str
    district: str
    town: str
    community: str
    community_name: str
    grid: str
    building: str
    room: str | None = None
    address_code: str | None = None
    rooms: int
    lon: float
    lat: float
