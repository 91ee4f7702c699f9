"""The use cases of the engine: submit, check, decide, withdraw, look.

Contexts that own a kind call ``submit`` with their own writes in the same transaction; what a decision
means for them happens in a function, from the table's stream.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib import audit, clock, keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, store
from chalicelib.cases.model import OPEN_CHECKS, Case, CaseCheck, CheckState, Receipt
from chalicelib.cases.views import CaseView, Decision, view
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound, Unavailable
from chalicelib.tables import Cancelled, Once, Write

JOIN_TRIES: Final = 60


@dataclass(frozen=True)
class Submission:
    """What a context hands in. ``payload`` carries no personal data; ``sealed`` does, sealed for the owner."""

    kind: str
    owner: str
    filer: str
    region: str
    payload: dict[str, Any]
    sealed: str | None = None
    needs_confirmation: bool = False
    case_id: str | None = None


def submit(
    submission: Submission,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
    also: Sequence[Write] = (),
    language: str = "zh-CN",
) -> CaseView:
    """Open a case: header, checks, first event, audit entry and idempotency key in one transaction.

    Raises ``Repeated`` for a repeat under the same key, ``Conflict`` when one of ``also`` is refused.
    """
    case = _new_case(submission, now)
    answer = view(case, language)
    writes: list[Write] = [
        tables.create(_with_work(store.header(case), case)),
        *_check_rows(case),
        store.event_put(case.id, now, "case_submitted", _role(actor)),
        audit.entry(actor, "case.submitted", case.id, now, kind=case.kind),
        *also,
    ]
    tables.transact(*writes, once=once, answer=answer)
    return answer


def _new_case(submission: Submission, now: datetime) -> Case:
    kind = model.kind(submission.kind)
    confirming = submission.needs_confirmation
    case_id = submission.case_id or keys.new_id("C", now)
    return Case(
        id=case_id,
        kind=kind.kind,
        kind_version=kind.version,
        state="confirming" if confirming else kind.first_state,
        owner=submission.owner,
        filer=submission.filer,
        region=submission.region,
        submitted_at=now,
        deadline=kind.deadline(now),
        receipt_number=f"{kind.receipt}-{clock.local_date(now):%Y}-{case_id[-10:]}",
        open_checks=0 if confirming else len(kind.checks),
        payload=submission.payload,
        sealed=submission.sealed,
        checks=[] if confirming else open_checks(kind, now),
        events=[model.CaseEvent(at=now, what="case_submitted", who="citizen")],
    )


def open_checks(kind: model.Kind, now: datetime) -> list[CaseCheck]:
    """The checks that a case of this kind opens, each with the day it is due."""
    today = clock.local_date(now)
    return [
        CaseCheck(
            department=c.department, state="open", due=clock.add_working_days(today, c.due_working_days)
        )
        for c in kind.checks
    ]


def _check_rows(case: Case) -> list[Write]:
    automatic = {c.department: c.automatic for c in model.kind(case.kind).checks}
    return [
        tables.create(store.check_row(case.id, case.kind, case.region, c, automatic[c.department]))
        for c in case.checks
    ]


def _with_work(row: store.CaseRow, case: Case) -> store.CaseRow:
    if work := _work(case, case.state):
        row.by_work_pk, row.by_work_sk = work
    return row


def _work(case: Case, state: str) -> tuple[str, str] | None:
    queue = model.kind(case.kind).work.get(state)
    return store.work_key(queue, case.region, case.deadline, case.id) if queue else None


def _role(actor: Actor) -> str:
    if actor.kind != "staff":
        return actor.kind
    return min(actor.roles, default="staff")


def case(case_id: str) -> Case:
    """The whole case; raises ``NotFound``. For services and functions: no one's rights are checked."""
    found = store.load(case_id)
    if found is None:
        raise NotFound("case_not_found")
    return found


def case_for(actor: Actor, case_id: str) -> Case:
    """The case, if the actor may see it; otherwise ``NotFound``, so that ids tell nothing."""
    found = case(case_id)
    mine = actor.id in (found.owner, found.filer)
    theirs = actor.is_staff and actor.covers(found.region) and _has_part(actor, found)
    if not mine and not theirs:
        raise NotFound("case_not_found")
    return found


def _has_part(actor: Actor, found: Case) -> bool:
    """Reviewers see the cases their department checks; officers and workers those of their region."""
    if actor.roles & {"grid_worker", "coordinator", "district_officer", "city_officer"}:
        return True
    return "reviewer" in actor.roles and any(c.department == actor.department for c in found.checks)


