"""Households and the people in them: ages that fit, names that run in families, home provinces, valid numbers.

The kinds of household and all ages are assumed; home provinces state their source in `data/home_divisions.json`.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from simulation import facts, identity, names
from simulation.errors import HardCases
from simulation.text import Digits, Ints, Mask

HEAD, SPOUSE, CHILD, GRANDPARENT, MATE = range(5)
ROLES = ("head", "spouse", "child", "grandparent", "mate")
SINGLE, COUPLE, FAMILY, ONE_PARENT, THREE_GENERATIONS, FLAT_SHARE, DORMITORY = range(7)
KIND_SHARES = [0.34, 0.17, 0.20, 0.03, 0.05, 0.11, 0.10]
YEAR = 365.25


@dataclass(frozen=True)
class Households:
    """One entry a household."""

    kind: Ints
    size: Ints
    start: Ints  # row of its first person
    children: Ints
    head_age: Ints  # days
    spouse_age: Ints  # days
    dormitory: Ints  # running number of a dormitory room, -1 elsewhere
    twins: Mask


@dataclass(frozen=True)
class People:
    """One entry a person; people of a household stand together, its head first."""

    household: Ints  # index within the chunk
    role: Ints
    male: Mask
    birth: Ints  # days since 1970-01-01
    division: Ints
    province: Ints  # index into the provinces of `home_divisions`
    surname: Ints
    given: Ints
    number: Digits  # shape (n, 18)


@cache
def divisions() -> tuple[Ints, Ints, Ints, Ints]:
    """All home divisions, the province of each, and where each province's begin and how many it has."""
    provinces = facts.table("home_divisions")["provinces"]
    codes = np.array([int(code) for row in provinces for code in row["divisions"]])
    counts = np.array([len(row["divisions"]) for row in provinces])
    return codes, np.repeat(np.arange(len(counts)), counts), np.cumsum(counts) - counts, counts


def draw_households(rng: np.random.Generator, people: int, hard: HardCases) -> Households:
    """Households of `people` people altogether; the last one is cut short where it does not fit."""
    count = int(people / 1.9) + 12
    shares = list(KIND_SHARES)
    shares[SINGLE] -= hard.adult_sons
    shares[THREE_GENERATIONS] += hard.adult_sons
    kind = rng.choice(len(KIND_SHARES), count, p=shares)
    with_children = (kind >= FAMILY) & (kind <= THREE_GENERATIONS)
    low, span = np.where(with_children, 24.0, 18.0), np.where(with_children, 27.0, 46.0)
    head = (low + span * rng.beta(1.8, np.where(with_children, 1.9, 2.6), count)) * YEAR
    spouse = np.maximum(head + rng.normal(-1.5, 2.5, count) * YEAR, np.where(with_children, 22.5, 20) * YEAR)
    room = np.minimum(np.minimum(head, np.where(kind == ONE_PARENT, head, spouse)) / YEAR - 20, 17.8)
    wish = rng.choice([1, 2, 3], count, p=[0.48, 0.43, 0.09])
    children = np.where(with_children, np.clip(wish, 1, np.where(room < 5, 1, np.where(room < 8, 2, 3))), 0)
    mates = np.where(
        kind == DORMITORY,
        rng.integers(3, 8, count),
        np.where(kind == FLAT_SHARE, rng.integers(1, 4, count), 0),
    )
    grand = np.where(kind == THREE_GENERATIONS, rng.integers(1, 3, count), 0)
    pair = (kind == COUPLE) | (kind == FAMILY) | (kind == THREE_GENERATIONS)
    size = 1 + pair + children + mates + grand
    used = int(np.searchsorted(np.cumsum(size), people)) + 1
    size = size[:used].copy()
    size[-1] -= size.sum() - people
    kind, beds = kind[:used], kind[:used] == DORMITORY
    return Households(
        kind=kind,
        size=size,
        start=np.cumsum(size) - size,
        children=children[:used],
        head_age=head[:used].astype(np.int64),
        spouse_age=spouse[:used].astype(np.int64),
        dormitory=np.where(beds, np.cumsum(beds) - 1, -1),
        twins=(children[:used] == 2) & (rng.random(used) < hard.twins),
    )


def roles(homes: Households) -> tuple[Ints, Ints, Ints]:
    """Each person's household, role and place among the children (0 is the eldest)."""
    household = np.repeat(np.arange(len(homes.size)), homes.size)
    place = np.arange(len(household)) - homes.start[household]
    kind, children = homes.kind[household], homes.children[household]
    paired = (kind == COUPLE) | (kind == FAMILY) | (kind == THREE_GENERATIONS)
    child = place - 1 - paired
    role = np.where(
        place == 0,
        HEAD,
        np.where(
            (place == 1) & paired,
            SPOUSE,
            np.where(child < children, CHILD, np.where(kind == THREE_GENERATIONS, GRANDPARENT, MATE)),
        ),
    )
    return household, role, child


def draw_sexes(rng: np.random.Generator, homes: Households, household: Ints, role: Ints, child: Ints) -> Mask:
    """True for men. Couples are a man and a woman, dormitory rooms are of one sex, twins mostly too."""
    kind = homes.kind
    share = np.select([kind == ONE_PARENT, (kind == SINGLE) | (kind >= FLAT_SHARE)], [0.25, 0.58], 0.85)
    head = rng.random(len(kind)) < share
    coin = rng.random(len(household))
    male = coin < 0.53
    male = np.where(role == HEAD, head[household], male)
    male = np.where(role == SPOUSE, ~head[household], male)
    male = np.where(kind[household] == DORMITORY, head[household], male)
    twin = homes.twins[household] & (role == CHILD) & (child == 1) & (coin < 0.7)
    male[twin] = male[np.flatnonzero(twin) - 1]
    elder = role == GRANDPARENT
    second = elder & np.r_[False, elder[:-1]] & np.r_[False, household[1:] == household[:-1]]
    male = np.where(elder & ~second, coin < 0.4, male)
    male[second] = ~male[np.flatnonzero(second) - 1]
    return np.asarray(male, dtype=bool)


