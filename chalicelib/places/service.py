"""What others ask of places: divisions, address search, where a typed address is, grids."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from chalicelib import regions
from chalicelib.errors import Field, Invalid, Unavailable
from chalicelib.places import address, coordinates, divisions, matching, published, store
from chalicelib.places.address import Address
from chalicelib.places.index import Building, Index
from chalicelib.places.model import (
    BUILDING_DIGITS,
    COMMUNITY_DIGITS,
    LENGTHS,
    OFF_LIST,
    TOWN_DIGITS,
    AddressHit,
    Crs,
    Division,
    Place,
    Point,
    Scheme,
    grid_code,
    is_off_list,
    off_list_building,
)

Matcher = matching.Matcher
NOWHERE: Final = matching.Match(None, "", "", "", "")
QUERY_LENGTHS: Final = (2, 60)
MOST_HITS: Final = 50
LINE_LENGTHS: Final = (2, 200)
ROOM_LENGTH: Final = 40
DEFAULT_GRIDS: Final = 3
_AT: Final = "/address"


def division(code: str, scheme: Scheme = "nbs") -> Division | None:
    """The division with this code of this scheme, or None."""
    return divisions.find(code, scheme)


def divisions_under(parent: str | None = None) -> list[Division]:
    """All divisions directly under one, the city's districts without ``parent``; empty under a community.

    Raises ``Invalid("division_unknown")``.
    """
    code = parent or divisions.CITY.code
    if divisions.find(code) is None:
        raise Invalid("division_unknown", fields=[Field("/parent", "division_unknown")])
    return divisions.children(code)


def towns_in(region: str) -> list[str]:
    """The codes of all towns in the city or a district, in order; raises ``ValueError`` for no region's code."""
    level = regions.level(region)
    districts = [d.code for d in divisions_under()] if level == "city" else [region]
    return [town.code for district in districts for town in divisions_under(district)]


def translate_code(code: str, source: Scheme, target: Scheme) -> str | None:
    """A division's code in the other scheme, or None; never guess from the digits, 8 codes clash."""
    return divisions.translate(code, source, target)


def district_at(point: Point) -> str | None:
    """The district that a WGS-84 point lies in, or None outside the city."""
    return divisions.district_at(point)


def in_crs(point: Point, crs: Crs) -> Point:
    """A WGS-84 point in the system that a caller wants."""
    return coordinates.to_gcj02(point) if crs == "GCJ-02" else point


def from_crs(point: Point, crs: Crs) -> Point:
    """A caller's point as WGS-84, to be kept."""
    return coordinates.to_wgs84(point) if crs == "GCJ-02" else point


def search_addresses(q: str, town: str | None = None, limit: int = 20) -> list[AddressHit]:
    """Standard buildings that fit what was typed, best first, one entry a building; rooms when typed.

    At least 2 and at most 60 characters; ``town`` a statistics-bureau code; never more than 50 hits
    and no further pages, so that the list cannot be copied by walking it. Buildings that begin with
    the text come first, then those that contain it, by road and number.
    Raises ``Invalid`` and, while no index is published, ``Unavailable``.
    """
    text = address.clean(q)
    if not QUERY_LENGTHS[0] <= len(text) or len(q) > QUERY_LENGTHS[1]:
        raise Invalid("address_query_length", fields=[Field("/q", "address_query_length")])
    if town is not None:
        _require_town(town, "/town")
    index = published.newest()
    if index is None:
        raise Unavailable("addresses_unavailable")
    return search_in(index, text, town, max(1, min(limit, MOST_HITS)))


def search_in(index: Index, text: str, town: str | None, limit: int) -> list[AddressHit]:
    """Hits of a cleaned text in an opened index: by the first way of reading it that finds any."""
    for short in (False, True):
        front = address.divisions_in_front(text, short)
        area = matching.narrower(
            town, front.town.code if front.town else front.district and front.district.code
        )
        if area is None:
            return []
        plain = address.canonical(front.rest) or address.canonical(text)
        if found := index.containing(plain, area, limit):
            return [_hit(building) for building in found]
        read = address.parse(front.rest)
        if read.room and (found := index.containing(read.key, area, limit)):
            return _with_room(index, found, read, limit)
    return [_hit(building) for building in index.with_all(address.canonical(text), town, limit)]


