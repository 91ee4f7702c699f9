"""Buildings, rooms and grids that the standard list does not have, in the table ``places``.

Keys: ``BUILDING#<code>`` holds ``BUILDING`` and a ``ROOM#<label>`` for each room first seen there;
``GRIDS#<community>`` holds ``GRIDS``, an imported list of the community's grids. Index ``by_community``
lists a community's buildings.
"""

from datetime import datetime
from typing import Any, Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock, tables
from chalicelib.errors import Conflict
from chalicelib.places.model import Place
from chalicelib.tables import Row, index_meta, meta

_CONDITION: Final = "ConditionalCheckFailedException"


class ByCommunity(GlobalSecondaryIndex[Any]):
    """The buildings of a community, by code."""

    Meta = index_meta("by_community")
    by_community_pk = UnicodeAttribute(hash_key=True)
    by_community_sk = UnicodeAttribute(range_key=True)


class BuildingRow(Row):
    """A building that somebody registered at and the standard list does not have."""

    Meta = meta("places")
    by_community = ByCommunity()
    by_community_pk = UnicodeAttribute()
    by_community_sk = UnicodeAttribute()
    line = UnicodeAttribute()
    key = UnicodeAttribute()
    grid = UnicodeAttribute(null=True)
    first_seen_at = UnicodeAttribute()


class RoomRow(Row):
    """A room first seen in a listed or unlisted building."""

    Meta = meta("places")
    first_seen_at = UnicodeAttribute()


class GridsRow(Row):
    """An imported list of a community's grids, the codes joined by blanks."""

    Meta = meta("places")
    grids = UnicodeAttribute()


def building_pk(building: str) -> str:
    """The partition of a building and its rooms."""
    return f"BUILDING#{building}"


def add_building(place: Place, line: str, key: str, now: datetime) -> bool:
    """Keep a building when it is first seen; False when it was there already."""
    row = BuildingRow(building_pk(place.building), "BUILDING", line=line, key=key)
    row.by_community_pk, row.by_community_sk = place.community, place.building
    row.grid, row.first_seen_at = place.grid, clock.iso(now)
    return _create(row)


def add_room(building: str, room: str, now: datetime) -> bool:
    """Keep a room when it is first seen; False when it was there already."""
    return _create(RoomRow(building_pk(building), f"ROOM#{room}", first_seen_at=clock.iso(now)))


def _create(row: Row) -> bool:
    try:
        row.save(condition=type(row).pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code == _CONDITION:
            return False
        raise
    return True


def building(code: str) -> BuildingRow | None:
    """A building beyond the list, or None."""
    row: BuildingRow | None = BuildingRow.find(building_pk(code), "BUILDING")
    return row


def buildings_of(community: str, limit: int, token: str | None) -> tuple[list[BuildingRow], str | None]:
    """A page of the community's buildings beyond the list, by code."""
    scope = f"places.by_community.{community}"
    results = BuildingRow.by_community.query(
        community, limit=limit, last_evaluated_key=tables.position(token, scope)
    )
    return tables.page(results, scope)


def rooms_of(code: str) -> list[str]:
    """The labels of rooms first seen in a building."""
    rows = RoomRow.query(building_pk(code), RoomRow.sk.startswith("ROOM#"))
    return [row.sk.removeprefix("ROOM#") for row in rows]


def set_grid(code: str, grid: str) -> None:
    """Say which grid a building beyond the list is in; raises ``Conflict`` when it is not kept."""
    row = BuildingRow(building_pk(code), "BUILDING")
    try:
        row.update(actions=[BuildingRow.grid.set(grid)], condition=BuildingRow.pk.exists())
    except UpdateError as error:
        if error.cause_response_code == _CONDITION:
            raise Conflict("building_unknown") from None
        raise


def grids(community: str) -> list[str]:
    """The imported grids of a community; empty when none were imported."""
    row: GridsRow | None = GridsRow.find(f"GRIDS#{community}", "GRIDS")
    return str(row.grids).split() if row else []


def put_grids(community: str, codes: list[str]) -> None:
    """Replace the community's list of grids."""
    GridsRow(f"GRIDS#{community}", "GRIDS", grids=" ".join(codes)).save()
