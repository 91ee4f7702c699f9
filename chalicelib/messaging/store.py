"""Messages in DynamoDB.

``MESSAGE#<id>``: ``MESSAGE``. ``BUDGET#<person>``: one row a template. ``PACE#<channel>#<receiver>``: how busy a
receiver is. ``PARKED#<day>``: what can never be delivered because it makes no sense. Indexes:
``by_receiver`` (an inbox, newest last), ``by_trouble`` (``<state>#<day>``; sparse).
"""

import json
from datetime import datetime
from typing import Any, Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock
from chalicelib.messaging.model import TROUBLES
from chalicelib.tables import (
    Cancelled,
    Delete,
    Put,
    Row,
    Update,
    Write,
    index_meta,
    meta,
    page,
    position,
    transact,
)

RECEIPTS_KEPT: Final = 20


class ByReceiver(GlobalSecondaryIndex["MessageRow"]):
    """Everything said to one receiver, by time."""

    Meta = index_meta("by_receiver")
    by_receiver_pk = UnicodeAttribute(hash_key=True)
    by_receiver_sk = UnicodeAttribute(range_key=True)


class ByTrouble(GlobalSecondaryIndex["MessageRow"]):
    """What did not arrive, or of which nobody knows, by day. Sparse."""

    Meta = index_meta("by_trouble")
    by_trouble_pk = UnicodeAttribute(hash_key=True)
    by_trouble_sk = UnicodeAttribute(range_key=True)


class MessageRow(Row):
    """One message. ``claim`` names the delivery that is, or was last, at work on it."""

    Meta = meta("messaging")
    by_receiver = ByReceiver()
    by_trouble = ByTrouble()
    message_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    to = UnicodeAttribute()
    template = UnicodeAttribute()
    data = UnicodeAttribute()
    state = UnicodeAttribute()
    created_at = UnicodeAttribute()
    not_before = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    claim = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    receipts = UnicodeAttribute(default="[]")
    by_receiver_pk = UnicodeAttribute()
    by_receiver_sk = UnicodeAttribute()
    by_trouble_pk = UnicodeAttribute(null=True)
    by_trouble_sk = UnicodeAttribute(null=True)


class BudgetRow(Row):
    """How many messages of a template a person still allows."""

    Meta = meta("messaging")
    remaining = NumberAttribute(default=0)


class PaceRow(Row):
    """Until when a receiver counts as busy, as ISO text."""

    Meta = meta("messaging")
    busy_until = UnicodeAttribute()


class ParkedRow(Row):
    """A queue's message that can never work, with the reason."""

    Meta = meta("messaging")
    body = UnicodeAttribute()
    reason = UnicodeAttribute()


def message_row(message_id: str, to: str, created_at: str) -> MessageRow:
    """A queued message's row; the caller adds what it says."""
    row = MessageRow(f"MESSAGE#{message_id}", "MESSAGE", message_id=message_id, to=to, state="queued")
    row.created_at, row.by_receiver_pk, row.by_receiver_sk = created_at, to, f"{created_at}#{message_id}"
    return row


def message(message_id: str) -> MessageRow | None:
    """The message as it is this moment."""
    found: MessageRow | None = MessageRow.find(f"MESSAGE#{message_id}", "MESSAGE", consistent=True)
    return found


def claim(row: MessageRow, claim: str, now: datetime) -> Update:
    """The write with which one delivery takes the message; refused when another has it."""
    actions = [
        MessageRow.state.set("sending"),
        MessageRow.claim.set(claim),
        MessageRow.claimed_at.set(clock.iso(now)),
    ]
    return Update(row, actions, (MessageRow.state == "queued") & (MessageRow.attempts == row.attempts))


def end(
    row: MessageRow, state: str, now: datetime, reason: str | None = None, number: str | None = None
) -> Update:
    """The write of a message's end; refused unless it still is as ``row`` says."""
    actions: list[Action] = [
        MessageRow.state.set(state),
        MessageRow.ended_at.set(clock.iso(now)),
        MessageRow.receipts.set(_with_receipt(row, state, now, reason)),
    ]
    if reason:
        actions.append(MessageRow.reason.set(reason))
    if number:
        actions.append(MessageRow.number.set(number))
    if state in TROUBLES:
        day = clock.local_date(now).isoformat()
        actions.append(MessageRow.by_trouble_pk.set(f"{state}#{day}"))
        actions.append(MessageRow.by_trouble_sk.set(row.message_id))
    return Update(row, actions, _unchanged(row))


def put_back(row: MessageRow, not_before: datetime, now: datetime, reason: str) -> Update:
    """The write after an attempt that certainly did not arrive."""
    actions: list[Action] = [
        MessageRow.state.set("queued"),
        MessageRow.attempts.set(int(row.attempts) + 1),
        MessageRow.not_before.set(clock.iso(not_before)),
        MessageRow.reason.set(reason),
        MessageRow.receipts.set(_with_receipt(row, "queued", now, reason)),
    ]
    return Update(row, actions, _unchanged(row))