def record_check(
    case_id: str,
    department: str,
    result: CheckState,
    actor: Actor,
    now: datetime,
    *,
    reason: str | None = None,
    receipt: Receipt | None = None,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """Record one department's answer; whoever records the last one moves the case on, exactly once.

    Raises ``Conflict("check_decided")`` when the check was answered before and
    ``Conflict("case_state_forbids")`` when the case no longer waits for checks.
    """
    answer = CaseCheck(
        department=department, state=result, due=clock.local_date(now), decided_at=now, reason=reason
    ).model_copy(update={"receipt": receipt})

    def attempt() -> CaseView:
        found = _consistent(case_id)
        _require_open(found, department)
        after = _with_check(found, answer)
        seen = view(after, language)
        tables.transact(*_check_writes(found, after, answer, actor, now), once=once, answer=seen)
        return seen

    return _patiently(attempt)


def _require_open(found: Case, department: str) -> None:
    if found.check(department).state not in OPEN_CHECKS:
        raise Conflict("check_decided")
    if found.state != "checking":
        raise Conflict("case_state_forbids", state=found.state)


def _with_check(found: Case, answer: CaseCheck) -> Case:
    """The case as it is once this answer is recorded; the last answer moves it on."""
    checks = [
        answer.model_copy(update={"due": c.due}) if c.department == answer.department else c
        for c in found.checks
    ]
    changes: dict[str, Any] = {"checks": checks, "open_checks": found.open_checks - 1}
    if found.open_checks == 1:
        to = model.merged(model.kind(found.kind).merge, [c.state for c in checks])
        changes["state"] = to
        changes["decided_at"] = answer.decided_at if to == "accepted" else None
    return found.model_copy(update=changes)


def _check_writes(found: Case, after: Case, answer: CaseCheck, actor: Actor, now: datetime) -> list[Write]:
    department = answer.department
    params = {"department": department}
    writes: list[Write] = [
        store.settle_check(found.id, department, answer.state, now, answer.reason, answer.receipt),
        store.event_put(found.id, now, f"check_{answer.state}", _role(actor), params),
        audit.entry(actor, f"check.{answer.state}", found.id, now, department=department),
    ]
    if found.open_checks > 1:
        return [store.count_down(found.id), *writes]
    moved = store.move(found.id, "checking", after.state, *_changes(after), work=_work(found, after.state))
    return [store.last_down(moved), store.event_put(found.id, now, f"case_{after.state}", "system"), *writes]


def _consistent(case_id: str) -> Case:
    found = store.load(case_id, consistent=True)
    if found is None:
        raise NotFound("case_not_found")
    return found


def _patiently[T](attempt: Callable[[], T]) -> T:
    """Try again while others write to the same case; what is settled meanwhile ends it by itself."""
    for turn in range(JOIN_TRIES):
        try:
            return attempt()
        except (Cancelled, Unavailable):
            if turn == JOIN_TRIES - 1:
                raise
            time.sleep(random.uniform(0, min(0.4, 0.01 * 2 ** min(turn, 6))))
    raise AssertionError("unreachable")


def to_person(
    case_id: str, department: str, reason: str, now: datetime, receipt: Receipt | None = None
) -> None:
    """Put an open check on a person's worklist: the data disagrees, is silent, or its time is over.

    It stays open: silence never counts against the applicant. Nothing happens to a check that is
    no longer open.
    """
    found = _consistent(case_id)
    check = found.check(department)
    if check.state != "open" or found.state != "checking":
        return
    try:
        tables.transact(
            store.hand_to_person(found, department, check.due, reason, receipt),
            store.event_put(case_id, now, "check_to_person", "system", {"department": department}),
            audit.entry(SYSTEM, "check.to_person", case_id, now, department=department, reason=reason),
        )
    except Cancelled:
        return  # Somebody answered it in the meantime, which is what the worklist was for.


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
) -> CaseView:
    """Do a named act of the kind (withdraw, approve, …) on a case in its present state.

    Raises ``Forbidden`` for a caller who may not, ``Conflict`` for a state that does not allow it.
    """
    transition = model.kind(found.kind).transition(name, found.state)
    model.require_role(transition, _relations(found, actor))
    moved = _moved(found, transition.to, now)
    writes: list[Write] = [
        store.move(found.id, found.state, transition.to, *_changes(moved), work=_work(found, transition.to)),
        *(_check_rows(moved) if found.state == "confirming" and transition.to == "checking" else []),
        store.event_put(found.id, now, f"case_{name}", _role(actor), {"reason": reason} if reason else None),
        audit.entry(actor, f"case.{name}", found.id, now),
        *also,
    ]
    answer = view(moved, language)
    tables.transact(*writes, once=once, answer=answer)
    return answer


