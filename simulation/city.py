"""A city by its seed: what all chunks share, and each chunk's people."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from simulation import homes, identity, jobs, moves, people, text
from simulation.errors import ErrorRates, HardCases
from simulation.text import Digits, Ints

CHUNK = 100_000
MOST_CHUNKS = 500  # as many as there are order numbers of a sex
LEAST_ROOMS = 105_000
ROOMS_PER_PERSON = 0.72
RECYCLED = 99  # the random stream of recycled phones, beside those of the sources


@dataclass(frozen=True)
class Plan:
    """What a city is made from; two equal plans give the same bytes."""

    people: int
    seed: int = 7
    on: date = date(2026, 11, 23)
    registered: float = 0.85
    live: int = 300
    rates: ErrorRates = field(default_factory=ErrorRates)
    hard: HardCases = field(default_factory=HardCases)
    chunk_size: int = CHUNK  # people made at once
    shares: tuple[tuple[str, float], ...] = ()  # how many times as likely as usual a source knows a person
    only: tuple[str, ...] = ()  # the sources that deliver besides the register; all if empty

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MOST_CHUNKS // 5 * self.chunk_size:
            raise ValueError(f"people must be 1 to {MOST_CHUNKS // 5 * self.chunk_size:,}")
        if not 0 <= self.registered <= 1:
            raise ValueError("registered is a share from 0 to 1")
        if self.live < 0:
            raise ValueError("live must not be negative")
        if any(share < 0 for _, share in self.shares):
            raise ValueError("a source's share must not be negative")

    def share_of(self, source: str) -> float:
        """How many times as likely as usual the source knows a person."""
        return dict(self.shares).get(source, 1.0)

    @property
    def chunks(self) -> int:
        """How many chunks the people are made in."""
        return max(1, -(-self.people // self.chunk_size))

    @property
    def today(self) -> int:
        """The extracts' day as days since 1970-01-01."""
        return text.day(self.on)

    def span(self, chunk: int) -> tuple[int, int]:
        """The first person of a chunk and the one after its last."""
        return chunk * self.people // self.chunks, (chunk + 1) * self.people // self.chunks

    def stream(self, *path: int) -> np.random.Generator:
        """A random stream of its own for each part of the city."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *path])))


class City:
    """What all chunks share: houses, employers, and which rooms belong to which chunk."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        rooms = max(LEAST_ROOMS, int(plan.people * ROOMS_PER_PERSON))
        self.places = homes.Gazetteer(homes.build(plan.stream(1), rooms))
        self.employers = jobs.found(plan.stream(2), plan.people, plan.seed)
        self.rooms = plan.stream(3).permutation(self.places.buildings.rooms)

    def chunk(self, index: int) -> "Chunk":
        """The people of one chunk, their homes, jobs and stays."""
        plan, (first, after) = self.plan, self.plan.span(index)
        rng = plan.stream(4, index)
        households = people.draw_households(rng, after - first, plan.hard)
        crowd = people.make(rng, households, plan.today, plan.hard, index, plan.chunks)
        live = plan.live if index == 0 else 0
        rooms = self.rooms[index :: plan.chunks]
        wishes = moves.Wishes(plan.today, plan.registered, live)
        stays = moves.stays(rng, households, crowd, rooms, wishes)
        age = ((plan.today - crowd.birth) // people.YEAR).astype(np.int64)
        member = (crowd.role != people.GRANDPARENT) & (crowd.role != people.CHILD)
        dormitory = households.dormitory[crowd.household]
        employer = jobs.hire(rng, self.employers, age, crowd.male, member, dormitory)
        if plan.hard.dormitory_blocks:
            stays = moves.into_blocks(
                rng, stays, self.places, employer, dormitory, plan.hard.dormitory_blocks
            )
        return Chunk(self, index, first, households, crowd, stays, employer, age, dormitory)


@dataclass(frozen=True)
class Chunk:
    """People who were made together; row i is person `first + i`."""

    city: City
    index: int
    first: int
    households: people.Households
    people: people.People
    stays: moves.Stays
    employer: Ints  # index into the city's employers, -1 without work
    age: Ints  # full years
    dormitory: Ints  # running number of the dormitory room, -1 elsewhere

    def __len__(self) -> int:
        return len(self.employer)

    @property
    def persons(self) -> Ints:
        """The running numbers of the people in the city."""
        return np.arange(self.first, self.first + len(self))

    @property
    def phone_owner(self) -> Ints:
        """Whose phone stands for each person: children under 12 give the head's."""
        head = self.households.start[self.people.household] + self.first
        return np.where(self.age < 12, head, self.persons)

    @cached_property
    def phone_before(self) -> Digits:
        """Everyone's earlier phone, shape (n, 11)."""
        return identity.phones(self.phone_owner, 143, self.city.plan.seed)

    @cached_property
    def phone_now(self) -> Digits:
        """Everyone's phone of today, shape (n, 11); a recycled one was another person's earlier one."""
        now = identity.phones(self.phone_owner, 142, self.city.plan.seed)
        giver = self.recycled_from[self.phone_owner - self.first]
        return np.where((giver >= 0)[:, None], self.phone_before[np.maximum(giver, 0)], now)

    @cached_property
    def recycled_from(self) -> Ints:
        """The row of the person whose earlier phone each person has today, -1 for nearly all."""
        rate, out = self.city.plan.hard.recycled_phones, np.full(len(self), -1)
        if not rate:
            return out
        rng = self.stream(RECYCLED)
        own = np.flatnonzero(self.phone_owner == self.persons)
        order = rng.permutation(own)
        takes = rng.random(len(order)) < rate
        out[order[takes]] = np.roll(order, 1)[takes]
        return out

    def stream(self, purpose: int) -> np.random.Generator:
        """A random stream of its own for each use of the chunk."""
        return self.city.plan.stream(5, self.index, purpose)
