"""The tree of divisions is whole, and the two schemes are never mixed."""

import pytest

from chalicelib.places import divisions
from chalicelib.places.model import Point


def test_the_city_has_5_districts_32_towns_and_818_communities() -> None:
    found = divisions.tree().by_code.values()
    counted = {level: sum(d.level == level and d.scheme == "nbs" for d in found) for level in
               ("city", "district", "town", "community")}  # fmt: skip
    assert counted == {"city": 1, "district": 5, "town": 32, "community": 818}


def test_every_division_below_the_city_has_its_parents_code_as_prefix() -> None:
    for division in divisions.tree().by_code.values():
        if division.level in ("town", "community"):
            assert division.code.startswith(division.parent)


def test_nine_communities_are_in_statistical_areas_that_are_no_towns() -> None:
    communities = [d for d in divisions.tree().by_code.values() if d.level == "community"]
    outside = [c for c in communities if divisions.find(c.parent) is None]
    assert len(outside) == 9
    assert not any(divisions.community_in(c.code, c.parent) for c in outside)
    towns = [t for d in divisions.children("440600") for t in divisions.children(d.code)]
    assert sum(len(divisions.children(town.code)) for town in towns) == 818 - 9


def test_exactly_8_codes_mean_different_towns_in_the_two_schemes() -> None:
    assert divisions.clashes() == [
        "440606003", "440606004", "440606101", "440606102", "440606103", "440606104", "440606105", "440608107",
    ]  # fmt: skip


def test_a_clashing_code_is_another_town_under_the_other_scheme() -> None:
    nbs, mca = divisions.find("440606101", "nbs"), divisions.find("440606101", "mca")
    assert nbs and mca and (nbs.name, mca.name) == ("陈村镇", "北滘镇")
    assert divisions.translate("440606101", "mca", "nbs") == "440606102"


def test_every_town_translates_to_the_other_scheme_and_back() -> None:
    for division in list(divisions.tree().by_code.values()):
        if division.level == "town":
            other = "mca" if division.scheme == "nbs" else "nbs"
            code = divisions.translate(division.code, division.scheme, other)
            assert code is not None
            same = divisions.find(code, other)
            assert same and same.name == division.name
            assert divisions.translate(code, other, division.scheme) == division.code


@pytest.mark.parametrize(
    ("code", "expected"), [("440604", "440604"), ("440604010001", None), ("999999999", None)]
)
def test_districts_are_the_same_in_both_schemes_and_communities_have_one(
    code: str, expected: str | None
) -> None:
    assert divisions.translate(code, "nbs", "mca") == expected


def test_a_community_belongs_to_its_own_town_only() -> None:
    assert divisions.community_in("440604010001", "440604010")
    assert not divisions.community_in("440604010001", "440604011")
    assert not divisions.community_in("440604010", "440604")


@pytest.mark.parametrize(
    ("point", "district"),
    [
        (Point(113.115, 23.032), "440604"),
        (Point(113.26, 22.80), "440606"),
        (Point(112.88, 22.90), "440608"),
        (Point(114.06, 22.54), None),
    ],
)
def test_a_point_is_found_in_its_district(point: Point, district: str | None) -> None:
    assert divisions.district_at(point) == district


def test_a_districts_box_lies_within_the_citys() -> None:
    city = divisions.box("440600")
    for district in divisions.children("440600"):
        box = divisions.box(district.code)
        assert city.holds(Point(box.west, box.south)) and city.holds(Point(box.east, box.north))
