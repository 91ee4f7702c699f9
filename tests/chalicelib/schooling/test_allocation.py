"""The mechanisms: stable, the best stable one for the pupils, the same as other people's, and hard to game."""

import itertools
import warnings

import pytest
from hypothesis import given, settings
from matching.games import HospitalResident

from bench.schooling import city
from chalicelib.schooling import allocation, checking, lottery, sealed
from chalicelib.schooling.allocation import NOWHERE, Problem
from chalicelib.schooling.sealed import Inputs, Pupil
from tests.chalicelib.schooling.pupils import MECHANISMS, SEED, inputs, pupil, runs


def test_the_example_of_gale_and_shapley_comes_out_as_they_say() -> None:
    """Example 2 of *College Admissions*, four men and women: αD, βA, γB... read as pupils and schools of one place.

    α: A B C D, β: A D C B, γ: B A C D, δ: D B C A; A: δ γ α β, B: β δ α γ, C: δ α β γ, D: γ β α δ. The one stable
    pairing is αC, βD, γA, δB.
    """
    order = {"A": "dcab", "B": "bdac", "C": "dabc", "D": "cbad"}
    wishes = {"a": "ABCD", "b": "ADCB", "c": "BACD", "d": "DBCA"}
    lines = [pupil(p, 1, *((s, order[s].index(p)) for s in mine)) for p, mine in wishes.items()]
    result = sealed.solve(inputs(dict.fromkeys("ABCD", 1), *lines), SEED)
    assert result.places == {"a": "C", "b": "D", "c": "A", "d": "B"}


def test_a_class_goes_before_points_and_points_go_before_a_wish() -> None:
    lines = [
        pupil("sibling", 3, ("A", 0)),
        pupil("best", 1, ("A", 1), ("B", 1)),
        pupil("second", 2, ("B", 1)),
    ]
    result = sealed.solve(inputs({"A": 1, "B": 1}, *lines), SEED)
    assert result.places == {"sibling": "A", "best": "B", "second": None}


def test_nobody_and_no_seats_are_no_trouble() -> None:
    assert sealed.solve(inputs({"A": 0}), SEED).places == {}
    assert sealed.solve(inputs({"A": 0}, pupil("r", 1, ("A", 0)), pupil("s", 1)), SEED).places == {
        "r": None,
        "s": None,
    }


def test_points_first_is_deferred_acceptance_with_one_order_for_all_schools() -> None:
    @settings(max_examples=120, deadline=None)
    @given(runs("points_first"))
    def holds(given_inputs: Inputs) -> None:
        other = given_inputs.model_copy(update={"mechanism": "deferred_acceptance"})
        assert sealed.solve(given_inputs, SEED).places == sealed.solve(other, SEED).places

    holds()


def test_points_first_refuses_pupils_whose_class_differs_between_schools() -> None:
    with pytest.raises(ValueError, match="one class"):
        allocation.points_first(Problem([1, 1], [[0, 1]], [[0, 1]]))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_result_passes_the_independent_checker_and_does_not_hang_on_the_order_of_input(
    mechanism: str,
) -> None:
    @settings(max_examples=120, deadline=None)
    @given(runs(mechanism))
    def holds(given_inputs: Inputs) -> None:
        result = sealed.solve(given_inputs, SEED)
        assert checking.faults(given_inputs, result) == []
        turned = given_inputs.model_copy(
            update={
                "pupils": given_inputs.pupils[::-1],
                "seats": dict(reversed(given_inputs.seats.items())),
            }
        )
        assert sealed.digest(turned) == sealed.digest(given_inputs)
        assert sealed.canonical(sealed.solve(turned, SEED)) == sealed.canonical(result)

    holds()


