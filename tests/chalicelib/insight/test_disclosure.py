"""What is not shown cannot be derived, from whatever else is shown."""

import doctest
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import regions
from chalicelib.insight.disclosure import Counts, Design, Protected, release, single, with_total
from chalicelib.insight.perturbation import MODULUS, Tally, tally
from tests.chalicelib.insight.attack import Attacker

K = 4
PLACES = [f"{town}{n:03}" for town in ("440604010", "440604011", "440605120", "440606001") for n in (1, 2, 3)]
AGES = ("55", "60", "65")
CHAIN = Design(
    {
        "65+": frozenset({"65"}),
        "60+": frozenset({"60", "65"}),
        "60+ in five years": frozenset({"55", "60", "65"}),
    },
    (
        tuple(frozenset({age}) for age in AGES),
        (frozenset({"60", "65"}), frozenset({"55"})),
        (frozenset(AGES),),
    ),
)
DESIGNS = {"chain": CHAIN, "total": with_total(AGES, "all"), "single": single("65")}


def keyed(numbers: dict[tuple[str, str], int], seed: int = 1) -> Counts:
    chance = random.Random(seed)
    return {place: Tally(count, chance.randrange(MODULUS)) for place, count in numbers.items()}


def cell(table: Protected, group: str, region: str) -> int | None:
    return next(one.value for one in table.cells if (one.group, one.region) == (group, region))


@st.composite
def tables(draw: st.DrawFn) -> Counts:
    """People of three groups in some of twelve communities, some known only by town."""
    places = draw(
        st.lists(st.sampled_from([*PLACES, "440604010", "440605120"]), min_size=1, max_size=9, unique=True)
    )
    numbers = {
        (age, place): draw(st.integers(0, 9) | st.sampled_from([0, 0, 1, 3, 4, 30]))
        for age in AGES
        for place in places
    }
    return keyed(numbers, draw(st.integers(0, 999)))


def hidden_tells(counts: Counts, design: Design, table: Protected, attacker: Attacker) -> list[str]:
    """The hidden cells of which somebody with a solver can say that they count fewer than k."""
    return [
        f"{one.group} in {one.region}"
        for one in table.cells
        if one.suppressed
        and attacker.at_most(design.figures[one.group], one.region) < K - 1e-6
        and attacker.true(frozenset(AGES), regions.CITY) >= K
    ]


@pytest.mark.parametrize("name", DESIGNS)
@settings(max_examples=35, deadline=None)
@given(counts=tables())
def test_no_hidden_cell_can_be_known_to_be_small(name: str, counts: Counts) -> None:
    design = DESIGNS[name]
    if name == "single":
        counts = {place: one for place, one in counts.items() if place[0] == "65"}
    table = release(counts, design, places=PLACES, k=K)
    attacker = Attacker(counts, PLACES)
    attacker.learn(design, table)
    assert hidden_tells(counts, design, table, attacker) == []


@settings(max_examples=60, deadline=None)
@given(tables())
def test_whatever_is_shown_counts_at_least_k_and_lies_near_the_truth(counts: Counts) -> None:
    table = release(counts, CHAIN, places=PLACES, k=K)
    truth = Attacker(counts, PLACES)
    assert {one.region for one in table.cells} >= {code for p in PLACES for code in regions.ancestors(p)}
    for one in table.cells:
        true = truth.true(CHAIN.figures[one.group], one.region)
        assert one.suppressed == (one.value is None)
        if one.value is not None:
            assert true >= K and one.value >= K and abs(one.value - true) <= 4


def test_the_attack_works_on_a_table_without_complementary_suppression() -> None:
    """So that the tests above can fail: hide the small community alone, and its neighbours give it away."""
    counts = keyed({("65", PLACES[0]): 2, ("65", PLACES[1]): 40, ("65", PLACES[2]): 50})
    design = single("65")
    table = release(counts, design, k=K)
    assert [cell(table, "65", place) is None for place in PLACES[:3]] == [True, True, False]
    careless = [
        one.model_copy(update={"suppressed": False, "value": 40}) if one.region == PLACES[1] else one
        for one in table.cells
    ]
    attacker = Attacker(counts, PLACES[:3])
    attacker.learn(design, Protected(careless, table.levels))
    assert attacker.at_most(frozenset({"65"}), PLACES[0]) == pytest.approx(2)


def test_who_is_hidden_along_is_not_the_smallest_but_drawn() -> None:
    """Or the small one would be at least what is hidden together less the smallest that is shown."""
    counts = {("65", place): 20 + 10 * n for n, place in enumerate(PLACES[:3])} | {
        ("65", f"{PLACES[0][:9]}009"): 2
    }
    drawn = [
        place
        for seed in range(120)
        for place in PLACES[:3]
        if cell(release(keyed(counts, seed), single("65"), k=K), "65", place) is None
    ]
    assert len(drawn) == 120
    assert all(20 < drawn.count(place) < 60 for place in PLACES[:3])


