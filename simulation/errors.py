"""What goes wrong in department files, how often, and how: every rate in one place.

Rates are shares of a source's rows unless said otherwise. They are assumptions to be set, not measurements.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import misspelt, names, text
from simulation.homes import Gazetteer
from simulation.misspelt import Change
from simulation.text import Digits, Ints, Mask

VALID, MISSING, MISTYPED, SWAPPED, MASKED = range(5)
NUMBER_STATES = ("valid", "missing", "mistyped", "swapped", "masked")


@dataclass(frozen=True)
class ErrorRates:
    """Shares of rows with each error. `register` multiplies all of them for the city's own register."""

    id_missing: float = 0.04
    id_wrong_check: float = 0.008  # the last character does not fit
    id_transposed: float = 0.006  # two neighbouring digits exchanged
    id_one_digit: float = 0.006  # one digit mistyped
    id_old_form: float = 0.004  # 15 digits; share of people born before 2000
    id_written_otherwise: float = 0.02  # lower-case x, spaces, full-width digits: still valid
    name_spaced: float = 0.015  # spaces, also full-width ones, inside or around
    name_traditional: float = 0.01  # in traditional characters
    name_slip: float = 0.008  # a character of the same sound or shape
    phone_missing: float = 0.08
    phone_old: float = 0.10
    phone_written_otherwise: float = 0.03  # +86, spaces, dashes, full-width digits
    address_missing: float = 0.02
    address_otherwise: float = 0.40  # another spelling than the standard one
    address_roomless: float = 0.03  # of those spelled otherwise or not: the room is left out
    birth_missing: float = 0.05
    birth_written_otherwise: float = 0.02  # 19900101, 1990/01/01, 1990年01月01日
    sex_missing: float = 0.02
    town_missing: float = 0.02
    duplicate: float = 0.01  # one more row for the same person, with errors of its own
    stale: float = 0.05  # the department has not seen the person for 200 to 700 days, nor heard of a move
    spoiled: float = 0.001  # no usable number and besides an impossible birth date or an unknown town
    register: float = 0.4
    # What follows is off unless asked for: `stated` and `hard` in `mixes.py` do.
    id_masked: float = 0.0  # digits hidden by stars
    name_turned: float = 0.0  # the last two of three characters exchanged
    name_shortened: float = 0.0  # a character left out or hidden
    name_titled: float = 0.0  # a title behind the name
    birth_mistaken: float = 0.0  # another day: month and day exchanged, a year off, a digit mistyped
    sex_wrong: float = 0.0
    phone_relative: float = 0.0  # of rows of spouses, children, parents: the head's phone
    phone_mistyped: float = 0.0
    address_reblocked: float = 0.0  # 幢 for 栋, 号楼 for 座, the number in Chinese numerals
    address_misread: float = 0.0  # a character of the road left out

    def scaled(self, factor: float) -> "ErrorRates":
        """All rates times a factor."""
        return replace(self, **{each.name: getattr(self, each.name) * factor for each in fields(self)})


@dataclass(frozen=True)
class HardCases:
    """Situations that lead comparisons astray. All rates 0 leaves them out."""

    twins: float = 0.03  # share of families with two children
    common_name: float = 0.0015  # share of men who are called 张伟 besides those who are anyway
    shared_address: float = 0.6  # share of rows of dormitory people with the dormitory's address and no room
    shared_phone: float = 0.4  # share of rows of dormitory people with the firm's phone
    swapped_numbers: float = 0.002  # share of rows of workers whose number was exchanged with a colleague's
    # What follows is off unless asked for.
    guardian_number: float = 0.0  # share of rows of children at school or doctor's with the head's number
    names_alike: float = (
        0.0  # share of sons of fathers, and of younger siblings, named alike but for a character
    )
    adult_sons: float = 0.0  # share of all households: three generations instead of people living alone
    dormitory_blocks: float = 0.0  # share of dormitory rooms that lie in one building of their firm
    recycled_phones: float = 0.0  # share of adults whose phone was another person's earlier one


