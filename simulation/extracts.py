"""What each department knows about whom: the rows of each source, with their errors, and the truth of each row."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import errors, names, text
from simulation.city import Chunk, Plan
from simulation.errors import ErrorRates, Homes, Lines, Marks
from simulation.moves import NEVER, OWNED, RENTED
from simulation.people import CHILD, GRANDPARENT, SPOUSE
from simulation.text import Ints, Mask

type Shares = np.ndarray[Any, np.dtype[np.float64]]

STRONG = ("lease_filings", "school_rolls", "property")
AT_WORK = ("social_security", "employment", "housing_fund", "tax")
FOR_CHILDREN = ("school_rolls", "health_service")
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


def delivering(plan: Plan) -> tuple[Source, ...]:
    """The sources that send a file: the register and, unless the plan names some, all others."""
    return (REGISTER, *(source for source in SOURCES if not plan.only or source.name in plan.only))


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
    marks: Marks  # the errors that were put into each row


def draw_rows(chunk: Chunk, source: Source, rng: np.random.Generator, rates: ErrorRates) -> Rows:
    """Who is in the file, which rows are stale or double, whose numbers were exchanged, when each was seen."""
    stays, today = chunk.stays, chunk.city.plan.today
    share = source.share(chunk) * chunk.city.plan.share_of(source.name)
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
    """Whose number each row carries: now and then two colleagues' are exchanged, or a child has its guardian's."""
    hard, owner = chunk.city.plan.hard, who.copy()
    if source.name in FOR_CHILDREN and hard.guardian_number:
        given = (chunk.people.role[who] == CHILD) & errors.chosen(rng, len(who), hard.guardian_number)
        owner[given] = chunk.households.start[chunk.people.household[who[given]]]
    if source.name not in AT_WORK or not hard.swapped_numbers or len(who) < 2:
        return owner
    by_firm = np.argsort(chunk.employer[who], kind="stable")
    left, right = by_firm[:-1:2][: len(by_firm) // 2], by_firm[1::2]
    firms = chunk.employer[who]
    pairs = (firms[left] == firms[right]) & (rng.random(len(left)) < hard.swapped_numbers)
    left, right = left[pairs], right[pairs]
    owner[left], owner[right] = who[right], who[left]
    return owner


def written(rows: Rows, rng: np.random.Generator, rates: ErrorRates, first: int) -> Extract:
    """The base columns as text, errors and all. Record numbers begin at `first`."""
    chunk, people = rows.chunk, rows.chunk.people
    places, hard, who = chunk.city.places, chunk.city.plan.hard, rows.who
    marks = _marks(rows)
    number, state = errors.numbers(rng, people.number[rows.number_of], rows.number_of != who, rates, marks)
    spoiled = errors.chosen(rng, len(who), rates.spoiled)
    state = np.where(spoiled, errors.MISSING, state)
    in_dormitory = (chunk.dormitory[who] >= 0) & (rows.source is not REGISTER)
    firm = in_dormitory & errors.chosen(rng, len(who), hard.shared_phone)
    name = names.names().full(people.surname[who], people.given[who])
    town = text.pick(places.town_codes, places.buildings.town[rows.building])
    roomless = in_dormitory & errors.chosen(rng, len(who), hard.shared_address)
    bad_birth, bad_town = spoiled & (who % 2 == 0), spoiled & (who % 2 == 1)
    columns = {
        "record_id": text.coded(rows.source.letters, np.arange(len(who)) + first, 9),
        "name": errors.written_names(rng, name, rates, marks),
        "id_number": text.blanked(number, spoiled),
        "birth_date": _set(errors.births(rng, people.birth[who], rates, marks), bad_birth, "1990-02-30"),
        "sex": errors.sexes(rng, people.male[who], rates, marks),
        "phone": errors.phones(rng, _lines(rows, rng, rates, firm, marks), rates, marks),
        "town": _set(text.blanked(town, _townless(rng, len(who), rates, marks)), bad_town, UNKNOWN_TOWN),
        "address": errors.addresses(rng, Homes(places, rows.room, rows.building, roomless), rates, marks),
        "seen_on": text.days(rows.seen),
    }
    _spoil(marks, spoiled, state)
    return Extract(columns, rows, state, marks)


def _marks(rows: Rows) -> Marks:
    """What is wrong with the rows before a letter is written."""
    marks, chunk = Marks(len(rows)), rows.chunk
    marks.note("duplicate", rows.duplicate)
    marks.note("stale", rows.stale)
    marks.note("address_earlier", rows.room != chunk.stays.room[rows.who])
    other = "swapped_number" if rows.source.name in AT_WORK else "guardian_number"
    marks.note(other, rows.number_of != rows.who)
    return marks


def _spoil(marks: Marks, spoiled: Mask, state: Ints) -> None:
    """Spoiled rows have no number; where another's number is not written, it is not exchanged either."""
    marks.forget("id_", spoiled)
    marks.note("id_missing", spoiled)
    marks.note("spoiled", spoiled)
    for kind in ("swapped_number", "guardian_number"):
        marks.forget(kind, state != errors.SWAPPED)


def _townless(rng: np.random.Generator, count: int, rates: ErrorRates, marks: Marks) -> Mask:
    missing = errors.chosen(rng, count, rates.town_missing)
    marks.note("town_missing", missing)
    return missing


def _lines(rows: Rows, rng: np.random.Generator, rates: ErrorRates, firm: Mask, marks: Marks) -> Lines:
    """Whose phones may stand in the rows: their own, the head's, the firm's."""
    chunk, people, who = rows.chunk, rows.chunk.people, rows.who
    relative = np.isin(people.role[who], (SPOUSE, CHILD, GRANDPARENT)) & errors.perhaps(
        rng, len(who), rates.phone_relative
    )
    marks.note("phone_relative", relative)
    giver = np.where(relative, chunk.households.start[people.household[who]], who)
    now, before = chunk.phone_now[giver], chunk.phone_before[giver]
    return Lines(now, before, chunk.city.employers.phones[chunk.employer[who]], firm)


def _set(column: pa.StringArray, where: Mask, value: str) -> pa.StringArray:
    return pc.if_else(pa.array(where), pa.scalar(value), column) if where.any() else column
