"""What other contexts call: people by group and region go in, cells that may be shown come out."""

import random

import pytest

from chalicelib import regions
from chalicelib.insight import service
from chalicelib.insight.perturbation import MODULUS

pytestmark = pytest.mark.usefixtures("cloud")
TOWN = "440604012"


def keys(count: int, seed: int) -> list[int]:
    chance = random.Random(seed)
    return [chance.randrange(MODULUS) for _ in range(count)]


def test_a_persons_record_key_is_stable_and_no_two_are_alike() -> None:
    make = service.record_key_maker()
    people = [f"P{n:026}" for n in range(2_000)]
    made = [make(person) for person in people]
    assert made == [service.record_key_maker()(person) for person in people]
    assert len(set(made)) > 1_990 and all(0 <= one < MODULUS for one in made)
    assert 0.4 < sum(one >> 31 for one in made) / 2_000 < 0.6


def test_every_community_of_the_city_is_in_the_answer() -> None:
    cells = service.release_counts({("got_in", f"{TOWN}012"): keys(40, 1)})
    assert set(service.communities()) < {cell.region for cell in cells}
    # All other towns have nobody, which is too few to show: the one with people hides them.
    assert [cell.region for cell in cells if not cell.suppressed] == [regions.CITY]


def test_a_table_about_a_part_of_the_city_shows_that_part() -> None:
    inside = [f"{TOWN}{n:03}" for n in (12, 13, 14)]
    counts = {
        ("got_in", place): keys(people, people) for place, people in zip(inside, (40, 7, 60), strict=True)
    }
    shown = {cell.region: cell.value for cell in service.release_counts(counts, everywhere=inside)}
    town = shown[TOWN]
    assert town is not None and abs(town - 107) <= 4
    # The smaller neighbour is hidden too: the town's figure less all others would be the small one's.
    assert [shown[place] is None for place in inside] == [True, True, False]


def test_tallies_and_record_keys_give_the_same() -> None:
    listed = {("a", f"{TOWN}012"): keys(40, 1), ("b", f"{TOWN}013"): keys(30, 2)}
    tallied = {place: service.tally(of) for place, of in listed.items()}
    assert service.release_counts(listed, total="all") == service.release_counts(tallied, total="all")


def test_a_total_is_counted_before_anything_is_hidden() -> None:
    table = {("a", f"{TOWN}012"): keys(6, 1), ("b", f"{TOWN}012"): keys(6, 2)}
    cells = service.release_counts(table, total="all", everywhere=[f"{TOWN}012"])
    city = {cell.group: cell for cell in cells if cell.region == regions.CITY}
    assert city["a"].suppressed and city["b"].suppressed
    assert city["all"].suppressed or abs((city["all"].value or 0) - 12) <= 4