def test_no_stable_result_is_better_for_any_pupil() -> None:
    """By trying all assignments of small runs: what Gale and Shapley prove in their theorem 2."""

    @settings(max_examples=40, deadline=None)
    @given(runs(most=4))
    def holds(given_inputs: Inputs) -> None:
        ours = sealed.solve(given_inputs, SEED).places
        for places in _assignments(given_inputs.pupils):
            other = sealed.Result(
                run=given_inputs.run,
                inputs_sha256=sealed.digest(given_inputs),
                seed=SEED,
                places=places,
            )
            if not checking.faults(given_inputs, other):
                for line in given_inputs.pupils:
                    assert _likes(line, ours[line.ref]) <= _likes(line, places[line.ref])

    holds()


def _assignments(pupils: tuple[Pupil, ...]) -> list[dict[str, str | None]]:
    options = [[None, *(school for school, _ in line.choices)] for line in pupils]
    return [
        dict(zip([line.ref for line in pupils], each, strict=True)) for each in itertools.product(*options)
    ]


def _likes(line: Pupil, school: str | None) -> int:
    """How far down the pupil's own list a school is."""
    wished = [school for school, _ in line.choices]
    return wished.index(school) if school else len(wished)


def test_the_matching_library_finds_the_same() -> None:
    @settings(max_examples=60, deadline=None)
    @given(runs())
    def holds(given_inputs: Inputs) -> None:
        lines = {line.ref: line for line in given_inputs.pupils if line.choices}
        theirs = _theirs(given_inputs, lines)
        ours = sealed.solve(given_inputs, SEED).places
        assert {ref: ours[ref] for ref in lines} == {ref: theirs.get(ref) for ref in lines}

    holds()


def _theirs(given_inputs: Inputs, lines: dict[str, Pupil]) -> dict[str, str]:
    """The library knows no school without a place and no school nobody wished for: they are taken out first."""
    open_at = {school for school, seats in given_inputs.seats.items() if seats}
    wishes = {ref: [s for s, _ in line.choices if s in open_at] for ref, line in lines.items()}
    wishes = {ref: mine for ref, mine in wishes.items() if mine}
    orders: dict[str, list[str]] = {}
    for school in open_at & {school for mine in wishes.values() for school in mine}:
        standing = {
            ref: (cls, lines[ref].rank, lottery.lot(SEED, ref))
            for ref in wishes
            for wished, cls in lines[ref].choices
            if wished == school
        }
        orders[school] = sorted(standing, key=standing.__getitem__)
    if not orders:
        return {}
    seats = {school: given_inputs.seats[school] for school in orders}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of a school with more places than applicants.
        solved = HospitalResident.create_from_dictionaries(wishes, orders, seats).solve()
    return {str(one.name): str(school.name) for school, taken in solved.items() for one in taken}


def test_nobody_gains_by_hiding_true_wishes() -> None:
    """Every other list of every pupil of small runs is tried (Dubins and Freedman 1981, Roth 1982)."""

    @settings(max_examples=25, deadline=None)
    @given(runs(most=5))
    def holds(given_inputs: Inputs) -> None:
        honest = sealed.solve(given_inputs, SEED).places
        for line in given_inputs.pupils:
            for size in range(len(line.choices) + 1):
                for told in itertools.permutations(line.choices, size):
                    lied = line.model_copy(update={"choices": told})
                    others = tuple(lied if one.ref == line.ref else one for one in given_inputs.pupils)
                    got = sealed.solve(given_inputs.model_copy(update={"pupils": others}), SEED).places[
                        line.ref
                    ]
                    assert _likes(line, honest[line.ref]) <= _likes(line, got)

    holds()


def test_a_small_city_fills_no_school_beyond_its_seats() -> None:
    seats, choices, classes = city(2_000, 20, 8)
    places = allocation.deferred_acceptance(Problem(seats, choices, classes))
    assert all(places.count(school) <= count for school, count in enumerate(seats))
    assert all(place == NOWHERE or place in mine for place, mine in zip(places, choices, strict=True))
    assert 2_000 - sum(seats) <= places.count(NOWHERE) < 2_000
