"""DynamoDB as this project uses it: one row shape, one transaction, one idempotency entry.

Every table has the string keys ``pk`` and ``sk``. A change of several items is one ``transact``;
its repeat under the same idempotency key is a success without effect.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import BaseModel
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator
from pynamodb.transactions import TransactWrite

from chalicelib import config, keys, shapes
from chalicelib.errors import Conflict, DomainError, Malformed, Unavailable

_CONDITION: Final = "ConditionalCheckFailed"
_PASSING: Final = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_PASSING_ANSWERS: Final = {
    "ThrottlingException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "InternalServerError",
    "ServiceUnavailable",
}
REPEATS_KEPT: Final = timedelta(days=7)
_connections: dict[str, Connection] = {}


class _LazyName:
    """A class attribute that reads the table's name from the environment at each use."""

    def __init__(self, table: config.Table) -> None:
        self.table = table

    def __get__(self, instance: object, owner: type) -> str:
        return config.table(self.table)


def meta(table: config.Table) -> Any:
    """The ``Meta`` of rows in this context's table."""
    return type("Meta", (), {"table_name": _LazyName(table), "host": None})


def index_meta(name: str) -> Any:
    """The ``Meta`` of a global index: its name, all attributes projected."""
    return type("Meta", (), {"index_name": name, "projection": AllProjection()})


def connection() -> Connection:
    """The one connection of this process, so that all rows share a client and its sockets."""
    region = config.region()
    if region not in _connections:
        _connections[region] = Connection(region=region)
    return _connections[region]


def forget_connections() -> None:
    """Drop the shared connection and every row's: between tests that use different endpoints."""
    _connections.clear()
    for row in _all_subclasses(Row):
        row._connection = None


