"""The use cases of fieldwork: plan, list, record what was found, expire, and what matches were worth."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import batched, groupby
from typing import Any, Final, Literal

from chalicelib import audit, clock, sealing
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import Conflict, Field, Forbidden, Gone, Invalid, NotFound, Unavailable
from chalicelib.fieldwork import model, store
from chalicelib.fieldwork.model import (
    BuildingView,
    CommunityCount,
    Digest,
    Finding,
    OutcomeReport,
    OutcomeView,
    Overview,
    PlanReport,
    Precision,
    VisitQuery,
    VisitView,
)
from chalicelib.fieldwork.planning import SEALED_AS, RegisteredPeople, plan
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.regions import covers, level
from chalicelib.residence import service as residence
from chalicelib.shapes import Page
from chalicelib.tables import Cancelled, Once, Write, transact

__all__ = [
    "Digest",
    "Finding",
    "PlanReport",
    "expire",
    "overview",
    "park",
    "plan",
    "precision",
    "record_outcome",
    "visits",
]
NOTE: Final = "visit_note"
PARKED_KEPT: Final = timedelta(days=90)
_ATTEMPTS: Final = 5


def visits(
    actor: Actor,
    query: VisitQuery,
    now: datetime,
    language: str = "zh-CN",
    purpose: str = "visit",
    registered: RegisteredPeople = residence.registered_people,
) -> Page[BuildingView]:
    """The visits of a status in the actor's regions, grouped by building.

    Everybody whose name is shown finds that in their disclosures. A due visit to somebody who has registered
    since is withdrawn instead of shown; one past its last day is not shown. Raises
    ``Forbidden("region_out_of_scope")``, ``Invalid`` for an unknown town or community.
    """
    rows, following = store.visits_in(query.status, _areas(actor, query), query.limit, query.next)
    sealing.sealers(row.person_id for row in rows if row.person_id and row.sealed)
    if query.status == "due":
        rows = _still_due(rows, now, registered)
    named = [row.person_id for row in rows if row.person_id and row.sealed]
    if actor.is_staff and named:
        identity.record_disclosures(actor, named, purpose, "visit", now)
    groups = groupby(rows, key=lambda row: (row.region, row.building))
    items = [_building(list(group), language) for _, group in groups]
    return Page(items=items, next=following)


def _areas(actor: Actor, query: VisitQuery) -> list[str]:
    """The town, community and grid codes to look in: what was asked for, within what is the actor's."""
    _require_known(query)
    wanted = query.community or query.town
    if query.community and query.town and not covers(query.town, query.community):
        raise Invalid("values_invalid", fields=[Field("/community", "community_outside_town")])
    if wanted is None:
        found = list(actor.scopes)
    elif actor.covers(wanted):
        found = [wanted]
    else:
        found = [scope for scope in actor.scopes if covers(wanted, scope)]
    if not found:
        raise Forbidden("region_out_of_scope")
    return _without_nested(area for code in found for area in _towns_or_smaller(code))


def _require_known(query: VisitQuery) -> None:
    for path, code in (("/town", query.town), ("/community", query.community)):
        if code and places.division(code) is None:
            raise Invalid("division_unknown", fields=[Field(path, "division_unknown")])


def _towns_or_smaller(code: str) -> list[str]:
    return places.towns_in(code) if level(code) in ("city", "district") else [code]


def _without_nested(codes: Iterable[str]) -> list[str]:
    """In order, and no code inside another one: nothing is listed twice."""
    found: list[str] = []
    for code in sorted(set(codes)):
        if not (found and code.startswith(found[-1])):
            found.append(code)
    return found


def _still_due(
    rows: Sequence[store.VisitRow], now: datetime, registered: RegisteredPeople
) -> list[store.VisitRow]:
    today = clock.local_date(now).isoformat()
    open_rows = [row for row in rows if row.expires_on >= today and row.person_id]
    meanwhile = registered([row.person_id for row in open_rows if row.person_id])
    over = [row for row in open_rows if row.person_id in meanwhile]
    if over:
        _close(over, "withdrawn", now)
    return [row for row in open_rows if row.person_id not in meanwhile]


