"""Surnames and given names with frequencies that repeat as real ones do: by cohort, sex and region."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from simulation import facts, text
from simulation.text import Ints, Mask

COHORTS = ("before_1975", "before_2003", "later")
LISTED_SHARE = 0.45  # assumed: the rest is put together from two characters of the same lists
GUANGXI = {
    "韦": 20,
    "覃": 14,
    "莫": 7,
    "陆": 7,
    "黄": 18,
    "梁": 8,
    "农": 4,
    "蒙": 4,
    "蓝": 4,
    "李": 8,
    "陈": 6,
}

type Weights = np.ndarray[Any, np.dtype[np.float64]]


def falling(count: int, power: float = 0.65) -> Weights:
    """Zipf weights, summing to 1."""
    weights = np.arange(1, count + 1) ** -power
    return np.asarray(weights / weights.sum())


def traditional(name: str) -> str:
    """The name in traditional characters."""
    return "".join(facts.table("names")["traditional"].get(letter, letter) for letter in name)


@dataclass(frozen=True)
class Pool:
    """Given names of one sex and cohort: where its listed names and its pairs of characters begin in the dictionary."""

    listed: int
    listed_weights: Weights
    pairs: int
    letter_weights: Weights


class Names:
    """The dictionaries that name indexes point into."""

    def __init__(self) -> None:
        table = facts.table("names")
        self.surname_list = list(table["surnames"])
        weights = np.array(list(table["surnames"].values()))
        self.surname_weights = weights / weights.sum()
        regional = np.array([GUANGXI.get(name, 0.0) for name in self.surname_list])
        self.regional_weights = 0.5 * self.surname_weights + 0.5 * regional / regional.sum()
        given: list[str] = []
        self.pools = [
            self._pool(given, table["given"][sex][cohort]) for sex in ("F", "M") for cohort in COHORTS
        ]
        self.own = len(given)  # the names that people are drawn; behind them those put together in families
        self.letters = sorted({letter for name in given for letter in name})
        given.extend(first + second for first in self.letters for second in self.letters)
        self.surnames = pa.array(self.surname_list)
        self.given = pa.array(given)
        self.wei = table["given"]["M"]["before_2003"].index("伟") + self.pools[4].listed
        self.zhang = self.surname_list.index("张")

    @staticmethod
    def _pool(given: list[str], names: list[str]) -> Pool:
        letters: dict[str, float] = {}
        for weight, name in zip(falling(len(names)), names, strict=True):
            for letter in name:
                letters[letter] = letters.get(letter, 0.0) + float(weight)
        spread = np.array(list(letters.values())) ** 0.7
        pool = Pool(len(given), falling(len(names)), len(given) + len(names), spread / spread.sum())
        given.extend(names)
        given.extend(first + second for first in letters for second in letters)
        return pool

    def draw_surnames(self, rng: np.random.Generator, count: int, guangxi: Mask) -> Ints:
        """Surname indexes; people from Guangxi carry its surnames more often."""
        usual = rng.choice(len(self.surname_list), count, p=self.surname_weights)
        regional = rng.choice(len(self.surname_list), count, p=self.regional_weights)
        return np.where(guangxi, regional, usual)

    def draw_given(self, rng: np.random.Generator, male: Mask, birth: Ints) -> Ints:
        """Given-name indexes by sex and year of birth."""
        cohort = np.digitize(text.years(birth), [1975, 2003])
        out = np.empty(len(male), dtype=np.int64)
        for place, pool in enumerate(self.pools):
            rows = np.flatnonzero((male == (place >= 3)) & (cohort == place % 3))
            listed = pool.listed + rng.choice(len(pool.listed_weights), len(rows), p=pool.listed_weights)
            letters = len(pool.letter_weights)
            first, second = rng.choice(letters, (2, len(rows)), p=pool.letter_weights)
            pair = pool.pairs + first * letters + second
            out[rows] = np.where(rng.random(len(rows)) < LISTED_SHARE, listed, pair)
        return out

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """The first and last letter of each given name that people are drawn."""
        place = {letter: number for number, letter in enumerate(self.letters)}
        drawn = self.given.slice(0, self.own).to_pylist()
        return np.array([place[name[0]] for name in drawn]), np.array([place[name[-1]] for name in drawn])

    def alike(self, elder: Ints, own: Ints) -> Ints:
        """Given names that begin as an elder's and end as one's own: families hand a character down."""
        first, last = self._ends
        alike = elder >= self.own  # already put together from two letters
        begins = np.where(alike, (elder - self.own) // len(self.letters), first[np.where(alike, 0, elder)])
        return np.asarray(self.own + begins * len(self.letters) + last[own])

    def full(self, surname: Ints, given: Ints) -> pa.StringArray:
        """Whole names."""
        return text.joined(text.pick(self.surnames, surname), text.pick(self.given, given))


@cache
def names() -> Names:
    """The dictionaries, built once."""
    return Names()
