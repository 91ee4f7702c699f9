"""From scored pairs to clusters: which records are one person, and which joins are refused. Pure.

The same records, pairs and judgements give the same clusters, in whatever order they come: everything is
put into a canonical order first. What belongs to different connected parts never meets, so that a part may
be clustered alone.

Precedence, highest first: what people judged, the newest first; a valid number that two records share;
pairs by falling weight. A join is refused when it would put two different valid numbers into one
cluster (a person has one: Law on Resident Identity Cards, art. 3), or two sides that somebody judged to be
different people. A refused join is for a person to look at; the program settles neither.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

Why = Literal["two_numbers", "judged_apart"]


class Record(NamedTuple):
    """A department's row. ``label`` names source and record; ``number`` is its valid number, or a key of it."""

    label: str
    number: str | None = None


class Pair(NamedTuple):
    """How surely two records are of one person; any measure will do, if more is surer."""

    left: str
    right: str
    weight: float


class Judgement(NamedTuple):
    """What somebody decided: all records ``together``, or none of the left with one of the right (``apart``).

    ``at`` orders judgements; where two contradict each other, the newer one counts.
    """

    id: str
    kind: Literal["together", "apart"]
    left: frozenset[str]
    right: frozenset[str]
    at: str = ""


class Refusal(NamedTuple):
    """A pair sure enough to be joined, and the rule that forbids it."""

    left: str
    right: str
    weight: float
    why: Why


class Partition(NamedTuple):
    """The clusters, each sorted; what was refused; and the pairs that are neither joined nor dismissed."""

    clusters: tuple[tuple[str, ...], ...]
    refused: tuple[Refusal, ...]
    grey: tuple[Pair, ...]


def partition(
    records: Iterable[Record],
    pairs: Iterable[Pair],
    judgements: Iterable[Judgement] = (),
    *,
    link_at: float,
    review_from: float = math.inf,
) -> Partition:
    """The clusters of the records.

    Pairs from ``link_at`` on are joined where nothing forbids it; those from ``review_from`` to below
    ``link_at`` that would change something are ``grey``. Pairs and judgements may name records that are
    not among the given ones: these are left out. Of two clusters only the strongest pair is told.
    """
    forest = _Forest({record.label: record.number for record in sorted(records)})
    forest.judge(judgements)
    forest.join_numbers()
    scored = _strongest_first(pairs, forest.numbers)
    refused = [_refusal(forest, pair) for pair in scored if pair.weight >= link_at]
    grey = [pair for pair in scored if review_from <= pair.weight < link_at]
    open_ = [pair for pair in grey if forest.forbids(pair.left, pair.right) is None]
    return Partition(
        forest.clusters(),
        tuple(_once(forest, [refusal for refusal in refused if refusal])),
        tuple(_once(forest, open_)),
    )


def _strongest_first(pairs: Iterable[Pair], known: Mapping[str, str | None]) -> list[Pair]:
    """The pairs of known records, each once with its highest weight, in canonical order."""
    best: dict[tuple[str, str], float] = {}
    for left, right, weight in pairs:
        ends = (left, right) if left <= right else (right, left)
        if left != right and left in known and right in known:
            best[ends] = max(weight, best.get(ends, weight))
    made = [Pair(left, right, weight) for (left, right), weight in best.items()]
    return sorted(made, key=lambda pair: (-pair.weight, pair.left, pair.right))


def _refusal(forest: "_Forest", pair: Pair) -> Refusal | None:
    """Join the pair; what forbids it, if anything."""
    why = forest.forbids(pair.left, pair.right)
    if why is None:
        forest.join(pair.left, pair.right)
        return None
    return Refusal(pair.left, pair.right, pair.weight, why)


def _once[P: (Pair, Refusal)](forest: "_Forest", told: Sequence[P]) -> list[P]:
    """The first of those between the same two clusters, and none inside a cluster."""
    found: dict[tuple[str, ...], P] = {}
    for one in told:
        ends = tuple(sorted((forest.root(one.left), forest.root(one.right))))
        if ends[0] != ends[1]:
            found.setdefault(ends, one)
    return list(found.values())


class _Forest:
    """Union-find whose trees know their numbers and the sides of judgements that they hold."""

    def __init__(self, numbers: dict[str, str | None]) -> None:
        self.numbers = numbers
        self._parent = {label: label for label in numbers}
        self._size = dict.fromkeys(numbers, 1)
        self._held = {label: {number} if number else set() for label, number in numbers.items()}
        self._sides: dict[str, dict[str, str]] = {}

    def root(self, label: str) -> str:
        """The tree of a record."""
        while (up := self._parent[label]) != label:
            self._parent[label] = label = self._parent[up]
        return label

    def forbids(self, left: str, right: str, *, numbers: bool = True) -> Why | None:
        """Why the clusters of two records may not become one."""
        a, b = self.root(left), self.root(right)
        if a == b:
            return None
        sides, others = self._sides.get(a, {}), self._sides.get(b, {})
        if any(others.get(judgement, side) != side for judgement, side in sides.items()):
            return "judged_apart"
        held, theirs = self._held[a], self._held[b]
        return "two_numbers" if numbers and not (held <= theirs or theirs <= held) else None

    def join(self, left: str, right: str) -> None:
        """Make the clusters of two records one."""
        small, large = sorted((self.root(left), self.root(right)), key=lambda root: (self._size[root], root))
        if small == large:
            return
        self._parent[small] = large
        self._size[large] += self._size[small]
        self._held[large] |= self._held[small]
        if sides := self._sides.get(small):
            self._sides.setdefault(large, {}).update(sides)

    def judge(self, judgements: Iterable[Judgement]) -> None:
        """Apply what people decided, the newest first, so that an older contradiction finds it in its way."""
        for one in sorted(judgements, key=lambda j: (j.at, j.id), reverse=True):
            left = sorted(label for label in one.left if label in self.numbers)
            right = sorted(label for label in one.right if label in self.numbers)
            if one.kind == "together":
                self._together(left + right)
            elif not {self.root(label) for label in left} & {self.root(label) for label in right}:
                self._mark(one.id, left, "left")
                self._mark(one.id, right, "right")

    def _together(self, labels: list[str]) -> None:
        for label in labels[1:]:
            if self.forbids(labels[0], label, numbers=False) is None:
                self.join(labels[0], label)

    def _mark(self, judgement: str, labels: list[str], side: str) -> None:
        for label in labels:
            self._sides.setdefault(self.root(label), {})[judgement] = side

    def join_numbers(self) -> None:
        """Join the records that share a valid number, unless somebody judged them to be different people."""
        holders: dict[str, list[str]] = {}
        for label, number in self.numbers.items():
            if number:
                self._join_first(label, holders.setdefault(number, []))

    def _join_first(self, label: str, holders: list[str]) -> None:
        for holder in holders:
            if self.forbids(holder, label) is None:
                self.join(holder, label)
                return
        holders.append(label)

    def clusters(self) -> tuple[tuple[str, ...], ...]:
        """The trees, each sorted, in order of their first records."""
        found: dict[str, list[str]] = {}
        for label in self.numbers:
            found.setdefault(self.root(label), []).append(label)
        return tuple(sorted(tuple(sorted(cluster)) for cluster in found.values()))