def _all_subclasses(cls: type[Any]) -> Iterable[type[Any]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _all_subclasses(sub)


class Row(Model):
    """An item of any table. Subclasses say ``Meta = meta("cases")`` and add their attributes."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    expires_at = NumberAttribute(null=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """PynamoDB's, with this process's one client: a client each would cost every cold start dear."""
        made: TableConnection = super()._get_connection()
        made.connection._client = connection().client
        return made

    @classmethod
    def find(cls, pk: str, sk: str, *, consistent: bool = False) -> Any:
        """The item, or None when it is not there; whether its time is over, ``is_over`` says."""
        try:
            return cls.get(pk, sk, consistent_read=consistent)
        except cls.DoesNotExist:
            return None

    def is_over(self, now: datetime) -> bool:
        """Whether the item's time has passed; DynamoDB deletes late, so reads check."""
        return self.expires_at is not None and self.expires_at <= now.timestamp()


@dataclass(frozen=True)
class Put:
    """Write a whole item; ``Row.pk.does_not_exist()`` as condition makes it a create."""

    item: Row
    condition: Condition | None = None


@dataclass(frozen=True)
class Update:
    """Change attributes of the item with this one's keys."""

    item: Row
    actions: Sequence[Action]
    condition: Condition | None = None


@dataclass(frozen=True)
class Delete:
    """Remove the item with this one's keys."""

    item: Row
    condition: Condition | None = None


@dataclass(frozen=True)
class Check:
    """Demand something of an item without changing it."""

    row: type[Row]
    pk: str
    sk: str
    condition: Condition


Write = Put | Update | Delete | Check


def create(item: Row) -> Put:
    """A put that refuses to overwrite."""
    return Put(item, type(item).pk.does_not_exist())


class Repeated(Exception):
    """This request was done before; carries the first answer. The HTTP edge returns it."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__("repeated")
        self.status = status
        self.body = body


class Cancelled(Conflict):
    """The transaction was refused. ``failed`` holds the places of the writes whose condition failed."""

    def __init__(self, failed: Sequence[int], code: str = "changed_meanwhile") -> None:
        super().__init__(code)
        self.failed = tuple(failed)


class RequestRow(Row):
    """The first answer to a request that carried an ``Idempotency-Key``."""

    Meta = meta("requests")
    digest = UnicodeAttribute()
    status = NumberAttribute()
    answer = UnicodeAttribute()


@dataclass
class Once:
    """One request's idempotency key. Only a digest of key and request is kept, never the body sent."""

    subject: str
    key: str
    request: bytes
    status: int
    now: datetime
    used: bool = field(default=False, init=False)
    SK: ClassVar[str] = "REQUEST"

    @property
    def pk(self) -> str:
        """Where the entry lies: a digest of who asked under which key."""
        return hashlib.sha256(f"{self.subject}\x1f{self.key}".encode()).hexdigest()

    @property
    def digest(self) -> str:
        """What tells this request from another under the same key."""
        return hashlib.sha256(self.request).hexdigest()

    def entry(self, answer: BaseModel) -> Put:
        """The write that remembers the answer, in the act's own transaction."""
        self.used = True
        row = RequestRow(self.pk, self.SK, digest=self.digest, status=self.status)
        row.answer = shapes.dump(answer)
        row.expires_at = int((self.now + REPEATS_KEPT).timestamp())
        # DynamoDB deletes late: an entry whose time is over must not block its key meanwhile.
        over = RequestRow.expires_at <= int(self.now.timestamp())
        return Put(row, RequestRow.pk.does_not_exist() | over)

    def first_answer(self) -> Repeated | None:
        """What the first request with this key was answered, or None if there was none.

        Raises ``Conflict("idempotency_key_reused")`` when the key came with another request.
        """
        row = RequestRow.find(self.pk, self.SK, consistent=True)
        if row is None or row.is_over(self.now):
            return None
        if row.digest != self.digest:
            raise Conflict("idempotency_key_reused")
        return Repeated(int(row.status), row.answer)


def transact(*writes: Write, once: Once | None = None, answer: BaseModel | None = None) -> None:
    """All of the writes or none (DynamoDB ``TransactWriteItems``, at most 100).

    With ``once`` and ``answer`` the idempotency entry is part of it, and a repeat raises ``Repeated``.
    Raises ``Cancelled`` when a condition failed, ``Unavailable`` when the table is busy.
    """
    all_writes = [*writes, *([once.entry(answer)] if once and answer else [])]
    if len(all_writes) > 100:
        raise ValueError("a transaction holds at most 100 writes")
    try:
        with TransactWrite(connection=connection()) as transaction:
            for write in all_writes:
                _add(transaction, write)
    except TransactWriteError as error:
        refusal = _refusal(error, all_writes)
        if once and (first := once.first_answer()):
            raise first from None
        raise refusal from None


def _add(transaction: TransactWrite, write: Write) -> None:
    match write:
        case Put(item, condition):
            transaction.save(item, condition=condition)
        case Update(item, actions, condition):
            transaction.update(item, actions=list(actions), condition=condition)
        case Delete(item, condition):
            transaction.delete(item, condition=condition)
        case Check(row, pk, sk, condition):
            transaction.condition_check(row, pk, sk, condition=condition)


# PynamoDB sends condition checks, deletes, puts and updates in this order, whatever the order of adding.
_SENT_ORDER: Final = (Check, Delete, Put, Update)


def _refusal(error: TransactWriteError, writes: list[Write]) -> DomainError:
    reasons = [reason.code if reason else None for reason in error.cancellation_reasons or []]
    sent = [i for kind in _SENT_ORDER for i, write in enumerate(writes) if isinstance(write, kind)]
    failed = [sent[place] for place, code in enumerate(reasons) if code == _CONDITION]
    if failed:
        return Cancelled(sorted(failed))
    if set(reasons) & _PASSING or is_passing(error):
        return Unavailable("busy_try_again")
    raise error


def is_passing(error: PynamoDBException) -> bool:
    """Whether DynamoDB refused a request, reads included, only because it is busy now."""
    return error.cause_response_code in _PASSING_ANSWERS


def batch_put(rows: Iterable[Row]) -> int:
    """Write many whole items, 25 a request, unprocessed ones again; returns how many.

    Not atomic and without conditions: only for rows whose repeat is harmless.
    """
    count = 0
    by_class: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_class.setdefault(type(row), []).append(row)
    for cls, items in by_class.items():
        with cls.batch_write() as batch:
            for item in items:
                batch.save(item)
                count += 1
    return count


def batch_delete(rows: Iterable[Row]) -> int:
    """Delete many items by their keys, 25 a request, unprocessed ones again; returns how many.

    Not atomic and without conditions: only for rows that nothing counts on.
    """
    count = 0
    by_class: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_class.setdefault(type(row), []).append(row)
    for cls, items in by_class.items():
        with cls.batch_write() as batch:
            for item in items:
                batch.delete(item)
                count += 1
    return count


def position(token: str | None, scope: str) -> dict[str, Any] | None:
    """Where a query continues, from a page token made for the same ``scope`` (the query's own name)."""
    if token is None:
        return None
    read = keys.read_page(token)
    if read.get("scope") != scope:
        raise Malformed("page_token_invalid")
    start: dict[str, Any] = read["from"]
    return start


def page[T: Row](results: ResultIterator[T], scope: str) -> tuple[list[T], str | None]:
    """The rows of one page and the token of the next; the query was made with ``limit``."""
    rows = list(results)
    last = results.last_evaluated_key
    return rows, keys.sign_page({"scope": scope, "from": last}) if last else None
