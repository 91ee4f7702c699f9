"""Looking at cases: one, those of a person, and who may see them."""

from chalicelib.actors import Actor
from chalicelib.cases import model, store
from chalicelib.cases.model import Case
from chalicelib.errors import NotFound

OFFICERS = frozenset({"grid_worker", "coordinator", "district_officer", "city_officer"})


def case(case_id: str) -> Case:
    """The whole case; raises ``NotFound``. For services and functions: no one's rights are checked."""
    return _whole(store.load(case_id))


def find(case_id: str) -> Case | None:
    """The case as it is this moment, or None once it was deleted."""
    found = store.load(case_id, consistent=True)
    return _whole(found) if found else None


def consistent(case_id: str) -> Case:
    """The case as it is this moment, before a write; raises ``NotFound``."""
    return _whole(store.load(case_id, consistent=True))


def _whole(found: Case | None) -> Case:
    """The case with the parts that are still to be opened: asked for already, without a row of their own."""
    if found is None:
        raise NotFound("case_not_found")
    if not (missing := unopened(found)):
        return found
    parts = {part.id: part for part in found.checks} | {part.id: part for part in missing}
    return found.model_copy(update={"checks": list(parts.values())})


def unopened(found: Case) -> list[model.CaseCheck]:
    """The parts of a case that are not asked for yet; only a case with very many parts has any, for a moment."""
    if found.state != "checking":
        return []
    rows = {part.id: part for part in found.checks}
    asked = model.kind_of(found).opened(found.since, found.payload)
    return [part for part in asked if not _is_asked(rows.get(part.id), found)]


def _is_asked(row: model.CaseCheck | None, found: Case) -> bool:
    """Whether a part's row is of this time in ``checking``; what has passed is not asked again."""
    return row is not None and (row.state == "passed" or row.opened_at == found.since)


def case_for(actor: Actor, case_id: str) -> Case:
    """The case, if the actor may see it; otherwise ``NotFound``, so that ids tell nothing."""
    found = case(case_id)
    mine = actor.id in (found.owner, found.filer)
    theirs = actor.is_staff and actor.covers(found.region) and _has_part(actor, found)
    if not mine and not theirs:
        raise NotFound("case_not_found")
    return found


def _has_part(actor: Actor, found: Case) -> bool:
    """Reviewers see the cases their department checks or has on its worklist; officers and workers those of their region."""
    if actor.roles & OFFICERS:
        return True
    if "reviewer" not in actor.roles or actor.department is None:
        return False
    kind = model.kind_of(found)
    queues = {kind.queue(state, found.payload) for state in kind.work}
    return actor.department in queues | {check.department for check in found.checks}


def cases_of(actor: Actor, *, filed: bool, limit: int, token: str | None) -> tuple[list[Case], str | None]:
    """A page of the cases that are the actor's, or that the actor filed for others; newest first."""
    return store.of_person(actor.id, filed=filed, limit=limit, token=token)
