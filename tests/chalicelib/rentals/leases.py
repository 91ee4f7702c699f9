"""Leases that tests file: a flat of two, let for a year."""

from datetime import datetime
from typing import Any

from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.rentals import service as rentals
from chalicelib.rentals.model import Lease, NewLease
from tests.town import COMMUNITY, TOWN, Town, id_number

TERMS = {
    "rent_fen": 150_000,
    "deposit_fen": 300_000,
    "signed_on": "2026-11-20",
    "starts_on": "2026-11-20",
    "ends_on": "2027-11-19",
    "area_m2": 25.5,
    "occupants": 2,
}


def body(
    town: Town, filer: Actor, *, side: str = "landlord", order: int | None = None, **terms: Any
) -> dict[str, Any]:
    """What a party files; without ``order`` the other citizen of the town is the other party."""
    order = order or town.order + (1 if filer.id == town.owner.id else 0)
    return {
        "side": side,
        "other": {"name": "测试乙", "id_number": id_number(order), "phone": "13800000009"},
        "address": {"town": TOWN, "community": COMMUNITY, "line": "试验路1号", "room": "502"},
        "terms": TERMS | terms,
    }


def filed(town: Town, filer: Actor, now: datetime, **said: Any) -> str:
    """The case of a filing."""
    return rentals.file(filer, NewLease.model_validate(body(town, filer, **said)), now).id


def on_file(town: Town, landlord: Actor, now: datetime, order: int | None = None) -> Lease:
    """A lease in force, confirmed by the tenant and found right by the departments."""
    case = cases.case(filed(town, landlord, now, order=order))
    cases.act(case, "confirm", Actor(case.owner, "citizen", frozenset({"citizen"})), now)
    for department in ("public_security", "housing"):
        cases.record_check(case.id, department, "passed", SYSTEM, now)
    rentals.enact(cases.case(case.id), now)
    (lease,) = (lease for lease in rentals.leases_of(case.owner) if lease.case == case.id)
    return lease


def filing(town: Town, actor: Actor) -> dict[str, Any]:
    """What a citizen, or staff for the person present, files; the other party is nobody that the town knows."""
    said = body(town, actor, order=town.order + 4)
    if actor.is_staff:
        said["person"] = {"name": "测试窗口", "id_number": id_number(town.order + 2), "phone": "13800000003"}
    return said


def of_owners(town: Town, actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """The same body, with the owner present where staff file it."""
    if not actor.is_staff:
        return body
    return body | {"person": {"name": "测试窗口", "id_number": id_number(town.order)}}


def owners(town: Town) -> Lease:
    """A lease that the town's owner has let to somebody whom the town does not know."""
    return on_file(town, town.owner, town.tick(), town.order + 4)
