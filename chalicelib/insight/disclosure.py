"""Disclosure control: what of a table about people may be shown. Pure; every figure about people passes here.

A table counts groups of people by region, in the fixed hierarchy city > district > town > community.
Totals are computed first. Then each region shows its people in one of the design's *levels* (finest first: all
groups; coarser: the total; last: nothing), so that

1. every cell of the level that a region shows counts at least ``k`` people, and so does the number published for it;
2. a region shows no finer level than the region around it;
3. of the regions inside one, those that do not show a level are none, or at least two that together hold ``k``
   people in every cell of that level: subtracting the others from the whole tells of a crowd, never of a small cell.

Why nothing small can be derived, even by somebody who knew all noise: what is hidden of a level is a matrix (cells
by hidden regions) of which only the sums of rows and columns are known. By 3 each row's sum is at least ``k``, by 1
each column's (or, where the coarser level is hidden as well, their sum). A matrix with such sums exists in which
any chosen cell is as large as the smaller of its two sums (Fréchet 1951): nobody can rule out that the cell
counts ``k`` or more. Further down, the whole of that cell may lie in any one part. See docs/insight.md.

What is published of a cell is its count with its own noise (``perturbation``), totals too: they do not add up exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib import regions
from chalicelib.insight.model import Cell, Released
from chalicelib.insight.perturbation import Tally, perturbed, united

K: Final = 10
Groups = frozenset[str]
Counts = Mapping[tuple[str, str], Tally]


@dataclass(frozen=True)
class Design:
    """A standard table: its figures by name, each the union of groups that share nobody, and its levels.

    Each level is a partition of the groups (or of some of them), finest first; what a later one joins, an earlier one has.
    A figure is shown where it is a union of cells of the region's level.
    """

    figures: Mapping[str, Groups]
    levels: tuple[tuple[Groups, ...], ...]

    def __post_init__(self) -> None:
        for level in self.levels:
            if len(united_groups(level)) != sum(len(cell) for cell in level):
                raise ValueError("cells of one level share groups")
        for finer, coarser in zip(self.levels, self.levels[1:], strict=False):
            if not all(is_union(cell, finer) for cell in coarser):
                raise ValueError("a level joins what the one before it does not have")
        if not all(groups and is_union(groups, self.levels[0]) for groups in self.figures.values()):
            raise ValueError("a figure is no union of cells")

    def shown_at(self, level: int) -> list[str]:
        """The figures that a region at this level shows; none beyond the last level."""
        if level >= len(self.levels):
            return []
        return [name for name, groups in self.figures.items() if is_union(groups, self.levels[level])]


def united_groups(cells: Iterable[Groups]) -> Groups:
    """All groups of the cells."""
    return frozenset[str]().union(*cells)


def is_union(groups: Groups, cells: Sequence[Groups]) -> bool:
    """Whether the groups are exactly some of the cells together."""
    return united_groups(cell for cell in cells if cell <= groups) == groups


def single(group: str) -> Design:
    """One figure by region, which shares nobody with any other published figure."""
    groups = frozenset({group})
    return Design({group: groups}, ((groups,),))


def with_total(groups: Iterable[str], total: str) -> Design:
    """Groups that share nobody and the sum of them all: a region shows all, or the sum, or nothing."""
    each = tuple(frozenset({group}) for group in sorted(set(groups)))
    everybody = united_groups(each)
    figures = {next(iter(cell)): cell for cell in each} | {total: everybody}
    return Design(figures, (each, (everybody,)) if len(each) > 1 else (each,))


@dataclass
class _Tree:
    """The regions of a table with the people of each; ``places`` of nobody count zero.

    People who are known in a region only, and in none of its parts, are in a part that is never shown.
    """

    inside: dict[str, list[str]] = field(default_factory=dict)
    people: dict[str, dict[str, Tally]] = field(default_factory=dict)

    def put(self, place: str, group: str, tally: Tally) -> None:
        """Count people in a place and in every region around it."""
        for code in regions.ancestors(place):
            there = self.people.setdefault(code, {})
            there[group] = there.get(group, Tally()) + tally

    def of(self, code: str, groups: Groups) -> Tally:
        """The people of some groups in a region."""
        there = self.people.get(code, {})
        return united(there[group] for group in groups if group in there)


_UNPLACED: Final = "?"


def _tree(counts: Counts, places: Iterable[str]) -> _Tree:
    tree = _Tree()
    everywhere = {place for _, place in counts} | set(places)
    for code in sorted({code for place in everywhere for code in regions.ancestors(place)}):
        chain = regions.ancestors(code)
        if len(chain) > 1:
            tree.inside.setdefault(chain[-2], []).append(code)
    for (group, place), tally in counts.items():
        tree.put(place, group, tally)
        if place in tree.inside:
            unplaced = place + _UNPLACED
            tree.people.setdefault(unplaced, {})[group] = tally
            if unplaced not in tree.inside[place]:
                tree.inside[place].append(unplaced)
    return tree


def release(
    counts: Counts,
    design: Design,
    *,
    places: Iterable[str] = (),
    k: int = K,
    before: Mapping[str, int] | None = None,
) -> "Protected":
    """The table as it may be published: every region of ``counts`` and ``places`` with every figure.

    ``counts``: people by (group, region), in the finest region known of them. ``before``: the levels of the last
    release of this table; regions hidden to protect others stay the same ones, so that comparing releases tells nothing.
    """
    tree = _tree(counts, places)
    nothing = len(design.levels)
    levels = {regions.CITY: _finest(tree, regions.CITY, design, k)}
    for around in sorted(tree.inside, key=lambda code: (code != regions.CITY, len(code), code)):
        levels |= _settle(tree, around, levels[around], design, k, before or {})
    shown = {code: level for code, level in levels.items() if not code.endswith(_UNPLACED)}
    names = {level: set(design.shown_at(level)) for level in range(nothing + 1)}
    cells = [
        _cell(tree, code, name, groups, name in names[level])
        for code, level in sorted(shown.items())
        for name, groups in design.figures.items()
    ]
    return Protected(cells, shown)


@dataclass(frozen=True)
class Protected:
    """What may be published, and the level that each region shows: to be handed to the next release."""

    cells: list[Cell]
    levels: dict[str, int]


def _cell(tree: _Tree, code: str, name: str, groups: Groups, is_shown: bool) -> Cell:
    value = perturbed(tree.of(code, groups)) if is_shown else None
    return Cell(group=name, region=code, value=value, suppressed=not is_shown)


def _finest(tree: _Tree, code: str, design: Design, k: int) -> int:
    """The finest level of which every cell, and every number published for one, is at least ``k``."""
    for level, cells in enumerate(design.levels):
        published = (design.figures[name] for name in design.shown_at(level))
        if all(tree.of(code, cell).count >= k for cell in cells) and all(
            perturbed(tree.of(code, groups)) >= k for groups in published
        ):
            return level
    return len(design.levels)


def _settle(
    tree: _Tree, around: str, level_around: int, design: Design, k: int, before: Mapping[str, int]
) -> dict[str, int]:
    """The levels of the regions inside one: their own, coarsened until rule 3 holds at every level."""
    parts = tree.inside[around]
    nothing = len(design.levels)
    levels = {
        code: nothing if code.endswith(_UNPLACED) else max(level_around, _finest(tree, code, design, k))
        for code in parts
    }
    for level in range(level_around, nothing):
        cells = design.levels[level]

        everybody = united_groups(cells)

        def turn(code: str, level: int = level, everybody: Groups = everybody) -> tuple[bool, int, int, str]:
            """Those hidden in the last release first, then those that lose least, then by their people's keys.

            Not by size: whoever knew that the smallest is hidden along would know that it is smaller than all shown.
            """
            return before.get(code, 0) <= level, -levels[code], tree.of(code, everybody).key, code

        rest = sorted((code for code in parts if levels[code] <= level), key=turn)
        hidden = [code for code in parts if levels[code] > level]
        while hidden and rest and not _is_crowd(tree, hidden, cells, k):
            levels[rest[0]] = level + 1
            hidden.append(rest.pop(0))
    return levels


def _is_crowd(tree: _Tree, hidden: list[str], cells: tuple[Groups, ...], k: int) -> bool:
    """Rule 3: at least two regions, and together ``k`` people in every cell."""
    return len(hidden) > 1 and all(sum(tree.of(code, cell).count for code in hidden) >= k for cell in cells)


__all__ = ["Cell", "Design", "K", "Protected", "Released", "Tally", "release", "single", "with_total"]
