"""The use cases of leases: file, change, end, verify, enact, and say who has a home by which lease."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib import clock, keys, sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.rentals import enacting, model, rights, store
from chalicelib.rentals.certificates import prove, qr_code
from chalicelib.rentals.enacting import CHANGE, END, FILING, FILING_BY_TENANT, enact
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
from chalicelib.tables import Once

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
    filer = _filer(actor, body.person, now)
    other = _person_of(body.other, now)
    if other == filer:
        raise Invalid("values_invalid", fields=[Field("/other", "lease_with_oneself")])
    return Parties(body.side, filer, other)


def _filer(actor: Actor, present: Named | None, now: datetime) -> str:
    """Who files: the caller, or the person who is present at the counter."""
    if actor.is_staff:
        if present is None:
            raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
        return _person_of(present, now)
    if present is not None:
        raise Forbidden("counter_only")
    return identity.require_person(actor)


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
    lease, parties = _own(actor, lease_id, body.person, now)
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
    lease, parties = _own(actor, lease_id, body.person, now)
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


def _own(actor: Actor, lease_id: str, present: Named | None, now: datetime) -> tuple[Lease, Parties]:
    """The lease in force of whoever files, and its parties as that person sees them.

    Staff act for the person present, in their own region; that person sees it.
    """
    filer = _filer(actor, present, now)
    found = store.party_lease(filer, lease_id)
    if found is None:
        raise NotFound("lease_not_found")
    lease, _ = found
    if actor.is_staff:
        actor.require_region(lease.region)
        identity.record_disclosures(actor, [filer], COUNTER, "lease", now)
    if lease.status != "active":
        raise Conflict("lease_not_active")
    side: Side = "landlord" if lease.landlord == filer else "tenant"
    return lease, Parties(side, filer, getattr(lease, OTHER[side]))


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
    terms = enacting.terms_of(case)
    return model.breaches(terms, model.rules_on(terms.signed_on))


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
