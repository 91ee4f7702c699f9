from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fieldwork import walks
from chalicelib.fieldwork.walks import Stop

near = st.tuples(st.integers(0, 400), st.integers(0, 400))
some_stops = st.lists(near, min_size=1, max_size=12, unique=True).map(
    lambda places: [
        Stop(f"{n:020d}", 113.1 + x / 20_000, 23.0 + y / 20_000) for n, (x, y) in enumerate(places)
    ]
)


@settings(max_examples=60, deadline=None)
@given(some_stops)
def test_a_walk_meets_every_building_once_and_begins_at_the_first(stops: list[Stop]) -> None:
    walk = walks.tour(stops)
    assert sorted(walk) == sorted(stops) and walk[0] == stops[0]


@settings(max_examples=60, deadline=None)
@given(some_stops, st.randoms(use_true_random=False))
def test_the_order_in_which_buildings_are_given_changes_nothing(stops: list[Stop], chance: object) -> None:
    others = stops[1:]
    chance.shuffle(others)  # type: ignore[attr-defined]
    assert walks.tour([stops[0], *others]) == walks.tour(stops)


@settings(max_examples=60, deadline=None)
@given(some_stops)
def test_no_part_of_a_walk_is_shorter_the_other_way_around(stops: list[Stop]) -> None:
    walk = walks.tour(stops)
    for first in range(1, len(walk) - 1):
        for last in range(first + 1, len(walk)):
            turned = walk[:first] + walk[first : last + 1][::-1] + walk[last + 1 :]
            assert walks.length(turned) >= walks.length(walk) - 0.02


def test_few_buildings_are_walked_on_the_shortest_way_there_is() -> None:
    street = [Stop(str(n), 113.1 + n / 1000, 23.0) for n in (0, 4, 1, 3, 2)]
    assert [stop.building for stop in walks.tour(street)] == ["0", "1", "2", "3", "4"]
    square = [
        Stop(str(n), 113.1 + x / 1000, 23.0 + y / 1000)
        for n, (x, y) in enumerate([(0, 0), (1, 1), (1, 0), (0, 1)])
    ]
    shortest = min(walks.length([square[0], *rest]) for rest in permutations(square[1:]))
    assert walks.length(walks.tour(square)) == shortest


def test_a_thousandth_of_a_degree_is_a_hundred_metres_or_so() -> None:
    assert 110 < walks.metres(Stop("a", 113.1, 23.0), Stop("b", 113.1, 23.001)) < 112
    assert 101 < walks.metres(Stop("a", 113.1, 23.0), Stop("b", 113.101, 23.0)) < 104
