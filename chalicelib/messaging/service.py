"""The use cases of messaging: ask for a message, deliver it, read one's inbox, allow messages."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import batched
from typing import Any

from chalicelib import audit, aws, clock, keys
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import Field, Invalid
from chalicelib.identity import service as identity
from chalicelib.messaging import model, store
from chalicelib.messaging.delivery import deliver, words
from chalicelib.messaging.model import (
    Attempt,
    Channel,
    Consents,
    ConsentView,
    Delivery,
    InboxQuery,
    MessageView,
    Senders,
    TroubleQuery,
    TroubleView,
)
from chalicelib.shapes import Page
from chalicelib.tables import Cancelled, Once, create, transact
from chalicelib.texts import Language

__all__ = [
    "Delivery",
    "Senders",
    "consents",
    "deliver",
    "grant_consent",
    "inbox",
    "park",
    "request",
    "troubles",
]


def request(
    channel: Channel, to: str, template: str, data: Mapping[str, str | int], event_id: str, now: datetime
) -> str:
    """Ask for a message about an event; one for each event, receiver and template, ever.

    ``to``: a person or account id (``wechat``, ``sms``, ``inbox``) or a staff user id (``wecom``). ``data`` fills the
    template's parameters and must not name anybody. Returns the message's id. Asking again is harmless and
    puts a message that still waits onto the queue again. Raises ``ValueError`` for a template that does
    not exist, does not go that way or lacks parameters.
    """
    form = model.templates().get(template)
    if form is None or not form.serves(channel) or set(form.params) - set(data):
        raise ValueError(f"message {template!r} cannot go by {channel} with {sorted(data)}")
    message_id = keys.stable_id("M", event_id, to, template)
    row = store.message_row(message_id, to, clock.iso(now))
    row.event_id, row.channel, row.template = event_id, channel, template
    row.data = json.dumps(dict(data), ensure_ascii=False)
    row.expires_at = int((now + model.KEPT).timestamp())
    if channel == "inbox":
        row.state = "sent"
    try:
        transact(create(row))
    except Cancelled:
        known = store.message(message_id)
        if known is None or known.state in model.FINAL:
            return message_id
    if channel != "inbox":
        aws.send("messages", [{"message": message_id}])
    return message_id


def park(key: str, body: str, reason: str, now: datetime) -> None:
    """Keep a queue's message that can never work, with the reason, for somebody to look at."""
    store.park(key, body[:2000], reason, now)


def inbox(actor: Actor, query: InboxQuery, language: Language, now: datetime) -> Page[MessageView]:
    """What was said to the caller, newest first, whether or not it reached their phone."""
    rows, following = store.inbox(actor.id, query.next, query.limit)
    return Page(items=[_view(row, language) for row in rows if not row.is_over(now)], next=following)


def _view(row: store.MessageRow, language: Language) -> MessageView:
    template = model.templates()[row.template]
    params = words(template, json.loads(row.data), language)
    return MessageView(
        id=row.message_id,
        at=row.created_at,
        title=template.title[language].format_map(params),
        body=template.body[language].format_map(params),
        channel=row.channel,  # type: ignore[arg-type]  # Pydantic checks the literals.
        state=row.state,  # type: ignore[arg-type]
    )


def grant_consent(
    person_id: str, template: str, count: int, now: datetime, once: Once | None = None
) -> ConsentView:
    """Add what the person allowed on the phone: ``count`` messages of a template.

    Raises ``Invalid("values_invalid")`` for a template that does not go by WeChat.
    """
    form = model.templates().get(template)
    if form is None or form.wechat is None:
        raise Invalid("values_invalid", fields=[Field("/template", "message_template_unknown")])
    left = min(store.budget(person_id, template) + count, model.MOST_CONSENTS)
    answer = ConsentView(template=template, left=left, lasting=form.wechat.lasting)
    actor = Actor(person_id, "citizen", frozenset({"citizen"}))
    note = audit.entry(actor, "message.consented", template, now, count=count)
    transact(store.grant(person_id, template, count), note, once=once, answer=answer)
    return answer


def consents(person_id: str) -> Consents:
    """How many messages of each template the person still allows."""
    forms, left = model.templates(), store.budgets(person_id)
    return Consents(
        items=[
            ConsentView(template=name, left=left.get(name, 0), lasting=form.wechat.lasting)
            for name, form in sorted(forms.items())
            if form.wechat
        ]
    )


def troubles(query: TroubleQuery) -> Page[TroubleView]:
    """A day's messages that did not arrive or of which nobody knows, without whom they were for."""
    rows, following = store.troubles(query.state, query.day, query.next, query.limit)
    return Page(items=[TroubleView(**receipt_of(row)) for row in rows], next=following)


def receipt_of(row: store.MessageRow) -> dict[str, Any]:
    """What became of a message, as the views of it say."""
    return {
        "id": row.message_id,
        "channel": row.channel,
        "template": row.template,
        "state": row.state,
        "reason": row.reason,
        "at": row.ended_at or row.created_at,
        "attempts": [Attempt(**receipt) for receipt in json.loads(row.receipts)],
    }


def _export(person_id: str, now: datetime) -> dict[str, Any]:
    """What messaging holds of a person."""
    messages = [_view(row, "zh-CN").model_dump() for row in store.all_to(person_id)]
    return {"messages": messages, "allowed": store.budgets(person_id)}


def _erase(person_id: str, now: datetime) -> list[Any]:
    """Delete the person's messages and consents; nothing has to be kept."""
    for some in batched(store.drop_all(person_id), 99):
        transact(*some, audit.entry(SYSTEM, "messages.erased", "messages", now, count=len(some)))
    return []


identity.contribute(identity.Part("messaging", export=_export, erase=_erase))
