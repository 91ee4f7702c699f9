"""Count changes exactly once, and read the counters."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from chalicelib import regions
from chalicelib.actors import Actor
from chalicelib.errors import Field, Forbidden, Invalid, Unavailable
from chalicelib.monitoring import periods, store
from chalicelib.monitoring.metrics import METRICS, Metric, Unreadable
from chalicelib.monitoring.model import Change, Parcel, deltas, pack, row_key
from chalicelib.shapes import Page, Shape
from chalicelib.tables import Cancelled

TRIES: Final = 6
Pause = Callable[[float], None]


class CounterView(Shape):
    """The number of one period; ``at`` names it (hours with offset, days, months)."""

    at: str
    region: str
    value: int


class CountResult(Shape):
    """What became of a batch: sequence numbers to deliver again, event ids put aside, parcels used."""

    again: list[str]
    parked: list[str]
    counted: int
    transactions: int


def count(changes: Iterable[Change], now: datetime, pause: Pause = time.sleep) -> CountResult:
    """Add a batch of changes to the counters, each change once whatever was delivered how often.

    Changes of one neighbourhood share a transaction of markers and counters. What a busy table did not
    take after ``TRIES`` attempts is named in ``again``; what can never be counted is parked.
    """
    unique = {(change.table, change.event_id): change for change in changes}
    ready, parked = [], []
    for change in unique.values():
        try:
            if counts := deltas(change):
                ready.append((change, counts))
        except Unreadable as problem:
            store.park(change, str(problem), now)
            parked.append(change.event_id)
    again: list[str] = []
    done = transactions = 0
    for parcel in pack(ready):
        rest, tries = _count_parcel(parcel, now, pause)
        again += [change.sequence for change, _ in rest.changes]
        done += len(parcel.changes) - len(rest.changes)
        transactions += tries
    return CountResult(again=again, parked=parked, counted=done, transactions=transactions)


def _count_parcel(parcel: Parcel, now: datetime, pause: Pause) -> tuple[Parcel, int]:
    """What is left of the parcel, and how many transactions were tried."""
    for attempt in range(TRIES):
        if not parcel.changes:
            return parcel, attempt
        try:
            store.count(parcel, now)
            return Parcel(), attempt + 1
        except Cancelled:
            parcel = parcel.without(store.counted(change for change, _ in parcel.changes))
        except Unavailable:
            pause(random.uniform(0, 0.05 * 2**attempt))
    return parcel, TRIES


def counters(
    actor: Actor, metric: str, region: str, by: periods.By, start: str | None, end: str | None, now: datetime
) -> Page[CounterView]:
    """A metric's numbers in a region, period by period, with zeros where nothing happened.

    Raises ``Invalid`` for an unknown metric or region and for a range that is too long, ``Forbidden``
    outside the actor's scope. One query.
    """
    known = _metric(metric)
    _require_scope(actor, region)
    names = periods.periods(by, start, end, now)
    rows = store.read(row_key(metric, region), *periods.row_range(known.kind, names))
    numbers = periods.values(known.kind, by, names, rows)
    items = [
        CounterView(at=periods.label(by, name), region=region, value=number)
        for name, number in zip(names, numbers, strict=True)
    ]
    return Page(items=items)


def _metric(code: str) -> Metric:
    if code not in METRICS:
        raise Invalid("metric_unknown", fields=[Field("/metric", "field_choice")], allowed=", ".join(METRICS))
    return METRICS[code]


def _require_scope(actor: Actor, region: str) -> None:
    """A grid worker's scope is grids; the counters of the community around a grid are theirs to see."""
    try:
        level = regions.level(region)
    except ValueError:
        raise Invalid("counter_region_unknown", fields=[Field("/region", "field_form")]) from None
    if level in {"grid", "building"}:
        raise Invalid("counter_region_too_fine", fields=[Field("/region", "value_invalid")])
    around = level == "community" and any(scope.startswith(region) for scope in actor.scopes)
    if not around and not actor.covers(region):
        raise Forbidden("region_out_of_scope")


def metrics() -> Page[Metric]:
    """Everything that is counted, with titles."""
    return Page(items=list(METRICS.values()))
