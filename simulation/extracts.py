"""What each department knows about whom: the rows of each source, with their errors, and the truth of each row."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import errors, names, text
from simulation.city import Chunk
from simulation.errors import ErrorRates
from simulation.moves import NEVER, OWNED, RENTED
from simulation.text import Ints, Mask

type Shares = np.ndarray[Any, np.dtype[np.float64]]

STRONG = ("lease_filings", "school_rolls", "property")
AT_WORK = ("social_security", "employment", "housing_fund", "tax")
SEEN_WITHIN = 90  # days, for rows that are not stale
UNKNOWN_TOWN = "440699999"


def _workers(share: float) -> Callable[[Chunk], Shares]:
    return lambda chunk: np.where(chunk.employer >= 0, share, 0.0)


def _between(low: int, high: int, share: float) -> Callable[[Chunk], Shares]:
    return lambda chunk: np.where((chunk.age >= low) & (chunk.age <= high), share, 0.0)


def _school(chunk: Chunk) -> Shares:
    return np.where((chunk.age >= 6) & (chunk.age <= 17), np.where(chunk.age < 16, 0.93, 0.7), 0.0)


def _tenants(chunk: Chunk) -> Shares:
    """Heads and mates of rented homes; four in ten contracts are filed (assumed)."""
    signs = (chunk.people.role == 0) | (chunk.people.role == 4)
    return np.where(signs & (chunk.stays.housing == RENTED), 0.40, 0.0)


def _owners(chunk: Chunk) -> Shares:
    return np.where((chunk.people.role <= 1) & (chunk.stays.housing == OWNED), 0.7, 0.0)


@dataclass(frozen=True)
class Source:
    """A source of people: the letters of its record ids and each person's chance of being known to it (assumed)."""

    name: str
    letters: str
    share: Callable[[Chunk], Shares]

    @property
    def strong(self) -> bool:
        """Whether one row is signal enough for a visit."""
        return self.name in STRONG


SOURCES = (
    Source("social_security", "SS", _workers(0.62)),
    Source("employment", "EM", _workers(0.45)),
    Source("housing_fund", "HF", _workers(0.22)),
    Source("school_rolls", "SC", _school),
    Source("health_service", "HS", lambda chunk: np.where(chunk.age < 7, 0.75, 0.28)),
    Source("lease_filings", "LF", _tenants),
    Source("tax", "TX", _workers(0.40)),
    Source("education_records", "ED", _between(18, 60, 0.08)),
    Source("skills", "SK", _workers(0.07)),
    Source("civil_affairs", "CA", _between(22, 60, 0.03)),
    Source("volunteering", "VO", _between(16, 70, 0.04)),
    Source("blood_donation", "BD", _between(18, 55, 0.02)),
    Source("property", "PR", _owners),
)
REGISTER = Source("registrations", "RG", lambda chunk: np.where(chunk.stays.in_register, 1.0, 0.0))
BASE = ("record_id", "name", "id_number", "birth_date", "sex", "phone", "town", "address", "seen_on")


@dataclass(frozen=True)
class Rows:
    """The rows of one source from one chunk: positions and days, not yet text. Row order is the file's."""

    chunk: Chunk
    source: Source
    who: Ints  # row of the person in the chunk
    number_of: Ints  # row of the person whose ID number is written
    stale: Mask
    duplicate: Mask
    seen: Ints
    room: Ints

    def __len__(self) -> int:
        return len(self.who)

    @cached_property
    def building(self) -> Ints:
        """The building of each row's address."""
        return self.chunk.city.places.building_of(self.room)

    def of(self, column: Ints) -> Ints:
        """A column of the people, for each row."""
        return column[self.who]


@dataclass(frozen=True)
class Extract:
    """What a department sends, and who is behind each row."""

    columns: dict[str, pa.Array]
    rows: Rows
    state: Ints  # of the number: `errors.NUMBER_STATES`