def test_two_small_communities_that_together_stay_small_take_a_third_with_them() -> None:
    counts = keyed({("65", PLACES[0]): 1, ("65", PLACES[1]): 2, ("65", PLACES[2]): 50, ("65", PLACES[3]): 50})
    table = release(counts, single("65"), k=K)
    assert all(cell(table, "65", place) is None for place in PLACES[:3])
    assert cell(table, "65", "440604010") is not None


def test_a_region_that_cannot_show_its_groups_shows_their_sum() -> None:
    numbers = {(age, place): 20 for age in AGES for place in PLACES}
    numbers["55", PLACES[0]] = 1
    table = release(keyed(numbers), with_total(AGES, "all"), k=K)
    assert [cell(table, age, PLACES[0]) for age in AGES] == [None] * 3
    assert cell(table, "all", PLACES[0]) is not None
    assert sum(cell(table, "55", place) is None for place in PLACES[:3]) == 2


def test_people_known_by_town_only_are_in_the_towns_figure_and_in_no_communitys() -> None:
    counts = keyed({("65", PLACES[0]): 30, ("65", PLACES[1]): 30, ("65", "440604010"): 40})
    table = release(counts, single("65"), k=K)
    assert abs((cell(table, "65", "440604010") or 0) - 100) <= 4
    assert {one.region for one in table.cells} == {"440600", "440604", "440604010", PLACES[0], PLACES[1]}


def test_nothing_is_shown_of_a_city_of_too_few() -> None:
    table = release(keyed({("65", PLACES[0]): K - 1}), single("65"), places=PLACES, k=K)
    assert all(one.suppressed for one in table.cells)


def test_comparing_releases_gives_nothing_that_one_of_them_does_not() -> None:
    """Somebody takes both releases together, after a few people moved into the community that shields another."""
    small, shield, other = (("65", place) for place in PLACES[:3])
    counts = {small: Tally(2, 5), shield: Tally(40, 10 << 16), other: Tally(42, 60_000 << 16)}
    before = release(counts, single("65"), k=K)
    later = counts | {shield: Tally(44, 62_000 << 16)}
    careful = release(later, single("65"), k=K, before=before.levels)
    assert (cell(before, *shield), cell(careful, *shield)) == (None, None)
    forgetful = release(later, single("65"), k=K)
    assert (
        cell(forgetful, *shield) is not None
    )  # Which the first release hid: now the small one would be known.
    attacker = Attacker(later, PLACES[:3])
    for table in (before, careful):
        attacker.learn(single("65"), table)
    assert attacker.at_most(frozenset({"65"}), PLACES[0]) >= K
    attacker.learn(single("65"), forgetful)
    assert attacker.at_most(frozenset({"65"}), PLACES[0]) < K


@settings(max_examples=25, deadline=None)
@given(tables(), st.integers(0, 8), st.sampled_from(AGES))
def test_releases_between_which_one_person_came_tell_nothing_small(
    counts: Counts, which: int, age: str
) -> None:
    """What did not change is put together from both releases; whoever came is known to the attacker."""
    place = sorted({p for _, p in counts})[which % len({p for _, p in counts})]
    design = with_total(AGES, "all")
    before = release(counts, design, places=PLACES, k=K)
    after_counts = {**counts, (age, place): counts.get((age, place), Tally()) + tally([12345])}
    after = release(after_counts, design, places=PLACES, k=K, before=before.levels)
    attacker = Attacker(after_counts, PLACES)
    for table in (before, after):
        attacker.learn(design, table)
    never = {(one.group, one.region) for one in before.cells if one.suppressed}
    both = [one for one in after.cells if one.suppressed and (one.group, one.region) in never]
    assert hidden_tells(after_counts, design, Protected(both, after.levels), attacker) == []


def test_a_design_that_does_not_nest_is_refused() -> None:
    with pytest.raises(ValueError, match="share groups"):
        Design({}, ((frozenset({"a"}), frozenset({"a", "b"})),))
    with pytest.raises(ValueError, match="joins"):
        Design({}, ((frozenset({"a", "b"}),), (frozenset({"a"}),)))
    with pytest.raises(ValueError, match="no union"):
        Design({"x": frozenset({"a"})}, ((frozenset({"a", "b"}),),))


def test_the_example_of_the_docs_is_what_the_control_does() -> None:
    page = Path(__file__).parents[3] / "docs" / "insight.md"
    tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert (tried.attempted, tried.failed) == (4, 0)
