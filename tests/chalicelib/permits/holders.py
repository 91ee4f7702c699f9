"""People with registrations and permits, made as fast as a test needs them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib import keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.identity import service as identity
from chalicelib.permits import service as permits
from chalicelib.permits import store
from chalicelib.permits.model import NewApplication, Permit
from chalicelib.residence import store as residence
from chalicelib.residence.model import Registration, Standing
from tests.town import COMMUNITY, Town, id_number, staff

COORDINATOR = staff("coordinator")


def morning(day: date) -> datetime:
    """Half past nine in Foshan."""
    return datetime(day.year, day.month, day.day, 1, 30, tzinfo=UTC)


def registered(person: str, since: date, until: date | None = None, region: str = COMMUNITY) -> Registration:
    """A stay, with the standing that goes with it, in place of what was there."""
    before = residence.standings([person]).get(person)
    stay = Registration(
        id=keys.stable_id("R", person, since.isoformat()),
        person_id=person,
        status="departed" if until else "active",
        region=region,
        grid=None,
        building=f"{region}00100001",
        arrived_on=since,
        registered_on=since,
        ended_on=until,
        origin="import",
    )
    standing = Standing(
        person_id=person,
        status="departed" if until else "active",
        registration_id=stay.id,
        region=region,
        since=until or since,
    )
    tables.transact(residence.create_registration(stay), residence.put_standing(standing, before))
    return stay


def passed(filed: CaseView, now: datetime) -> Case:
    """The case with every department agreeing, enacted."""
    for check in filed.checks:
        cases.record_check(filed.id, check.department, "passed", SYSTEM, now)
    case = cases.case(filed.id)
    permits.enact(case, now)
    return case


def in_production(actor: Actor, now: datetime) -> Permit:
    """A permit accepted now, of somebody registered for seven months."""
    registered(actor.id, now.date() - timedelta(days=215))
    passed(permits.apply(actor, NewApplication(ground="work"), now), now)
    return held(actor)


def in_force(actor: Actor, now: datetime) -> Permit:
    """The same with its card handed out."""
    permit = in_production(actor, now)
    permits.issue(COORDINATOR, permit.card, now)
    return held(actor)


def held(actor: Actor) -> Permit:
    """The permit as the table has it."""
    permit = store.permit(actor.id, consistent=True)
    assert permit is not None
    return permit


def somebody(town: Town, actor: Actor) -> tuple[str, dict[str, str]]:
    """For whom a route's sample files: the citizen who calls, or somebody new at the counter; registered here."""
    if not actor.is_staff:
        town.registration()
        return town.owner.id, {}
    order = 100 + next(town._numbers) % 800
    number = id_number(order, date(1980, 2, 3))
    key = keys.person_key(number)
    known = {key: identity.KnownPerson(name="测试窗口")}
    person = identity.people_for_keys([(key, number)], town.now, known)[key]
    registered(person, date(2026, 1, 5))
    return person, {"name": "测试窗口", "id_number": number}


def holding(person: str, case: str = "C0", *, made: bool = True) -> Permit:
    """A permit whose year is full on 1 December 2026; not ``made``, it is in production by this case."""
    permit = Permit(
        id=keys.stable_id("RP", person),
        person_id=person,
        region=COMMUNITY,
        ground="work",
        state="active" if made else "in_production",
        case=case,
        card=case,
        accepted_on=date(2025, 11, 20),
        card_due_on=None if made else date(2026, 12, 1),
        issued_on=date(2025, 12, 1) if made else None,
        counts_from=date(2025, 12, 1) if made else None,
        endorsed_through=date(2026, 12, 1) if made else None,
    )
    if store.permit(person, consistent=True) is None:
        tables.transact(store.save(permit, None, date(2026, 12, 2)))
    return permit


def case_of(person: str, payload: dict[str, Any], at: datetime) -> str:
    """An application of theirs that the departments have still to answer."""
    owner = Actor(person, "citizen", frozenset({"citizen"}))
    submission = cases.Submission(
        kind=permits.APPLICATION, owner=person, filer=person, region=COMMUNITY, payload=payload
    )
    return cases.submit(submission, owner, at).id
