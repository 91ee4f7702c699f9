"""Numbers that are valid by their check digits and belong to nobody: persons, companies, phones."""

import numpy as np

from simulation import text
from simulation.text import Digits, Ints

PERSON_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
PERSON_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
COMPANY_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
COMPANY_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
ORGANISATION_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)


def person_check(first17: Digits) -> Digits:
    """The last character of a GB 11643 number (ISO 7064 MOD 11-2) from its first 17 digits, shape (n, 17)."""
    total = (first17.astype(np.int32) - 48) @ PERSON_WEIGHTS
    return np.asarray(PERSON_CHECKS[total % 11])


def person_numbers(division: Ints, birth: Ints, order: Ints) -> Digits:
    """GB 11643 numbers, shape (n, 18), from 6-digit divisions, birth days and 3-digit orders (odd is male)."""
    months = np.asarray(birth).astype("datetime64[D]").astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    in_month = np.asarray(birth) - months.astype("datetime64[D]").astype(np.int64) + 1
    born = text.years(birth) * 10000 + month * 100 + in_month
    first = np.hstack([text.digits_of(division, 6), text.digits_of(born, 8), text.digits_of(order, 3)])
    return np.hstack([first, person_check(first)[:, None]])


def orders(division: Ints, birth: Ints, male: Ints, chunk: int, chunks: int) -> Ints:
    """Order numbers that make every person's number unique in the city, without looking at other chunks.

    The 500 orders of a sex are dealt out to the chunks; inside a chunk, people of the same division, day and sex get
    consecutive ones of the chunk's share, from a start that depends on division and day.
    """
    share = 500 // chunks
    if share < 1:
        raise ValueError("more than 500 chunks: two people could get the same number")
    key = (np.asarray(division, dtype=np.int64) * 100_000 + np.asarray(birth) + 50_000) * 2 + male
    by_key = np.argsort(key, kind="stable")
    ordered = key[by_key]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(len(key), dtype=np.int64)
    rank[by_key] = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    if rank.max(initial=0) >= share:
        raise ValueError("too many people of one division were born on one day: take smaller chunks")
    slot = (key * 2_654_435_761 % 4_294_967_291 + rank) % share
    return np.asarray(2 * (slot * chunks + chunk) + np.asarray(male))


def companies(serial: Ints, division: Ints) -> Digits:
    """Unified social credit codes (GB 32100), shape (n, 18), valid in the organisation's and in the whole check."""
    body = np.empty((len(serial), 8), dtype=np.int64)
    rest = np.asarray(serial, dtype=np.int64)
    for place in range(7, -1, -1):
        rest, body[:, place] = np.divmod(rest, 10)
    body[:, 0] = 22  # M: no real organisation of the city is known to start "MF"
    body[:, 1] = 15
    own = (11 - (body @ ORGANISATION_WEIGHTS) % 11) % 11
    organisation = ORGANISATION_ALPHABET[body]
    own_check = np.where(own == 10, ord("X"), own + 48).astype(np.uint8)
    head = np.broadcast_to(np.frombuffer(b"91", dtype=np.uint8), (len(serial), 2))
    first = np.hstack([head, text.digits_of(division, 6), organisation, own_check[:, None]])
    value = np.searchsorted(COMPANY_ALPHABET, first)
    check = (31 - (value @ COMPANY_WEIGHTS) % 31) % 31
    return np.hstack([first, COMPANY_ALPHABET[check][:, None]])


def phones(number: Ints, prefix: int, seed: int) -> Digits:
    """Mobile numbers, shape (n, 11), of ranges not given to subscribers: 142 (now), 143 (before), 154 (landlords, firms).

    They pass `^1[3-9]\\d{9}$`. Eight digits follow the prefix; different numbers below 10**8 give different phones.
    """
    spread = (np.asarray(number, dtype=np.int64) * 48_271_379 + seed * 7_654_321 + 12_345_679) % 100_000_000
    return text.digits_of(prefix * 100_000_000 + spread, 11)
