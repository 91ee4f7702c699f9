"""Permits in DynamoDB: ``PERSON#<id>`` holds ``PERMIT``, ``EVENT#…`` for its history and ``PENDING#<kind>``.

Indexes: ``by_due`` (permits on which the calendar acts on a day) and ``by_card`` (cards being made in a town,
the most urgent first). Both are sparse.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import get_args

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock, tables
from chalicelib.permits.model import Event, Happening, Permit
from chalicelib.tables import Check, Delete, Put, Row

_DATES = (
    "accepted_on",
    "card_due_on",
    "issued_on",
    "counts_from",
    "endorsed_through",
    "suspended_on",
    "ended_on",
    "asked_on",
)


class ByDue(GlobalSecondaryIndex["PermitItem"]):
    """Permits by the next day on which the calendar has something to do: ``DUE#<day>``."""

    Meta = tables.index_meta("by_due")
    by_due_pk = UnicodeAttribute(hash_key=True)
    by_due_sk = UnicodeAttribute(range_key=True)


class ByCard(GlobalSecondaryIndex["PermitItem"]):
    """Cards being made, by town and last day."""

    Meta = tables.index_meta("by_card")
    by_card_pk = UnicodeAttribute(hash_key=True)
    by_card_sk = UnicodeAttribute(range_key=True)


class PermitItem(Row):
    """Any item about a person's permit."""

    Meta = tables.meta("permits")
    row = DiscriminatorAttribute()
    by_due = ByDue()
    by_card = ByCard()
    by_due_pk = UnicodeAttribute(null=True)
    by_due_sk = UnicodeAttribute(null=True)
    by_card_pk = UnicodeAttribute(null=True)
    by_card_sk = UnicodeAttribute(null=True)


class PermitRow(PermitItem, discriminator="permit"):
    """The permit as it stands."""

    permit_id = UnicodeAttribute()
    person_id = UnicodeAttribute()
    region = UnicodeAttribute()
    ground = UnicodeAttribute()
    state = UnicodeAttribute()
    case = UnicodeAttribute()
    card = UnicodeAttribute()
    serial = NumberAttribute()
    years_before = NumberAttribute()
    version = NumberAttribute()
    told = UnicodeAttribute()
    asked = UnicodeAttribute(null=True)
    accepted_on = UnicodeAttribute()
    card_due_on = UnicodeAttribute(null=True)
    issued_on = UnicodeAttribute(null=True)
    counts_from = UnicodeAttribute(null=True)
    endorsed_through = UnicodeAttribute(null=True)
    suspended_on = UnicodeAttribute(null=True)
    ended_on = UnicodeAttribute(null=True)
    asked_on = UnicodeAttribute(null=True)


class EventRow(PermitItem, discriminator="event"):
    """Something that happened to a permit."""

    permit_id = UnicodeAttribute()
    person_id = UnicodeAttribute()
    at = UnicodeAttribute()
    day = UnicodeAttribute()
    what = UnicodeAttribute()


class PendingRow(PermitItem, discriminator="pending"):
    """A case about the permit that is not decided: there is one of a kind at a time."""

    case = UnicodeAttribute()


def person_pk(person_id: str) -> str:
    """The partition of a person's permit."""
    return f"PERSON#{person_id}"


def permit_row(permit: Permit, next_on: date | None) -> PermitRow:
    """The row of a permit; ``next_on``: the day on which the calendar acts on it next."""
    row = PermitRow(person_pk(permit.person_id), "PERMIT", permit_id=permit.id, person_id=permit.person_id)
    row.region, row.ground, row.state = permit.region, permit.ground, permit.state
    row.case, row.card, row.serial = permit.case, permit.card, permit.serial
    row.years_before, row.version, row.asked = permit.years_before, permit.version, permit.asked
    row.told = json.dumps(permit.told)
    for name in _DATES:
        day: date | None = getattr(permit, name)
        setattr(row, name, day.isoformat() if day else None)
    if next_on is not None:
        row.by_due_pk, row.by_due_sk = f"DUE#{next_on.isoformat()}", permit.id
    if permit.card_due_on is not None:
        row.by_card_pk = f"CARD#{permit.region[:9]}"
        row.by_card_sk = f"{permit.card_due_on.isoformat()}#{permit.id}"
    return row


