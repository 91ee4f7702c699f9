"""Two mechanisms that give out school places, over plain integers. Pure; nothing else is imported.

``deferred_acceptance`` is the student-proposing algorithm of D. Gale and L. S. Shapley, *College Admissions and the Stability of
Marriage* (American Mathematical Monthly 69, 1962), as A. Abdulkadiroğlu and T. Sönmez put it for schools in *School Choice: A
Mechanism Design Approach* (American Economic Review 93, 2003): the result is stable, no other stable one is better for any pupil, and
nobody gains by hiding true wishes. ``points_first`` ("积分优先、遵循志愿") is its special case in which every school has the same order:
the pupils choose one after another (serial dictatorship).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import Final, Literal

Mechanism = Literal["deferred_acceptance", "points_first"]
NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Problem:
    """Pupils and schools as numbers from 0. Pupils stand in the common order (points, tie-break, lot), the first one first.

    ``seats[s]``: places of a school. ``choices[p]``: a pupil's schools, the dearest first, each at most once. ``classes[p]``:
    the pupil's class at each of them, 0 before 1; within a class the common order decides.
    """

    seats: Sequence[int]
    choices: Sequence[Sequence[int]]
    classes: Sequence[Sequence[int]]


def deferred_acceptance(problem: Problem) -> list[int]:
    """The school of each pupil, or ``NOWHERE``. At most one heap operation for each choice: O(m log s).

    A school keeps whom it would take in a heap with the last one on top. One integer, ``-(class × pupils + pupil)``, is both a pupil's
    standing there and who it is, so that nothing is looked up and nothing allocated.
    """
    seats, choices, classes = problem.seats, problem.choices, problem.classes
    pupils = len(choices)
    held: list[list[int]] = [[] for _ in seats]
    asked = [0] * pupils
    for newcomer in range(pupils):
        pupil = newcomer
        while asked[pupil] < len(choices[pupil]):
            wish = asked[pupil]
            asked[pupil] = wish + 1
            school = choices[pupil][wish]
            standing = -(classes[pupil][wish] * pupils + pupil)
            if len(held[school]) < seats[school]:
                heappush(held[school], standing)
                break
            if held[school]:
                pupil = -heappushpop(held[school], standing) % pupils
    return _places(held, pupils)


def _places(held: Sequence[Sequence[int]], pupils: int) -> list[int]:
    places = [NOWHERE] * pupils
    for school, standings in enumerate(held):
        for standing in standings:
            places[-standing % pupils] = school
    return places


def points_first(problem: Problem) -> list[int]:
    """The school of each pupil, or ``NOWHERE``: by class and common order each takes the dearest school that has a place left.

    Raises ``ValueError`` when a pupil's class differs between schools: then there is no common order.
    """
    left, order = list(problem.seats), []
    for pupil, classes in enumerate(problem.classes):
        if len(set(classes)) > 1:
            raise ValueError("points first needs one class for each pupil")
        order.append((classes[0] if classes else 0, pupil))
    places = [NOWHERE] * len(order)
    for _, pupil in sorted(order):
        free = next((school for school in problem.choices[pupil] if left[school] > 0), NOWHERE)
        places[pupil] = free
        if free != NOWHERE:
            left[free] -= 1
    return places


MECHANISMS: Final[dict[str, Callable[[Problem], list[int]]]] = {
    "deferred_acceptance": deferred_acceptance,
    "points_first": points_first,
}
