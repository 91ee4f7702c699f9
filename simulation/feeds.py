"""Count feeds: how many phones an operator sees and how many people pass doors, by community and hour.

They are made as counts; there are no rows of persons behind them. The shapes of the day are assumed.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulation import facts, text
from simulation.city import Plan

AT_HOME = (
    np.array([97, 98, 98, 98, 97, 94, 85, 70, 52, 45, 43, 44, 52, 50, 44, 43, 45, 52, 64, 75, 83, 89, 93, 96])
    / 100
)
PASSAGES = np.array([1, 1, 1, 1, 2, 8, 18, 24, 14, 8, 8, 12, 14, 9, 8, 8, 10, 20, 24, 18, 14, 11, 6, 3]) / 100
PHONES_PER_PERSON = 1.08
WATCHED_SHARE = 0.4  # of communities have counting doors

FEEDS = ("operator_counts", "access_counts")


def counts(plan: Plan, present: Sequence[int]) -> dict[str, pa.Table]:
    """Both feeds for the plan's day from the people present by community."""
    rng = plan.stream(6)
    people = np.array(present)
    codes = pa.array([row["code"] for row in facts.communities()])
    watched = np.flatnonzero(rng.random(len(people)) < WATCHED_SHARE)
    phones = rng.poisson(np.outer(people * PHONES_PER_PERSON, AT_HOME))
    doors = rng.poisson(np.outer(people[watched], PASSAGES))
    return {
        "operator_counts": _feed("OC", plan, codes, phones),
        "access_counts": _feed("AC", plan, codes.take(pa.array(watched)), doors),
    }


def _feed(letters: str, plan: Plan, codes: pa.StringArray, values: text.Ints) -> pa.Table:
    areas, hours = values.shape
    columns = {
        "record_id": text.coded(letters, np.arange(areas * hours) + 1, 9),
        "area": text.pick(codes, np.repeat(np.arange(areas), hours)),
        "seen_on": text.days(np.full(areas * hours, plan.today)),
        "hour": text.numbers(np.tile(np.arange(hours), areas)),
        "count": text.numbers(values.ravel()),
    }
    return pa.table(columns)
