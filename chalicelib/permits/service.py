"""The use cases of permits; what other contexts and functions may call is here."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import batched
from typing import Any

from chalicelib import audit, clock, sealing, tables, texts
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict, NotFound
from chalicelib.identity import service as identity
from chalicelib.permits import eligibility, lifetime, store
from chalicelib.permits.codes import code, picture
from chalicelib.permits.deciding import commit, enact, verify
from chalicelib.permits.filing import APPLICATION, ENDORSEMENT, REPLACEMENT, apply, endorse, replace
from chalicelib.permits.keeping import follow, keep
from chalicelib.permits.model import (
    Card,
    CardQuery,
    Event,
    EventView,
    MyPermit,
    Particulars,
    Permit,
    PermitView,
)
from chalicelib.permits.policy import Policy, policy_on
from chalicelib.residence import service as residence
from chalicelib.residence.model import Registration
from chalicelib.shapes import Page
from chalicelib.tables import Once
from chalicelib.texts import Language

__all__ = [
    "APPLICATION",
    "ENDORSEMENT",
    "REPLACEMENT",
    "apply",
    "cards",
    "code",
    "enact",
    "endorse",
    "follow",
    "issue",
    "keep",
    "mine",
    "particulars",
    "permit_of",
    "picture",
    "record_of",
    "replace",
    "verify",
]


def mine(person_id: str, now: datetime, language: Language) -> MyPermit:
    """The person's permit with its history, and whether they may apply: two queries."""
    today = clock.local_date(now)
    permit, events, _ = store.everything(person_id)
    return MyPermit(
        permit=_view(permit, now, language) if permit else None,
        history=[_line(event, language) for event in events],
        eligibility=_eligibility(
            residence.registrations_of(person_id), permit, policy_on(today), now, language
        ),
    )


def _eligibility(
    stays: Sequence[Registration], permit: Permit | None, policy: Policy, now: datetime, language: Language
) -> eligibility.Eligibility:
    def sentence(code: str, /, **params: str | int) -> str:
        return texts.sentence(code, language, **params)

    has = permit is not None and permit.state != "cancelled"
    found = eligibility.residence(stays, policy)
    return eligibility.judge(found, has, policy, clock.local_date(now), sentence)


def _view(permit: Permit, now: datetime, language: Language) -> PermitView:
    today = clock.local_date(now)
    policy = policy_on(today)
    state, through = permit.on(today, policy), permit.endorsed_through
    in_force = through is not None and permit.state != "cancelled"
    return PermitView(
        id=permit.id,
        state=state,
        state_text=texts.sentence(f"permit_state_{state}", language),
        ground=permit.ground,
        region=permit.region,
        serial=permit.serial,
        accepted_on=permit.accepted_on,
        card_due_on=permit.card_due_on,
        issued_on=permit.issued_on,
        endorsed_through=through,
        window_opens_on=lifetime.window_opens(through, policy) if in_force and through else None,
        suspended_on=permit.suspended_on,
        ended_on=permit.ended_on,
        years=permit.years(today, policy),
    )


def _line(event: Event, language: Language) -> EventView:
    text = texts.sentence(f"permit_event_{event.what}", language)
    return EventView(at=event.at, day=event.day, what=event.what, text=text)


def permit_of(person_id: str) -> Permit | None:
    """The person's permit as it stands, or None; for other contexts and functions."""
    return store.permit(person_id)


def record_of(person_id: str, days: Iterable[date]) -> dict[str, Any] | None:
    """What the permit proves of a person's residence, as a department's record; None without a permit.

    ``years``: the full years under it on each of ``days``, in ISO form; ``counts_from``: since when it is
    held, null for one that is not in force.
    """
    permit = store.permit(person_id)
    if permit is None:
        return None
    held = permit.counts_from if permit.state not in ("in_production", "cancelled") else None
    return {
        "source": "permits",
        "record_id": permit.id,
        "seen_on": None,
        "counts_from": held.isoformat() if held else None,
        "years": {day.isoformat(): permit.years(day, policy_on(day)) for day in days},
    }


def cards(actor: Actor, query: CardQuery, now: datetime) -> Page[Card]:
    """Cards that are being made in a town of the actor's, the most urgent first; each person sees who looked."""
    actor.require_region(query.town)
    found, following = store.cards(query.town, query.limit, query.next)
    people = [permit.person_id for permit in found]
    identity.record_disclosures(actor, people, "case_handling", "permit_card", now)
    who, today = identity.profiles(people), clock.local_date(now)
    items = [
        _card(permit, who[permit.person_id].masked_name, today) for permit in found if permit.person_id in who
    ]
    return Page(items=items, next=following)


