from collections import Counter

import numpy as np

from simulation import facts, names, people, text
from simulation.city import Chunk, City, Plan
from simulation.moves import NEVER

YEAR = 365.25


def _parents(chunk: Chunk, row: int) -> list[int]:
    """Head, and spouse where there is one, of a child's household."""
    head = int(chunk.households.start[chunk.people.household[row]])
    return [head] + [head + 1] * int(chunk.people.role[head + 1] == people.SPOUSE)


def test_children_are_twenty_years_younger_than_their_parents(chunk: Chunk) -> None:
    children = np.flatnonzero(chunk.people.role == people.CHILD)
    assert len(children) > 500
    for row in children:
        for parent in _parents(chunk, int(row)):
            assert chunk.people.birth[row] - chunk.people.birth[parent] >= 20 * YEAR - 1
        assert chunk.age[row] < 18


def test_grandparents_are_older_than_the_head(chunk: Chunk) -> None:
    rows = np.flatnonzero(chunk.people.role == people.GRANDPARENT)
    heads = chunk.households.start[chunk.people.household[rows]]
    assert len(rows) > 50
    assert (chunk.people.birth[heads] - chunk.people.birth[rows] > 12 * YEAR).all()


def test_children_carry_their_fathers_surname(chunk: Chunk) -> None:
    crowd = chunk.people
    for row in np.flatnonzero(crowd.role == people.CHILD):
        fathers = [parent for parent in _parents(chunk, int(row)) if crowd.male[parent]]
        if fathers:
            assert crowd.surname[row] == crowd.surname[fathers[0]]


def test_couples_are_a_man_and_a_woman_and_dormitory_rooms_are_of_one_sex(chunk: Chunk) -> None:
    crowd = chunk.people
    spouses = np.flatnonzero(crowd.role == people.SPOUSE)
    assert (crowd.male[spouses] != crowd.male[spouses - 1]).all()
    beds = chunk.dormitory >= 0
    assert (crowd.male[beds] == crowd.male[chunk.households.start[crowd.household[beds]]]).all()


def test_siblings_are_twins_or_a_year_apart(chunk: Chunk) -> None:
    crowd = chunk.people
    gaps = []
    for row in np.flatnonzero(crowd.role[1:] == people.CHILD) + 1:
        if crowd.role[row - 1] == people.CHILD and crowd.household[row - 1] == crowd.household[row]:
            gaps.append(int(crowd.birth[row] - crowd.birth[row - 1]))
    assert 0 in gaps
    assert all(gap == 0 or gap > 300 for gap in gaps)


def test_everyone_is_a_mainland_adult_or_lives_in_a_household_with_one(chunk: Chunk) -> None:
    heads = chunk.households.start
    assert (chunk.age[heads] >= 17).all()
    assert chunk.age.max() < 100
    assert chunk.households.size.sum() == len(chunk)


def test_home_provinces_follow_the_stated_shares() -> None:
    chunk = City(Plan(people=40_000, seed=3)).chunk(0)
    provinces = facts.table("home_divisions")["provinces"]
    seen = Counter(chunk.people.province.tolist())
    for place in range(6):
        assert abs(seen[place] / len(chunk) - provinces[place]["share"]) < 0.03


def test_common_names_repeat(chunk: Chunk) -> None:
    full = Counter(names.names().full(chunk.people.surname, chunk.people.given).to_pylist())
    assert full["张伟"] >= 5
    assert len(full) > len(chunk) / 2


def test_twenty_thousand_men_hold_enough_named_zhang_wei_for_five_million_to_hold_thousands() -> None:
    chunk = City(Plan(people=20_000, seed=3)).chunk(0)
    full = names.names().full(chunk.people.surname, chunk.people.given).to_pylist()
    assert full.count("张伟") * 250 > 2000


def test_stays_are_in_order(chunk: Chunk) -> None:
    stays, today = chunk.stays, chunk.city.plan.today
    assert (stays.arrived <= today).all()
    assert (stays.arrived >= chunk.people.birth).all()
    moved = stays.moved < NEVER
    assert (stays.moved[moved] > stays.arrived[moved]).all()
    assert (stays.moved[moved] >= today - 730).all()
    assert (stays.departed[~stays.in_city] < today).all()
    assert (stays.departed[moved] > stays.moved[moved]).all()
    known = stays.in_register
    assert (stays.registered_on[known] >= np.minimum(stays.arrived[known], today - 1)).all()


def test_the_share_of_the_register_is_the_one_asked_for() -> None:
    for share in (0.5, 0.85):
        chunk = City(Plan(people=20_000, seed=5, registered=share)).chunk(0)
        assert abs(chunk.stays.in_register.mean() - share) < 0.02


def test_some_moved_without_telling_the_register(chunk: Chunk) -> None:
    stays = chunk.stays
    elsewhere = stays.registered & (stays.registered_room != stays.room)
    assert 0.02 < elsewhere.mean() < 0.15
    assert (stays.moved[elsewhere] < NEVER).all()


def test_days_are_written_as_dates() -> None:
    assert text.days(np.array([0, 20780])).to_pylist() == ["1970-01-01", "2026-11-23"]
    assert text.days(np.array([20780]), unit="M").to_pylist() == ["2026-11"]
    assert text.days(np.array([1, 2]), np.array([True, False])).to_pylist() == ["1970-01-02", None]
