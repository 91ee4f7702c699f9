"""Leases as cases leave them: what an accepted filing, change or end brings into force, once."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from chalicelib import audit, clock, keys, sealing, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases.model import Case
from chalicelib.errors import Conflict
from chalicelib.rentals import rights, store
from chalicelib.rentals.model import Lease, Side, Terms
from chalicelib.tables import Cancelled, Write

FILING: Final = "lease_filing"
FILING_BY_TENANT: Final = "lease_filing_by_tenant"
CHANGE: Final = "lease_change"
END: Final = "lease_end"


def private_of(case: Case) -> dict[str, Any]:
    """What a case's filer said of address and terms; raises ``Conflict`` when it was deleted on request."""
    if case.sealed is None:
        raise Conflict("lease_forgotten")
    private: dict[str, Any] = json.loads(sealing.open_sealed(case.owner, case.sealed, FILING))
    return private


def terms_of(case: Case) -> Terms:
    """The terms that were filed."""
    return Terms.model_validate(private_of(case)["terms"])


def enact(case: Case, now: datetime) -> bool:
    """Bring an accepted filing, change or end into force; once however often it is asked. Returns whether this call did it."""
    if case.state != "accepted":
        raise Conflict("case_state_forbids", state=case.state)
    if case.kind in (FILING, FILING_BY_TENANT):
        return _enact_filing(case, now)
    lease = store.lease(case.payload["lease"])
    if lease is None or lease.status != "active":
        return False
    return _enact_change(case, lease, now) if case.kind == CHANGE else _enact_end(case, lease, now)


def _enact_filing(case: Case, now: datetime) -> bool:
    lease_id = keys.stable_id("L", case.id)
    if store.lease(lease_id):
        return False
    private, terms, claim = private_of(case), terms_of(case), case.payload
    lease = Lease(
        id=lease_id,
        number=case.receipt_number,
        case=case.id,
        status="active",
        landlord=claim["landlord"],
        tenant=claim["tenant"],
        filed_by=claim["side"],
        region=case.region,
        grid=claim.get("grid"),
        building=claim["building"],
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        filed_on=clock.local_date(case.submitted_at),
    )
    text = json.dumps(private, ensure_ascii=False)
    sealed: dict[Side, str] = {
        "landlord": sealing.seal(lease.landlord, text, rights.LEASE),
        "tenant": sealing.seal(lease.tenant, text, rights.LEASE),
    }
    writes = store.create_writes(lease, sealed)
    return _once_only([*writes, audit.entry(SYSTEM, "lease.filed", lease.id, now, by=lease.filed_by)])


def _enact_change(case: Case, lease: Lease, now: datetime) -> bool:
    """The new terms, from now on those of the lease."""
    terms = terms_of(case)
    after = lease.model_copy(
        update={
            "starts_on": min(lease.starts_on, terms.starts_on),
            "ends_on": terms.ends_on,
            "version": lease.version + 1,
        }
    )
    sealed: dict[Side, str] = {}
    for side in ("landlord", "tenant"):
        person: str = getattr(lease, side)
        found = store.party_lease(person, lease.id)
        if found is None:
            continue
        private = rights.opened(person, found[1]) | {"terms": terms.model_dump(mode="json")}
        sealed[side] = sealing.seal(person, json.dumps(private, ensure_ascii=False), rights.LEASE)
    writes = [store.change_put(after, case.id, now), *store.changed_writes(lease, after, sealed)]
    return _once_only([*writes, audit.entry(SYSTEM, "lease.changed", lease.id, now, version=after.version)])


def _enact_end(case: Case, lease: Lease, now: datetime) -> bool:
    ended = date.fromisoformat(case.payload["ended_on"])
    sides: list[Side] = [s for s in ("landlord", "tenant") if store.party_lease(getattr(lease, s), lease.id)]
    writes = store.end_writes(lease, ended, sides)
    return _once_only([*writes, audit.entry(SYSTEM, "lease.ended", lease.id, now)])


def _once_only(writes: Sequence[Write]) -> bool:
    """Whether this call did it. The first write is the one that a second delivery of the same event meets."""
    try:
        tables.transact(*writes)
    except Cancelled as refused:
        if 0 in refused.failed:
            return False
        raise  # Something else changed between reading and writing: the event comes again.
    return True