def save(permit: Permit, before: Permit | None, next_on: date | None) -> Put:
    """The write of a permit, refused when another changed it since ``before`` was read."""
    row = permit_row(permit, next_on)
    if before is None:
        return tables.create(row)
    return Put(row, (PermitRow.permit_id == before.id) & (PermitRow.version == before.version))


def require_none_in_force(person_id: str) -> Check:
    """The demand that the person has no permit but one that was cancelled."""
    free = PermitRow.pk.does_not_exist() | (PermitRow.state == "cancelled")
    return Check(PermitRow, person_pk(person_id), "PERMIT", free)


def put_event(permit: Permit, what: Happening, day: date, now: datetime) -> Put:
    """The write of a line of the history; one of a kind for a day."""
    key = f"EVENT#{day.isoformat()}#{clock.iso(now)}#{what}"
    row = EventRow(person_pk(permit.person_id), key, permit_id=permit.id, person_id=permit.person_id)
    row.at, row.day, row.what = clock.iso(now), day.isoformat(), what
    return tables.create(row)


def put_pending(person_id: str, kind: str, case_id: str, over: str | None) -> Put:
    """The write that says a case of this kind is under way; ``over``: the one before, known to be decided."""
    row = PendingRow(person_pk(person_id), f"PENDING#{kind}", case=case_id)
    free = PendingRow.pk.does_not_exist()
    return Put(row, free | (PendingRow.case == over) if over else free)


def drop_pending(person_id: str, kind: str) -> Delete:
    """The write that says no case of this kind is under way any more."""
    return Delete(PendingRow(person_pk(person_id), f"PENDING#{kind}"))


def permit(person_id: str, *, consistent: bool = False) -> Permit | None:
    """The person's permit, or None."""
    row = PermitRow.find(person_pk(person_id), "PERMIT", consistent=consistent)
    return _permit(row) if row else None


def everything(person_id: str) -> tuple[Permit | None, list[Event], dict[str, str]]:
    """The permit, its history with the newest first, and the cases under way by kind; one query."""
    rows = list(PermitItem.query(person_pk(person_id), consistent_read=True))
    found = next((_permit(row) for row in rows if isinstance(row, PermitRow)), None)
    events = [_event(row) for row in rows if isinstance(row, EventRow)]
    pending = {row.sk.removeprefix("PENDING#"): row.case for row in rows if isinstance(row, PendingRow)}
    return found, sorted(events, key=_order, reverse=True), pending


def _order(event: Event) -> tuple[datetime, int]:
    """By time; of one moment in the order in which things can happen."""
    return event.at, get_args(Happening).index(event.what)


def due_on(day: date) -> Iterable[Permit]:
    """Every permit on which the calendar acts on that day."""
    found = PermitItem.by_due.query(f"DUE#{day.isoformat()}")
    return (_permit(row) for row in found if isinstance(row, PermitRow))


def cards(town: str, limit: int, token: str | None) -> tuple[list[Permit], str | None]:
    """A page of the cards being made in a town, the most urgent first."""
    scope = f"cards:{town}"
    found = PermitItem.by_card.query(
        f"CARD#{town}", limit=limit, page_size=limit, last_evaluated_key=tables.position(token, scope)
    )
    rows, following = tables.page(found, scope)
    return [_permit(row) for row in rows if isinstance(row, PermitRow)], following


def drop_all(person_id: str) -> list[Delete]:
    """The writes that remove everything about a person's permit."""
    return [Delete(row) for row in PermitItem.query(person_pk(person_id), consistent_read=True)]


def _permit(row: PermitRow) -> Permit:
    dates = {name: date.fromisoformat(text) for name in _DATES if (text := getattr(row, name))}
    return Permit.model_validate(
        {
            "card_due_on": None,
            **dates,
            "id": row.permit_id,
            "person_id": row.person_id,
            "region": row.region,
            "ground": row.ground,
            "state": row.state,
            "case": row.case,
            "card": row.card,
            "serial": int(row.serial),
            "years_before": int(row.years_before),
            "version": int(row.version),
            "asked": row.asked,
            "told": tuple(json.loads(row.told)),
        }
    )


def _event(row: EventRow) -> Event:
    return Event.model_validate(
        {"at": clock.parse_iso(row.at), "day": date.fromisoformat(row.day), "what": row.what}
    )