def draw_rows(chunk: Chunk, source: Source, rng: np.random.Generator, rates: ErrorRates) -> Rows:
    """Who is in the file, which rows are stale or double, whose numbers were exchanged, when each was seen."""
    stays, today = chunk.stays, chunk.city.plan.today
    share = source.share(chunk)
    if source is not REGISTER:
        share = np.where(stays.in_city, share, share * 0.5)
    who = np.flatnonzero(rng.random(len(chunk)) < share)
    again = rng.random(len(who)) < rates.duplicate
    duplicate = np.r_[np.zeros(len(who), dtype=bool), np.ones(int(again.sum()), dtype=bool)]
    who = np.r_[who, who[again]]
    order = rng.permutation(len(who))
    who, duplicate = who[order], duplicate[order]
    stale = (rng.random(len(who)) < rates.stale) | (stays.departed[who] < NEVER)
    seen = _seen(rng, chunk, who, stale)
    if source is REGISTER:
        room, stale = stays.registered_room[who], stays.registered_room[who] != stays.room[who]
        seen = np.minimum(stays.registered_on[who] + rng.integers(0, 400, len(who)), today)
    else:
        before_move = (stays.moved[who] < NEVER) & (seen < stays.moved[who])
        room, stale = np.where(before_move, stays.earlier_room[who], stays.room[who]), stale | before_move
    number_of = _exchange(rng, chunk, source, who)
    return Rows(chunk, source, who, number_of, stale, duplicate, seen, room)


def _seen(rng: np.random.Generator, chunk: Chunk, who: Ints, stale: Mask) -> Ints:
    """Days seen: lately, or long ago for stale rows; never before arriving nor after leaving."""
    stays, today = chunk.stays, chunk.city.plan.today
    back = np.where(
        stale, rng.integers(200, 700, len(who)), (rng.random(len(who)) ** 2 * SEEN_WITHIN).astype(np.int64)
    )
    last = np.minimum(today, stays.departed[who] - 1)
    back = np.where(stays.departed[who] < NEVER, back // 4, back)
    return np.asarray(np.clip(last - back, stays.arrived[who], last))


def _exchange(rng: np.random.Generator, chunk: Chunk, source: Source, who: Ints) -> Ints:
    """Whose number each row carries: now and then two colleagues' are exchanged."""
    rate = chunk.city.plan.hard.swapped_numbers
    owner = who.copy()
    if source.name not in AT_WORK or not rate or len(who) < 2:
        return owner
    by_firm = np.argsort(chunk.employer[who], kind="stable")
    left, right = by_firm[:-1:2][: len(by_firm) // 2], by_firm[1::2]
    firms = chunk.employer[who]
    pairs = (firms[left] == firms[right]) & (rng.random(len(left)) < rate)
    left, right = left[pairs], right[pairs]
    owner[left], owner[right] = who[right], who[left]
    return owner


def written(rows: Rows, rng: np.random.Generator, rates: ErrorRates, first: int) -> Extract:
    """The base columns as text, errors and all. Record numbers begin at `first`."""
    chunk, people = rows.chunk, rows.chunk.people
    places, plan, who = chunk.city.places, chunk.city.plan, rows.who
    birth = people.birth[who]
    swapped = rows.number_of != who
    number, state = errors.numbers(rng, people.number[rows.number_of], birth, swapped, rates)
    spoiled = errors.chosen(rng, len(who), rates.spoiled)
    state = np.where(spoiled, errors.MISSING, state)
    in_dormitory = (chunk.dormitory[who] >= 0) & (rows.source is not REGISTER)
    shared = in_dormitory & errors.chosen(rng, len(who), plan.hard.shared_phone)
    firm = np.where(shared[:, None], chunk.city.employers.phones[chunk.employer[who]], ord("0")).astype(
        np.uint8
    )
    name = names.names().full(people.surname[who], people.given[who])
    sex = text.pick(["女", "男"], people.male[who].astype(np.int64))
    town = text.pick(places.town_codes, places.buildings.town[rows.building])
    roomless = in_dormitory & errors.chosen(rng, len(who), plan.hard.shared_address)
    bad_birth, bad_town = spoiled & (who % 2 == 0), spoiled & (who % 2 == 1)
    columns = {
        "record_id": text.coded(rows.source.letters, np.arange(len(who)) + first, 9),
        "name": errors.written_names(rng, name, rates),
        "id_number": text.blanked(number, spoiled),
        "birth_date": _set(errors.births(rng, birth, rates), bad_birth, "1990-02-30"),
        "sex": text.blanked(sex, errors.chosen(rng, len(who), rates.sex_missing)),
        "phone": errors.phones(rng, chunk.phone_owner[who], firm, plan.seed, rates),
        "town": _set(
            text.blanked(town, errors.chosen(rng, len(who), rates.town_missing)), bad_town, UNKNOWN_TOWN
        ),
        "address": errors.addresses(rng, places, rows.room, rows.building, roomless, rates),
        "seen_on": text.days(rows.seen),
    }
    return Extract(columns, rows, state)


def _set(column: pa.StringArray, where: Mask, value: str) -> pa.StringArray:
    return pc.if_else(pa.array(where), pa.scalar(value), column) if where.any() else column