def draw_ages(rng: np.random.Generator, homes: Households, household: Ints, role: Ints, child: Ints) -> Ints:
    """Ages in days: children at least 20 years younger than either parent and a year from each other, twins alike."""
    head, spouse = homes.head_age[household], homes.spouse_age[household]
    paired = homes.kind[household] != ONE_PARENT
    youngest_parent = np.minimum(head, np.where(paired, spouse, head))
    room = np.minimum(youngest_parent - 20 * YEAR, 17.8 * YEAR)
    children = np.maximum(homes.children[household], 1)
    age_child = room * (children - 1 - child + rng.random(len(household)) * 0.6) / children
    twin = homes.twins[household] & (role == CHILD) & (child == 1)
    age_child[twin] = age_child[np.flatnonzero(twin) - 1]
    mate = (18 + 42 * rng.beta(1.5, 3.2, len(household))) * YEAR
    elder = np.minimum(head + (20 + 12 * rng.random(len(household))) * YEAR, 92 * YEAR)
    age = np.select(
        [role == HEAD, role == SPOUSE, role == CHILD, role == GRANDPARENT],
        [head, spouse, age_child, elder],
        mate,
    )
    return np.asarray(np.maximum(age, 3).astype(np.int64))


def draw_divisions(
    rng: np.random.Generator, homes: Households, household: Ints, role: Ints
) -> tuple[Ints, Ints]:
    """Home divisions and provinces: families mostly of one division, mates of any."""
    table = facts.table("home_divisions")
    codes, of, starts, counts = divisions()
    shares = np.array([row["share"] for row in table["provinces"]])
    province = rng.choice(len(shares), len(household), p=shares / shares.sum())
    place = starts[province] + (rng.random(len(household)) * counts[province]).astype(np.int64)
    alike = (role == CHILD) | (role == GRANDPARENT) | ((role == SPOUSE) & (rng.random(len(household)) < 0.62))
    place = np.where(alike, place[homes.start[household]], place)
    division, home = codes[place], of[place]
    for special in ("abolished", "permits"):
        rows = np.flatnonzero((rng.random(len(household)) < table[special]["share"]) & (role != CHILD))
        division[rows] = rng.choice(np.array([int(code) for code in table[special]["codes"]]), len(rows))
    return np.asarray(division), np.asarray(home)


def draw_surnames(
    rng: np.random.Generator, homes: Households, crowd: tuple[Ints, Ints, Mask], province: Ints, common: Mask
) -> Ints:
    """Children carry the father's surname (a lone mother's in 6 of 10 cases); a grandfather carries the head's.

    `crowd` is household, role and sex of each person; `common` rows are called 张 unless they inherit.
    """
    household, role, male = crowd
    guangxi = [row["code"] for row in facts.table("home_divisions")["provinces"]].index("45")
    surname = names.names().draw_surnames(rng, len(household), province == guangxi)
    surname = np.where(common, names.names().zhang, surname)
    first = homes.start[household]
    lone = homes.kind[household] == ONE_PARENT
    father = np.where(male[first] | lone, first, np.minimum(first + 1, len(household) - 1))
    mothers = lone & ~male[first]
    inherits = (role == CHILD) & (~mothers | (rng.random(len(homes.size)) < 0.6)[household])
    surname = np.where(inherits, surname[father], surname)
    return np.asarray(np.where((role == GRANDPARENT) & male, surname[first], surname))


def _handed_down(
    rng: np.random.Generator, homes: Households, crowd: tuple[Ints, Ints, Mask], given: Ints, rate: float
) -> Ints:
    """Given names where sons begin as their fathers do, and younger siblings, twins too, as the elder does."""
    household, role, male = crowd
    takes = rng.random(len(given)) < rate
    out, first = given.copy(), homes.start[household]
    child = role == CHILD
    younger = np.flatnonzero(child & takes & np.r_[False, child[:-1] & (household[1:] == household[:-1])])
    out[younger] = names.names().alike(given[younger - 1], given[younger])
    sons = np.flatnonzero(child & male & male[first] & takes & ~np.isin(np.arange(len(given)), younger))
    out[sons] = names.names().alike(given[first[sons]], given[sons])
    elders = np.flatnonzero((role == GRANDPARENT) & male & male[first] & takes)
    out[elders] = names.names().alike(given[first[elders]], given[elders])
    return out


def make(
    rng: np.random.Generator, homes: Households, on: int, hard: HardCases, chunk: int, chunks: int
) -> People:
    """The people of the households as they are on day `on`."""
    household, role, child = roles(homes)
    male = draw_sexes(rng, homes, household, role, child)
    birth = on - draw_ages(rng, homes, household, role, child)
    division, province = draw_divisions(rng, homes, household, role)
    common = male & (rng.random(len(male)) < hard.common_name) & (role != CHILD)
    surname = draw_surnames(rng, homes, (household, role, male), province, common)
    given = names.names().draw_given(rng, male, birth)
    given = np.where(common, names.names().wei, given)
    if hard.names_alike:
        given = _handed_down(rng, homes, (household, role, male), given, hard.names_alike)
    order = identity.orders(division, birth, male.astype(np.int64), chunk, chunks)
    return People(
        household=household,
        role=role,
        male=male,
        birth=birth,
        division=division,
        province=province,
        surname=surname,
        given=given,
        number=identity.person_numbers(division, birth, order),
    )
