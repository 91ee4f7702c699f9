"""What waits for a person."""

from datetime import date
from typing import Any

from chalicelib import keys, regions, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, store
from chalicelib.cases.model import Case, CaseCheck
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
    queue and scope until the page is full; of what a query finds, some may be out of scope, so that a page
    may be short although another follows.
    """
    queues = [_lower(actor, query.queue)] if query.queue else _queues(actor)
    parts = [(queue, reach) for queue in queues for reach in _reaches(actor, queue, query.town)]
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
    seen = [row for row in rows if actor.covers(row.region) and row.region.startswith(town)]
    return [row for row in seen if not query.mine or row.claimed_by == actor.id], last


def _token(actor: Actor, position: dict[str, Any]) -> str:
    return keys.sign_page({"scope": f"worklist:{actor.id}", "from": position})


def _queues(actor: Actor) -> list[str]:
    queues = [actor.department] if "reviewer" in actor.roles and actor.department else []
    for role, seen in QUEUES.items():
        if role in actor.roles:
            queues += [queue for queue in seen if queue not in queues]
    return queues


def works(actor: Actor, queue: str) -> bool:
    """Whether a queue's work is the actor's."""
    return queue in _queues(actor)


def _lower(actor: Actor, queue: str) -> str:
    """A queue that is asked for by name; raises ``Forbidden`` unless it is the actor's or below the actor."""
    above = set(model.standard_escalation().above(queue))
    if not works(actor, queue) and not above & actor.roles:
        raise Forbidden("act_not_allowed")
    return queue


def _reaches(actor: Actor, queue: str, town: str | None) -> list[str]:
    """The parts of a queue to look into; raises ``Forbidden`` for a town of which nothing is in scope."""
    scopes = list(actor.scopes)
    if town is not None:
        scopes = [town] if any(regions.covers(s, town) or regions.covers(town, s) for s in scopes) else []
        if not scopes:
            raise Forbidden("region_out_of_scope")
    return list(dict.fromkeys(store.reach_of(queue, scope) for scope in scopes))


def _item(row: store.CaseItem, language: str) -> WorkItem:
    if not isinstance(row, (store.CheckRow, store.CaseRow)):
        raise TypeError("only cases and checks are work")
    kind = model.kind(row.case_kind, row.kind_version)
    check = row.sk.removeprefix("CHECK#") if isinstance(row, store.CheckRow) else None
    due = row.due or (row.deadline if isinstance(row, store.CaseRow) else "")
    return WorkItem(
        case=row.pk.removeprefix("CASE#"),
        kind=kind.kind,
        title=kind.title.in_language(language),
        check=check,
        region=row.region,
        due=date.fromisoformat(due),
        state=row.state,
        queue=row.queue or "",
        claimed_by=row.claimed_by,
        bulk=_in_bulk(kind, row.state, check),
    )


def _in_bulk(kind: model.Kind, state: str, check: str | None) -> bool:
    return check is not None or state in kind.bulk


def item_of(found: Case, part: CaseCheck | None, holder: str | None, language: str) -> WorkItem:
    """A piece of work of a case, as its list shows it once ``holder`` has it."""
    kind, piece = model.kind_of(found), part or found
    check = part.id if part else None
    return WorkItem(
        case=found.id,
        kind=kind.kind,
        title=kind.title.in_language(language),
        check=check,
        region=found.region,
        due=piece.due or found.deadline,
        state=piece.state,
        queue=piece.queue or "",
        claimed_by=holder,
        bulk=_in_bulk(kind, piece.state, check),
    )