def _with_room(index: Index, found: list[Building], read: Address, limit: int) -> list[AddressHit]:
    """Buildings that have the typed room first, as rooms; the others after them, as buildings."""
    exact = sorted(found, key=lambda building: building.key != read.key)
    codes = {building.code: index.room(building.code, read.room) for building in exact}
    rooms = [_hit(b, read.room, codes[b.code]) for b in exact if codes[b.code]]
    return [*rooms, *(_hit(b) for b in exact if not codes[b.code])][:limit]


def _hit(building: Building, room: str | None = None, code: str | None = None) -> AddressHit:
    district, community = divisions.find(building.town[:6]), divisions.find(building.community)
    return AddressHit(
        kind="room" if room else "building",
        line=building.line,
        district=district.name if district else "",
        town=building.town,
        community=building.community,
        community_name=community.name if community else "",
        grid=building.grid,
        building=building.code,
        room=room,
        address_code=code,
        rooms=building.rooms,
        lon=building.lon,
        lat=building.lat,
    )


def resolve(town: str, community: str, line: str, room: str = "", at: str = _AT) -> Place:
    """Where a typed address is: the standard building of its community that it means, or one off the list.

    An address that the list does not have gets no grid, no point, and a building code of its own,
    always the same for the same normal form (``model.off_list_building``). ``at`` is the path of the
    address in the request. Raises ``Invalid`` for an unknown town or community, a community outside the
    town, or a line of the wrong length; ``Unavailable`` when the published list cannot be read.
    """
    _require_community(town, community, at)
    _require_lengths(line, room, at)
    return _resolved(community, line, room)


def _resolved(community: str, line: str, room: str) -> Place:
    index = published.newest()
    for short in (False, True):
        read = address.parse(line, room, short)
        found = matching.standard(index, community, read) if index else None
        if index and found:
            return _listed(index, found[0], read.room, found[1])
    read = address.parse(line, room)
    building = off_list_building(community, read.key)
    return Place(
        town=community[:TOWN_DIGITS],
        community=community,
        grid=None,
        building=building,
        room=read.room,
        matched=False,
        score=0,
    )


def place_of_record(
    community: str | None, town: str | None, text: str | None, address_code: str | None = None
) -> Place | None:
    """Where a row of a register or a file is; never refuses one for what it lacks.

    By its standard address code, else by its community and text, else as ``locate``. Rows with a community
    and no usable text share one building off the list; None when not even the community is known.
    Raises ``Unavailable``.
    """
    index = published.newest()
    listed = index.by_code(address_code[:BUILDING_DIGITS]) if index and address_code else None
    if index and listed and listed.community == (community or listed.community):
        return _listed(index, listed, address.parse(text or "").room, 1.0)
    line = (text or "")[: LINE_LENGTHS[1]]
    if community and divisions.community_in(community, community[:TOWN_DIGITS]):
        return _resolved(community, line, "")
    return locate(line, town)


def locate(text: str, town: str | None = None) -> Place | None:
    """The standard address that a department's free text means, or None when it is not sure.

    ``text`` may hold the room and any divisions in front; ``town`` is the code that came beside it, and
    is passed over when it is no town's. A text that fits several buildings is not sure.
    Raises ``Unavailable``.
    """
    index = published.newest()
    if index is None or not LINE_LENGTHS[0] <= len(text) <= LINE_LENGTHS[1]:
        return None
    town = town if town and divisions.find(town) else None
    for short in (False, True):
        front = address.divisions_in_front(address.clean(text), short)
        area = matching.narrower(
            town, front.town.code if front.town else front.district and front.district.code
        )
        read = address.parse(text, "", short)
        found = matching.standard(index, area, read) if area is not None else None
        if found:
            return _listed(index, found[0], read.room, found[1])
    return None


