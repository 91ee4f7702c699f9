"""Filing: an application, an endorsement, a replacement; for oneself, for a ward, at the counter."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib import clock, idnumbers, keys, sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.identity import service as identity
from chalicelib.permits import eligibility, store
from chalicelib.permits.model import Filing, NewApplication, NewEndorsement, NewReplacement, Permit, Ward
from chalicelib.permits.policy import Policy, policy_on
from chalicelib.residence import service as residence
from chalicelib.residence.model import Registration
from chalicelib.tables import Cancelled, Once, Write

APPLICATION: Final = "permit_application"
ENDORSEMENT: Final = "permit_endorsement"
REPLACEMENT: Final = "permit_replacement"
ENDED: Final = frozenset({"accepted", "refused", "withdrawn", "closed"})
COUNTER: Final = "counter_service"
# Somebody who tries out other people's numbers as wards learns nothing after these.
WARDS_A_DAY: Final = (10, 86_400)


@dataclass(frozen=True)
class Owner:
    """Whose permit it is about, and how that is known."""

    person_id: str
    how: str
    ward: Ward | None = None


def apply(
    actor: Actor, body: NewApplication, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Apply for a permit on one of the three grounds (Decree 663 arts. 2 and 9).

    Raises ``Conflict("permit_not_registered")`` without a registration in force,
    ``Conflict("permit_not_yet")`` before half a year unless the applicant objects to that (then a person
    decides), ``Conflict("permit_is_there")`` and ``Conflict("permit_asked_already")``.
    """
    owner, today = whose(actor, body, now), clock.local_date(now)
    policy = policy_on(today)
    stays = residence.registrations_of(owner.person_id)
    region = _region_of(stays)
    _require_scope(actor, region)
    found = eligibility.residence(stays, policy)
    if not found.met(today) and body.objection is None:
        assert found.half_year_on is not None
        raise Conflict("permit_not_yet", day=found.half_year_on.isoformat())
    payload: dict[str, Any] = {"ground": body.ground, "papers": policy.grounds[body.ground].papers}
    payload |= {
        "since": found.since.isoformat() if found.since else None,
        "objection": not found.met(today),
    }
    sealed = {"objection": body.objection}

    def demands(case_id: str, over: str | None) -> list[Write]:
        pending = store.put_pending(owner.person_id, APPLICATION, case_id, over)
        return [store.require_none_in_force(owner.person_id), pending]

    asked = ("public_security", policy.grounds[body.ground].department)
    filing = _Filing(actor, owner, APPLICATION, region, payload, sealed, asked)
    return _file(filing, demands, now, once, language)