def _moved(found: Case, to: str, now: datetime) -> Case:
    kind = model.kind(found.kind)
    changes: dict[str, Any] = {"state": to}
    if found.state == "confirming" and to == "checking":
        changes |= {"checks": open_checks(kind, now), "open_checks": len(kind.checks)}
    if to in ("accepted", "refused", "withdrawn", "closed"):
        changes["decided_at"] = now
    return found.model_copy(update=changes)


def _changes(moved: Case) -> list[Any]:
    rows = store.CaseRow
    changes: list[Any] = [rows.open_checks.set(moved.open_checks)] if moved.state == "checking" else []
    if moved.decided_at:
        changes.append(rows.decided_at.set(clock.iso(moved.decided_at)))
        changes += [store.CaseItem.by_due_pk.remove(), store.CaseItem.by_due_sk.remove()]
    return changes


def _relations(found: Case, actor: Actor) -> set[str]:
    if actor.is_staff:
        actor.require_region(found.region)
        return set(actor.roles)
    relations = {"owner"} if actor.id == found.owner else set()
    return relations | ({"filer"} if actor.id == found.filer else set())


def require_reviewer(actor: Actor, department: str) -> None:
    """Raise ``Forbidden`` unless the actor reviews for this department."""
    if "reviewer" not in actor.roles or actor.department != department:
        raise Forbidden("check_of_other_department")


def mark_late(case_id: str, day: date, now: datetime) -> int:
    """Write into the timeline that a case is past its deadline; 1 when written, 0 when it was there."""
    event = store.EventRow(store.case_pk(case_id), f"EVENT#LATE#{day.isoformat()}", at=clock.iso(now))
    event.what, event.who = "case_late", "system"
    try:
        tables.transact(
            tables.create(event), audit.entry(SYSTEM, "case.late", case_id, now, day=day.isoformat())
        )
    except Cancelled:
        return 0
    return 1


def cases_of(actor: Actor, *, filed: bool, limit: int, token: str | None) -> tuple[list[Case], str | None]:
    """A page of the cases that are the actor's, or that the actor filed for others; newest first."""
    return store.of_person(actor.id, filed=filed, limit=limit, token=token)


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
        return act(found, decision.decision, actor, now, reason=decision.reason, once=once, language=language)
    require_reviewer(actor, decision.check)
    results: dict[str, CheckState] = {"approve": "passed", "refuse": "failed"}
    if decision.decision not in results:
        raise Invalid("decision_not_for_check", fields=[Field("/decision", "field_choice")])
    receipt = Receipt(rule="reviewer", version=found.kind_version, record_date=clock.local_date(now))
    return record_check(
        case_id,
        decision.check,
        results[decision.decision],
        actor,
        now,
        reason=decision.reason,
        receipt=receipt,
        once=once,
        language=language,
    )


def supplement(
    actor: Actor, case_id: str, reason: str | None, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The applicant has added what was asked for; back to the person who asked.

    Raises ``Conflict("supplement_too_late")`` after the deadline.
    """
    found = case_for(actor, case_id)
    asked = max((e.at for e in found.events if e.what == "case_ask_supplement"), default=None)
    if found.state == "supplement" and asked is not None:
        days = model.kind(found.kind).supplement_working_days
        if clock.local_date(now) > clock.add_working_days(clock.local_date(asked), days):
            raise Conflict("supplement_too_late")
    return act(found, "supplement", actor, now, reason=reason, once=once, language=language)


def appeal(
    actor: Actor, case_id: str, reason: str, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The applicant objects to a refusal; the next level decides.

    Raises ``Conflict("appeal_too_late")`` after the kind's days for it.
    """
    found = case_for(actor, case_id)
    if found.state == "refused" and found.decided_at is not None:
        days = model.kind(found.kind).appeal_working_days
        if clock.local_date(now) > clock.add_working_days(clock.local_date(found.decided_at), days):
            raise Conflict("appeal_too_late")
    return act(found, "appeal", actor, now, reason=reason, once=once, language=language)