def matcher() -> matching.Matcher:
    """Matches many addresses to the list as it is published now; only reads them while it cannot be had."""
    try:
        return matching.Matcher(published.newest())
    except Unavailable:
        return matching.Matcher(None)


def _listed(index: Index, building: Building, room: str, score: float) -> Place:
    return Place(
        town=building.town,
        community=building.community,
        grid=building.grid,
        building=building.code,
        room=room,
        address_code=index.room(building.code, room) if room else None,
        lon=building.lon,
        lat=building.lat,
        matched=True,
        score=score,
    )


def _require_town(town: str, path: str) -> None:
    found = divisions.find(town)
    if found is None or found.level != "town":
        raise Invalid("division_unknown", fields=[Field(path, "town_unknown")])


def _require_community(town: str, community: str, at: str) -> None:
    _require_town(town, f"{at}/town")
    found = divisions.find(community)
    if found is None or found.level != "community":
        raise Invalid("division_unknown", fields=[Field(f"{at}/community", "community_unknown")])
    if not divisions.community_in(community, town):
        raise Invalid("community_outside_town", fields=[Field(f"{at}/community", "community_outside_town")])


def _require_lengths(line: str, room: str, at: str) -> None:
    shortest, longest = LINE_LENGTHS
    if len(line) > longest or len(address.clean(line)) < shortest:
        raise Invalid("values_invalid", fields=[Field(f"{at}/line", "field_length")])
    if len(room) > ROOM_LENGTH:
        raise Invalid("values_invalid", fields=[Field(f"{at}/room", "field_length")])


def remember(place: Place, line: str, now: datetime) -> bool:
    """Keep a building or room that the standard list does not have, when it is first seen.

    Returns whether anything was new. ``line`` is what was typed, without the room.
    """
    new = False
    if not place.matched:
        new = store.add_building(place, line, address.parse(line).key, now)
    if place.room and place.address_code is None:
        new = store.add_room(place.building, place.room, now) or new
    return new


def grids_of(community: str) -> list[str]:
    """The community's grids: an imported list, else those of its standard addresses, else three.

    Raises ``Invalid`` for an unknown community.
    """
    found = divisions.find(community)
    if found is None or found.level != "community":
        raise Invalid("division_unknown", fields=[Field("/community", "community_unknown")])
    if listed := store.grids(community):
        return listed
    index = published.newest()
    return (index.grids(community) if index else []) or default_grids(community)


def default_grids(community: str) -> list[str]:
    """Three grids, numbered from 1, for a community that nobody has divided yet."""
    return [grid_code(community, number) for number in range(1, DEFAULT_GRIDS + 1)]


def import_grids(community: str, grids: Iterable[str]) -> None:
    """Take a list of a community's grids; raises ``Invalid`` when one is not of that community."""
    codes = sorted(set(grids))
    length = COMMUNITY_DIGITS + LENGTHS.grid
    for place, code in enumerate(codes):
        right = code.isdigit() and len(code) == length and code.startswith(community)
        if not right or code[COMMUNITY_DIGITS] == OFF_LIST:
            raise Invalid("values_invalid", fields=[Field(f"/grids/{place}", "grid_unknown")])
    store.put_grids(community, codes)


def grid_of(building: str) -> str | None:
    """The grid that a building is in; None for one off the list that nobody has assigned yet."""
    if not is_off_list(building):
        return building[: COMMUNITY_DIGITS + LENGTHS.grid]
    row = store.building(building)
    return row.grid if row else None


def assign_grid(building: str, grid: str) -> None:
    """Put a building off the list into a grid of its community.

    Raises ``Invalid`` for a grid of another community, ``Conflict`` for a building never remembered.
    """
    if grid not in grids_of(building[:COMMUNITY_DIGITS]):
        raise Invalid("values_invalid", fields=[Field("/grid", "grid_unknown")])
    store.set_grid(building, grid)