CLEAN = ErrorRates().scaled(0)
EASY = HardCases(0, 0, 0, 0, 0)

KINDS = (
    "id_missing", "id_wrong_check", "id_transposed", "id_one_digit", "id_masked", "id_old_form",
    "id_written_otherwise", "swapped_number", "guardian_number", "name_spaced", "name_traditional",
    "name_slip", "name_turned", "name_shortened", "name_titled", "phone_missing", "phone_old",
    "phone_written_otherwise", "phone_relative", "phone_mistyped", "shared_phone", "address_missing",
    "address_otherwise", "address_roomless", "shared_address", "address_earlier", "address_reblocked",
    "address_misread", "birth_missing", "birth_written_otherwise", "birth_mistaken", "sex_missing",
    "sex_wrong", "town_missing", "spoiled", "duplicate", "stale",
)  # fmt: skip


class Marks:
    """Which errors were put into which row: a bit for each of `KINDS`."""

    def __init__(self, rows: int) -> None:
        self.bits = np.zeros(rows, dtype=np.int64)

    def note(self, kind: str, where: Mask) -> None:
        """The rows of `where` carry the error."""
        self.bits |= where.astype(np.int64) << KINDS.index(kind)

    def forget(self, begins: str, where: Mask) -> None:
        """The rows of `where` carry none of the errors that begin so: the value is not there any more."""
        gone = sum(1 << place for place, kind in enumerate(KINDS) if kind.startswith(begins))
        self.bits[where] &= ~gone

    def texts(self) -> pa.StringArray:
        """The errors of each row, joined by `;`; empty text where there is none."""
        found = pc.dictionary_encode(pa.array(self.bits))
        words = [
            ";".join(kind for place, kind in enumerate(KINDS) if bits >> place & 1)
            for bits in found.dictionary.to_pylist()
        ]
        return pa.array(words, pa.string()).take(found.indices)

    def rewritten(self, column: pa.StringArray, kind: str, where: Mask, change: Change) -> pa.StringArray:
        """The column with `change` applied to the rows of `where`; those that it changed are noted."""
        if not where.any():
            return column
        after = text.rewritten(column, where, change)
        self.note(kind, np.asarray(pc.fill_null(pc.not_equal(column, after), False)))
        return after


def chosen(rng: np.random.Generator, count: int, rate: float) -> Mask:
    """Each row with probability `rate`."""
    return np.asarray(rng.random(count) < rate)


def perhaps(rng: np.random.Generator, count: int, rate: float) -> Mask:
    """The same for a rate that is off unless asked for: without it the stream does not move."""
    return chosen(rng, count, rate) if rate else np.zeros(count, dtype=bool)


def numbers(
    rng: np.random.Generator, owner: Digits, swapped: Mask, rates: ErrorRates, marks: Marks
) -> tuple[pa.StringArray, Ints]:
    """Written ID numbers and what state each is in (`NUMBER_STATES`); every valid spelling counts as valid."""
    made, state = _mistaken(rng, owner, swapped, rates, marks)
    column = text.fixed(made, state != MISSING)
    right = (state == VALID) | (state == SWAPPED)
    before_2000 = (made[:, 6] == ord("1")) & (made[:, 7] == ord("9"))
    shorter = right & before_2000 & chosen(rng, len(owner), rates.id_old_form)
    column = marks.rewritten(column, "id_old_form", shorter, misspelt.number_short)
    otherwise = right & ~shorter & chosen(rng, len(owner), rates.id_written_otherwise)
    column = marks.rewritten(column, "id_written_otherwise", otherwise, misspelt.number_otherwise)
    masked = right & ~shorter & ~otherwise & perhaps(rng, len(owner), rates.id_masked)
    column = marks.rewritten(column, "id_masked", masked, misspelt.number_masked)
    return column, np.where(masked, MASKED, state)


