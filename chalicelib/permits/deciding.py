"""What machines may say to a case about a permit, and what its acceptance brings."""

from collections.abc import Sequence
from datetime import date, datetime

from chalicelib import audit, clock, keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases.model import Case
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.permits import eligibility, findings, lifetime, store
from chalicelib.permits.filing import APPLICATION, ENDORSEMENT, REPLACEMENT, next_day
from chalicelib.permits.model import Happening, Permit
from chalicelib.permits.policy import policy_on
from chalicelib.residence import service as residence
from chalicelib.residence.model import Facts, Finding
from chalicelib.shapes import Shape
from chalicelib.tables import Cancelled, Once, Write


def verify(case: Case, department: str, facts: Facts, now: datetime) -> Finding:
    """Compare a case about a permit with the register or with one department's data.

    Never answers ``failed``: contradiction and silence are for a person.
    """
    policy = policy_on(clock.local_date(case.submitted_at))
    if department != "public_security":
        rule = policy.grounds[case.payload["ground"]]
        known = [
            {**fact, "source": proof.source}
            for proof in rule.sources
            for fact in facts(proof.source, case.owner)
        ]
        return findings.ground_finding(case, rule, known)
    if told := findings.identity_finding(case, identity.profile(case.owner).verified):
        return told
    if case.kind == REPLACEMENT:
        return findings.finding("identity", case)
    found = eligibility.residence(residence.registrations_of(case.owner), policy)
    if case.kind == APPLICATION:
        return findings.residence_finding(case, found)
    permit = store.permit(case.owner, consistent=True)
    return findings.continuity_finding(case, found, permit.counts_from if permit else None)


def enact(case: Case, now: datetime) -> bool:
    """Bring an accepted case into force: a permit in production, a year endorsed, a new card ordered.

    Done once however often it is asked; returns whether this call did it.
    """
    if case.state != "accepted":
        raise Conflict("case_state_forbids", state=case.state)
    permit = store.permit(case.owner, consistent=True)
    if case.kind == APPLICATION:
        return _enact_application(case, permit, now)
    if permit is None or permit.state == "cancelled":
        return False  # Left the city meanwhile: there is nothing to endorse or replace any more.
    if case.kind == ENDORSEMENT:
        return _enact_endorsement(case, permit, now)
    return _enact_replacement(case, permit, now)


def received_on(case: Case) -> date:
    """When the application was whole: filed, or the day on which missing papers came (Decree 663 art. 9)."""
    moments = [event.at for event in case.events if event.what == "case_supplement"]
    return clock.local_date(max([case.submitted_at, *moments]))


def _enact_application(case: Case, before: Permit | None, now: datetime) -> bool:
    if before is not None and (before.case == case.id or before.state != "cancelled"):
        return False
    today = clock.local_date(case.decided_at or now)
    policy = policy_on(today)
    permit = Permit(
        id=keys.stable_id("RP", case.id),
        person_id=case.owner,
        region=case.region,
        ground=case.payload["ground"],
        state="in_production",
        case=case.id,
        card=case.id,
        accepted_on=today,
        card_due_on=lifetime.issue_by(received_on(case), policy),
    )
    gone = not any(stay.status == "active" for stay in residence.registrations_of(case.owner))
    made = permit.cancelled(today) if gone else permit
    happened: list[Happening] = ["accepted", "cancelled"] if gone else ["accepted"]
    done = store.drop_pending(case.owner, APPLICATION)
    return commit(made, before, happened, today, now, done)


def _enact_endorsement(case: Case, permit: Permit, now: datetime) -> bool:
    if permit.asked != case.id:
        return False
    day = clock.local_date(case.submitted_at)
    after, what = permit.endorsed(day, policy_on(day))
    return commit(after, permit, [what], day, now)


def _enact_replacement(case: Case, permit: Permit, now: datetime) -> bool:
    if permit.card == case.id:
        return False
    after = permit.replaced(case.id, received_on(case), policy_on(clock.local_date(now)))
    done = store.drop_pending(case.owner, REPLACEMENT)
    return commit(after, permit, ["replaced"], clock.local_date(case.decided_at or now), now, done)


def commit(
    after: Permit,
    before: Permit | None,
    happened: Sequence[Happening],
    day: date,
    now: datetime,
    *more: Write,
    actor: Actor = SYSTEM,
    once: Once | None = None,
    answer: Shape | None = None,
) -> bool:
    """Write a permit with what happened to it and the audit entries; False when this was written before.

    Raises ``Cancelled`` when the permit changed meanwhile for another reason.
    """
    writes = [*change_writes(after, before, happened, day, now, actor), *more]
    try:
        tables.transact(*writes, once=once, answer=answer)
    except Cancelled:
        if store.permit(after.person_id, consistent=True) == after:
            return False  # A second delivery of the same event was quicker.
        raise
    return True


def change_writes(
    after: Permit,
    before: Permit | None,
    happened: Sequence[Happening],
    day: date,
    now: datetime,
    actor: Actor = SYSTEM,
) -> list[Write]:
    """The writes of one change: the permit as it is then, a line of history and an audit entry for each happening."""
    writes: list[Write] = [store.save(after, before, next_day(after, policy_on(day)))]
    for what in happened:
        writes.append(store.put_event(after, what, day, now))
        writes.append(audit.entry(actor, f"permit.{what}", after.id, now, day=day.isoformat()))
    return writes
