"""Requests for names in a small town, for the tests of lists and the samples of routes."""

from datetime import date
from itertools import count

from chalicelib import keys, tables
from chalicelib.actors import Actor
from chalicelib.identity import service as identity
from chalicelib.identity.model import KnownPerson
from chalicelib.insight import service
from chalicelib.insight.model import ListRequest, NewList, Verdict
from chalicelib.residence import model
from chalicelib.residence import store as residence
from chalicelib.residence.model import Registration
from tests.town import COMMUNITY, TOWN, Town, id_number

NUMBERS = count(500)


def asked_for(**changes: object) -> NewList:
    """Next year's first form, to invite its parents."""
    said = {
        "cohort": "grade_1",
        "year": 2027,
        "region": TOWN,
        "purpose": "case_handling",
        "reason": "school places",
    }
    return NewList.model_validate(said | changes)


def living_here(town: Town, born: date, region: str = COMMUNITY) -> str:
    """Somebody of this birth date who is registered here."""
    number = id_number(next(NUMBERS), born)
    key = keys.person_key(number)
    known = {key: KnownPerson(name="测试孩", phone="13800000042")}
    person = identity.people_for_keys([(key, number)], town.now, known)[key]
    stay = Registration(
        id=keys.stable_id("R", person),
        person_id=person,
        status="active",
        region=region,
        grid=None,
        building=f"{region}00100001",
        arrived_on=date(2026, 1, 1),
        registered_on=date(2026, 1, 2),
        origin="import",
    )
    tables.transact(*residence.import_writes(stay, model.month_of(born)))
    return person


def approved(town: Town, actor: Actor, officer: Actor, **changes: object) -> ListRequest:
    """A request that a second officer allowed."""
    made = service.ask_for_list(actor, asked_for(**changes), town.now)
    return service.decide_list(officer, made.id, Verdict(approve=True, reason="needed"), town.now)
