"""What a season holds of a person: to hand out and to delete."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, clock, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.seasons import deciding, list_store, store
from chalicelib.seasons.filing import OVER
from chalicelib.seasons.model import Application
from chalicelib.seasons.verifying import answers_in, claims_of, taken_key
from chalicelib.tables import Write

LAW: Final = "PIPL art. 47; 佛山市新市民积分制服务管理办法: a ban after forged evidence, until it ends; published lists, without name"


def _export(person: str, now: datetime) -> dict[str, Any]:
    """Applications with what was claimed, established and decided, and where they stand; a ban."""
    ban = store.ban(person)
    return {
        "applications": [_held(case) for case in store.cases_of(person)],
        "banned_until": ban[0].isoformat() if ban else None,
    }


def _held(case: str) -> dict[str, Any]:
    held = store.application(case)
    if held is None:
        return {"case": case}
    application, sealed = held
    person = application.person
    decided = [deciding.opened(person, row.sealed) for row in store.decisions_of(case)]
    return application.model_dump(mode="json", exclude={"person", "child", "child_person"}) | {
        "claims": [claim.model_dump(mode="json") for claim in claims_of(application, sealed)],
        "established": {
            department: answers_in(person, text).model_dump(mode="json")
            for department, (text, _) in store.answers_of(case).items()
        },
        "decisions": [
            {"inputs": each[0].model_dump(mode="json"), "result": each[1].model_dump(mode="json")}
            for each in decided
            if each
        ],
        "standings": [
            {"ranking": ranking.id, "rank": int(row.rank)} for ranking, row in list_store.standings_of(case)
        ],
    }


def _erase(person: str, now: datetime) -> list[identity.Kept]:
    """Delete claims, answers, decisions and places in the pool; raises ``Conflict("cases_open")`` while a list needs them.

    A line of a published list stays without anybody's name: rank and points alone. A ban stays until it ends.
    """
    found = store.cases_of(person)
    for case in found:
        _require_over(case)
    ban = store.ban(person)
    banned = ban is not None and clock.local_date(now) <= ban[0]
    writes = [*_released(person, found), *[write for case in found for write in store.drop_application(case)]]
    writes += store.drop_person(person, keep_ban=banned)
    for some in batched(writes, 99):
        tables.transact(*some, audit.entry(SYSTEM, "points.erased", person, now, rows=len(some)))
    if ban is None or not banned:
        return []
    return [identity.Kept(what="points_ban", law=LAW, until=ban[0], needs_identity=True)]


def _released(person: str, found: Sequence[str]) -> list[Write]:
    """The writes that let go of the records which were the person's evidence: what was cited, and what was found."""
    taken: dict[str, set[str]] = {}
    for case in found:
        if held := store.application(case):
            taken.setdefault(held[0].period, set()).update(_records(person, case))
    return [write for period, records in taken.items() for write in _unused(period, records, person)]


def _records(person: str, case: str) -> set[str]:
    """The records of an application, as keys: what is cited, and what departments found."""
    known = [answers_in(person, text) for text, _ in store.answers_of(case).values()]
    return {*(taken_key(shown) for each in known for shown in each.evidence.values()), *store.cited(case)}


def _unused(period: str, records: Collection[str], person: str) -> list[Write]:
    held = store.users(period, sorted(records))
    return [store.unuse(period, record, person) for record, owner in held.items() if owner == person]


def release(application: Application, now: datetime) -> None:
    """Let go of the records of an application that was withdrawn, but for those that another of the person's rests on."""
    person, case = application.person, application.case
    records = _records(person, case)
    for other, (each, _) in store.applications(store.cases_of(person)).items():
        if other != case and each.period == application.period and cases.case(other).state not in OVER:
            records -= _records(person, other)
    for some in batched(_unused(application.period, records, person), 99):
        note = audit.entry(SYSTEM, "points.records_released", case, now, records=len(some))
        tables.transact(*some, note)


def _require_over(case: str) -> None:
    """Raise while an application is under way, or in a list that is not final."""
    if cases.case(case).state not in (*OVER, "accepted"):
        raise Conflict("cases_open")
    if any(ranking.state != "final" for ranking, _ in list_store.standings_of(case)):
        raise Conflict("cases_open")


identity.contribute(identity.Part("seasons", export=_export, erase=_erase))
