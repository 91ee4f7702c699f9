"""The counters' rules: changes and their deltas, rows and slots, packing, periods and sums. No I/O."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from chalicelib import regions
from chalicelib.monitoring.metrics import METRICS, Contribution, Image, closing, metrics_of

WRITES: Final = 100
SLOTS: Final = 120


@dataclass(frozen=True)
class Change:
    """One record of a stream: ``event_id`` is the same on every delivery; images as plain values."""

    event_id: str
    sequence: str
    table: str
    at: datetime
    old: Image | None
    new: Image | None


class Slot(NamedTuple):
    """One number of one row, which is a month: a flow has a slot for each hour (``23T09``), a gauge one
    for each day (``23``). Days, months and totals are sums of slots."""

    pk: str
    sk: str
    name: str


def row_key(metric: str, region: str) -> str:
    """The hash key of a metric's counters in a region."""
    return f"COUNT#{metric}#{region}"


def kept_key(metric: str, region: str) -> str:
    """The hash key of what removed records had contributed: it stays counted (see ``deltas``)."""
    return f"KEPT#{metric}#{region}"


def slot_of(pk: str, metric: str, at: str) -> Slot:
    """Where an hour of a metric is kept."""
    if METRICS[metric].kind == "gauge":
        return Slot(pk, at[:7], at[8:10])
    return Slot(pk, at[:7], at[8:])


def day_of(slot: Slot) -> str:
    """The date of a slot: ``2026-11-23``."""
    return f"{slot.sk}-{slot.name[:2]}"


def metric_and_region(pk: str) -> tuple[str, str]:
    """What ``row_key`` and ``kept_key`` put together."""
    _, metric, region = pk.split("#")
    return metric, region


def spread(contributions: Iterable[Contribution]) -> Counter[Slot]:
    """The slots that contributions change, at every level from the community up to the city."""
    found: Counter[Slot] = Counter()
    for metric, region, at, amount in contributions:
        for code in regions.ancestors(region):
            found[slot_of(row_key(metric, code), metric, at)] += amount
    return found


def kept(contributions: Iterable[Contribution]) -> Counter[Slot]:
    """The slots of the ledger of removed records, at the record's own level only."""
    found: Counter[Slot] = Counter()
    for metric, region, at, amount in contributions:
        found[slot_of(kept_key(metric, region), metric, at)] += amount
    return found


def deltas(change: Change) -> Counter[Slot]:
    """What a change adds to which slots; zeros left out. Deltas commute: any order gives the same sum.

    A removed record (retention, deletion) stays counted, for what happened has happened; what it
    held in force ends at its removal. The ledger remembers both, so that a rebuild from the records
    that are left still arrives at the same counters. Raises ``Unreadable``.
    """
    before = metrics_of(change.table, change.old)
    if change.new is None:
        ended = closing(before, change.at)
        counts = spread(ended)
        counts.update(kept([*before, *ended]))
        return _without_zeros(counts)
    after = spread(metrics_of(change.table, change.new))
    after.subtract(spread(before))
    return _without_zeros(after)


def _without_zeros(counts: Counter[Slot]) -> Counter[Slot]:
    return Counter({slot: amount for slot, amount in counts.items() if amount})


@dataclass
class Parcel:
    """Changes that one transaction counts: a marker each, and an update for each row they touch."""

    changes: list[tuple[Change, Counter[Slot]]] = field(default_factory=list)
    amounts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    @property
    def writes(self) -> int:
        """How many items the transaction would hold."""
        return len(self.changes) + len(self.amounts)

    def takes(self, counts: Counter[Slot]) -> bool:
        """Whether one more change fits within DynamoDB's limits."""
        new_rows = {(s.pk, s.sk) for s in counts} - self.amounts.keys()
        if self.writes + 1 + len(new_rows) > WRITES:
            return False
        return all(len(self.amounts.get((s.pk, s.sk), ())) < SLOTS for s in counts)

    def add(self, change: Change, counts: Counter[Slot]) -> None:
        """Take a change in."""
        self.changes.append((change, counts))
        for slot, amount in counts.items():
            self.amounts.setdefault((slot.pk, slot.sk), Counter())[slot.name] += amount

    def without(self, event_ids: set[str]) -> "Parcel":
        """The same parcel without some changes."""
        rest = Parcel()
        for change, counts in self.changes:
            if change.event_id not in event_ids:
                rest.add(change, counts)
        return rest


def pack(counted: Iterable[tuple[Change, Counter[Slot]]]) -> Iterator[Parcel]:
    """Changes in parcels of at most 100 writes; neighbours in region and period share their rows."""
    parcel = Parcel()
    for change, counts in sorted(counted, key=_place):
        if parcel.changes and not parcel.takes(counts):
            yield parcel
            parcel = Parcel()
        parcel.add(change, counts)
    if parcel.changes:
        yield parcel


def _place(pair: tuple[Change, Counter[Slot]]) -> tuple[str, str, str]:
    """The period first, then the deepest region: what lies together is counted together.

    Changes of one month share the rows of the city and of their district wherever they lie, so an import of
    many years needs a quarter fewer writes than with the region first.
    """
    deepest = max(pair[1], key=lambda slot: (len(slot.pk.rpartition("#")[2]), slot))
    return deepest.sk, deepest.pk.rpartition("#")[2], deepest.pk
