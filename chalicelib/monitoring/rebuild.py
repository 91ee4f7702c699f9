"""The nightly proof: count the records again and compare with the counters.

It is right while writes go on because of two rules. Only days that are closed are compared. And a
difference counts only when a second look, a pause longer than the streams' usual delay later, sees
the very same two numbers: a change that was under way during the first look has arrived by the
second, and a slot that moves in between (an import of old registrations) is ``unsettled``, not wrong.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from chalicelib import aws, config
from chalicelib.monitoring import periods, store
from chalicelib.monitoring.metrics import TABLES, Contribution, Unreadable, metrics_of
from chalicelib.monitoring.model import Slot, day_of, kept_key, metric_and_region, row_key, slot_of
from chalicelib.monitoring.service import Pause
from chalicelib.regions import ancestors
from chalicelib.shapes import Shape
from chalicelib.tables import Cancelled

SEGMENTS: Final = 4
SETTLING_SECONDS: Final = 60
ROWS_A_REPAIR: Final = 49
Pairs = dict[Slot, tuple[int, int]]


class Difference(Shape):
    """A counter that is not what the records say; ``hour`` only for flows."""

    metric: str
    region: str
    day: str
    hour: str | None
    counted: int
    expected: int


class Rebuilt(Shape):
    """The night's report. ``unreadable``: records that cannot be counted and are on the parked list."""

    day: str
    records: int
    unreadable: int
    compared: int
    unsettled: int
    repaired: int
    differences: list[Difference]


class Look(Shape):
    """One pass over records and counters: the differing slots as (counted, expected)."""

    records: int
    unreadable: int
    compared: int
    differing: Mapping[Slot, tuple[int, int]]


def rebuild(
    day: date, run: str, now: datetime, *, repair: bool = False, pause: Pause = time.sleep
) -> Rebuilt:
    """Count all records again, compare every day before ``day``, report, and repair when asked to.

    ``run`` names this run: a repeat of it repairs nothing twice. The report is stored under
    ``published/counters/differences/{day}.json`` and returned.
    """
    last_day = periods.days_before(day)
    first = look(last_day)
    confirmed: Pairs = {}
    unsettled = 0
    if first.differing:
        pause(SETTLING_SECONDS)
        second = look(last_day)
        confirmed = {s: pair for s, pair in second.differing.items() if first.differing.get(s) == pair}
        unsettled = len(second.differing) - len(confirmed)
    report = Rebuilt(
        day=last_day,
        records=first.records,
        unreadable=first.unreadable,
        compared=first.compared,
        unsettled=unsettled,
        repaired=_repair(confirmed, run, now) if repair else 0,
        differences=[_difference(slot, *pair) for slot, pair in sorted(confirmed.items())],
    )
    _publish(report)
    return report


def look(last_day: str) -> Look:
    """Compare the records with the counters once, up to and with a day."""
    expected, records, unreadable = _from_records()
    counted: Counter[Slot] = Counter()
    for slot, amount in store.slots(SEGMENTS):
        if slot.pk.startswith("KEPT#"):
            expected[slot] += amount
        else:
            counted[slot] = amount
    wanted = _rolled_up(expected)
    everywhere = {slot for slot in wanted.keys() | counted.keys() if day_of(slot) <= last_day}
    differing = {s: (counted[s], wanted[s]) for s in everywhere if counted[s] != wanted[s]}
    return Look(records=records, unreadable=unreadable, compared=len(everywhere), differing=differing)


def _from_records() -> tuple[Counter[Slot], int, int]:
    """What the records say, at their own level, with how many were counted and how many unreadable."""
    found: Counter[Slot] = Counter()
    records = unreadable = 0
    for table in TABLES:
        for image in store.images(table, SEGMENTS):
            try:
                contributions = metrics_of(table, image)
            except Unreadable:
                unreadable += 1
                continue
            records += bool(contributions)
            for contribution in contributions:
                found[_own_slot(contribution)] += contribution.amount
    return found, records, unreadable


def _own_slot(contribution: Contribution) -> Slot:
    key = kept_key(contribution.metric, contribution.region)
    return slot_of(key, contribution.metric, contribution.at)


def _rolled_up(own: Mapping[Slot, int]) -> Counter[Slot]:
    """Each record's own region summed into every region around it."""
    found: Counter[Slot] = Counter()
    for slot, amount in own.items():
        metric, region = metric_and_region(slot.pk)
        for code in ancestors(region):
            found[Slot(row_key(metric, code), slot.sk, slot.name)] += amount
    return found


def _difference(slot: Slot, counted: int, expected: int) -> Difference:
    metric, region = metric_and_region(slot.pk)
    hour = slot.name[3:] if "T" in slot.name else None
    return Difference(
        metric=metric, region=region, day=day_of(slot), hour=hour, counted=counted, expected=expected
    )


def _repair(confirmed: Pairs, run: str, now: datetime) -> int:
    """Set confirmed slots right; a parcel in which something moved meanwhile is left for the next night."""
    rows: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for slot, pair in confirmed.items():
        rows.setdefault((slot.pk, slot.sk), {})[slot.name] = pair
    keys = sorted(rows)
    repaired = 0
    for start in range(0, len(keys), ROWS_A_REPAIR):
        parcel = {key: rows[key] for key in keys[start : start + ROWS_A_REPAIR]}
        try:
            store.repair(parcel, run, now)
        except Cancelled:
            continue
        repaired += sum(map(len, parcel.values()))
    return repaired


def _publish(report: Rebuilt) -> None:
    text = json.dumps(report.model_dump(), ensure_ascii=False)
    aws.client("s3").put_object(
        Bucket=config.bucket("published"),
        Key=f"counters/differences/{report.day}.json",
        Body=text.encode(),
        ContentType="application/json",
    )
