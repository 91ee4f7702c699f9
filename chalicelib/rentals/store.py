"""Leases in DynamoDB.

``LEASE#<id>`` / ``LEASE``: the lease without its terms; ``CHANGE#<case>`` for each change of them. ``PERSON#<id>`` / ``LEASE#<lease>``: the same as each party has
it, with address, rent and deposit sealed under that party's own key, so that either may be deleted without the other.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib import clock, tables
from chalicelib.rentals.model import Lease, Side
from chalicelib.tables import Delete, Put, Row, Update, Write


class LeaseItem(Row):
    """What both rows of a lease hold."""

    Meta = tables.meta("rentals")
    lease_id = UnicodeAttribute()
    number = UnicodeAttribute()
    case = UnicodeAttribute()
    status = UnicodeAttribute()
    landlord = UnicodeAttribute()
    tenant = UnicodeAttribute()
    filed_by = UnicodeAttribute()
    region = UnicodeAttribute()
    grid = UnicodeAttribute(null=True)
    building = UnicodeAttribute()
    starts_on = UnicodeAttribute()
    ends_on = UnicodeAttribute(null=True)
    ended_on = UnicodeAttribute(null=True)
    filed_on = UnicodeAttribute()
    version = NumberAttribute()


class LeaseRow(LeaseItem):
    """A lease, for its certificate."""


class PartyRow(LeaseItem):
    """A lease as one party has it."""

    sealed = UnicodeAttribute(null=True)


class ChangeRow(Row):
    """That a case has changed a lease: it does so once."""

    Meta = tables.meta("rentals")
    at = UnicodeAttribute()
    version = NumberAttribute()


def lease_pk(lease_id: str) -> str:
    """The partition of a lease."""
    return f"LEASE#{lease_id}"


def person_pk(person_id: str) -> str:
    """The partition of a person's leases."""
    return f"PERSON#{person_id}"


def create_writes(lease: Lease, sealed: dict[Side, str]) -> list[Put]:
    """The writes of a new lease; refused when it is there already."""
    parties = [_party_row(lease, side, sealed[side]) for side in ("landlord", "tenant")]
    return [tables.create(_fill(LeaseRow(lease_pk(lease.id), "LEASE"), lease)), *map(tables.create, parties)]


def _party_row(lease: Lease, side: Side, sealed: str | None) -> PartyRow:
    row = PartyRow(person_pk(getattr(lease, side)), lease_pk(lease.id))
    _fill(row, lease)
    row.sealed = sealed
    return row


def _fill[T: LeaseItem](row: T, lease: Lease) -> T:
    row.lease_id, row.number, row.case, row.status = lease.id, lease.number, lease.case, lease.status
    row.landlord, row.tenant, row.filed_by = lease.landlord, lease.tenant, lease.filed_by
    row.region, row.grid, row.building = lease.region, lease.grid, lease.building
    row.starts_on, row.filed_on = lease.starts_on.isoformat(), lease.filed_on.isoformat()
    row.ends_on = lease.ends_on.isoformat() if lease.ends_on else None
    row.ended_on = lease.ended_on.isoformat() if lease.ended_on else None
    row.version = lease.version
    return row


def changed_writes(before: Lease, after: Lease, sealed: dict[Side, str]) -> list[Write]:
    """The writes of a lease with other terms; refused when it is no longer as it was read.

    A party that was deleted meanwhile has no row and gets none: ``sealed`` names those who are there.
    """
    actions = [
        LeaseItem.starts_on.set(after.starts_on.isoformat()),
        LeaseItem.ends_on.set(after.ends_on.isoformat()) if after.ends_on else LeaseItem.ends_on.remove(),
        LeaseItem.version.set(after.version),
    ]
    writes: list[Write] = [_update(before, actions)]
    for side, text in sealed.items():
        row = PartyRow(person_pk(getattr(before, side)), lease_pk(before.id))
        writes.append(Update(row, [*actions, PartyRow.sealed.set(text)], PartyRow.pk.exists()))
    return writes


def change_put(after: Lease, case_id: str, now: datetime) -> Put:
    """The write that a second enactment of the same change meets."""
    row = ChangeRow(lease_pk(after.id), f"CHANGE#{case_id}", at=clock.iso(now), version=after.version)
    return tables.create(row)


def end_writes(lease: Lease, ended_on: date, sides: Iterable[Side]) -> list[Write]:
    """The writes that end a lease; refused when it is no longer as it was read."""
    actions = [LeaseItem.status.set("ended"), LeaseItem.ended_on.set(ended_on.isoformat())]
    rows = [PartyRow(person_pk(getattr(lease, side)), lease_pk(lease.id)) for side in sides]
    return [_update(lease, actions), *(Update(row, actions, PartyRow.pk.exists()) for row in rows)]


def _update(lease: Lease, actions: Sequence[Action]) -> Update:
    unchanged = (LeaseRow.status == lease.status) & (LeaseRow.version == lease.version)
    return Update(LeaseRow(lease_pk(lease.id), "LEASE"), actions, unchanged)


def drop_writes(lease: Lease, person_id: str) -> list[Delete]:
    """The writes that forget an ended lease on one party's side: the party's row, and the lease's own."""
    pk = lease_pk(lease.id)
    changes = ChangeRow.query(pk, ChangeRow.sk.startswith("CHANGE#"))
    rows: list[Row] = [PartyRow(person_pk(person_id), pk), LeaseRow(pk, "LEASE"), *changes]
    return [Delete(row) for row in rows]


def lease(lease_id: str) -> Lease | None:
    """The lease, or None."""
    row = LeaseRow.find(lease_pk(lease_id), "LEASE", consistent=True)
    return _lease(row) if row else None


def leases_of(person_id: str) -> list[Lease]:
    """The leases that a person is a party of, the latest first; one query."""
    return [lease for lease, _ in party_leases(person_id)]


def party_leases(person_id: str) -> list[tuple[Lease, str | None]]:
    """The same with what is sealed under the person's key."""
    rows = PartyRow.query(person_pk(person_id), PartyRow.sk.startswith("LEASE#"))
    found = [(_lease(row), row.sealed) for row in rows]
    return sorted(found, key=lambda each: (each[0].starts_on, each[0].id), reverse=True)


def party_lease(person_id: str, lease_id: str) -> tuple[Lease, str | None] | None:
    """One lease of a person with what is sealed, or None."""
    row = PartyRow.find(person_pk(person_id), lease_pk(lease_id), consistent=True)
    return (_lease(row), row.sealed) if row else None


def _lease(row: Any) -> Lease:
    return Lease(
        id=row.lease_id,
        number=row.number,
        case=row.case,
        status=row.status,
        landlord=row.landlord,
        tenant=row.tenant,
        filed_by=row.filed_by,
        region=row.region,
        grid=row.grid,
        building=row.building,
        starts_on=date.fromisoformat(row.starts_on),
        ends_on=date.fromisoformat(row.ends_on) if row.ends_on else None,
        ended_on=date.fromisoformat(row.ended_on) if row.ended_on else None,
        filed_on=date.fromisoformat(row.filed_on),
        version=int(row.version),
    )
