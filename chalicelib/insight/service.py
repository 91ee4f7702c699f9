"""Statistics about people, as they may be shown: releases, what is read of them, and lists of names by duty."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from chalicelib import clock, keys, regions, tables
from chalicelib.actors import Actor
from chalicelib.errors import Field, Invalid
from chalicelib.insight import cohorts, disclosure, gathering, perturbation, releasing, store
from chalicelib.insight.disclosure import K
from chalicelib.insight.gathering import Resident
from chalicelib.insight.lists import ask_for_list, asked_lists, decide_list, names
from chalicelib.insight.model import Cell, CohortCell
from chalicelib.insight.perturbation import Tally, tally
from chalicelib.insight.policy import policy_on
from chalicelib.insight.releasing import Precision, Summary
from chalicelib.places import service as places
from chalicelib.shapes import Page

__all__ = [
    "Cell",
    "K",
    "Precision",
    "Summary",
    "Tally",
    "ask_for_list",
    "asked_lists",
    "cohorts_of",
    "communities",
    "decide_list",
    "names",
    "record_key_maker",
    "release_cohorts",
    "release_counts",
    "tally",
]

Table = Mapping[tuple[str, str], Iterable[int] | Tally]
_REGIONS_A_PAGE = 20


def record_key_maker() -> Callable[[str], int]:
    """A fast function from a person id to the person's record key: 32 bits that nobody outside can know.

    It depends on the current blind-index secret: after a change of that secret all noise is drawn anew.
    """
    current, versions = keys.secret_versions("blind_index")
    secret, digest = versions[current], hmac.digest
    length = perturbation.KEY_BITS // 8

    def make(person_id: str) -> int:
        return int.from_bytes(digest(secret, b"record\x1f" + person_id.encode(), "sha256")[:length])

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


def release_cohorts(
    residents: Iterable[Resident],
    unregistered: Iterable[tuple[str, str | None, str]],
    precision: Precision,
    moment: datetime,
    now: datetime,
    everywhere: Iterable[str] | None = None,
) -> Summary:
    """Make the release of a moment's day: school intakes and old people, now and projected, by region.

    ``residents``: everybody of the register, each once. ``unregistered``: id, month of birth and finest region of whoever was
    found not registered. ``everywhere``: the communities it is about, all of the city by default. One pass over each; memory
    grows with cells, not with people. The same day again replaces its release.
    """
    day = clock.local_date(moment)
    policy = policy_on(day)
    plan = cohorts.plan(policy, day)
    gathered = gathering.gather(residents, unregistered, plan, policy, day, record_key_maker())
    around = communities() if everywhere is None else list(everywhere)
    return releasing.release(gathered, plan, policy, precision, around, day, now)


def cohorts_of(actor: Actor, region: str, token: str | None) -> Page[CohortCell]:
    """What the newest release says of a region and of the regions directly inside it, 20 regions a page.

    Empty before the first release. Raises ``Invalid`` for what is no region down to the community,
    ``Forbidden`` outside the actor's scope.
    """
    known = places.division(region)
    if known is None:
        raise Invalid("division_unknown", fields=[Field("/region", "division_unknown")])
    actor.require_region(region)
    scope = f"cohorts#{region}"
    start = _place(token, scope)
    release = store.newest()
    if release is None:
        return Page(items=[])
    wanted = [region, *(inside.code for inside in places.divisions_under(region))]
    found = store.cells(release, wanted[start : start + _REGIONS_A_PAGE])
    end = start + _REGIONS_A_PAGE
    following = keys.sign_page({"scope": scope, "from": {"at": end}}) if end < len(wanted) else None
    items = [cell for code in wanted[start:end] for cell in found.get(code, [])]
    return Page(items=items, next=following)


def _place(token: str | None, scope: str) -> int:
    found = tables.position(token, scope)
    return int(found["at"]) if found else 0
