"""Employers and who works where."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from simulation import facts, identity, text
from simulation.text import Digits, Ints, Mask

PEOPLE_PER_EMPLOYER = 25  # assumed


@dataclass(frozen=True)
class Employers:
    """The city's employers; small indexes are the large ones."""

    codes: Digits  # shape (n, 18)
    industry: Ints
    district: Ints
    word: Ints
    form: Ints
    phones: Digits  # shape (n, 11): the personnel office

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def names(self) -> pa.StringArray:
        """Names such as `佛山市南海区金华陶瓷有限公司`."""
        table = facts.table("work")
        by_code = {row["district_code"]: row["district"] for row in facts.towns()}
        districts = [by_code[code] for code in sorted(by_code)]
        words = [first + second for first in table["words"] for second in table["words"]]
        industries = [row[0] for row in table["industries"]]
        parts = (
            text.pick(districts, self.district),
            text.pick(words, self.word),
            text.pick(industries, self.industry),
        )
        return text.joined("佛山市", *parts, text.pick(table["forms"], self.form))


def found(rng: np.random.Generator, people: int, seed: int) -> Employers:
    """As many employers as the people need."""
    table = facts.table("work")
    count = max(60, people // PEOPLE_PER_EMPLOYER)
    shares = np.array([row[1] for row in table["industries"]])
    district = rng.choice(5, count, p=[0.18, 0.38, 0.32, 0.07, 0.05])
    return Employers(
        codes=identity.companies(np.arange(count) + 1, 440604 + district),
        industry=rng.choice(len(shares), count, p=shares / shares.sum()),
        district=district,
        word=rng.integers(0, len(table["words"]) ** 2, count),
        form=rng.choice(len(table["forms"]), count, p=[0.55, 0.2, 0.15, 0.1]),
        phones=identity.phones(np.arange(count) + 50_000_000, 154, seed),
    )


def hire(
    rng: np.random.Generator, employers: Employers, age: Ints, male: Mask, member: Mask, dormitory: Ints
) -> Ints:
    """Each person's employer, or -1. People of one dormitory room (`dormitory` >= 0) work for the same one.

    Shares at work by age and sex are assumed: men 18 to 59, women 18 to 54.
    """
    count = len(age)
    able = member & (age >= 18) & (age < np.where(male, 60, 55))
    works = able & (rng.random(count) < np.where(male, 0.92, 0.80))
    own = (len(employers) * rng.random(count) ** 2.2).astype(np.int64)
    rooms = (len(employers) * rng.random(int(dormitory.max(initial=-1)) + 1) ** 3).astype(np.int64)
    shared = dormitory >= 0
    own[shared] = rooms[dormitory[shared]]
    return np.where(works | shared, own, -1)
