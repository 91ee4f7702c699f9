"""The use cases of the engine: submit, check, decide, withdraw, look.

Contexts that own a kind call ``submit`` with their own writes in the same transaction; what a decision
means for them happens in a function, from the table's stream. This module is what others import; opening,
the join and reading are files of their own.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from chalicelib import audit, clock, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, opening, reading, store
from chalicelib.cases.joining import record_check, to_person
from chalicelib.cases.model import Case, CaseCheck, CheckState, Receipt
from chalicelib.cases.opening import Submission, settle_rest, submit
from chalicelib.cases.papers import Named
from chalicelib.cases.papers import expire as expire_papers
from chalicelib.cases.papers import settle as settle_papers
from chalicelib.cases.reading import case, case_for, cases_of, find
from chalicelib.cases.timeline import told_later
from chalicelib.cases.views import CaseView, Decision, role_of, view
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.tables import Once, Write

# What a decision on a check says of the answer.
ANSWERS: Final[dict[str, CheckState]] = {"approve": "passed", "refuse": "failed", "cannot_tell": "unclear"}
__all__ = [
    "Named",
    "Submission",
    "act",
    "appeal",
    "case",
    "case_for",
    "cases_of",
    "decide",
    "expire_papers",
    "find",
    "part_of",
    "record_check",
    "settle_papers",
    "settle_rest",
    "submit",
    "supplement",
    "to_person",
    "told_later",
]


def act(
    found: Case,
    name: str,
    actor: Actor,
    now: datetime,
    *,
    reason: str | None = None,
    once: Once | None = None,
    language: str = "zh-CN",
    also: Sequence[Write] = (),
    payload: dict[str, Any] | None = None,
    deadline: date | None = None,
    params: dict[str, str | int] | None = None,
) -> CaseView:
    """Do a named act of the kind (withdraw, approve, …) on a case in its present state.

    ``payload`` and ``deadline`` replace the case's own; ``params`` go into the timeline beside the reason. Raises ``Forbidden`` for a caller who may not, ``Conflict`` for a state that does not allow it.
    """
    transition = model.kind_of(found).transition(name, found.state)
    model.require_role(transition, _relations(found, actor))
    changed = {"payload": payload or found.payload, "deadline": deadline or found.deadline}
    moved = opening.entered(found.model_copy(update=changed), transition.to, now)
    told = {**(params or {}), **({"reason": reason} if reason else {})}
    writes: list[Write] = [
        store.move(found, moved),
        *opening.part_writes(found, moved),
        store.event_put(found.id, now, f"case_{name}", role_of(actor), told or None),
        audit.entry(actor, f"case.{name}", found.id, now),
        *also,
    ]
    answer = view(moved, language)
    tables.transact(*writes, once=once, answer=answer)
    return answer


def _relations(found: Case, actor: Actor) -> set[str]:
    if actor.kind == "system":
        return {"system"}
    if actor.is_staff:
        actor.require_region(found.region)
        return set(actor.roles)
    relations = {"owner"} if actor.id == found.owner else set()
    return relations | ({"filer"} if actor.id == found.filer else set())


def decide(
    actor: Actor,
    case_id: str,
    decision: Decision,
    now: datetime,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """A person's decision on a check of the own department, or on the case.

    Raises ``NotFound`` out of scope, ``Forbidden`` without the part, ``Conflict`` when it is too late.
    """
    found = case_for(actor, case_id)
    if decision.check is None:
        if decision.decision not in model.kind_of(found).transitions or decision.value is not None:
            raise Invalid("values_invalid", fields=[Field("/decision", "field_choice")])
        _require_free(actor, found)
        return act(found, decision.decision, actor, now, reason=decision.reason, once=once, language=language)
    part = part_of(actor, found, decision.check)
    _require_free(actor, part)
    if decision.decision not in ANSWERS:
        raise Invalid("decision_not_for_check", fields=[Field("/decision", "field_choice")])
    receipt = Receipt(rule="reviewer", version=found.kind_version, record_date=clock.local_date(now))
    return record_check(
        case_id,
        part.id,
        ANSWERS[decision.decision],
        actor,
        now,
        value=decision.value,
        reason=decision.reason,
        receipt=receipt,
        once=once,
        language=language,
    )


def _require_free(actor: Actor, piece: Case | CaseCheck) -> None:
    """Raise ``Conflict`` for work that a colleague has claimed: two people must not decide the same."""
    if piece.claimed_by not in (None, actor.id):
        raise Conflict("work_claimed")


def part_of(actor: Actor, found: Case, named: str) -> CaseCheck:
    """The part that a decision names by its id, its check or its department; the actor's own.

    Raises ``NotFound`` when nothing is called so, ``Forbidden`` when it is not for the actor to answer,
    ``Invalid`` when the actor's department has several of that name.
    """
    parts = [part for part in found.checks if named in (part.id, part.code, part.department)]
    if not parts:
        raise NotFound("check_unknown")
    own = [part for part in parts if _may_answer(actor, part)]
    if not own:
        raise Forbidden("check_of_other_department")
    if len(own) > 1:
        raise Invalid("values_invalid", fields=[Field("/check", "check_ambiguous")])
    return own[0]


def _may_answer(actor: Actor, part: CaseCheck) -> bool:
    """A reviewer for the own department; whoever got it from a department that stayed silent."""
    if "reviewer" in actor.roles and actor.department == part.department:
        return True
    return part.queue in reading.OFFICERS & actor.roles


def supplement(
    actor: Actor, case_id: str, reason: str | None, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The applicant has added what was asked for; back to the person who asked.

    Raises ``Conflict("supplement_too_late")`` after the deadline.
    """
    found = case_for(actor, case_id)
    if found.state == "supplement" and found.due and clock.local_date(now) > found.due:
        raise Conflict("supplement_too_late")
    kind = model.kind_of(found)
    deadline = kind.deadline(now) if kind.supplement_restarts else None
    return act(
        found, "supplement", actor, now, reason=reason, once=once, language=language, deadline=deadline
    )


def appeal(
    actor: Actor, case_id: str, reason: str, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The applicant objects to a refusal; the next level decides.

    Raises ``Conflict("appeal_too_late")`` after the kind's days for it.
    """
    found = case_for(actor, case_id)
    if found.state == "refused" and found.decided_at is not None:
        days = model.kind_of(found).appeal_working_days
        if clock.local_date(now) > clock.add_working_days(clock.local_date(found.decided_at), days):
            raise Conflict("appeal_too_late")
    return act(found, "appeal", actor, now, reason=reason, once=once, language=language)
