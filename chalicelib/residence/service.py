"""The use cases of residence: register, enact, depart, import, verify."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import batched
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
from chalicelib.residence import census, model, store, telling  # noqa: F401  # It tells forms what is known.
from chalicelib.residence.household import REGISTRATION, relation_of
from chalicelib.residence.importing import import_rows
from chalicelib.residence.model import (
    Departure,
    Facts,
    Finding,
    Named,
    NewRegistration,
    Registration,
    Resident,
    Standing,
    month_of,
)
from chalicelib.tables import Cancelled, Once, Write

__all__ = [
    "REGISTRATION",
    "Resident",
    "born_between",
    "depart",
    "enact",
    "import_rows",
    "month_of",
    "register",
    "registered_keys",
    "registered_people",
    "registrations_of",
    "relation_of",
    "residents",
    "standing_of",
    "verify",
]

DEPARTURE: Final = "residence_departure"
COUNTER: Final = "counter_service"


def register(
    actor: Actor, body: NewRegistration, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """File a registration for oneself, for one's tenant, or at the counter for the person present.

    Raises ``Invalid`` for wrong dates, places or a child without its guardian's consent, ``Forbidden``
    for staff out of scope or before real-name binding.
    """
    _require_sound(body, now)
    owner = _owner(actor, body, now)
    place = places.resolve(body.address.town, body.address.community, body.address.line, body.address.room)
    if actor.is_staff:
        actor.require_region(place.community)
        identity.record_disclosures(actor, [owner], COUNTER, "registration", now)
    submission = cases.Submission(
        kind=REGISTRATION,
        owner=owner,
        filer=actor.id,
        region=place.community,
        payload={
            "building": place.building,
            "grid": place.grid,
            "matched": place.matched,
            "arrived_on": body.arrived_on.isoformat(),
            "housing": body.housing,
            "household": len(body.household),
            "late": model.is_late(body.arrived_on, clock.local_date(now)),
        },
        sealed=_sealed(owner, body),
        needs_confirmation=body.tenant is not None,
        papers=[
            cases.Named(*named) for named in forms.papers_in(REGISTRATION, body.model_dump(mode="json"), now)
        ],
    )
    return cases.submit(submission, actor, now, once, language=language)


def _require_sound(body: NewRegistration, now: datetime) -> None:
    today = clock.local_date(now)
    try:
        model.require_dates(body.arrived_on, today)
    except model.WrongValue as error:
        raise Invalid("values_invalid", fields=[Field("/arrived_on", error.code)]) from None
    if alone := model.minors_without_consent(body.household, today):
        fields = [Field(f"/household/{place}/guardian_consent", "guardian_consent_needed") for place in alone]
        raise Invalid("values_invalid", fields=fields)


def _owner(actor: Actor, body: NewRegistration, now: datetime) -> str:
    """Whose registration it is: the caller's, the tenant's, or that of the person at the counter."""
    if actor.is_staff:
        if body.person is None or body.tenant is not None:
            raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
        return _person_of(body.person, now)
    caller = identity.require_person(actor)
    if body.person is not None:
        raise Forbidden("counter_only")
    if body.tenant is None:
        return caller
    tenant = _person_of(body.tenant, now)
    if tenant == caller:
        raise Invalid("values_invalid", fields=[Field("/tenant", "tenant_is_landlord")])
    return tenant


def _person_of(named: Named, now: datetime) -> str:
    key = keys.person_key(named.id_number)
    known = {key: identity.KnownPerson(name=named.name, phone=named.phone)}
    return identity.people_for_keys([(key, named.id_number)], now, known)[key]


def _sealed(owner: str, body: NewRegistration) -> str:
    private = body.model_dump(mode="json", exclude={"arrived_on", "housing"}, exclude_none=True)
    return sealing.seal(owner, json.dumps(private, ensure_ascii=False), REGISTRATION)


def verify(case: Case, department: str, facts: Facts, now: datetime) -> Finding:
    """Compare the claim of a registration case with what a department knows.

    Never answers ``failed``: contradiction and silence are for a person.
    """
    today = model.verification_day(now)
    if department == "public_security":
        verified = identity.profile(case.owner).verified
        return model.identity_finding(verified, case.kind_version, today)
    records = [
        {**record, "source": source}
        for source in ("lease_filings", "property")
        for record in facts(source, case.owner)
    ]
    claim = {**case.payload, "region": case.region}
    return model.dwelling_finding(claim, records, case.kind_version)


def enact(case: Case, now: datetime) -> bool:
    """Bring an accepted case into force: registrations for the person and the household, or the departure.

    Done once however often it is asked; returns whether this call did it.
    """
    if case.state != "accepted":
        raise Conflict("case_state_forbids", state=case.state)
    return _enact_departure(case, now) if case.kind == DEPARTURE else _enact_registration(case, now)


def _enact_registration(case: Case, now: datetime) -> bool:
    if store.registration(case.owner, case.id):
        return False
    people = {case.owner: case.id} | {
        person: keys.stable_id("R", case.id, person) for person in _household(case, now)
    }
    before = store.standings(people)
    born = {who: model.month_of(one.birth_date) for who, one in identity.profiles(people).items()}
    writes: list[Write] = []
    for person, registration_id in people.items():
        writes += _stay_writes(case, person, registration_id, before.get(person), born.get(person))
    writes.append(audit.entry(SYSTEM, "residence.registered", case.id, now, people=len(people)))
    return _once_only(writes, case)


def _stay_writes(
    case: Case, person: str, registration_id: str, before: Standing | None, born: str | None
) -> list[Write]:
    claim = case.payload
    arrived = date.fromisoformat(claim["arrived_on"])
    stay = Registration(
        id=registration_id,
        person_id=person,
        status="active",
        region=case.region,
        grid=claim.get("grid"),
        building=claim["building"],
        arrived_on=arrived,
        registered_on=clock.local_date(case.submitted_at),
        housing=claim["housing"],
        origin="api",
        case=case.id,
    )
    standing = Standing(
        person_id=person,
        status="active",
        registration_id=registration_id,
        region=case.region,
        since=stay.registered_on,
        born=born,
    )
    writes: list[Write] = [store.create_registration(stay), store.put_standing(standing, before)]
    if before and before.status == "active":
        ended = max(arrived, before.since)
        writes.append(store.end_registration(person, before.registration_id, "moved", ended))
    return writes


def _household(case: Case, now: datetime) -> list[str]:
    """The person ids of the household members named in the case."""
    if not case.sealed or not case.payload.get("household"):
        return []
    private = json.loads(sealing.open_sealed(case.owner, case.sealed, REGISTRATION))
    members = private.get("household", [])
    pairs = [(keys.person_key(m["id_number"]), m["id_number"]) for m in members]
    known = {key: identity.KnownPerson(name=m["name"]) for (key, _), m in zip(pairs, members, strict=True)}
    found = identity.people_for_keys(pairs, now, known)
    return [person for person in found.values() if person != case.owner]


def _once_only(writes: Sequence[Write], case: Case) -> bool:
    try:
        tables.transact(*writes)
    except Cancelled:
        if store.registration(case.owner, case.payload.get("registration", case.id)) and _is_done(case):
            return False  # A second delivery of the same event was quicker.
        raise
    return True


def _is_done(case: Case) -> bool:
    if case.kind == REGISTRATION:
        return store.registration(case.owner, case.id) is not None
    ended = store.registration(case.owner, case.payload["registration"])
    return ended is not None and ended.status != "active"


def depart(
    actor: Actor,
    registration_id: str,
    body: Departure,
    now: datetime,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """Report that somebody left; the station confirms within 5 working days.

    ``registration_id`` is the case that registered the stay, or the stay's own id. The resident or the
    landlord who filed it may report. Raises ``Conflict`` when the stay is not in force.
    """
    stay = _own_stay(actor, registration_id)
    if stay.status != "active":
        raise Conflict("registration_not_active")
    if not stay.arrived_on <= body.left_on:
        raise Invalid("values_invalid", fields=[Field("/left_on", "left_before_arrival")])
    submission = cases.Submission(
        kind=DEPARTURE,
        owner=stay.person_id,
        filer=actor.id,
        region=stay.region,
        payload={"registration": stay.id, "left_on": body.left_on.isoformat()},
        case_id=keys.stable_id("C", DEPARTURE, stay.id, once.key if once else keys.new_id("", now)),
    )
    return cases.submit(submission, actor, now, once, language=language)


def _own_stay(actor: Actor, registration_id: str) -> Registration:
    caller = identity.require_person(actor)
    stay = store.registration(caller, registration_id)
    if stay is None:
        filed = cases.case_for(actor, registration_id)
        if filed.state != "accepted":
            raise Conflict("registration_not_active")
        stay = store.registration(filed.owner, registration_id)
    if stay is None:
        raise NotFound("registration_not_found")
    return stay


def _enact_departure(case: Case, now: datetime) -> bool:
    registration_id = case.payload["registration"]
    left = date.fromisoformat(case.payload["left_on"])
    before = store.standings([case.owner]).get(case.owner)
    if _is_done(case):
        return False
    writes: list[Write] = [store.end_registration(case.owner, registration_id, "departed", left)]
    if before and before.registration_id == registration_id:
        gone = before.model_copy(update={"status": "departed", "since": left})
        writes.append(store.put_standing(gone, before))
    writes.append(audit.entry(SYSTEM, "residence.departed", case.id, now))
    return _once_only(writes, case)


def registrations_of(person_id: str) -> list[Registration]:
    """All of a person's registrations, newest first."""
    return store.registrations(person_id)


