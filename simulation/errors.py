"""What goes wrong in department files, how often, and how: every rate in one place.

Rates are shares of a source's rows unless said otherwise. They are assumptions to be set, not measurements.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa

from simulation import facts, identity, names, text
from simulation.homes import Gazetteer
from simulation.text import Digits, Ints, Mask

VALID, MISSING, MISTYPED, SWAPPED = range(4)
NUMBER_STATES = ("valid", "missing", "mistyped", "swapped")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


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


CLEAN = ErrorRates().scaled(0)
EASY = HardCases(0, 0, 0, 0, 0)


def chosen(rng: np.random.Generator, count: int, rate: float) -> Mask:
    """Each row with probability `rate`."""
    return np.asarray(rng.random(count) < rate)


def numbers(
    rng: np.random.Generator, owner: Digits, birth: Ints, swapped: Mask, rates: ErrorRates
) -> tuple[pa.StringArray, Ints]:
    """Written ID numbers and what state each is in (`NUMBER_STATES`); every valid spelling counts as valid."""
    count = len(owner)
    made = owner.copy()
    u = rng.random(count)
    edges = np.cumsum([rates.id_missing, rates.id_wrong_check, rates.id_transposed, rates.id_one_digit])
    kind = np.searchsorted(edges, u, side="right")  # 0 missing, 1 check, 2 transposed, 3 one digit, 4 right
    _mistype(rng, made, np.flatnonzero(kind == 1), 17)
    rows = np.flatnonzero(kind == 3)
    _mistype(rng, made, rows, rng.integers(8, 17, len(rows)))
    _transpose(rng, made, np.flatnonzero(kind == 2))
    state = np.select([kind == 0, kind < 4, swapped], [MISSING, MISTYPED, SWAPPED], VALID)
    changed = (made != owner).any(axis=1)
    state = np.where((state == MISTYPED) & ~changed, np.where(swapped, SWAPPED, VALID), state)
    column = text.fixed(made, state != MISSING)
    right = (state == VALID) | (state == SWAPPED)
    before_2000 = (made[:, 6] == ord("1")) & (made[:, 7] == ord("9"))
    shorter = right & before_2000 & chosen(rng, count, rates.id_old_form)
    column = text.rewritten(column, shorter, lambda number: number[:6] + number[8:17])
    otherwise = right & ~shorter & chosen(rng, count, rates.id_written_otherwise)
    return text.rewritten(column, otherwise, written_otherwise), state


def _mistype(rng: np.random.Generator, made: Digits, rows: Ints, place: Ints | int) -> None:
    """Another digit at one place."""
    old = made[rows, place]
    digit = np.where(old == ord("X"), 0, old.astype(np.int64) - 48)
    made[rows, place] = (digit + rng.integers(1, 10, len(rows))) % 10 + 48


def _transpose(rng: np.random.Generator, made: Digits, rows: Ints) -> None:
    """Two neighbouring digits of the order or birth part exchanged."""
    place = rng.integers(8, 16, len(rows))
    made[rows, place], made[rows, place + 1] = made[rows, place + 1].copy(), made[rows, place].copy()


def written_otherwise(number: str) -> str:
    """A valid number in one of the ways people write it."""
    way = sum(map(ord, number)) % 3
    if number.endswith("X") and way < 2:
        return number[:-1] + "x"
    return number.translate(FULL_WIDTH) if way == 2 else f"{number[:6]} {number[6:14]} {number[14:]}"


def spaced(name: str) -> str:
    """A name with spaces as forms and spreadsheets leave them."""
    way = sum(map(ord, name)) % 3
    return (f"{name[0]} {name[1:]}", f" {name} ", f"{name[0]}\u3000{name[1:]}")[way]


def slipped(name: str) -> str:
    """A name with its last exchangeable character mistaken."""
    slips = facts.table("names")["slips"]
    for place in range(len(name) - 1, 0, -1):
        if name[place] in slips:
            return str(name[:place] + slips[name[place]] + name[place + 1 :])
    return name


def written_names(rng: np.random.Generator, column: pa.StringArray, rates: ErrorRates) -> pa.StringArray:
    """Names with slips, traditional characters and spaces."""
    for rate, change in (
        (rates.name_slip, slipped),
        (rates.name_traditional, names.traditional),
        (rates.name_spaced, spaced),
    ):
        column = text.rewritten(column, chosen(rng, len(column), rate), change)
    return column


def births(rng: np.random.Generator, birth: Ints, rates: ErrorRates) -> pa.StringArray:
    """Birth dates, some missing, some written otherwise."""
    column = text.days(birth, ~chosen(rng, len(birth), rates.birth_missing))
    other = chosen(rng, len(birth), rates.birth_written_otherwise)
    return text.rewritten(column, other, _date_otherwise)


def _date_otherwise(value: str) -> str:
    year, month, day = value.split("-")
    return (f"{year}{month}{day}", f"{year}/{month}/{day}", f"{year}年{month}月{day}日")[int(day) % 3]


def phones(
    rng: np.random.Generator, number: Ints, shared: Digits | None, seed: int, rates: ErrorRates
) -> pa.StringArray:
    """Phones: today's, an earlier one, a firm's (rows of `shared` that do not begin with 0), or none."""
    now, before = identity.phones(number, 142, seed), identity.phones(number, 143, seed)
    made = np.where(chosen(rng, len(number), rates.phone_old)[:, None], before, now)
    if shared is not None:
        made = np.where(shared[:, :1] != ord("0"), shared, made)
    column = text.fixed(np.ascontiguousarray(made), ~chosen(rng, len(number), rates.phone_missing))
    return text.rewritten(column, chosen(rng, len(number), rates.phone_written_otherwise), _phone_otherwise)


def _phone_otherwise(phone: str) -> str:
    way = int(phone[-1]) % 4
    forms = (
        f"+86{phone}",
        f"{phone[:3]} {phone[3:7]} {phone[7:]}",
        f"86-{phone}",
        phone.translate(FULL_WIDTH),
    )
    return forms[way]


def addresses(
    rng: np.random.Generator, places: Gazetteer, room: Ints, building: Ints, roomless: Mask, rates: ErrorRates
) -> pa.StringArray:
    """Addresses as departments spell them. `roomless` rows name the dormitory and no room."""
    count = len(room)
    other = chosen(rng, count, rates.address_otherwise)
    style = np.where(other, rng.choice([0, 1, 2, 3, 4], count, p=[0.2, 0.3, 0.25, 0.15, 0.1]), 0)
    front, house = places.prefix(building, style), text.pick(places.houses, building)
    ending = np.where(other, rng.integers(0, 4, count), 0)
    bare = chosen(rng, count, rates.address_roomless)
    names_of_room = places.room_names(places.slot(room, building))
    dash = text.pick(["", "-"], np.where(ending == 2, 1, 0))
    after = text.pick(["室", "", "", "房"], ending)
    column = text.joined(front, house, dash, names_of_room, after)
    short = bare | roomless
    if short.any():
        rows = pa.array(short)
        tail = text.pick(["", "宿舍"], roomless[short].astype(np.int64))
        column = text.replaced(column, short, text.joined(front.filter(rows), house.filter(rows), tail))
    wide = other & (rng.random(count) < 0.12)
    column = text.rewritten(column, wide, lambda line: line.translate(FULL_WIDTH))
    gaps = other & ~wide & (rng.random(count) < 0.08)
    column = text.rewritten(column, gaps, lambda line: line.replace("区", "区 ").replace("号", "号 "))
    return text.blanked(column, chosen(rng, count, rates.address_missing))
