import numpy as np

from simulation import facts, homes
from simulation.city import City


def test_every_community_lies_inside_its_district() -> None:
    points = homes.community_points()
    for point, row in zip(points, facts.communities(), strict=True):
        assert homes.inside_district(row["code"][:6], point[None, :]).all(), row["code"]


def test_every_building_lies_inside_its_district(city: City) -> None:
    buildings = city.places.buildings
    district = np.array([row["code"][:6] for row in facts.communities()])[buildings.community]
    for code in sorted(set(district)):
        assert homes.inside_district(code, buildings.points[district == code]).all()


def test_the_city_has_a_hundred_thousand_addresses_and_no_two_alike(city: City) -> None:
    table = city.places.table(0, city.places.buildings.rooms)
    assert table.num_rows == city.places.buildings.rooms >= 100_000
    assert len(set(table["address_code"].to_pylist())) == table.num_rows
    lines = zip(table["line"].to_pylist(), table["room"].to_pylist(), strict=True)
    assert len(set(lines)) == table.num_rows


def test_codes_nest(city: City) -> None:
    table = city.places.table(0, 2000).to_pylist()
    communities = {row["code"] for row in facts.communities()}
    for row in table:
        assert len(row["address_code"]) == 24 and row["address_code"].startswith(row["building_code"])
        assert len(row["building_code"]) == 20 and row["building_code"].startswith(row["grid"])
        assert len(row["grid"]) == 15 and row["grid"].startswith(row["community"])
        assert row["community"] in communities and row["community"].startswith(row["town"])
        assert row["line"].endswith(f"{row['road']}{row['number']}号{row['building']}")


def test_the_main_road_can_be_found(city: City) -> None:
    roads = city.places.buildings.road.to_pylist()
    assert roads.count("季华五路") >= 3


def test_virtual_communities_hold_nobody() -> None:
    towns = {row["nbs_code"] for row in facts.towns()}
    assert len(facts.communities()) == 809
    assert {row["code"][:9] for row in facts.communities()} == towns


def test_a_ring_knows_inside_from_outside() -> None:
    square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    points = np.array([[1.0, 1.0], [3.0, 1.0], [-1.0, 1.0], [1.0, 2.5]])
    assert homes.inside(square, points).tolist() == [True, False, False, False]


def test_stems_of_community_names() -> None:
    assert homes.stem("澜石社区居委会") == "澜石"
    assert homes.stem("敦厚村民委员会") == "敦厚"
    assert homes.stem("芦苞社区居民委员会") == "芦苞"
