"""Statistics about people, as they may be shown."""

import hmac
from collections.abc import Callable, Iterable, Mapping

from chalicelib import keys, regions
from chalicelib.insight import disclosure, perturbation
from chalicelib.insight.disclosure import K
from chalicelib.insight.model import Cell
from chalicelib.insight.perturbation import Tally, tally
from chalicelib.places import service as places

__all__ = ["Cell", "K", "Tally", "communities", "record_key_maker", "release_counts", "tally"]

Table = Mapping[tuple[str, str], Iterable[int] | Tally]


def record_key_maker() -> Callable[[str], int]:
    """A fast function from a person id to the person's record key: 32 bits that nobody outside can know.

    It depends on the current blind-index secret: after a change of that secret all noise is drawn anew.
    """
    current, versions = keys.secret_versions("blind_index")
    secret, digest = versions[current], hmac.digest
    bytes_ = perturbation.KEY_BITS // 8

    def make(person_id: str) -> int:
        return int.from_bytes(digest(secret, b"record\x1f" + person_id.encode(), "sha256")[:bytes_])

    return make


def release_counts(
    table: Table, *, total: str | None = None, k: int = K, everywhere: Iterable[str] | None = None
) -> list[Cell]:
    """People by (group, region) as they may be shown: every region around them, each figure or its suppression.

    ``table``: record keys (``record_key_maker``), each person once, or tallies of them; the region is the finest known, a
    community at best. ``total`` names the sum of all groups, which are then one table and must share nobody;
    without it each group is shown by itself, and no other table may show their sum. ``everywhere``: communities
    that the table is about though nobody is there, by default all of the city.
    """
    counts = {place: of if isinstance(of, Tally) else tally(of) for place, of in table.items()}
    groups = sorted({group for group, _ in counts})
    around = communities() if everywhere is None else list(everywhere)
    designs = [disclosure.with_total(groups, total)] if total else [disclosure.single(one) for one in groups]
    return [
        cell
        for design in designs
        for cell in disclosure.release(_of(counts, design), design, places=around, k=k).cells
    ]


def _of(counts: Mapping[tuple[str, str], Tally], design: disclosure.Design) -> disclosure.Counts:
    wanted = disclosure.united_groups(design.figures.values())
    return {(group, region): one for (group, region), one in counts.items() if group in wanted}


def communities() -> list[str]:
    """The codes of all communities of the city that lie in a town."""
    towns = places.towns_in(regions.CITY)
    return [community.code for town in towns for community in places.divisions_under(town)]
