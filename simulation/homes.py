"""Communities on the map, buildings and rooms: the city's standard addresses.

Every room has an index; its building is found by cumulative counts, so that five million people's addresses need no
table of text. Community points do not depend on the seed: the same community lies at the same place in every city.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from simulation import facts, text
from simulation.text import Digits, Ints

MAP_SEED = 440600
ENDINGS = re.compile(r"(社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|社区)$")
SHAPES = np.array([(3, 4), (4, 4), (5, 4), (6, 4), (6, 6), (8, 6), (11, 4), (18, 4)])
SHAPE_SHARES = [0.16, 0.18, 0.18, 0.16, 0.10, 0.08, 0.08, 0.06]
MEAN_ROOMS = float((SHAPES[:, 0] * SHAPES[:, 1] * np.array(SHAPE_SHARES)).sum())
KINDS = ("", "栋", "座")

type Points = np.ndarray[Any, np.dtype[np.float64]]


def inside(ring: Points, points: Points) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each [lon, lat] lies inside the ring (even-odd rule)."""
    x, y = points[:, :1], points[:, 1:]
    x1, y1 = ring[:, 0], ring[:, 1]
    x2, y2 = np.roll(x1, -1), np.roll(y1, -1)
    crosses = (y1 > y) != (y2 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (x2 - x1) * (y - y1) / (y2 - y1) + x1
    return np.asarray((crosses & (x < at)).sum(axis=1) % 2 == 1)


def inside_district(district: str, points: Points) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each [lon, lat] lies inside the district's coarse boundary."""
    hit = np.zeros(len(points), dtype=bool)
    for ring in facts.district_rings()[district]:
        hit |= inside(np.array(ring), points)
    return hit


@cache
def community_points() -> Points:
    """A plausible point for each community, [lon, lat] in WGS-84, inside its district, near its town's centre."""
    rng = np.random.default_rng(MAP_SEED)
    centres = facts.table("towns")["towns"]
    out = np.empty((len(facts.communities()), 2))
    codes = np.array([row["code"][:9] for row in facts.communities()])
    for town in sorted(set(codes)):
        rows = np.flatnonzero(codes == town)
        spread = 0.006 * np.sqrt(len(rows)) * np.array([1.05, 1.0])
        kept = np.empty((0, 2))
        while len(kept) < len(rows):
            tries = np.array(centres[town][:2]) + rng.normal(0, 1, (400, 2)) * spread
            kept = np.vstack([kept, tries[inside_district(town[:6], tries)]])
            spread = spread * 1.1
        out[rows] = kept[: len(rows)]
    return out


@dataclass(frozen=True)
class Buildings:
    """The houses of the city, one entry a building, ordered by community."""

    community: Ints  # index into `facts.communities()`
    town: Ints  # index into `facts.towns()`
    grid: Ints  # 1 to 8 within the community
    number: Ints  # 1 and up within the community; the building code ends in it
    road: pa.StringArray
    door: pa.StringArray  # the number on the road, digits only
    block: pa.StringArray  # `3栋`, `2座` or empty text
    floors: Ints
    per_floor: Ints
    first_room: Ints  # index of its first room; one more entry than buildings
    points: Points

    def __len__(self) -> int:
        return len(self.community)

    @property
    def rooms(self) -> int:
        """How many rooms the city has."""
        return int(self.first_room[-1])


def stem(name: str) -> str:
    """The place in a community's name: `澜石社区居委会` gives `澜石`."""
    return ENDINGS.sub("", name) or name


def _roads() -> tuple[list[str], list[list[int]]]:
    """All road names, and for each community the indexes of those its houses stand on."""
    table = facts.table("roads")
    names: dict[str, int] = {}
    by_community: list[list[int]] = []
    for position, row in enumerate(facts.communities()):
        main = table["districts"][row["code"][:6]]
        chosen = [main[position % len(main)], main[(position * 7 + 3) % len(main)]]
        suffixes = table["village_suffixes"]
        chosen += [stem(row["name"]) + suffixes[(position * 5 + step) % len(suffixes)] for step in range(6)]
        by_community.append([names.setdefault(name, len(names)) for name in chosen])
    return list(names), by_community


def build(rng: np.random.Generator, rooms: int) -> Buildings:
    """Houses with at least `rooms` rooms, spread over the communities by their towns' weights."""
    codes = [row["code"] for row in facts.communities()]
    towns = {row["nbs_code"]: place for place, row in enumerate(facts.towns())}
    centres = facts.table("towns")["towns"]
    sizes = {row["nbs_code"]: row["communities"] for row in facts.towns()}
    weight = np.array([centres[code[:9]][2] / sizes[code[:9]] for code in codes]) * rng.lognormal(
        0, 0.5, len(codes)
    )
    wanted = rooms / MEAN_ROOMS * 1.04 + len(codes)
    counts = np.maximum(2, np.ceil(weight / weight.sum() * wanted)).astype(np.int64)
    community = np.repeat(np.arange(len(codes)), counts)
    number = np.arange(len(community)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    grids = np.clip(counts // 4, 2, 8)[community]
    shape = SHAPES[rng.choice(len(SHAPES), len(community), p=SHAPE_SHARES)]
    town = np.array([towns[code[:9]] for code in codes])[community]
    road, door, block = _doors(rng, community, town)
    return Buildings(
        community=community,
        town=town,
        grid=(number - 1) * grids // counts[community] + 1,
        number=number,
        road=road,
        door=door,
        block=block,
        floors=shape[:, 0],
        per_floor=shape[:, 1],
        first_room=np.r_[0, np.cumsum(shape[:, 0] * shape[:, 1])],
        points=_building_points(rng, community),
    )


def _doors(rng: np.random.Generator, community: Ints, town: Ints) -> tuple[pa.StringArray, ...]:
    """Road, number and block of each building, such that no two in a town share all three."""
    names, by_community = _roads()
    road = np.array(by_community)[community, rng.choice(8, len(community), p=[0.1, 0.1] + [0.8 / 6] * 6)]
    key = town * len(names) + road
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1]])
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    kind = np.array([0, 0, 1, 2, 0])[(key * 31) % 5]
    door = np.where(kind == 0, rank + 1, rank // 3 + 1)
    block = np.where(kind == 0, 0, (kind - 1) * 3 + rank % 3 + 1)
    blocks = [""] + [f"{place}{name}" for name in KINDS[1:] for place in (1, 2, 3)]
    return text.pick(names, road), text.numbers(door).cast(pa.string()), text.pick(blocks, block)


def _building_points(rng: np.random.Generator, community: Ints) -> Points:
    """A point within some hundred metres of the community's, pulled to it where it would leave the district."""
    centre = community_points()[community]
    points = centre + rng.normal(0, 0.0018, (len(community), 2)).clip(-0.004, 0.004)
    district = np.array([row["code"][:6] for row in facts.communities()])[community]
    for code in sorted(set(district)):
        rows = np.flatnonzero(district == code)
        for part in np.array_split(rows, len(rows) // 5000 + 1):
            points[part] = np.where(inside_district(code, points[part])[:, None], points[part], centre[part])
    return np.asarray(np.round(points, 6))


class Gazetteer:
    """Text and codes of any room of the city."""

    def __init__(self, buildings: Buildings) -> None:
        self.buildings = buildings
        codes = [row["code"] for row in facts.communities()]
        self.community_codes = pa.array(codes)
        self.town_codes = pa.array([row["nbs_code"] for row in facts.towns()])
        self.prefixes = pa.array([form for row in facts.towns() for form in town_prefixes(row)])
        self.houses = text.joined(buildings.road, buildings.door, "号", buildings.block)
        community = np.array([int(code) for code in codes], dtype=np.int64)[buildings.community]
        self._grid_codes = community * 1000 + buildings.grid
        self._slots = pa.array([f"{slot // 16}{slot % 16:02d}" for slot in range(40 * 16)])

    def building_of(self, room: Ints) -> Ints:
        """The building of each room."""
        return np.searchsorted(self.buildings.first_room, room, side="right") - 1

    def slot(self, room: Ints, building: Ints) -> Ints:
        """Floor × 16 + place on the floor, both from 1."""
        local = np.asarray(room) - self.buildings.first_room[building]
        floor, place = np.divmod(local, self.buildings.per_floor[building])
        return (floor + 1) * 16 + place + 1

    def room_names(self, slot: Ints) -> pa.StringArray:
        """`302` for the second room of the third floor."""
        return text.pick(self._slots, slot)

    def building_digits(self, building: Ints) -> Digits:
        """The 20-digit building codes, shape (n, 20)."""
        grid = text.digits_of(self._grid_codes[building], 15)
        return np.hstack([grid, text.digits_of(self.buildings.number[building], 5)])

    def codes(self, building: Ints, slot: Ints) -> pa.StringArray:
        """The 24-digit address codes: building, floor, place."""
        room = np.asarray(slot) // 16 * 100 + np.asarray(slot) % 16
        return text.fixed(np.hstack([self.building_digits(building), text.digits_of(room, 4)]))

    def prefix(self, building: Ints, style: Ints | int) -> pa.StringArray:
        """What stands before the road: see `town_prefixes` for the styles."""
        return text.pick(self.prefixes, self.buildings.town[building] * PREFIX_STYLES + style)

    def lines(self, building: Ints) -> pa.StringArray:
        """From the city down to the building, without the room."""
        return text.joined(self.prefix(building, 0), text.pick(self.houses, building))

    def full(self, room: Ints) -> pa.StringArray:
        """The standard text of an address, room included."""
        building = self.building_of(room)
        return text.joined(self.lines(building), self.room_names(self.slot(room, building)), "室")

    def table(self, first: int, after: int) -> pa.Table:
        """The standard addresses of the rooms from `first` up to, not including, `after`."""
        return self._addresses(np.arange(first, min(after, self.buildings.rooms)))

    def _addresses(self, room: Ints) -> pa.Table:
        own, building = self.buildings, self.building_of(room)
        slot, digits = self.slot(room, building), self.building_digits(building)
        columns = {
            "address_code": self.codes(building, slot),
            "town": text.pick(self.town_codes, own.town[building]),
            "community": text.pick(self.community_codes, own.community[building]),
            "grid": text.fixed(digits[:, :15]),
            "building_code": text.fixed(digits),
            "road": text.pick(own.road, building),
            "number": text.pick(own.door, building),
            "building": text.pick(own.block, building),
            "room": self.room_names(slot),
            "line": self.lines(building),
            "lon": pa.array(own.points[building, 0]),
            "lat": pa.array(own.points[building, 1]),
        }
        return pa.table(columns)


PREFIX_STYLES = 5


def town_prefixes(town: dict[str, Any]) -> tuple[str, ...]:
    """The ways to begin an address; the first is the standard one."""
    district, name = town["district"], town["name"]
    return (f"佛山市{district}{name}", f"{district}{name}", name, "", f"广东省佛山市{district}{name}")
