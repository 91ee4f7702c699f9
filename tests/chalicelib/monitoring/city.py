"""A few records as the streams show them, for the counters' tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.core.models import botocore_stubber

from chalicelib import config, tables
from chalicelib.monitoring.model import Change

COMMUNITY = "440604010001"
TOWN, DISTRICT, CITY = COMMUNITY[:9], COMMUNITY[:6], "440600"
KEYS: Any = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
}
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def case(
    state: str = "submitted", region: str = COMMUNITY, decided: str | None = None, **more: Any
) -> dict[str, Any]:
    found = {
        "pk": "CASE#C1",
        "sk": "CASE",
        "case_kind": "residence_registration",
        "state": state,
        "region": region,
        "submitted_at": "2026-11-23T09:30:00.000+08:00",
    }
    return found | ({"decided_at": decided} if decided else {}) | more


def registration(
    registered: str, ended: str | None = None, status: str = "active", region: str = COMMUNITY
) -> dict[str, Any]:
    found = {"sk": "REG#R1", "status": status, "region": region, "registered_on": registered}
    return found | ({"ended_on": ended} if ended else {})


def visit(region: str = COMMUNITY, outcome: str | None = None) -> dict[str, Any]:
    found = {"sk": "VISIT", "status": "due", "region": region, "created_at": "2026-11-23T08:00:00.000+08:00"}
    if outcome:
        found |= {"status": "done", "outcome": outcome, "outcome_at": "2026-11-23T10:05:00.000+08:00"}
    return found


def change(event: str, table: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Change:
    return Change(event, f"1{event[1:].rjust(20, '0')}", table, NOW, old, new)


def empty_tables() -> None:
    """The counters' table and the three whose records are counted, with nothing in them."""
    client: Any = tables.connection().client
    present = client.list_tables()["TableNames"]
    for name in ("monitoring", "cases", "residence", "fieldwork"):
        table = config.table(name)  # type: ignore[arg-type]
        if table not in present:
            client.create_table(TableName=table, BillingMode="PAY_PER_REQUEST", **KEYS)
        for item in client.scan(TableName=table, ProjectionExpression="pk, sk")["Items"]:
            client.delete_item(TableName=table, Key=item)


@contextmanager
def one_request_at_a_time() -> Iterator[None]:
    """Let threads take turns between requests: the in-process cloud is not safe within one."""
    turn = threading.Lock()

    def answer(request: Any, **kwargs: Any) -> Any:
        with turn:
            return botocore_stubber(kwargs.pop("event_name"), request, **kwargs)

    client: Any = tables.connection().client
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register("before-send.dynamodb", answer)
    yield
    client.meta.events.unregister("before-send.dynamodb", answer)
    client.meta.events.register("before-send", botocore_stubber)


class Refused:
    """The head of a refusal, as botocore looks at it."""

    status_code = 400


@contextmanager
def busy(times: int) -> Iterator[None]:
    """A table that refuses the first transactions, as a contended one does."""
    left = times

    def refuse(**kwargs: Any) -> Any:
        nonlocal left
        if left <= 0:
            return None
        left -= 1
        error = {"Code": "TransactionCanceledException", "Message": "[TransactionConflict]"}
        reasons = [{"Code": "TransactionConflict", "Message": "busy"}]
        return Refused(), {"Error": error, "CancellationReasons": reasons, "ResponseMetadata": {}}

    events = tables.connection().client.meta.events  # type: ignore[attr-defined]
    events.register("before-call.dynamodb.TransactWriteItems", refuse)
    yield
    events.unregister("before-call.dynamodb.TransactWriteItems", refuse)
