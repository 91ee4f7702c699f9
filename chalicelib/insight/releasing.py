"""A release of the cohorts: from tallies through disclosure control to what may be read."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from chalicelib.insight import disclosure, store
from chalicelib.insight.cohorts import Cohort, Plan, projected
from chalicelib.insight.disclosure import K, Protected
from chalicelib.insight.gathering import Gathered, Place
from chalicelib.insight.model import CohortCell, Method
from chalicelib.insight.perturbation import LIMIT, Tally
from chalicelib.insight.policy import Kind, Policy
from chalicelib.shapes import Shape

Levels = dict[str, dict[str, int]]


class Precision(Shape):
    """Of the finder's people whom visits could tell about, how many were there and not registered."""

    right: int
    told: int


class Summary(Shape):
    """What a release did, in numbers; counts of work, none about a group."""

    day: str
    people: int
    unknown: int
    unregistered: int
    regions: int
    cells: int
    suppressed: int


def release(
    gathered: Gathered,
    plan: Plan,
    policy: Policy,
    precision: Precision,
    places: list[str],
    day: date,
    now: datetime,
) -> Summary:
    """Protect, project and publish. Regions that hid others in the last release hide them again."""
    last = store.newest(before=day)
    levels: Mapping[str, Levels] = store.document(last)["levels"] if last else {}
    shown = _protect(gathered.registered, plan, places, levels.get("registered", {}))
    others = _protect(gathered.unregistered, plan, places, levels.get("unregistered", {}))
    share, basis = _share(policy, precision)
    methods = {kind: _method(gathered, policy, kind, share, basis) for kind in gathered.moving}
    values, estimates = _values(shown), _values(others)
    cells: dict[str, list[CohortCell]] = defaultdict(list)
    for region in sorted(next(iter(shown.values())).levels):
        for cohort in plan.cohorts:
            place = (cohort.figure, region)
            method = methods[cohort.kind]
            cells[region].append(_cell(cohort, region, values[place], estimates[place], method, day))
    document = _document(cells, {"registered": shown, "unregistered": others}, day)
    counted = [one for of_region in cells.values() for one in of_region]
    hidden = sum(one.registered_suppressed for one in counted)
    store.publish(day, cells, document, now, regions=len(cells), figures=len(counted), suppressed=hidden)
    return Summary(
        day=day.isoformat(),
        people=gathered.people,
        unknown=gathered.unknown,
        unregistered=gathered.unregistered_people,
        regions=len(cells),
        cells=len(counted),
        suppressed=hidden,
    )


def _protect(
    counts: Mapping[Place, Tally], plan: Plan, places: list[str], before: Levels
) -> dict[str, Protected]:
    found = {}
    for name, design in plan.designs.items():
        groups = disclosure.united_groups(design.figures.values())
        of_design = {place: tally for place, tally in counts.items() if place[0] in groups}
        found[name] = disclosure.release(of_design, design, places=places, before=before.get(name))
    return found


def _values(tables: Mapping[str, Protected]) -> dict[Place, int | None]:
    return {(cell.group, cell.region): cell.value for table in tables.values() for cell in table.cells}


def _share(policy: Policy, precision: Precision) -> tuple[float, bool]:
    """The share of the finder's people that counts, and whether it was measured."""
    if precision.told >= policy.precision.outcomes:
        return round(precision.right / precision.told, 3), True
    return policy.precision.assumed, False


def _method(gathered: Gathered, policy: Policy, kind: Kind, share: float, is_measured: bool) -> Method:
    rate = gathered.moving[kind].yearly(policy)
    return Method(
        k=K,
        noise=LIMIT,
        moves="assumed_none" if rate is None else "observed",
        moves_a_year=None if rate is None else round(rate, 3),
        precision=share,
        precision_basis="measured" if is_measured else "assumed",
    )


def _cell(
    cohort: Cohort, region: str, registered: int | None, found: int | None, method: Method, day: date
) -> CohortCell:
    """Everything after the control is worked out from published numbers alone, so it tells nothing new."""
    ahead = None if registered is None else projected(registered, method.moves_a_year, cohort.ahead)
    estimate = None if found is None else round(found * method.precision)
    registered, found = (one if one is not None and one >= K else None for one in (ahead, estimate))
    return CohortCell(
        cohort=cohort.name,
        region=region,
        year=cohort.year,
        projected=cohort.ahead > 0,
        registered=registered,
        registered_suppressed=registered is None,
        unregistered_estimate=found,
        unregistered_suppressed=found is None,
        method=method,
        released_on=day,
    )


def _document(
    cells: Mapping[str, list[CohortCell]], tables: Mapping[str, Mapping[str, Protected]], day: date
) -> dict[str, Any]:
    """The release whole: what may be read, and the level that each region shows of each table."""
    return {
        "released_on": day.isoformat(),
        "methods": {one.cohort: one.method.model_dump() for of_one in cells.values() for one in of_one},
        "items": [
            one.model_dump(mode="json", exclude={"method"}) for of_one in cells.values() for one in of_one
        ],
        "levels": {
            name: {design: table.levels for design, table in of_name.items()}
            for name, of_name in tables.items()
        },
    }