def endorse(
    actor: Actor, body: NewEndorsement, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Have the year endorsed within the month before it is full, or make up for a year that was missed.

    Raises ``Conflict`` without a permit in force, before the window opens, and while one is under way.
    """
    owner, today = whose(actor, body, now), clock.local_date(now)
    policy = policy_on(today)
    permit = _permit_of(actor, owner)
    permit.may_endorse(today, policy)
    if permit.asked and _is_open(permit.asked):
        raise Conflict("permit_asked_already")
    late = permit.on(today, policy) == "suspended"
    payload = {"through": str(permit.endorsed_through), "late": late}

    def demands(case_id: str, over: str | None) -> list[Write]:
        return [store.save(asked_for(permit, case_id, today), permit, next_day(permit, policy))]

    filing = _Filing(actor, owner, ENDORSEMENT, permit.region, payload, {}, ("public_security",))
    return _file(filing, demands, now, once, language)


def replace(
    actor: Actor, body: NewReplacement, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Ask for a new card in place of a lost or unreadable one (Decree 663 art. 11); the right goes on."""
    owner, today = whose(actor, body, now), clock.local_date(now)
    permit = _permit_of(actor, owner)
    if permit.on(today, policy_on(today)) in ("in_production", "cancelled"):
        raise Conflict("permit_not_in_force")
    payload = {"fault": body.fault, "card_returned": body.card_returned, "serial": permit.serial}

    def demands(case_id: str, over: str | None) -> list[Write]:
        return [store.put_pending(owner.person_id, REPLACEMENT, case_id, over)]

    filing = _Filing(actor, owner, REPLACEMENT, permit.region, payload, {}, ("public_security",))
    return _file(filing, demands, now, once, language)


def asked_for(permit: Permit, case_id: str, day: date) -> Permit:
    """The permit with an endorsement under way."""
    return permit.model_copy(update={"asked": case_id, "asked_on": day, "version": permit.version + 1})


def next_day(permit: Permit, policy: Policy) -> date | None:
    """The day on which the calendar acts on a permit next; None when it never does."""
    steps = permit.steps(policy)
    return steps[0].day if steps else None


def whose(actor: Actor, body: Filing, now: datetime) -> Owner:
    """Whose permit it is: the caller's, a ward's, or that of the person at the counter.

    A ward is somebody known here under that name and number. Unknown, and known by another name, are the
    same ``NotFound("ward_unknown")``, so that numbers cannot be tried out.
    """
    if not actor.is_staff:
        caller = identity.require_person(actor)
        if body.person is not None:
            raise Forbidden("counter_only")
        return Owner(caller, "own") if body.ward is None else _ward(actor, caller, body.ward, now)
    if body.person is None:
        raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
    if body.ward is not None:
        return _ward(actor, "", body.ward, now)
    known = _known(body.person.id_number)
    if known is None:
        raise NotFound("person_not_found")
    return Owner(known, "counter")


def _ward(actor: Actor, caller: str, ward: Ward, now: datetime) -> Owner:
    times, seconds = WARDS_A_DAY
    identity.throttle(f"ward#{actor.id}", times, seconds, now, "wards_used_up")
    _require_reason(ward, clock.local_date(now))
    known = _known(ward.id_number)
    if known is None or identity.profile(known).name != ward.name:
        raise NotFound("ward_unknown")
    if known == caller:
        raise Invalid("values_invalid", fields=[Field("/ward", "ward_is_oneself")])
    return Owner(known, "ward", ward)


def _require_reason(ward: Ward, today: date) -> None:
    """Raise ``Invalid`` unless the age in the number bears out why somebody else acts."""
    born, policy = idnumbers.parse(ward.id_number).birth_date, policy_on(today)
    age = clock.age_on(born, today) if born else None
    if ward.why == "under_16" and (age is None or age >= policy.minor_age):
        raise Invalid("values_invalid", fields=[Field("/ward/why", "ward_not_under_16")])
    if ward.why == "old" and (age is None or age < policy.old_age):
        raise Invalid("values_invalid", fields=[Field("/ward/why", "ward_not_old")])


def _known(id_number: str) -> str | None:
    return next(iter(identity.person_ids(keys.person_keys(id_number)).values()), None)


def _region_of(stays: Sequence[Registration]) -> str:
    active = [stay for stay in stays if stay.status == "active"]
    if not active:
        raise Conflict("permit_not_registered")
    return active[0].region


def _permit_of(actor: Actor, owner: Owner) -> Permit:
    permit = store.permit(owner.person_id, consistent=True)
    if permit is None:
        raise Conflict("permit_not_in_force")
    _require_scope(actor, permit.region)
    return permit


def _require_scope(actor: Actor, region: str) -> None:
    """Staff serve those of their own region; for others it is as if the person were not known."""
    if actor.is_staff and not actor.covers(region):
        raise NotFound("person_not_found")


@dataclass(frozen=True)
class _Filing:
    """What becomes a case."""

    actor: Actor
    owner: Owner
    kind: str
    region: str
    payload: dict[str, Any]
    sealed: dict[str, Any]
    asked: tuple[str, ...]


def _file(
    filing: _Filing,
    demands: Callable[[str, str | None], list[Write]],
    now: datetime,
    once: Once | None,
    language: str,
) -> CaseView:
    """Open the case with what the permit demands in one transaction; a second one of its kind is refused."""
    actor, owner = filing.actor, filing.owner
    if actor.is_staff:
        identity.record_disclosures(actor, [owner.person_id], COUNTER, "permit", now)
    case_id = keys.stable_id("C", filing.kind, owner.person_id, once.key if once else keys.new_id("", now))
    submission = _submission(filing, case_id)
    try:
        return cases.submit(submission, actor, now, once, demands(case_id, None), language)
    except Cancelled:
        over = _stands_in_the_way(owner.person_id, filing.kind)
        return cases.submit(submission, actor, now, once, demands(case_id, over), language)


def _submission(filing: _Filing, case_id: str) -> cases.Submission:
    owner = filing.owner
    private = {key: value for key, value in filing.sealed.items() if value is not None}
    if owner.ward is not None:
        private["ward"] = owner.ward.model_dump(mode="json", exclude_none=True)
        private["acted_by"] = filing.actor.id
    text = json.dumps(private, ensure_ascii=False)
    return cases.Submission(
        kind=filing.kind,
        owner=owner.person_id,
        filer=filing.actor.id,
        region=filing.region,
        payload={"how": owner.how, "why": owner.ward.why if owner.ward else None, **filing.payload},
        sealed=sealing.seal(owner.person_id, text, filing.kind) if private else None,
        case_id=case_id,
    )


def _stands_in_the_way(person_id: str, kind: str) -> str:
    """The decided case of this kind that is still noted; raises ``Conflict`` for whatever forbids a new one."""
    permit, _, pending = store.everything(person_id)
    noted = pending.get(kind)
    if kind == APPLICATION and permit is not None and permit.state != "cancelled":
        raise Conflict("permit_is_there")
    if noted is None:
        raise Conflict("changed_meanwhile")
    if _is_open(noted):
        raise Conflict("permit_asked_already")
    return noted


def _is_open(case_id: str) -> bool:
    return cases.case(case_id).state not in ENDED
