"""What waits for a person, and what has waited too long."""

from collections.abc import Iterator
from datetime import date, datetime

from chalicelib import regions
from chalicelib.actors import Actor
from chalicelib.cases import model, service, store
from chalicelib.cases.views import WorkItem, WorkQuery
from chalicelib.errors import Forbidden
from chalicelib.places import service as places

OFFICER_QUEUES = ("coordinator", "district_officer", "city_officer")


def worklist(actor: Actor, query: WorkQuery, language: str) -> list[WorkItem]:
    """The actor's open work, the most urgent first within each town.

    A reviewer's is the department's checks, an officer's the cases of that level; one query a town.
    """
    if query.town is not None:
        actor.require_region(query.town)
    items: list[WorkItem] = []
    for queue in _queues(actor):
        for town in _towns(actor, query.town):
            if len(items) >= query.limit:
                return items
            rows = store.work(queue, town, query.limit - len(items))
            items += [_item(row, language) for row in rows]
    return sorted(items, key=lambda item: (item.due, item.case))


def _queues(actor: Actor) -> list[str]:
    queues = [actor.department] if "reviewer" in actor.roles and actor.department else []
    return queues + [role for role in OFFICER_QUEUES if role in actor.roles]


def _towns(actor: Actor, town: str | None) -> Iterator[str]:
    if town is not None:
        yield town
        return
    for scope in actor.scopes:
        if regions.level(scope) in ("city", "district"):
            yield from places.towns_in(scope)
        else:
            yield store.town_of(scope)


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


def require_worker(actor: Actor) -> None:
    """Raise ``Forbidden`` for somebody who has no worklist."""
    if not _queues(actor):
        raise Forbidden("role_not_allowed")
