"""What waits for a person."""

from datetime import date
from typing import Any

from chalicelib import keys, regions, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, store
from chalicelib.cases.views import WorkItem, WorkQuery
from chalicelib.errors import Forbidden
from chalicelib.shapes import Page

# Whose work a role sees: a coordinator also what waits for the town's grid workers.
QUEUES = {
    "grid_worker": ("grid_worker",),
    "coordinator": ("coordinator", "grid_worker"),
    "district_officer": ("district_officer",),
    "city_officer": ("city_officer",),
}


def worklist(actor: Actor, query: WorkQuery, language: str) -> Page[WorkItem]:
    """A page of the actor's open work: queue by queue, area by area, the most urgent first in each.

    A reviewer's is the department's checks, an officer's the cases of that level. Areas are the town for
    grid workers and coordinators, the district for departments and district officers. One query for each
    queue and scope until the page is full.
    """
    parts = [(queue, reach) for queue in _queues(actor) for reach in _reaches(actor, queue, query.town)]
    start = tables.position(query.next, f"worklist:{actor.id}") or {"part": 0, "from": None}
    items: list[WorkItem] = []
    for place in range(start["part"], len(parts)):
        after = start["from"] if place == start["part"] else None
        rows, last = _some(actor, query, parts[place], query.limit - len(items), after)
        items += [_item(row, language) for row in rows]
        if len(items) >= query.limit or last:
            more = {"part": place if last else place + 1, "from": last}
            over = last is None and place + 1 == len(parts)
            return Page(items=items, next=None if over else _token(actor, more))
    return Page(items=items)


def _some(
    actor: Actor, query: WorkQuery, part: tuple[str, str], room: int, after: dict[str, Any] | None
) -> tuple[list[Any], dict[str, Any] | None]:
    """One query's rows that the actor may see, of the town that was asked for."""
    rows, last = store.work(*part, room, after)
    town = query.town or ""
    return [row for row in rows if actor.covers(row.region) and row.region.startswith(town)], last


def _token(actor: Actor, position: dict[str, Any]) -> str:
    return keys.sign_page({"scope": f"worklist:{actor.id}", "from": position})


def _queues(actor: Actor) -> list[str]:
    queues = [actor.department] if "reviewer" in actor.roles and actor.department else []
    for role, seen in QUEUES.items():
        if role in actor.roles:
            queues += [queue for queue in seen if queue not in queues]
    return queues


def _reaches(actor: Actor, queue: str, town: str | None) -> list[str]:
    """The parts of a queue to look into; raises ``Forbidden`` for a town of which nothing is in scope."""
    scopes = list(actor.scopes)
    if town is not None:
        scopes = [town] if any(regions.covers(s, town) or regions.covers(town, s) for s in scopes) else []
        if not scopes:
            raise Forbidden("region_out_of_scope")
    return list(dict.fromkeys(store.reach_of(queue, scope) for scope in scopes))


def _item(row: store.CaseItem, language: str) -> WorkItem:
    if isinstance(row, store.CheckRow):
        kind = model.kind(row.case_kind, row.kind_version)
        department, due, state = row.sk.removeprefix("CHECK#"), row.due, row.state
    elif isinstance(row, store.CaseRow):
        kind = model.kind(row.case_kind, row.kind_version)
        department, due, state = None, row.due or row.deadline, row.state
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
