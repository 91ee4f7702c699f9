"""Search, resolve, remember, grids."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import Conflict, Field, Invalid, Unavailable
from chalicelib.places import address, service
from chalicelib.places.model import Point, is_off_list
from tests.chalicelib.places.lists import LANSHI, LINE, SHIWAN, ZUMIAO

FIRST = "44060401000100100001"


def test_without_a_parent_the_districts_are_listed() -> None:
    assert [d.code for d in service.divisions_under()] == ["440604", "440605", "440606", "440607", "440608"]
    assert len(service.divisions_under(SHIWAN)) == 39
    assert service.divisions_under(LANSHI) == []


@pytest.mark.parametrize("code", ["440699", "440604002", "x"])
def test_an_unknown_parent_is_refused_and_the_other_schemes_codes_are_unknown(code: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.divisions_under(code)
    assert refused.value.fields == [Field("/parent", "division_unknown")]


def test_a_road_is_found_as_buildings_with_their_number_of_rooms(published_list: Path) -> None:
    hits = service.search_addresses("季华五路")
    assert {hit.kind for hit in hits} == {"building"}
    assert [(hit.line.removeprefix(LINE), hit.rooms) for hit in hits] == [
        ("季华五路9号", 2),
        ("季华五路10号1栋", 3),
        ("季华五路10号2栋", 3),
        ("季华五路101号", 1),
    ]
    assert hits[0].community_name == "澜石社区居委会" and hits[0].district == "禅城区"


def test_a_typed_room_is_found_in_its_building(published_list: Path) -> None:
    hit = service.search_addresses("季华五路10号1座502室")[0]
    assert (hit.kind, hit.building, hit.room, hit.address_code) == ("room", FIRST, "502", f"{FIRST}0502")


def test_a_room_that_the_list_does_not_have_still_finds_the_building(published_list: Path) -> None:
    hits = service.search_addresses("季华五路10号1栋 999")
    assert [(hit.kind, hit.building) for hit in hits] == [("building", FIRST)]


@pytest.mark.parametrize(
    "q",
    ["佛山市禅城区石湾镇街道季华五路9号", "禅城石湾季华五路9号", "石湾镇街道 季华五路９号", "季华五路9号"],
)
def test_divisions_in_front_narrow_the_search(published_list: Path, q: str) -> None:
    assert [hit.building for hit in service.search_addresses(q)] == [f"{LANSHI}00100003"]


def test_a_town_given_apart_and_another_in_the_text_exclude_each_other(published_list: Path) -> None:
    assert service.search_addresses("祖庙街道祖庙路", town=SHIWAN) == []
    assert len(service.search_addresses("祖庙街道祖庙路", town=ZUMIAO)) == 1


def test_parts_in_another_order_are_found_by_all_their_pairs(published_list: Path) -> None:
    assert service.search_addresses("澜石社区 季华五路")[0].community == LANSHI


@pytest.mark.parametrize("q", ["", "季", " 季 ", "*", "季" * 61])
def test_too_little_or_too_much_text_is_refused(published_list: Path, q: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.search_addresses(q)
    assert refused.value.fields == [Field("/q", "address_query_length")]


@pytest.mark.parametrize(("limit", "most"), [(2, 2), (10_000, 50), (0, 1), (-1, 1)])
def test_hits_are_bounded_whatever_is_asked(published_list: Path, limit: int, most: int) -> None:
    assert 1 <= len(service.search_addresses("禅城区", limit=limit)) <= most


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(q=st.text(min_size=2, max_size=60))
def test_any_text_is_answered_or_refused(published_list: Path, q: str) -> None:
    try:
        hits = service.search_addresses(q)
    except Invalid:
        assert len(address.clean(q)) < 2
    else:
        assert len(hits) <= 20


def test_while_no_list_is_published_search_says_so(unpublished: None) -> None:
    with pytest.raises(Unavailable):
        service.search_addresses("季华五路")


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("季华五路10号1栋", "502"),
        ("佛山市禅城区石湾镇街道季华五路10号1栋", "502室"),
        ("季华5路１０号１座", "５０２"),
        ("季华五路10号", "1栋502"),
        ("季华五路10号1幢502房", ""),
        ("佛山禅城石湾季华五路10号1栋", "502"),
    ],
)
def test_a_typed_address_is_resolved_to_the_standard_one(published_list: Path, line: str, room: str) -> None:
    place = service.resolve(SHIWAN, LANSHI, line, room)
    assert (place.building, place.room, place.address_code) == (FIRST, "502", f"{FIRST}0502")
    assert place.matched and place.score == 1 and place.grid == f"{LANSHI}001"
    assert (place.lon, place.lat) == (113.078, 23.005)


def test_a_room_decides_between_the_blocks_of_a_number(published_list: Path) -> None:
    assert service.resolve(SHIWAN, LANSHI, "季华五路10号", "601").building == f"{LANSHI}00100002"
    assert service.resolve(SHIWAN, LANSHI, "季华五路10号", "601").score == 0.9
    assert not service.resolve(SHIWAN, LANSHI, "季华五路10号", "101").matched
    assert not service.resolve(SHIWAN, LANSHI, "季华五路10号", "").matched


def test_the_only_building_of_a_number_is_meant_whatever_block_was_typed(published_list: Path) -> None:
    place = service.resolve(SHIWAN, LANSHI, "季华五路9号2栋", "101")
    assert (place.building, place.score) == (f"{LANSHI}00100003", 0.8)


def test_a_block_that_the_list_does_not_have_is_not_another_block(published_list: Path) -> None:
    assert not service.resolve(SHIWAN, LANSHI, "季华五路10号3栋", "502").matched


def test_an_address_off_the_list_has_no_grid_and_one_building_code(published_list: Path) -> None:
    place = service.resolve(SHIWAN, LANSHI, "没有的路8号3栋", "502")
    again = service.resolve(SHIWAN, LANSHI, "禅城区石湾镇街道没有的路８号 3座", "601房")
    assert not place.matched and place.grid is None and place.lon is None and place.score == 0
    assert place.building == again.building and is_off_list(place.building)
    assert place.building.startswith(LANSHI)
    other = service.resolve(SHIWAN, "440604010003", "没有的路8号3栋", "502")
    assert other.building != place.building


def test_addresses_resolve_off_the_list_while_none_is_published(unpublished: None) -> None:
    assert not service.resolve(SHIWAN, LANSHI, "季华五路10号1栋", "502").matched


@pytest.mark.parametrize(
    ("town", "community", "field"),
    [
        ("440604999", LANSHI, Field("/address/town", "town_unknown")),
        ("440604", LANSHI, Field("/address/town", "town_unknown")),
        ("440604002", LANSHI, Field("/address/town", "town_unknown")),  # the other scheme's code
        (SHIWAN, "440604010999", Field("/address/community", "community_unknown")),
        (SHIWAN, SHIWAN, Field("/address/community", "community_unknown")),
        (ZUMIAO, LANSHI, Field("/address/community", "community_outside_town")),
    ],
)
def test_codes_that_do_not_fit_are_refused_with_their_place(town: str, community: str, field: Field) -> None:
    with pytest.raises(Invalid) as refused:
        service.resolve(town, community, "季华五路10号", "502")
    assert refused.value.fields == [field]


@pytest.mark.parametrize(
    ("line", "room", "path"),
    [
        ("", "502", "/line"),
        (" ，。", "502", "/line"),
        ("季" * 201, "502", "/line"),
        ("季华五路10号", "5" * 41, "/room"),
    ],
)
def test_lines_and_rooms_of_the_wrong_length_are_refused(line: str, room: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.resolve(SHIWAN, LANSHI, line, room, at="/tenant/address")
    assert refused.value.fields == [Field(f"/tenant/address{path}", "field_length")]


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("佛山市禅城区石湾镇街道季华五路10号1栋502室", None),
        ("季华五路10号1栋-502", SHIWAN),
        ("石湾镇街道季华五路10号1栋502房", ""),
        ("石湾镇街道季华五路10号1栋502房", "440699999"),
        ("佛山禅城石湾季华五路10号1栋502", None),
    ],
)
def test_a_departments_free_text_is_located(published_list: Path, text: str, town: str | None) -> None:
    place = service.locate(text, town)
    assert place is not None and place.building == FIRST and place.address_code == f"{FIRST}0502"


@pytest.mark.parametrize(
    ("text", "town"),
    [("没有的路1号", SHIWAN), ("季华五路10号1栋502", ZUMIAO), ("", None), ("季" * 500, None)],
)
def test_a_text_that_fits_nothing_is_not_located(published_list: Path, text: str, town: str | None) -> None:
    assert service.locate(text, town) is None


def test_a_record_is_placed_by_its_code_its_community_or_its_text(published_list: Path) -> None:
    text = "佛山市禅城区石湾镇街道季华五路10号1栋502室"
    by_code = service.place_of_record(LANSHI, SHIWAN, "旧楼502", f"{FIRST}0502")
    by_community = service.place_of_record(LANSHI, "", text)
    by_text = service.place_of_record(None, "440699999", text)
    for place in (by_code, by_community, by_text):
        assert place is not None and (place.building, place.address_code) == (FIRST, f"{FIRST}0502")


@pytest.mark.parametrize("text", ["", None, "-", " ", "季" * 500])
def test_a_record_without_a_usable_address_is_placed_in_its_community(
    published_list: Path, text: str | None
) -> None:
    place = service.place_of_record(LANSHI, None, text)
    assert place is not None and not place.matched
    assert (place.community, place.town) == (LANSHI, SHIWAN) and is_off_list(place.building)


@pytest.mark.parametrize("community", ["", None, "440604010999", SHIWAN, "440608400498"])
def test_a_record_of_no_known_community_and_text_is_nowhere(
    published_list: Path, community: str | None
) -> None:
    assert service.place_of_record(community, SHIWAN, "没有的路1号") is None


def test_a_code_of_another_community_than_the_records_is_passed_over(published_list: Path) -> None:
    place = service.place_of_record("440604010003", SHIWAN, "没有的路1号", f"{FIRST}0502")
    assert place is not None and place.community == "440604010003" and not place.matched


def test_all_towns_of_a_district_and_of_the_city_are_listed() -> None:
    assert service.towns_in("440604") == ["440604010", "440604011", "440604012", "440604100"]
    assert len(service.towns_in("440600")) == 32


def test_what_the_list_does_not_have_is_remembered_once(published_list: Path, now: datetime) -> None:
    place = service.resolve(SHIWAN, LANSHI, "没有的路8号", "502")
    assert service.remember(place, "没有的路8号", now)
    assert not service.remember(place, "没有的路8号", now)
    listed = service.resolve(SHIWAN, LANSHI, "季华五路10号1栋", "502")
    assert not service.remember(listed, "季华五路10号1栋", now)
    new_room = service.resolve(SHIWAN, LANSHI, "季华五路10号1栋", "5a")
    assert service.remember(new_room, "季华五路10号1栋", now)


def test_grids_are_the_imported_ones_else_the_lists_else_three(published_list: Path) -> None:
    assert service.grids_of("440604010003") == [f"440604010003{n:03d}" for n in (1, 2, 3)]
    assert service.grids_of(LANSHI) == [f"{LANSHI}001", f"{LANSHI}002"]
    service.import_grids(LANSHI, [f"{LANSHI}005", f"{LANSHI}004"])
    assert service.grids_of(LANSHI) == [f"{LANSHI}004", f"{LANSHI}005"]


@pytest.mark.parametrize("grid", ["440604010003001", f"{LANSHI}01", f"{LANSHI}900", f"{LANSHI}00x"])
def test_a_grid_of_another_community_or_reserved_is_not_imported(cloud: None, grid: str) -> None:
    with pytest.raises(Invalid):
        service.import_grids(LANSHI, [grid])


def test_grids_of_no_community_are_refused(unpublished: None) -> None:
    with pytest.raises(Invalid):
        service.grids_of(SHIWAN)


def test_a_building_off_the_list_gets_its_grid_by_assignment(published_list: Path, now: datetime) -> None:
    place = service.resolve(SHIWAN, LANSHI, "没有的路8号", "502")
    assert service.grid_of(FIRST) == f"{LANSHI}001"
    assert service.grid_of(place.building) is None
    with pytest.raises(Conflict):
        service.assign_grid(place.building, f"{LANSHI}002")
    service.remember(place, "没有的路8号", now)
    assert service.grid_of(place.building) is None
    with pytest.raises(Invalid):
        service.assign_grid(place.building, "440604010003001")
    service.assign_grid(place.building, f"{LANSHI}002")
    assert service.grid_of(place.building) == f"{LANSHI}002"


def test_points_are_converted_at_the_edge_only() -> None:
    point = Point(113.078, 23.005)
    shown = service.in_crs(point, "GCJ-02")
    assert service.in_crs(point, "WGS-84") == point != shown
    assert service.from_crs(shown, "GCJ-02") == pytest.approx(point, abs=1e-8)
