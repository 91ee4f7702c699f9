"""School places for 100,000 pupils, 500 schools, 10 wishes each, beside the library `matching` on the largest size that it finishes in a minute.

Ours is timed as the mechanism alone and as a whole run (reading the sealed file, lots, allocation, independent checker). The library
gets the same wishes and orders as dictionaries, and is timed as it makes its game and solves it; its size doubles until a minute is over.
"""

import json
import random
import signal
import subprocess
from collections.abc import Iterator

from bench.apart import Spent, spent
from bench.figures import Figure, NotMeasured, say

PUPILS, SCHOOLS, CHOICES = 100_000, 500, 10
GOAL_SECONDS = 5
ROUNDS = 3
MINUTE = 60
FIRST = 500

Numbers = tuple[list[int], list[list[int]], list[list[int]]]

_ALLOCATE = """
from chalicelib.schooling.allocation import MECHANISMS, Problem
answer = len([s for s in MECHANISMS["deferred_acceptance"](Problem(seats, choices, classes)) if s >= 0])
"""
_WHOLE = """
from chalicelib.schooling import checking, sealed
inputs = sealed.Inputs.model_validate_json(file)
result = sealed.solve(inputs, seed)
assert not checking.faults(inputs, result)
answer = sum(place is not None for place in result.places.values())
"""
_LIBRARY = """
from matching.games import HospitalResident
game = HospitalResident.create_from_dictionaries(wishes, orders, places)
answer = sum(len(taken) for taken in game.solve().values())
"""


def city(pupils: int, schools: int, choices: int, share: float = 0.9, seed: int = 7) -> Numbers:
    """Seats, wishes and classes: places for a share of the pupils, dear schools wished for by more, three classes in six."""
    rand = random.Random(seed)
    seats = [max(1, int(pupils * share / schools))] * schools
    weights = [1 / (place + 5) for place in range(schools)]
    wished = []
    for _ in range(pupils):
        mine: dict[int, None] = {}
        while len(mine) < min(choices, schools):
            mine.update(dict.fromkeys(rand.choices(range(schools), weights, k=choices)))
        wished.append(list(mine)[:choices])
    return seats, wished, [[rand.choice((0, 1, 1, 2, 2, 2)) for _ in mine] for mine in wished]


def sealed_file(numbers: Numbers, seed: str) -> str:
    """The same city as the file of a run, with so few ranks that the lot has much to decide."""
    from chalicelib.schooling import lottery

    seats, choices, classes = numbers
    pupils = [
        {
            "ref": f"R{number:024x}",
            "rank": number // 4 + 1,
            "choices": [(f"s{s}", c) for s, c in zip(mine, own, strict=True)],
        }
        for number, (mine, own) in enumerate(zip(choices, classes, strict=True))
    ]
    head = {"format": 1, "run": "2026-440604-1-1", "policy": "demo-2026", "mechanism": "deferred_acceptance"}
    places = {f"s{school}": count for school, count in enumerate(seats)}
    return json.dumps(head | {"commitment": lottery.commitment(seed), "seats": places, "pupils": pupils})


def run(pupils: int = PUPILS, schools: int = SCHOOLS, first: int = FIRST) -> Iterator[Figure]:
    """The mechanism with enough places and with half of them, a whole run, and the library where it can follow."""
    for name, share in (("mechanism", 0.9), ("mechanism_crowded", 0.5)):
        say(f"schooling: {name}, {pupils:,} pupils, {schools} schools, {CHOICES} wishes")
        ours = _best(_ALLOCATE, _numbers(pupils, schools, share))
        yield Figure(f"schooling.{name}.time", ours.cpu, "s", "goal", GOAL_SECONDS)
    yield Figure("schooling.mechanism_crowded.memory", ours.peak_mb, "MB", "nothing", 0)
    yield Figure("schooling.mechanism_crowded.placed", ours.answer, "pupils", "seats", pupils / 2)
    setup = "from bench.schooling import city, sealed_file\nseed = '5e' * 32\n"
    setup += (
        f"file = sealed_file(city({pupils}, {schools}, {CHOICES}), seed)\nimport chalicelib.schooling.sealed"
    )
    whole = spent(_WHOLE, setup)
    yield Figure("schooling.whole_run.time", whole.cpu, "s", "goal", GOAL_SECONDS)
    yield Figure("schooling.whole_run.memory", whole.peak_mb, "MB", "mechanism_crowded", ours.peak_mb)
    yield from _beside_the_library(first, pupils)


def _numbers(pupils: int, schools: int, share: float) -> str:
    call = f"city({pupils}, {schools}, {CHOICES}, {share})"
    return f"from bench.schooling import city\nseats, choices, classes = {call}\nimport chalicelib.schooling.allocation"


def _best(work: str, setting_up: str) -> Spent:
    return min((spent(work, setting_up) for _ in range(ROUNDS)), key=lambda found: found.cpu)


def _beside_the_library(first: int, most: int) -> Iterator[Figure]:
    """Double the pupils until the library needs more than a minute; both on the last size that it finished."""
    size, known = first, None
    while size <= most and (found := _theirs(size)) is not None:
        known, size = (size, found), size * 2
    if known is None:
        say(f"schooling: the library does not finish {first} pupils in {MINUTE} s")
        return
    size, theirs = known
    ours = _best(_ALLOCATE, _numbers(size, _schools(size), 0.9))
    assert ours.answer == theirs.answer, "the library places others"
    yield Figure("schooling.library.largest", size, "pupils", "ours", most)
    yield Figure(f"schooling.library.at_{size}.time", ours.cpu, "s", "matching", theirs.cpu)
    yield Figure(f"schooling.library.at_{size}.memory", ours.peak_mb, "MB", "matching", theirs.peak_mb)


def _schools(pupils: int) -> int:
    return max(10, pupils * SCHOOLS // PUPILS)


def _theirs(pupils: int) -> Spent | None:
    """What the library takes; None when a minute of the processor is over, or ten of the clock on a busy machine."""
    say(f"schooling: matching, {pupils:,} pupils, {_schools(pupils)} schools")
    setup = _numbers(pupils, _schools(pupils), 0.9) + "\n"
    setup += "from bench.schooling import as_dictionaries\n"
    setup += "wishes, orders, places = as_dictionaries(seats, choices, classes)\nimport matching.games\n"
    setup += f"import resource\nlimit = int(_t.process_time()) + {MINUTE + 1}\n"
    setup += "resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))"
    try:
        found = spent(_LIBRARY, setup, seconds=10 * MINUTE)
    except subprocess.TimeoutExpired:
        return None
    except NotMeasured as ended:
        if str(-signal.SIGKILL) in str(ended) or str(-signal.SIGXCPU) in str(ended):
            return None
        raise
    return found if found.cpu <= MINUTE else None


def as_dictionaries(
    seats: list[int], choices: list[list[int]], classes: list[list[int]]
) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, int]]:
    """The same city as the library wants it: names, each side's order, places; schools that nobody wishes for left out."""
    wishes = {f"p{pupil}": [f"s{school}" for school in mine] for pupil, mine in enumerate(choices)}
    standing: dict[str, list[tuple[int, int]]] = {}
    for pupil, (mine, own) in enumerate(zip(choices, classes, strict=True)):
        for school, cls in zip(mine, own, strict=True):
            standing.setdefault(f"s{school}", []).append((cls, pupil))
    orders = {school: [f"p{pupil}" for _, pupil in sorted(found)] for school, found in standing.items()}
    return wishes, orders, {school: seats[int(school[1:])] for school in orders}