def _building(rows: Sequence[store.VisitRow], language: str) -> BuildingView:
    shown = [(row, _shown(row)) for row in rows]
    first = rows[0]
    return BuildingView(
        building=first.building,
        address=next((private["address"] for _, private in shown if private.get("address")), None),
        town=first.town,
        community=first.community or None,
        grid=first.region if len(first.region) == 15 else None,
        visits=[_view(row, private, language) for row, private in shown],
    )


def _shown(row: store.VisitRow) -> dict[str, str]:
    """The name, masked phone, address and room; empty once the visit is over or the person is deleted."""
    if not row.sealed or not row.person_id:
        return {}
    try:
        found: dict[str, str] = json.loads(sealing.open_sealed(row.person_id, row.sealed, SEALED_AS))
    except Gone:
        return {}
    return found


def _view(row: store.VisitRow, private: dict[str, str], language: str) -> VisitView:
    because: dict[str, str] = json.loads(row.because)
    return VisitView(
        id=row.visit_id,
        name=private.get("name"),
        phone_masked=private.get("phone"),
        room=private.get("room"),
        because=because.get(language) or because.get("zh-CN", ""),
        sources=row.sources.split("+"),
        planned_for=date.fromisoformat(row.planned_for),
        stop=int(row.stop) if row.stop is not None else None,
        expires_on=date.fromisoformat(row.expires_on),
        status=row.status,  # type: ignore[arg-type]  # Pydantic checks the literals.
        outcome=row.outcome,  # type: ignore[arg-type]
    )


def record_outcome(
    actor: Actor, visit_id: str, report: OutcomeReport, now: datetime, once: Once | None = None
) -> OutcomeView:
    """Record what the worker found, once; the same outcome again is a success without effect.

    Whatever the outcome is, nothing follows for the person. Raises ``NotFound``, ``Forbidden`` out of
    scope, ``Conflict("visit_outcome_recorded")`` for another outcome, ``Gone("visit_expired")``.
    """
    busy: Exception = Unavailable("busy_try_again")
    for _ in range(_ATTEMPTS):
        row = store.visit(visit_id)
        if row is None:
            raise NotFound("visit_not_found")
        actor.require_region(row.region)
        if recorded := _recorded(row, report, now):
            return recorded
        answer = OutcomeView(id=visit_id, status="done", outcome=report.outcome, outcome_at=clock.iso(now))
        try:
            transact(*_outcome_writes(actor, row, report, now), once=once, answer=answer)
        except (Cancelled, Unavailable) as refused:
            busy = refused
            continue
        return answer
    raise busy


def _recorded(row: store.VisitRow, report: OutcomeReport, now: datetime) -> OutcomeView | None:
    """The outcome that is there already when it is the same one; None while the visit waits."""
    if row.status == "done":
        if row.outcome != report.outcome:
            raise Conflict("visit_outcome_recorded")
        return OutcomeView(
            id=row.visit_id, status="done", outcome=report.outcome, outcome_at=row.outcome_at or ""
        )
    if row.status == "expired" or row.expires_on < clock.local_date(now).isoformat():
        raise Gone("visit_expired")
    return None


def _outcome_writes(actor: Actor, row: store.VisitRow, report: OutcomeReport, now: datetime) -> list[Write]:
    writes: list[Write] = [
        store.record(row, report.outcome, clock.iso(now), actor.id),
        store.count(row.town, row.community or row.town, {row.status: -1, "done": 1}),
        store.count_outcome(row.sources, row.town, report.outcome),
        store.count_in_month(clock.local_date(now).isoformat()[:7], report.outcome),
        audit.entry(actor, "visit.recorded", row.visit_id, now, outcome=report.outcome),
    ]
    if report.note and row.person_id:
        until = now + timedelta(days=model.policy_on(clock.local_date(now)).note_days)
        sealed = sealing.seal(row.person_id, report.note, NOTE)
        writes.append(store.note_row(row.visit_id, row.person_id, sealed, int(until.timestamp())))
    return writes


