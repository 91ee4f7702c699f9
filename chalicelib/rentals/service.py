"""The use cases of leases: file, change, end, verify, enact, and say who has a home by which lease."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib import audit, clock, keys, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.rentals import model, rights, store
from chalicelib.rentals.certificates import prove, qr_code
from chalicelib.rentals.model import (
    Breach,
    Facts,
    Lease,
    LeaseChange,
    LeaseEnd,
    NewLease,
    PartyLease,
    Side,
    Terms,
)
from chalicelib.residence.model import Finding, Named
from chalicelib.tables import Cancelled, Once, Write

FILING: Final = "lease_filing"
FILING_BY_TENANT: Final = "lease_filing_by_tenant"
CHANGE: Final = "lease_change"
END: Final = "lease_end"
COUNTER: Final = "counter_service"
OTHER: Final[dict[Side, Side]] = {"landlord": "tenant", "tenant": "landlord"}
__all__ = [
    "CHANGE",
    "END",
    "FILING",
    "FILING_BY_TENANT",
    "change",
    "enact",
    "end",
    "file",
    "leases_for",
    "leases_of",
    "prove",
    "qr_code",
    "records_of",
    "rights",
    "verify",
]


@dataclass(frozen=True)
class Parties:
    """Who files on which side, and who the other party is; person ids."""

    side: Side
    filer: str
    other: str

    @property
    def payload(self) -> dict[str, Any]:
        """The parties as a case keeps them."""
        return {"side": self.side, self.side: self.filer, OTHER[self.side]: self.other}


def file(
    actor: Actor, body: NewLease, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """File a signed lease, by either party or at the counter for the party who is present; the other party confirms.

    Regulation on Housing Rental (2025): in real names, by the landlord, free; by the tenant where the landlord does not.
    Raises ``Invalid`` for dates that cannot be and, to a landlord, for terms that the law does not allow.
    """
    today = clock.local_date(now)
    found = model.require_sound(body.terms, body.side, today)
    parties = _parties(actor, body, now)
    place = places.resolve(body.address.town, body.address.community, body.address.line, body.address.room)
    if actor.is_staff:
        actor.require_region(place.community)
        identity.record_disclosures(actor, [parties.filer], COUNTER, "lease", now)
    rules = model.rules_on(body.terms.signed_on)
    payload = {
        **parties.payload,
        "building": place.building,
        "grid": place.grid,
        "matched": place.matched,
        "rules": rules.version,
        "breaches": [breach.rule for breach in found],
        "late": model.is_late(body.terms.signed_on, today, rules),
    }
    private = {"address": _line(body), "terms": body.terms.model_dump(mode="json")}
    submission = cases.Submission(
        kind=FILING if body.side == "landlord" else FILING_BY_TENANT,
        owner=parties.other,
        filer=parties.filer,
        region=place.community,
        payload=payload,
        sealed=sealing.seal(parties.other, json.dumps(private, ensure_ascii=False), FILING),
        needs_confirmation=True,
        form_version=forms.version_for(FILING, now),
    )
    drafts = forms.filed(FILING, actor) if body.side == "tenant" else []
    return cases.submit(submission, actor, now, once, drafts, language)


def _line(body: NewLease) -> dict[str, str]:
    return body.address.model_dump(mode="json")


def _parties(actor: Actor, body: NewLease, now: datetime) -> Parties:
    if actor.is_staff:
        if body.person is None:
            raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
        filer = _person_of(body.person, now)
    else:
        filer = identity.require_person(actor)
        if body.person is not None:
            raise Forbidden("counter_only")
    other = _person_of(body.other, now)
    if other == filer:
        raise Invalid("values_invalid", fields=[Field("/other", "lease_with_oneself")])
    return Parties(body.side, filer, other)


def _person_of(named: Named, now: datetime) -> str:
    key = keys.person_key(named.id_number)
    known = {key: identity.KnownPerson(name=named.name, phone=named.phone)}
    return identity.people_for_keys([(key, named.id_number)], now, known)[key]


def change(
    actor: Actor,
    lease_id: str,
    body: LeaseChange,
    now: datetime,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """File other terms of a lease in force; the other party confirms. Raises ``NotFound``, ``Conflict``, ``Invalid``."""
    today = clock.local_date(now)
    lease, parties, _ = _own(actor, lease_id)
    found = model.require_sound(body.terms, parties.side, today)
    if body.from_day < lease.starts_on:
        raise Invalid("values_invalid", fields=[Field("/from_day", "lease_change_too_early")])
    rules = model.rules_on(body.terms.signed_on)
    payload = {
        **parties.payload,
        "lease": lease.id,
        "from_day": body.from_day.isoformat(),
        "building": lease.building,
        "rules": rules.version,
        "breaches": [breach.rule for breach in found],
        "late": model.is_late(body.terms.signed_on, today, rules),
    }
    private = {"terms": body.terms.model_dump(mode="json")}
    return _submit(CHANGE, lease, parties, payload, private, actor, now, once, language)


def end(
    actor: Actor,
    lease_id: str,
    body: LeaseEnd,
    now: datetime,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """File the end of a lease in force; the other party confirms. Raises ``NotFound``, ``Conflict``, ``Invalid``."""
    today = clock.local_date(now)
    lease, parties, _ = _own(actor, lease_id)
    if body.ended_on < lease.starts_on:
        raise Invalid("values_invalid", fields=[Field("/ended_on", "lease_ends_before_start")])
    payload = {
        **parties.payload,
        "lease": lease.id,
        "ended_on": body.ended_on.isoformat(),
        "because": body.because,
        "late": model.is_late(body.ended_on, today, model.rules_on(today)),
    }
    return _submit(END, lease, parties, payload, None, actor, now, once, language)


def _submit(
    kind: str,
    lease: Lease,
    parties: Parties,
    payload: dict[str, Any],
    private: dict[str, Any] | None,
    actor: Actor,
    now: datetime,
    once: Once | None,
    language: str,
) -> CaseView:
    text = json.dumps(private, ensure_ascii=False) if private else None
    submission = cases.Submission(
        kind=kind,
        owner=parties.other,
        filer=parties.filer,
        region=lease.region,
        payload=payload,
        sealed=sealing.seal(parties.other, text, FILING) if text else None,
        needs_confirmation=True,
    )
    return cases.submit(submission, actor, now, once, language=language)


def _own(actor: Actor, lease_id: str) -> tuple[Lease, Parties, dict[str, Any]]:
    """The caller's lease in force, its parties as the caller sees them, and its private part."""
    caller = identity.require_person(actor)
    found = store.party_lease(caller, lease_id)
    if found is None:
        raise NotFound("lease_not_found")
    lease, sealed = found
    if lease.status != "active":
        raise Conflict("lease_not_active")
    side: Side = "landlord" if lease.landlord == caller else "tenant"
    return lease, Parties(side, caller, getattr(lease, OTHER[side])), rights.opened(caller, sealed)


