"""First-seen buildings and rooms are kept once."""

from datetime import datetime, timedelta

import pytest

from chalicelib.errors import Conflict
from chalicelib.places import store
from chalicelib.places.model import Place, off_list_building

COMMUNITY = "440604010001"


def place(key: str) -> Place:
    code = off_list_building(COMMUNITY, key)
    return Place(
        town=COMMUNITY[:9], community=COMMUNITY, grid=None, building=code, room="", matched=False, score=0
    )


def test_a_building_is_kept_when_first_seen_and_never_overwritten(cloud: None, now: datetime) -> None:
    seen = place("某路1号")
    assert store.add_building(seen, "某路1号", "某路1号", now)
    assert not store.add_building(seen, "某路一号", "某路1号", now + timedelta(days=1))
    row = store.building(seen.building)
    assert row is not None and (row.line, row.grid) == ("某路1号", None)
    assert row.first_seen_at == "2026-11-23T09:30:00.000+08:00"


def test_a_room_is_kept_once_beside_its_building(cloud: None, now: datetime) -> None:
    code = place("某路1号").building
    assert store.add_room(code, "502", now)
    assert not store.add_room(code, "502", now)
    assert store.add_room(code, "a3", now)
    assert store.rooms_of(code) == ["502", "a3"]


def test_buildings_of_a_community_come_in_pages(cloud: None, now: datetime) -> None:
    seen = [place(f"某路{n}号") for n in range(3)]
    for each in seen:
        store.add_building(each, "某路", "某路", now)
    first, token = store.buildings_of(COMMUNITY, 2, None)
    rest, end = store.buildings_of(COMMUNITY, 2, token)
    assert [row.by_community_sk for row in first + rest] == sorted(each.building for each in seen)
    assert end is None
    assert store.buildings_of("440604010003", 2, None) == ([], None)


def test_only_a_kept_building_gets_a_grid(cloud: None, now: datetime) -> None:
    seen = place("某路1号")
    with pytest.raises(Conflict):
        store.set_grid(seen.building, f"{COMMUNITY}002")
    assert store.building(seen.building) is None
    store.add_building(seen, "某路1号", "某路1号", now)
    store.set_grid(seen.building, f"{COMMUNITY}002")
    row = store.building(seen.building)
    assert row is not None and row.grid == f"{COMMUNITY}002"


def test_imported_grids_replace_the_former_list(cloud: None) -> None:
    assert store.grids(COMMUNITY) == []
    store.put_grids(COMMUNITY, [f"{COMMUNITY}001", f"{COMMUNITY}002"])
    store.put_grids(COMMUNITY, [f"{COMMUNITY}007"])
    assert store.grids(COMMUNITY) == [f"{COMMUNITY}007"]
