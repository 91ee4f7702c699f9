"""Codes of grids, buildings and rooms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import regions
from chalicelib.places.model import (
    CodeLengths,
    building_code,
    grid_code,
    is_off_list,
    off_list_building,
    room_code,
)

LANSHI = "440604010001"


def test_codes_nest_from_community_to_room() -> None:
    grid = grid_code(LANSHI, 2)
    building = building_code(grid, 17)
    assert grid == "440604010001002"
    assert building == "44060401000100200017"
    assert room_code(building, 5, 2) == "440604010001002000170502"
    assert regions.level(grid) == "grid" and regions.level(building) == "building"


def test_a_city_may_choose_other_code_lengths() -> None:
    lengths = CodeLengths(grid=2, building=4, floor=3, room=2)
    building = building_code(grid_code(LANSHI, 2, lengths), 17, lengths)
    assert building == "440604010001020017"
    assert room_code(building, 101, 2, lengths) == "44060401000102001710102"


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_a_number_that_does_not_fit_its_digits_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="3 digits"):
        grid_code(LANSHI, number)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_building_off_the_list_has_one_code_that_is_a_building_of_its_community(key: str) -> None:
    code = off_list_building(LANSHI, key)
    assert code == off_list_building(LANSHI, key)
    assert regions.level(code) == "building" and regions.covers(LANSHI, code)
    assert is_off_list(code)


def test_no_listed_building_has_a_code_off_the_list() -> None:
    assert not is_off_list(building_code(grid_code(LANSHI, 899), 99999))


def test_different_addresses_of_a_community_get_different_codes() -> None:
    codes = {off_list_building(LANSHI, f"澜石1路{n}号") for n in range(300)}
    assert len(codes) == 300