def _card(permit: Permit, name: str, today: date) -> Card:
    assert permit.card_due_on is not None
    return Card(
        case=permit.card,
        permit=permit.id,
        serial=permit.serial,
        name=name,
        region=permit.region,
        due_on=permit.card_due_on,
        late=today > permit.card_due_on,
    )


def issue(
    actor: Actor, case_id: str, now: datetime, once: Once | None = None, language: Language = "zh-CN"
) -> PermitView:
    """The card that a case ordered is handed out; the first one puts the permit in force.

    Raises ``NotFound`` out of scope and ``Conflict("permit_no_card_due")`` when it was handed out before.
    """
    owner = cases.case_for(actor, case_id).owner
    permit = store.permit(owner, consistent=True)
    if permit is None or not actor.covers(permit.region):
        raise NotFound("case_not_found")
    if permit.card != case_id:
        raise Conflict("permit_no_card_due")
    today = clock.local_date(now)
    after = permit.issued(today, policy_on(today))
    answer = _view(after, now, language)
    identity.record_disclosures(actor, [owner], "case_handling", "permit_card", now)
    if not commit(after, permit, ["issued"], today, now, actor=actor, once=once, answer=answer):
        raise Conflict("permit_no_card_due")
    return answer


def particulars(actor: Actor, case_id: str, purpose: str, now: datetime) -> Particulars:
    """What was filed, for the staff whose part it is; the holder and the guardian see that they looked.

    Raises ``NotFound`` out of scope and for a case that is not about a permit.
    """
    case = cases.case_for(actor, case_id)
    if case.kind not in (APPLICATION, ENDORSEMENT, REPLACEMENT):
        raise NotFound("case_not_found")
    told = json.loads(sealing.open_sealed(case.owner, case.sealed, case.kind)) if case.sealed else {}
    ward = told.get("ward", {})
    guardian = case.filer if case.payload["how"] == "ward" and case.filer.startswith("P") else None
    people = [case.owner, *([guardian] if guardian else [])]
    identity.record_disclosures(actor, people, purpose, "permit_filing", now)
    who = identity.profiles(people)
    owner = who.get(case.owner)
    return Particulars(
        case=case.id,
        name=owner.masked_name if owner else "",
        id_number=owner.masked_id_number if owner else "",
        how=case.payload["how"],
        ground=case.payload.get("ground"),
        lived_since=case.payload.get("since"),
        acted_by=who[guardian].masked_name if guardian in who else None,
        why=ward.get("why"),
        relation=ward.get("relation"),
        objection=told.get("objection"),
    )


def _export(person_id: str, now: datetime) -> dict[str, Any]:
    """What permits holds of a person."""
    permit, events, pending = store.everything(person_id)
    return {
        "permit": permit.model_dump(mode="json", exclude={"person_id", "version"}) if permit else None,
        "history": [event.model_dump(mode="json") for event in events],
        "cases": sorted(pending.values()),
    }


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Delete a permit that is over; one that is not stays while it is, as the city's register of permits.

    PIPL art. 47 leaves what another law requires to be kept: here Decree 663.
    """
    permit, _, _ = store.everything(person_id)
    if permit is not None and permit.state != "cancelled":
        law = "PIPL art. 47; Decree 663 arts. 9 and 10: the register of permits, while the permit is not cancelled"
        return [identity.Kept(what="residence_permit", law=law, until=None, needs_identity=True)]
    for some in batched(store.drop_all(person_id), 99):
        tables.transact(*some, audit.entry(SYSTEM, "permit.erased", person_id, now, count=len(some)))
    return []


def _summarise(person_id: str) -> identity.Summary | None:
    """What a look-up at the counter shows of the permit."""
    permit = store.permit(person_id)
    if permit is None:
        return None
    through = permit.endorsed_through.isoformat() if permit.endorsed_through else None
    facts: dict[str, str | int | bool | None] = {"state": permit.state, "through": through}
    return identity.Summary(name="permit", regions=(permit.region,), facts=facts)


identity.contribute(identity.Part("permits", export=_export, erase=_erase, summarise=_summarise))