def verify(case: Case, department: str, facts: Facts, now: datetime) -> Finding:
    """What a department's data says of a filing or change. Never ``failed``: doubt and silence are for a person."""
    claim = case.payload
    if department == "public_security":
        verified: dict[Side, bool] = {
            side: identity.profile(claim[side]).verified for side in ("landlord", "tenant")
        }
        return model.parties_finding(verified, case.kind_version, clock.local_date(now))
    if found := model.terms_finding(_breaches(case)):
        return found
    if case.kind == CHANGE:
        return model.agreed_finding(claim["rules"])
    return model.title_finding(claim, facts("property", claim["landlord"]), case.kind_version)


def _breaches(case: Case) -> list[Breach]:
    """The rules that the terms of a case do not keep to, judged again from what was filed."""
    terms = _terms(case)
    return model.breaches(terms, model.rules_on(terms.signed_on))


def _private(case: Case) -> dict[str, Any]:
    if case.sealed is None:
        raise Conflict("lease_forgotten")
    private: dict[str, Any] = json.loads(sealing.open_sealed(case.owner, case.sealed, FILING))
    return private


def _terms(case: Case) -> Terms:
    return Terms.model_validate(_private(case)["terms"])


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
    private, terms, claim = _private(case), _terms(case), case.payload
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
    terms = _terms(case)
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


def leases_of(person_id: str) -> list[Lease]:
    """The leases that a person is a party of, as landlord or tenant, the latest first; one request.

    ``lease.side_of(person)`` says which, ``lease.in_force_on(day)`` whether it was a home then: a filed lease in force is
    proof of a stable home (Decree 663 art. 2).
    """
    return store.leases_of(person_id)


def records_of(person_id: str, today: date) -> list[dict[str, Any]]:
    """A tenant's leases in force, in the columns of the source ``lease_filings``; one request."""
    return [
        {
            "source": "lease_filings",
            "record_id": lease.id,
            "filing_number": lease.number,
            "community": lease.region,
            "building": lease.building,
            "seen_on": lease.filed_on.isoformat(),
            "start_on": lease.starts_on.isoformat(),
            "end_on": lease.ends_on.isoformat() if lease.ends_on else None,
        }
        for lease in store.leases_of(person_id)
        if lease.tenant == person_id and lease.in_force_on(today)
    ]


def leases_for(actor: Actor) -> list[PartyLease]:
    """The caller's leases with their terms; one request."""
    caller = identity.require_person(actor)
    return [_shown(caller, lease, sealed) for lease, sealed in store.party_leases(caller)]


def _shown(caller: str, lease: Lease, sealed: str | None) -> PartyLease:
    private = rights.opened(caller, sealed)
    terms = Terms.model_validate(private["terms"])
    return PartyLease(
        **lease.model_dump(
            include={"id", "number", "status", "region", "starts_on", "ends_on", "ended_on", "filed_on"}
        ),
        side=lease.side_of(caller) or "tenant",
        address=private["address"]["line"],
        room=private["address"].get("room", ""),
        rent_fen=terms.rent_fen,
        deposit_fen=terms.deposit_fen,
        area_m2=terms.area_m2,
        occupants=terms.occupants,
    )
