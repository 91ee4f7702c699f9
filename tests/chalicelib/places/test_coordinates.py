"""WGS-84 and GCJ-02 and back, distances, rings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.places.coordinates import box_of, distance, in_ring, to_gcj02, to_wgs84
from chalicelib.places.model import Box, Point

china = st.builds(Point, st.floats(73.5, 134.5), st.floats(18.5, 53.0))
foshan = st.builds(Point, st.floats(112.38, 113.39), st.floats(22.64, 23.58))


@settings(deadline=None)
@given(china)
def test_a_point_comes_back_within_half_a_metre_anywhere_in_china(point: Point) -> None:
    assert distance(to_wgs84(to_gcj02(point)), point) < 0.5


@settings(deadline=None)
@given(foshan)
def test_the_shift_in_foshan_is_about_600_metres(point: Point) -> None:
    assert 450 < distance(point, to_gcj02(point)) < 750


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        (Point(121.5272106, 31.1774276), Point(121.531541859215, 31.17530398364597)),
        (Point(113.912316, 22.543847), Point(113.9171764808363, 22.540796131694766)),
        (Point(116.377817, 39.911954), Point(116.38404722455657, 39.91334545536069)),
    ],
)
def test_the_published_check_values_of_the_formula_come_out(point: Point, shown: Point) -> None:
    """Shanghai, Shenzhen and Beijing, as in github.com/googollee/eviltransform's tests."""
    assert to_gcj02(point) == pytest.approx(shown, abs=1e-9)


def test_outside_china_the_systems_are_the_same() -> None:
    london = Point(-0.13, 51.5)
    assert to_gcj02(london) == london
    assert to_wgs84(london) == london


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert distance(Point(113, 22), Point(113, 23)) == pytest.approx(111_195, rel=1e-3)


@settings(deadline=None)
@given(foshan, foshan)
def test_distance_is_the_same_both_ways(one: Point, other: Point) -> None:
    assert distance(one, other) == pytest.approx(distance(other, one))


def test_a_ring_holds_what_is_inside_it() -> None:
    square = [Point(0, 0), Point(2, 0), Point(2, 2), Point(0, 2)]
    assert in_ring(Point(1, 1), square)
    assert not in_ring(Point(3, 1), square)


def test_a_box_is_the_smallest_around_its_points() -> None:
    assert box_of([Point(1, 5), Point(3, 2)]) == Box(1, 2, 3, 5)
    with pytest.raises(ValueError, match="empty"):
        box_of([])
