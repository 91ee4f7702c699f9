"""An attacker with a linear solver, who knows every figure published, exactly and without noise, and that people are not negative."""

from collections.abc import Iterable

import numpy as np

from chalicelib import regions
from chalicelib.insight.disclosure import Counts, Design, Protected

_TINY = 1e-7


class Attacker:
    """Knows the shown cells of one or more tables over the same people; asks what a hidden cell can be at most."""

    def __init__(self, counts: Counts, places: Iterable[str]) -> None:
        self.counts = counts
        groups = sorted({group for group, _ in counts})
        everywhere = sorted({place for _, place in counts} | set(places))
        self.people = [(group, place) for group in groups for place in everywhere]
        self._rows: list[np.ndarray] = []
        self._sums: list[float] = []

    def _mask(self, groups: frozenset[str], region: str) -> np.ndarray:
        inside = [g in groups and regions.covers(region, place) for g, place in self.people]
        return np.array(inside, dtype=float)

    def true(self, groups: frozenset[str], region: str) -> int:
        return sum(
            tally.count
            for (g, place), tally in self.counts.items()
            if g in groups and regions.covers(region, place)
        )

    def learn(self, design: Design, table: Protected) -> None:
        for cell in table.cells:
            if not cell.suppressed:
                groups = design.figures[cell.group]
                self._rows.append(self._mask(groups, cell.region))
                self._sums.append(float(self.true(groups, cell.region)))

    def at_most(self, groups: frozenset[str], region: str) -> float:
        """The largest count of the cell that fits all that is known; infinity when nothing bounds it."""
        wanted = self._mask(groups, region)
        if not self._rows:
            return np.inf if wanted.any() else 0.0
        return largest(np.array(self._rows), np.array(self._sums), wanted)


def largest(rows: np.ndarray, sums: np.ndarray, wanted: np.ndarray) -> float:
    """max wanted·x where rows·x = sums and x >= 0: the simplex method in two phases, by Bland's rule."""
    many, count = rows.shape
    tableau = np.hstack([rows, np.eye(many), sums[:, None]])
    basis = list(range(count, count + many))
    first = np.concatenate([np.zeros(count), -np.ones(many)])
    assert abs(_climb(tableau, basis, first, count + many)) < _TINY, "what was published contradicts itself"
    for row, column in enumerate(
        basis
    ):  # What is left of the first phase is zero: it leaves, or its row says nothing.
        if column >= count:
            others = np.flatnonzero(np.abs(tableau[row, :count]) > _TINY)
            if others.size:
                _pivot(tableau, basis, row, int(others[0]))
    return _climb(tableau, basis, np.concatenate([wanted, np.zeros(many)]), count)


def _climb(tableau: np.ndarray, basis: list[int], gain: np.ndarray, allowed: int) -> float:
    while True:
        prices = gain[basis] @ tableau[:, :-1] - gain
        better = np.flatnonzero(prices[:allowed] < -_TINY)
        if not better.size:
            return float(gain[basis] @ tableau[:, -1])
        enter = int(better[0])
        steps = [
            (tableau[row, -1] / tableau[row, enter], basis[row], row)
            for row in range(len(basis))
            if tableau[row, enter] > _TINY
        ]
        if not steps:
            return np.inf
        _pivot(tableau, basis, min(steps)[2], enter)


def _pivot(tableau: np.ndarray, basis: list[int], row: int, column: int) -> None:
    tableau[row] /= tableau[row, column]
    for other in range(len(basis)):
        if other != row and abs(tableau[other, column]) > _TINY:
            tableau[other] -= tableau[other, column] * tableau[row]
    basis[row] = column
