"""Counter rows, markers and the scans of the nightly rebuild, in table ``monitoring``.

``COUNT#<metric>#<region>`` / month: the slots, as top-level numbers that ``ADD`` changes.
``KEPT#<metric>#<region>``: the same for removed records. ``SEEN#<table>#<event id>``: this change is
counted, for 30 days. ``PARKED#<table>``: a change that can never be counted, by its event id.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib import config, tables
from chalicelib.monitoring.metrics import ATTRIBUTES, Image
from chalicelib.monitoring.model import Change, Parcel, Slot
from chalicelib.tables import Row, Update, Write, create, meta

MARKERS_KEPT: Final = timedelta(days=30)


class CounterRow(Row):
    """A month of a metric in a region. Its slots have names of their own: see ``read``."""

    Meta = meta("monitoring")


class MarkerRow(Row):
    """This change is counted; a redelivery finds it and adds nothing."""

    Meta = meta("monitoring")


class ParkedRow(Row):
    """A change that can never be counted, with its reason; the record itself is where it was."""

    Meta = meta("monitoring")
    reason = UnicodeAttribute()


def _marker(what: str, now: datetime) -> MarkerRow:
    return MarkerRow(f"SEEN#{what}", "SEEN", expires_at=int((now + MARKERS_KEPT).timestamp()))


def _additions(
    row: tuple[str, str], amounts: Mapping[str, int], condition: Condition | None = None
) -> Update:
    actions: list[Action] = [Path([name]).add(amount) for name, amount in amounts.items() if amount]
    return Update(CounterRow(*row), actions, condition)


def count(parcel: Parcel, now: datetime) -> None:
    """Count a parcel's changes in one transaction.

    Raises ``Cancelled`` when one was counted before, ``Unavailable`` when a row is being changed.
    """
    markers = [create(_marker(f"{c.table}#{c.event_id}", now)) for c, _ in parcel.changes]
    updates = [_additions(row, amounts) for row, amounts in parcel.amounts.items() if any(amounts.values())]
    tables.transact(*markers, *updates)


def counted(changes: Iterable[Change]) -> set[str]:
    """The event ids among at most 100 changes that are counted already."""
    wanted = {f"SEEN#{c.table}#{c.event_id}": c.event_id for c in changes}
    return {
        wanted[row.pk] for row in MarkerRow.batch_get([(pk, "SEEN") for pk in wanted], consistent_read=True)
    }


def park(change: Change, reason: str, now: datetime) -> None:
    """Remember a change that can never be counted."""
    row = ParkedRow(f"PARKED#{change.table}", change.event_id, reason=reason)
    row.expires_at = int((now + MARKERS_KEPT).timestamp())
    row.save()


def read(pk: str, first: str, last: str) -> dict[str, dict[str, int]]:
    """The slots of rows ``first`` to ``last`` under a key: one query (a row is at most 9 kB)."""
    request: dict[str, Any] = {
        "TableName": config.table("monitoring"),
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":pk": {"S": pk}, ":first": {"S": first}, ":last": {"S": last}},
    }
    found: dict[str, dict[str, int]] = {}
    for item in _items("query", request):
        found[item["sk"]["S"]] = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    return found


def _items(operation: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    call = getattr(tables.connection().client, operation)
    while True:
        answer = call(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request = request | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def slots(segments: int) -> Iterator[tuple[Slot, int]]:
    """Every slot of every counter and of the ledger. A scan: for the nightly rebuild only."""
    request = {
        "TableName": config.table("monitoring"),
        "FilterExpression": "begins_with(pk, :count) OR begins_with(pk, :kept)",
        "ExpressionAttributeValues": {":count": {"S": "COUNT#"}, ":kept": {"S": "KEPT#"}},
    }
    for item in _scan(request, segments):
        for name, value in item.items():
            if "N" in value and name != "expires_at":
                yield Slot(item["pk"]["S"], item["sk"]["S"], name), int(value["N"])


def images(table: config.Table, segments: int) -> Iterator[Image | None]:
    """Every record of a table with the attributes that count. A scan: for the nightly rebuild only."""
    names = {f"#{n}": name for n, name in enumerate(ATTRIBUTES[table])}
    request = {
        "TableName": config.table(table),
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "ConsistentRead": True,
    }
    return (plain(item) for item in _scan(request, segments))


def _scan(request: dict[str, Any], segments: int) -> Iterator[dict[str, Any]]:
    """All items, read in segments side by side, a page of each at a time so that memory stays small."""
    client: Any = tables.connection().client
    call = client.scan
    waiting = [request | {"Segment": n, "TotalSegments": segments} for n in range(segments)]
    with ThreadPoolExecutor(segments) as pool:
        while waiting:
            answers = list(pool.map(lambda one: call(**one), waiting))
            for answer in answers:
                yield from answer["Items"]
            waiting = [
                one | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
                for one, answer in zip(waiting, answers, strict=True)
                if "LastEvaluatedKey" in answer
            ]


def plain(item: Mapping[str, Any] | None) -> Image | None:
    """An item in DynamoDB's typed form as plain values; only strings, numbers and booleans are needed."""
    if item is None:
        return None
    found: dict[str, Any] = {}
    for name, typed in item.items():
        kind, value = next(iter(typed.items()))
        if kind in {"S", "BOOL"}:
            found[name] = value
        elif kind == "N":
            found[name] = Decimal(value)
    return found


def repair(rows: Mapping[tuple[str, str], Mapping[str, tuple[int, int]]], run: str, now: datetime) -> None:
    """Bring slots from what they are to what they should be, in one transaction of at most 50 rows.

    ``rows``: for each row its slots as (observed, expected). A slot that has moved meanwhile, or a
    row that this run repaired before, cancels the whole (``Cancelled``).
    """
    writes: list[Write] = []
    for row, found in rows.items():
        condition: Any = None
        for name, (observed, _) in found.items():
            path: Any = Path([name])
            same = (path == observed) if observed else (path.does_not_exist() | (path == 0))
            condition = same if condition is None else condition & same
        writes.append(create(_marker(f"repair#{run}#{'#'.join(row)}", now)))
        writes.append(
            _additions(row, {n: expected - seen for n, (seen, expected) in found.items()}, condition)
        )
    tables.transact(*writes)
