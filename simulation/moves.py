"""When people came, moved and left, and what the city's old register knows of it. Rates are assumed."""

from dataclasses import dataclass, replace

import numpy as np

from simulation.homes import Gazetteer
from simulation.people import HEAD, MATE, YEAR, Households, People
from simulation.text import Ints, Mask

MOVED_SHARE = 0.22  # of households within the last two years
DEPARTED_SHARE = 0.05  # of households within the last year or so
TOLD_DEPARTURE = 0.6  # of registered people who left
UNTOLD_MOVE = 0.45  # of households that moved after registering: the register has the earlier address
TOGETHER = 0.85  # of people are registered or not as their household is
HOUSING = ("owned", "rented", "employer", "relative", "school")
OWNED, RENTED, EMPLOYER, RELATIVE, SCHOOL = range(5)
NEVER = 1_000_000


@dataclass(frozen=True)
class Stays:
    """One entry a person; days since 1970-01-01, `NEVER` where it has not happened."""

    arrived: Ints
    moved: Ints
    departed: Ints
    room: Ints  # where the person lives, or lived last
    earlier_room: Ints  # where the person lived before the move; the same room when there was none
    registered_room: Ints
    registered_on: Ints
    in_register: Mask
    told_departure: Mask
    in_city: Mask
    live: Mask  # heads who act through the API
    registers_live: Mask  # they and the relatives they register with themselves
    housing: Ints

    @property
    def registered(self) -> Mask:
        """Who has an active row in the register."""
        return self.in_register & ~self.told_departure


@dataclass(frozen=True)
class _Homes:
    """One entry a household."""

    arrived: Ints
    moved: Ints
    departed: Ints
    untold: Mask
    housing: Ints


@dataclass(frozen=True)
class Wishes:
    """What is asked of the stays."""

    on: int
    registered: float  # share in the register
    live: int  # households that act through the API


def stays(rng: np.random.Generator, homes: Households, people: People, rooms: Ints, wishes: Wishes) -> Stays:
    """Everyone's stay in the city. `rooms` are the rooms this chunk may use, a household to each in turn."""
    count, household = len(people.role), people.household
    alone = rng.random(count) >= TOGETHER
    draw = np.where(alone, rng.random(count), rng.random(len(homes.size))[household])
    in_register = draw < wishes.registered
    own = _households(rng, homes, people, wishes.on)
    acting = _acting(rng, homes, people, own, in_register, wishes.live)
    recent = wishes.on - rng.integers(2, 60, len(homes.size))
    own = replace(
        own, arrived=np.where(acting, recent, own.arrived), moved=np.where(acting, NEVER, own.moved)
    )
    arrived = np.maximum(own.arrived[household], people.birth)
    moved = np.where(own.moved[household] > arrived, own.moved[household], NEVER)
    departed = own.departed[household]
    room = rooms[np.arange(len(homes.size)) % len(rooms)][household]
    other = rooms[rng.integers(0, len(rooms), len(homes.size))][household]
    earlier = np.where(moved < NEVER, other, room)
    registered_on = _registered_on(rng, arrived, departed, wishes.on)
    untold = own.untold[household] & (moved < NEVER) & (registered_on < moved)
    return Stays(
        arrived=arrived,
        moved=moved,
        departed=departed,
        room=room,
        earlier_room=earlier,
        registered_room=np.where(untold, earlier, room),
        registered_on=registered_on,
        in_register=in_register,
        told_departure=in_register & (departed < NEVER) & (rng.random(count) < TOLD_DEPARTURE),
        in_city=departed == NEVER,
        live=acting[household] & (people.role == HEAD),
        registers_live=acting[household] & (people.role != MATE),
        housing=own.housing[household],
    )


def _households(rng: np.random.Generator, homes: Households, people: People, on: int) -> _Homes:
    count = len(homes.size)
    days_here = np.clip(rng.exponential(4.0, count) * YEAR, 4, 22 * YEAR)
    arrived = on - np.minimum(days_here, homes.head_age - 1).astype(np.int64)
    earliest = np.maximum(arrived + 1, on - 730)
    moves = (rng.random(count) < MOVED_SHARE) & (earliest < on - 3)
    moved = np.where(moves, _between(rng, earliest, on - 3), NEVER)
    last = np.where(moves, moved, arrived)
    leaves = (rng.random(count) < DEPARTED_SHARE) & (last < on - 40)
    departed = np.where(leaves, _between(rng, np.maximum(last + 20, on - 400), on - 4), NEVER)
    # Children are made as they are today: a household with one born lately has not left before that.
    youngest = np.maximum.reduceat(people.birth, homes.start)
    departed = np.where(departed > youngest + 20, departed, NEVER)
    kinds = rng.choice(5, count, p=[0.09, 0.78, 0.04, 0.08, 0.01])
    housing = np.where(homes.dormitory >= 0, EMPLOYER, kinds)
    untold = moves & (rng.random(count) < UNTOLD_MOVE)
    return _Homes(arrived, moved, departed, untold, housing)


def _between(rng: np.random.Generator, first: Ints, after: int) -> Ints:
    """A day from `first` up to, not including, `after`."""
    return np.asarray(first + ((after - first) * rng.random(len(first))).astype(np.int64))


def _registered_on(rng: np.random.Generator, arrived: Ints, departed: Ints, on: int) -> Ints:
    """Some days or weeks after arriving, but before leaving and before the extracts' day."""
    delay = rng.exponential(25, len(arrived)).astype(np.int64)
    day = np.minimum(arrived + delay, np.minimum(departed, on) - 1)
    return np.asarray(np.maximum(day, np.minimum(arrived, on - 1)))


def _acting(
    rng: np.random.Generator, homes: Households, people: People, own: _Homes, in_register: Mask, live: int
) -> Mask:
    """Whole households without anyone in the register, adult, still in the city: up to `live` of them."""
    known = np.bincount(people.household, weights=in_register, minlength=len(homes.size)) > 0
    free = np.flatnonzero(
        ~known & (own.departed == NEVER) & (homes.dormitory < 0) & (homes.head_age > 18.1 * YEAR)
    )
    chosen = np.zeros(len(homes.size), dtype=bool)
    chosen[rng.permutation(free)[:live]] = True
    return chosen


def into_blocks(
    rng: np.random.Generator, stays: Stays, places: Gazetteer, employer: Ints, dormitory: Ints, share: float
) -> Stays:
    """Put that share of the dormitory rooms into one building of their firm each: hundreds at one door."""
    rooms = int(dormitory.max(initial=-1)) + 1
    moves = (dormitory >= 0) & (rng.random(max(rooms, 1)) < share)[np.maximum(dormitory, 0)]
    building = np.maximum(employer, 0) * 7919 % len(places.buildings)
    first, after = places.buildings.first_room[building], places.buildings.first_room[building + 1]
    room = first + (rng.random(max(rooms, 1))[np.maximum(dormitory, 0)] * (after - first)).astype(np.int64)

    def there(earlier: Ints) -> Ints:
        return np.where(moves & (earlier == stays.room), room, earlier)

    return replace(
        stays,
        room=there(stays.room),
        earlier_room=there(stays.earlier_room),
        registered_room=there(stays.registered_room),
    )
