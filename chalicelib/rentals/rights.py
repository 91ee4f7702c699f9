"""What is held of a person's leases: to open, to hand out and to delete."""

import json
from datetime import datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, sealing, tables
from chalicelib.actors import SYSTEM
from chalicelib.identity import service as identity
from chalicelib.rentals import store

LEASE: Final = "lease"
LAW: Final = (
    "住房租赁条例（2025）；个人信息保护法第四十七条: the register of leases, while the lease is in force"
)


def opened(person_id: str, sealed: str | None) -> dict[str, Any]:
    """A lease's private part under a party's key."""
    private: dict[str, Any] = json.loads(sealing.open_sealed(person_id, sealed, LEASE)) if sealed else {}
    return private


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """The person's leases with their terms; the other party is not named."""
    found = []
    for lease, sealed in store.party_leases(person_id):
        side = lease.side_of(person_id)
        held = lease.model_dump(mode="json", exclude={"landlord", "tenant"}) | {"side": side}
        found.append(held | opened(person_id, sealed))
    return found


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Delete leases that are over; one in force stays while it is: it is the other party's as well."""
    leases = store.leases_of(person_id)
    over = [
        write for lease in leases if lease.status == "ended" for write in store.drop_writes(lease, person_id)
    ]
    for some in batched(over, 98):
        tables.transact(*some, audit.entry(SYSTEM, "leases.erased", person_id, now, rows=len(some)))
    active = [lease for lease in leases if lease.status == "active"]
    until = max((lease.ends_on for lease in active if lease.ends_on), default=None)
    openended = any(lease.ends_on is None for lease in active)
    kept = identity.Kept(what="lease", law=LAW, until=None if openended else until, needs_identity=True)
    return [kept] if active else []


identity.contribute(identity.Part("rentals", export=_export, erase=_erase))