def _mistaken(
    rng: np.random.Generator, owner: Digits, swapped: Mask, rates: ErrorRates, marks: Marks
) -> tuple[Digits, Ints]:
    """Numbers with single digits wrong, and the state of each; a change that changes nothing is none."""
    kinds = ("id_missing", "id_wrong_check", "id_transposed", "id_one_digit")
    edges = np.cumsum([getattr(rates, kind) for kind in kinds])
    made, kind = owner.copy(), np.searchsorted(edges, rng.random(len(owner)), side="right")
    _mistype(rng, made, np.flatnonzero(kind == 1), 17)
    rows = np.flatnonzero(kind == 3)
    _mistype(rng, made, rows, rng.integers(8, 17, len(rows)))
    _transpose(rng, made, np.flatnonzero(kind == 2))
    changed = (made != owner).any(axis=1)
    state = np.select([kind == 0, changed, swapped], [MISSING, MISTYPED, SWAPPED], VALID)
    for place, name in enumerate(kinds):
        marks.note(name, (kind == place) & (changed | (place == 0)))
    return made, state


def _mistype(rng: np.random.Generator, made: Digits, rows: Ints, place: Ints | int) -> None:
    """Another digit at one place."""
    old = made[rows, place]
    digit = np.where(old == ord("X"), 0, old.astype(np.int64) - 48)
    made[rows, place] = (digit + rng.integers(1, 10, len(rows))) % 10 + 48


def _transpose(rng: np.random.Generator, made: Digits, rows: Ints) -> None:
    """Two neighbouring digits of the order or birth part exchanged."""
    place = rng.integers(8, 16, len(rows))
    made[rows, place], made[rows, place + 1] = made[rows, place + 1].copy(), made[rows, place].copy()


def written_names(
    rng: np.random.Generator, column: pa.StringArray, rates: ErrorRates, marks: Marks
) -> pa.StringArray:
    """Names with slips, traditional characters, spaces and, if asked for, turned, cut and titled."""
    usual: tuple[tuple[str, Change], ...] = (
        ("name_slip", misspelt.slipped),
        ("name_traditional", names.traditional),
        ("name_spaced", misspelt.spaced),
    )
    other: tuple[tuple[str, Change], ...] = (
        ("name_turned", misspelt.turned),
        ("name_shortened", misspelt.shortened),
        ("name_titled", misspelt.titled),
    )
    for kind, change in usual:
        column = marks.rewritten(column, kind, chosen(rng, len(column), getattr(rates, kind)), change)
    free = (marks.bits >> KINDS.index("name_spaced") & 1) == 0
    for kind, change in other:
        where = free & perhaps(rng, len(column), getattr(rates, kind))
        column = marks.rewritten(column, kind, where, change)
    return column


def births(rng: np.random.Generator, birth: Ints, rates: ErrorRates, marks: Marks) -> pa.StringArray:
    """Birth dates, some missing, some written otherwise, some mistaken."""
    missing = chosen(rng, len(birth), rates.birth_missing)
    other = chosen(rng, len(birth), rates.birth_written_otherwise)
    column = text.days(birth, ~missing)
    mistaken = perhaps(rng, len(birth), rates.birth_mistaken)
    column = marks.rewritten(column, "birth_mistaken", mistaken, misspelt.day_mistaken)
    marks.note("birth_missing", missing)
    return marks.rewritten(column, "birth_written_otherwise", other, misspelt.day_otherwise)


def sexes(rng: np.random.Generator, male: Mask, rates: ErrorRates, marks: Marks) -> pa.StringArray:
    """Sexes, some missing, some the other one."""
    missing = chosen(rng, len(male), rates.sex_missing)
    wrong = perhaps(rng, len(male), rates.sex_wrong) & ~missing
    marks.note("sex_missing", missing)
    marks.note("sex_wrong", wrong)
    return text.blanked(text.pick(["女", "男"], (male ^ wrong).astype(np.int64)), missing)


