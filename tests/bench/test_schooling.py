"""The benchmark of school places, as small as it goes: that it measures what it says, not how fast."""

import pytest

from bench import schooling

pytestmark = pytest.mark.slow


def test_the_library_gets_the_same_city_and_places_as_many() -> None:
    figures = {figure.name: figure for figure in schooling.run(pupils=200, schools=10, first=100)}
    assert figures["schooling.library.largest"].value == 200
    assert figures["schooling.mechanism_crowded.placed"].ratio == 1
    assert {name for name, figure in figures.items() if name.endswith("time") and figure.value < 0} == set()
    assert {"schooling.whole_run.time", "schooling.library.at_200.time"} <= figures.keys()


def test_a_city_fills_its_places_and_wishes_for_each_school_once() -> None:
    seats, choices, classes = schooling.city(500, 10, 4)
    assert sum(seats) == 450 and all(len(set(mine)) == len(mine) == 4 for mine in choices)
    assert [len(mine) for mine in choices] == [len(own) for own in classes]
