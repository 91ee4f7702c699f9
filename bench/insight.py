"""Counting a whole register into cohorts and protecting them, beside only drawing the same stream of people."""

from collections.abc import Iterator

from bench.apart import Spent, spent
from bench.figures import Figure, NotMeasured, say

SMALL, LARGE = 500_000, 5_000_000
_SETUP = """
import hmac, random
from datetime import date
from typing import NamedTuple
from chalicelib.insight import cohorts, disclosure, gathering, service
from chalicelib.insight.policy import policy_on
class Person(NamedTuple):
    person_id: str; region: str; is_active: bool; since: date; first: date; born: str
DAY = date(2026, 11, 28)
policy, everywhere = policy_on(DAY), service.communities()
plan = cohorts.plan(policy, DAY)
day = date(2020, 1, 1)
months = [f"{year}-{month:02}" for year in range(1946, 2026) for month in range(1, 13)]
def stream(count):
    pick = random.Random(31).random
    for n in range(count):
        place, born = everywhere[int(pick() * len(everywhere))], months[int(pick() * len(months))]
        yield Person(f"P{n:026d}", place, True, day, day, born)
def key(person_id):
    return int.from_bytes(hmac.digest(b"a secret of the bench", person_id.encode(), "sha256")[:4])
"""
_BARE = "answer = [sum(1 for _ in stream({count})), 0, 0]"
_OURS = """
gathered = gathering.gather(stream({count}), (), plan, policy, DAY, key)
cells = [
    cell
    for design in plan.designs.values()
    for cell in disclosure.release(
        {{place: one for place, one in gathered.registered.items()
          if place[0] in disclosure.united_groups(design.figures.values())}}, design, places=everywhere).cells
]
answer = [gathered.people, len(cells), sum(cell.suppressed for cell in cells)]
"""


def run(small: int = SMALL, large: int = LARGE) -> Iterator[Figure]:
    """Processor seconds and peak memory; the memory must not grow with the people."""
    say(f"insight: counting {small:,} and {large:,} people")
    few, many = (spent(_OURS.format(count=count), _SETUP) for count in (small, large))
    bare = spent(_BARE.format(count=large), _SETUP)
    if [few.answer[0], many.answer[0]] != [small, large]:
        raise NotMeasured(f"{few.answer} and {many.answer} were counted")
    yield from _figures(large, few, many, bare)


def _figures(count: int, few: Spent, many: Spent, bare: Spent) -> Iterator[Figure]:
    name = f"insight.{count}"
    yield Figure(f"{name}.cpu", many.cpu, "s", "the stream alone", bare.cpu)
    yield Figure(f"{name}.memory", many.peak_mb, "MB", "the smaller register", few.peak_mb)
    yield Figure(f"{name}.suppressed", many.answer[2], "cells", "all cells", many.answer[1])
