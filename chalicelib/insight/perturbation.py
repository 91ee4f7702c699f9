"""Cell-key perturbation: the same people always carry the same small noise, whoever asks in whatever table.

The method is that of the Australian Bureau of Statistics (Fraser & Wooton 2005, "A proposed method for
confidentialising tabular output to protect against differencing"; Thompson, Broadfoot & Elazar 2013, "Methodology
for the automatic confidentialisation of statistical outputs from remote servers"), used for the United Kingdom's
census of 2021. Each record has a fixed random key; a cell's key is the sum of its records' keys modulo 2^32; the
key's upper bits choose the noise from the row of the p-table that belongs to the cell's count.

The p-table is computed here, to these constraints: noise is a whole number of at most ``LIMIT`` either way,
its mean is exactly zero in every row, a count never falls below zero, nobody stays nobody, and the variance is
``VARIANCE``, less in rows below ``LIMIT``; among all such tables the one of greatest entropy.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

KEY_BITS: Final = 32
MODULUS: Final = 1 << KEY_BITS
LIMIT: Final = 4
VARIANCE: Final = 3.0
_STEPS: Final = 1 << 16  # Probabilities are whole shares of this many.


@dataclass(frozen=True, slots=True)
class Tally:
    """So many people, and the sum of their record keys modulo 2^32."""

    count: int = 0
    key: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """The people of both; they have nobody in common."""
        return Tally(self.count + other.count, (self.key + other.key) % MODULUS)


def tally(record_keys: Iterable[int]) -> Tally:
    """The tally of people by their record keys; each person once."""
    known = list(record_keys)
    return Tally(len(known), sum(known) % MODULUS)


def united(tallies: Iterable[Tally]) -> Tally:
    """The tally of all of them."""
    return sum(tallies, Tally())


def perturbed(cell: Tally) -> int:
    """The count as it is published: the same for the same people, never below zero."""
    place = cell.key >> (KEY_BITS - 16)
    row = _ladder(min(cell.count, LIMIT))
    return cell.count + next(noise for noise, up_to in row if place < up_to)


@cache
def _ladder(count: int) -> tuple[tuple[int, int], ...]:
    shares = p_row(count)
    return tuple(zip(shares, accumulate(shares.values()), strict=True))


def p_row(count: int) -> dict[int, int]:
    """The noise that a count may get, and how many of 65,536 keys get it; all counts from ``LIMIT`` on share a row."""
    count = min(count, LIMIT)
    if count == 0:
        return {0: _STEPS}
    noises = range(-count, LIMIT + 1)
    chances = _greatest_entropy(noises, VARIANCE * count / LIMIT)
    shares = {noise: round(_STEPS * chance) for noise, chance in zip(noises, chances, strict=True)}
    # Rounding moved the mean: what is left over goes to noise -1, and all else to none.
    shares[-1] += sum(noise * share for noise, share in shares.items())
    shares[0] = _STEPS - sum(share for noise, share in shares.items() if noise)
    return shares


def variance_of(shares: dict[int, int]) -> float:
    """The variance of a row of the p-table; its mean is zero."""
    return sum(noise * noise * share for noise, share in shares.items()) / _STEPS


def _greatest_entropy(noises: range, variance: float) -> list[float]:
    """Chances in proportion to exp(tilt·noise − flatness·noise²) with mean zero and this variance."""
    low, high = -5.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        chances = _centred(noises, middle)
        spread = sum(n * n * chance for n, chance in zip(noises, chances, strict=True))
        low, high = (middle, high) if spread > variance else (low, middle)
    return chances


def _centred(noises: range, flatness: float) -> list[float]:
    low, high = -60.0, 60.0
    for _ in range(80):
        tilt = (low + high) / 2
        weights = [math.exp(tilt * n - flatness * n * n) for n in noises]
        mean = sum(n * weight for n, weight in zip(noises, weights, strict=True))
        low, high = (tilt, high) if mean < 0 else (low, tilt)
    whole = sum(weights)
    return [weight / whole for weight in weights]