def standing_of(person_id: str) -> Standing | None:
    """What is in force for a person now, read consistently; None for somebody who was never registered."""
    return store.standings([person_id]).get(person_id)


def registered_keys(person_keys: Iterable[str]) -> set[str]:
    """Those of the person keys whose person is registered now, or has left the city."""
    people = identity.person_ids(person_keys)
    known = store.standings(people.values())
    return {key for key, person in people.items() if person in known}


def registered_people(person_ids: Iterable[str]) -> set[str]:
    """Those of the people who are registered now, or have left the city."""
    return set(store.standings(person_ids))


def residents() -> Iterator[Resident]:
    """Everybody of the register, in a stream that holds one page a segment: for counting at night."""
    return census.residents()


def born_between(
    town: str, first: str, last: str, token: str | None, limit: int = 50
) -> tuple[list[Standing], str | None]:
    """Who is registered in a town and was born from one month to another (``2020-09``), both included; one page."""
    return store.born_between(town, first, last, token, limit)


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """What residence holds of a person."""
    return [stay.model_dump(mode="json", exclude={"person_id"}) for stay in store.registrations(person_id)]


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Delete what is over; a registration in force is the city's register and stays while it is.

    PIPL art. 47 leaves what another law requires to be kept: here Decree 663 and Guangdong's regulation.
    """
    stays = store.registrations(person_id)
    active = [stay for stay in stays if stay.status == "active"]
    over = [store.drop_registration(stay) for stay in stays if stay.status != "active"]
    standing = [] if active or not stays else [store.drop_standing(person_id)]
    for some in batched([*over, *standing], 99):
        tables.transact(*some, audit.entry(SYSTEM, "residence.erased", person_id, now, count=len(some)))
    law = "PIPL art. 47; Decree 663 art. 2: the register of residence, while the registration is in force"
    return [
        identity.Kept(what="residence_registration", law=law, until=None, needs_identity=True)
        for _ in active[:1]
    ]


def _summarise(person_id: str) -> identity.Summary | None:
    """Where a look-up finds the person: the regions of the registration in force."""
    standing = store.standings([person_id]).get(person_id)
    if standing is None:
        return None
    facts: dict[str, str | int | bool | None] = {
        "status": standing.status,
        "since": standing.since.isoformat(),
    }
    return identity.Summary(name="residence", regions=(standing.region,), facts=facts)


identity.contribute(identity.Part("residence", export=_export, erase=_erase, summarise=_summarise))