@dataclass(frozen=True)
class Lines:
    """The phones that may stand in a row, shape (n, 11) each, and which rows give the firm's."""

    now: Digits
    before: Digits
    firm: Digits
    shared: Mask


def phones(rng: np.random.Generator, lines: Lines, rates: ErrorRates, marks: Marks) -> pa.StringArray:
    """Phones: today's, an earlier one, a firm's, or none."""
    count, shared = len(lines.now), lines.shared
    old = chosen(rng, count, rates.phone_old)
    made = np.where(old[:, None], lines.before, lines.now)
    made = np.where(shared[:, None], lines.firm, made)
    missing = chosen(rng, count, rates.phone_missing)
    column = text.fixed(np.ascontiguousarray(made), ~missing)
    otherwise = chosen(rng, count, rates.phone_written_otherwise)
    mistyped = perhaps(rng, count, rates.phone_mistyped)
    marks.note("phone_missing", missing)
    marks.note("phone_old", old & ~shared & ~missing)
    marks.note("shared_phone", shared & ~missing)
    column = marks.rewritten(column, "phone_mistyped", mistyped, misspelt.phone_mistyped)
    return marks.rewritten(column, "phone_written_otherwise", otherwise, misspelt.phone_otherwise)


@dataclass(frozen=True)
class Homes:
    """Where the rows' people live. `dormitory` rows name the dormitory and no room."""

    places: Gazetteer
    room: Ints
    building: Ints
    dormitory: Mask


def addresses(rng: np.random.Generator, homes: Homes, rates: ErrorRates, marks: Marks) -> pa.StringArray:
    """Addresses as departments spell them."""
    count = len(homes.room)
    other = chosen(rng, count, rates.address_otherwise)
    column = _spelt(rng, homes, other, rates, marks)
    marks.note("address_otherwise", other)
    full = other & (rng.random(count) < 0.12)
    column = text.rewritten(column, full, misspelt.wide)
    gaps = other & ~full & (rng.random(count) < 0.08)
    column = text.rewritten(column, gaps, misspelt.gapped)
    missing = chosen(rng, count, rates.address_missing)
    plain = ~full & ~missing
    reblocked = plain & perhaps(rng, count, rates.address_reblocked)
    column = marks.rewritten(column, "address_reblocked", reblocked, misspelt.reblocked)
    misread = plain & ~reblocked & perhaps(rng, count, rates.address_misread)
    column = marks.rewritten(column, "address_misread", misread, misspelt.misread)
    marks.forget("address_", missing)
    marks.forget("shared_address", missing)
    marks.note("address_missing", missing)
    return text.blanked(column, missing)


def _spelt(
    rng: np.random.Generator, homes: Homes, other: Mask, rates: ErrorRates, marks: Marks
) -> pa.StringArray:
    """From the city, the town or the road down to the room, some without the room."""
    count, places, building = len(homes.room), homes.places, homes.building
    style = np.where(other, rng.choice([0, 1, 2, 3, 4], count, p=[0.2, 0.3, 0.25, 0.15, 0.1]), 0)
    front, house = places.prefix(building, style), text.pick(places.houses, building)
    ending = np.where(other, rng.integers(0, 4, count), 0)
    bare = chosen(rng, count, rates.address_roomless)
    names_of_room = places.room_names(places.slot(homes.room, building))
    dash = text.pick(["", "-"], np.where(ending == 2, 1, 0))
    after = text.pick(["室", "", "", "房"], ending)
    column = text.joined(front, house, dash, names_of_room, after)
    short = bare | homes.dormitory
    marks.note("address_roomless", bare & ~homes.dormitory)
    marks.note("shared_address", homes.dormitory)
    if not short.any():
        return column
    rows = pa.array(short)
    tail = text.pick(["", "宿舍"], homes.dormitory[short].astype(np.int64))
    return text.replaced(column, short, text.joined(front.filter(rows), house.filter(rows), tail))
