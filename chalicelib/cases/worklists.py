"""What waits for a person, and what has waited too long."""

from datetime import date, datetime
from typing import Any

from chalicelib import keys, regions, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, service, store
from chalicelib.cases.views import WorkItem, WorkQuery
from chalicelib.errors import Forbidden
from chalicelib.places import service as places
from chalicelib.shapes import Page

# Whose work a role sees: a coordinator also what waits for the town's grid workers.
QUEUES = {
    "grid_worker": ("grid_worker",),
    "coordinator": ("coordinator", "grid_worker"),
    "district_officer": ("district_officer",),
    "city_officer": ("city_officer",),
}


def worklist(actor: Actor, query: WorkQuery, language: str) -> Page[WorkItem]:
    """A page of the actor's open work: queue by queue, town by town, the most urgent first in each.

    A reviewer's is the department's checks, an officer's the cases of that level. One query for each
    queue and town until the page is full.
    """
    parts = [f"{queue}#{town}" for queue in _queues(actor) for town in _towns(actor, query.town)]
    start = tables.position(query.next, f"worklist:{actor.id}") or {"part": 0, "from": None}
    items: list[WorkItem] = []
    for place in range(start["part"], len(parts)):
        after = start["from"] if place == start["part"] else None
        rows, last = store.work(parts[place], query.limit - len(items), after)
        items += [_item(row, language) for row in rows if actor.covers(row.region)]
        if len(items) >= query.limit or last:
            more = {"part": place if last else place + 1, "from": last}
            over = last is None and place + 1 == len(parts)
            return Page(items=items, next=None if over else _token(actor, more))
    return Page(items=items)


def _token(actor: Actor, position: dict[str, Any]) -> str:
    return keys.sign_page({"scope": f"worklist:{actor.id}", "from": position})


def _queues(actor: Actor) -> list[str]:
    queues = [actor.department] if "reviewer" in actor.roles and actor.department else []
    for role, seen in QUEUES.items():
        if role in actor.roles:
            queues += [queue for queue in seen if queue not in queues]
    return queues


def _towns(actor: Actor, town: str | None) -> list[str]:
    """The towns to look into; raises ``Forbidden`` for a town of which nothing is in scope."""
    found: list[str] = []
    for scope in actor.scopes:
        wide = regions.level(scope) in ("city", "district")
        found += places.towns_in(scope) if wide else [store.town_of(scope)]
    if town is None:
        return list(dict.fromkeys(found))
    if town not in found:
        raise Forbidden("region_out_of_scope")
    return [town]


def _item(row: store.CaseItem, language: str) -> WorkItem:
    if isinstance(row, store.CheckRow):
        kind = model.kind(row.case_kind)
        department, due, state = row.department, row.due, row.state
    elif isinstance(row, store.CaseRow):
        kind = model.kind(row.case_kind)
        department, due, state = None, row.deadline, row.state
    else:
        raise TypeError("only cases and checks are work")
    return WorkItem(
        case=row.pk.removeprefix("CASE#"),
        kind=kind.kind,
        title=kind.title.in_language(language),
        check=department,
        region=row.region,
        due=date.fromisoformat(due),
        state=state,
    )


def chase(day: date, now: datetime) -> dict[str, int]:
    """Everything whose clock ran out on ``day``: silent checks go to persons, cases are marked late.

    Acts on the day it is given, so a missed day can be run again. Returns counts.
    """
    done = {"checks": 0, "cases": 0}
    for row in store.due_on(day):
        case_id = row.pk.removeprefix("CASE#")
        if isinstance(row, store.CheckRow):
            service.to_person(case_id, row.department, "silent", now)
            done["checks"] += 1
        elif isinstance(row, store.CaseRow):
            done["cases"] += service.mark_late(case_id, day, now)
    return done