def overview(actor: Actor, town: str) -> Overview:
    """How the town's visits stand, by community: counts of work, exact, one query."""
    division = places.division(town)
    if division is None or division.level != "town":
        raise Invalid("division_unknown", fields=[Field("/town", "town_unknown")])
    actor.require_region(town)
    items = [
        CommunityCount(
            community=row.sk,
            name=found.name if (found := places.division(row.sk)) else "",
            due=int(row.due or 0),
            done=int(row.done or 0),
            expired=int(row.expired or 0),
            withdrawn=int(row.withdrawn or 0),
        )
        for row in store.counts(town)
    ]
    return Overview(town=town, items=items)


def precision(by: Literal["sources", "source", "month"] = "sources") -> list[Precision]:
    """What visits found, by the combination of sources that led to them, by each source, or by month.

    The combinations' counts go into the confidence of the next findings (``linkage``).
    """
    if by == "month":
        months = sorted(store.outcomes_by_month().items())
        return [model.precision_of("", outcomes, month) for month, outcomes in months]
    counted: Mapping[str, Mapping[str, int]] = store.outcomes_by_sources()
    if by == "source":
        counted = model.by_source(counted)
    return [model.precision_of(sources, outcomes) for sources, outcomes in sorted(counted.items())]


def expire(last_day: date, now: datetime) -> int:
    """End the due visits whose last day was ``last_day``, and forget whom they were for; returns how many.

    Safe to run again: a visit ends once.
    """
    return sum(_close(some, "expired", now) for some in batched(store.expiring(last_day), 25))


def _close(rows: Iterable[store.VisitRow], status: str, now: datetime) -> int:
    """End due visits in one transaction each 25; those that changed meanwhile are left as they are."""
    left = list(rows)
    busy: Exception = Unavailable("busy_try_again")
    for _ in range(_ATTEMPTS):
        if not left:
            return 0
        writes: list[Write] = [store.close(row, status) for row in left]
        writes += _moved(left, status)
        writes.append(audit.entry(SYSTEM, f"visits.{status}", "visits", now, visits=len(left)))
        try:
            transact(*writes)
        except Cancelled as refused:
            left = [row for place, row in enumerate(left) if place not in refused.failed]
            busy = refused
        except Unavailable as refusal:
            busy = refusal
        else:
            return len(left)
    raise busy


def _moved(rows: Sequence[store.VisitRow], status: str) -> list[Write]:
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        place = row.town, row.community or row.town
        counted[place] = counted.get(place, 0) + 1
    return [store.count(town, area, {"due": -n, status: n}) for (town, area), n in counted.items()]


def park(key: str, body: str, reason: str, now: datetime) -> None:
    """Keep a queue's message that can never work, with the reason, for somebody to look at."""
    day = clock.local_date(now).isoformat()
    transact(store.park(key, day, body[:2000], reason, int((now + PARKED_KEPT).timestamp())))


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """What fieldwork holds of a person."""
    found = []
    for row in store.visits_to(person_id):
        written = store.note(row.visit_id)
        held = written if written and not written.is_over(now) else None
        found.append(
            {
                "visit": row.visit_id,
                "status": row.status,
                "found_on": row.created_at,
                "because": json.loads(row.because),
                "outcome": row.outcome,
                "shown_to_the_worker": _shown(row),
                "note": sealing.open_sealed(person_id, held.sealed, NOTE) if held else None,
            }
        )
    return found


def _erase(person_id: str, now: datetime) -> list[Any]:
    """Take the person out of every visit; the counts of work stay, they name nobody."""
    for row in store.visits_to(person_id):
        writes: list[Write] = [store.forget(row)]
        if row.status == "due":
            writes += _moved([row], "withdrawn")
        if written := store.note(row.visit_id):
            writes.append(store.drop_note(written))
        transact(*writes, audit.entry(SYSTEM, "visit.forgotten", row.visit_id, now))
    return []


identity.contribute(identity.Part("fieldwork", export=_export, erase=_erase))