def turn(row: MessageRow, channel: str, now: datetime, reason: str) -> Update:
    """The write that sends a message another way; the reason stays among its receipts."""
    actions: list[Action] = [
        MessageRow.state.set("queued"),
        MessageRow.channel.set(channel),
        MessageRow.receipts.set(_with_receipt(row, "rejected", now, reason)),
    ]
    return Update(row, actions, _unchanged(row))


def _unchanged(row: MessageRow) -> Any:
    same = MessageRow.state == row.state
    return same & (MessageRow.claim == row.claim) if row.state == "sending" else same


def _with_receipt(row: MessageRow, state: str, now: datetime, code: str | None) -> str:
    receipts = [*json.loads(row.receipts), {"at": clock.iso(now), "state": state, "code": code}]
    return json.dumps(receipts[-RECEIPTS_KEPT:], separators=(",", ":"))


def inbox(to: str, token: str | None, limit: int) -> tuple[list[MessageRow], str | None]:
    """A page of what was said to a receiver, newest first."""
    scope = f"inbox#{to}"
    found = MessageRow.by_receiver.query(
        to, scan_index_forward=False, limit=limit, last_evaluated_key=position(token, scope)
    )
    return page(found, scope)


def all_to(to: str) -> list[MessageRow]:
    """Everything said to a receiver: for export and deletion."""
    return list(MessageRow.by_receiver.query(to))


def since(to: str, moment: str) -> list[MessageRow]:
    """What was said to a receiver from a moment on, the oldest first."""
    return list(MessageRow.by_receiver.query(to, MessageRow.by_receiver_sk >= moment))


def troubles(state: str, day: str, token: str | None, limit: int) -> tuple[list[MessageRow], str | None]:
    """A page of a day's messages that ended in this trouble."""
    scope = f"troubles#{state}#{day}"
    found = MessageRow.by_trouble.query(
        f"{state}#{day}", limit=limit, last_evaluated_key=position(token, scope)
    )
    return page(found, scope)


def _budget(person_id: str, template: str) -> BudgetRow:
    return BudgetRow(f"BUDGET#{person_id}", template)


def grant(person_id: str, template: str, count: int) -> Update:
    """The write that adds consents."""
    return Update(_budget(person_id, template), [BudgetRow.remaining.add(count)])


def spend(person_id: str, template: str) -> Update:
    """The write that uses one consent up; refused when none is left."""
    return Update(_budget(person_id, template), [BudgetRow.remaining.add(-1)], BudgetRow.remaining >= 1)


def empty_budget(person_id: str, template: str) -> Update:
    """The write for what the other side knows better: no consent is left."""
    return Update(_budget(person_id, template), [BudgetRow.remaining.set(0)])


def budget(person_id: str, template: str) -> int:
    """How many consents are left for a template."""
    row = BudgetRow.find(f"BUDGET#{person_id}", template, consistent=True)
    return int(row.remaining) if row else 0


def budgets(person_id: str) -> dict[str, int]:
    """All of a person's consents to messages."""
    rows = BudgetRow.query(f"BUDGET#{person_id}", consistent_read=True)
    return {row.sk: int(row.remaining) for row in rows}


def drop_all(person_id: str) -> list[Write]:
    """The writes that remove a person's messages and consents."""
    messages: list[Write] = [Delete(row) for row in all_to(person_id)]
    return messages + [Delete(_budget(person_id, template)) for template in budgets(person_id)]


def busy_until(channel: str, to: str) -> datetime | None:
    """Until when the receiver counts as busy."""
    row = PaceRow.find(f"PACE#{channel}#{to}", "PACE", consistent=True)
    return clock.parse_iso(row.busy_until) if row else None


def take_slot(channel: str, to: str, before: datetime | None, until: datetime) -> bool:
    """Keep the receiver's new pace; False when another delivery was quicker."""
    row = PaceRow(f"PACE#{channel}#{to}", "PACE", busy_until=clock.iso(until))
    row.expires_at = int(until.timestamp()) + 86_400
    unchanged = PaceRow.pk.does_not_exist() if before is None else PaceRow.busy_until == clock.iso(before)
    try:
        transact(Put(row, unchanged))
    except Cancelled:
        return False
    return True


def park(key: str, body: str, reason: str, now: datetime) -> None:
    """Keep what can never work, for somebody to look at."""
    day = clock.local_date(now).isoformat()
    row = ParkedRow(f"PARKED#{day}", key, body=body, reason=reason)
    row.expires_at = int(now.timestamp()) + 90 * 86_400
    transact(Put(row))


def parked(day: str) -> list[ParkedRow]:
    """What was parked on a day."""
    return list(ParkedRow.query(f"PARKED#{day}"))
