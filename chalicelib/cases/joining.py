"""The departments' answers, and the join: who records the last one moves the case on, exactly once."""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from chalicelib import audit, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, opening, store
from chalicelib.cases.model import OPEN_CHECKS, Case, CaseCheck, CheckState, Receipt
from chalicelib.cases.views import CaseView, role_of, view
from chalicelib.errors import Conflict, Field, Invalid, NotFound, Unavailable
from chalicelib.tables import Cancelled, Once, Write

JOIN_TRIES: Final = 60


def record_check(
    case_id: str,
    check_id: str,
    result: CheckState,
    actor: Actor,
    now: datetime,
    *,
    value: Decimal | None = None,
    reason: str | None = None,
    receipt: Receipt | None = None,
    once: Once | None = None,
    language: str = "zh-CN",
    also: Sequence[Write] = (),
) -> CaseView:
    """Record one department's answer; whoever records the last one moves the case on, exactly once.

    ``check_id`` names the part (``CaseCheck.id``); ``value`` is exact and goes with a ``passed`` where the
    kind merges values; ``also`` is what the kind's context writes with it. Raises ``Conflict("check_decided")`` when the part was answered before,
    ``Conflict("case_state_forbids")`` when the case no longer waits for checks, ``Invalid`` for a value
    that is missing or not wanted.
    """

    def attempt() -> CaseView:
        found = _ready(case_id)
        part = _open_part(found, check_id)
        _require_value(found, part, result, value)
        answer = part.model_copy(
            update={
                "state": result,
                "value": value,
                "decided_at": now,
                "reason": reason,
                "receipt": receipt,
                "queue": None,
            }
        )
        after = _with_answer(found, answer, now)
        seen = view(after, language)
        writes = [*_writes(found, after, answer, actor, now), *also]
        _patiently(lambda: tables.transact(*writes, once=once, answer=seen), Unavailable)
        return seen

    return _patiently(attempt, Cancelled)


def _ready(case_id: str) -> Case:
    """The case with a row for each of its parts; raises ``NotFound``."""
    found = store.load(case_id, consistent=True)
    if found and opening.open_missing(found):
        found = store.load(case_id, consistent=True)
    if found is None:
        raise NotFound("case_not_found")
    return found


def _open_part(found: Case, check_id: str) -> CaseCheck:
    part = found.check(check_id)
    if part.state not in OPEN_CHECKS:
        raise Conflict("check_decided")
    if found.state != "checking":
        raise Conflict("case_state_forbids", state=found.state)
    return part


def _require_value(found: Case, part: CaseCheck, result: CheckState, value: Decimal | None) -> None:
    wanted = result == "passed" and model.kind_of(found).needs_value(part.code)
    if wanted and value is None:
        raise Invalid("values_invalid", fields=[Field("/value", "check_value_needed")])
    if value is not None and not wanted:
        raise Invalid("values_invalid", fields=[Field("/value", "check_value_unwanted")])


def _with_answer(found: Case, answer: CaseCheck, now: datetime) -> Case:
    """The case as it is once this answer is recorded; the last answer moves it on."""
    checks = [answer if part.id == answer.id else part for part in found.checks]
    after = found.model_copy(update={"checks": checks, "open_checks": found.open_checks - 1})
    if after.open_checks:
        return after
    kind = model.kind_of(found)
    outcome = kind.joined(checks)
    to = kind.join.passed if outcome.answer == "passed" else kind.join.otherwise
    return opening.entered(after.model_copy(update={"value": outcome.value}), to, now)


def _writes(found: Case, after: Case, answer: CaseCheck, actor: Actor, now: datetime) -> list[Write]:
    writes: list[Write] = [
        store.settle_check(found, answer),
        store.event_put(found.id, now, f"check_{answer.state}", role_of(actor), {"department": answer.id}),
        audit.entry(actor, f"check.{answer.state}", found.id, now, check=answer.id),
    ]
    if after.state == found.state:
        return [store.count_down(found.id), *writes]
    moved_on = store.event_put(found.id, now, f"case_{after.state}", "system")
    return [store.move(found, after, joins=True), moved_on, *writes]


def _patiently[T](attempt: Callable[[], T], passing: type[Exception]) -> T:
    """Try again while others write to the same case; what is settled meanwhile ends it by itself.

    A write that only met another one is sent again as it is: its conditions hold for whatever is there by then.
    One whose conditions failed is made anew from what is there.
    """
    for turn in range(JOIN_TRIES):
        try:
            return attempt()
        except passing:
            if turn == JOIN_TRIES - 1:
                raise
            time.sleep(random.uniform(0, min(0.4, 0.01 * 2 ** min(turn, 6))))
    raise AssertionError("unreachable")


def to_person(
    case_id: str,
    check_id: str,
    reason: str,
    now: datetime,
    receipt: Receipt | None = None,
    also: Sequence[Write] = (),
) -> bool:
    """Put an open part on a person's worklist: the data disagrees, is silent, or its time is over.

    It stays open: silence never counts against the applicant. Returns whether this call did it; nothing
    happens to a part that is no longer open.
    """
    found = _ready(case_id)
    part = found.check(check_id)
    if part.state != "open" or found.state != "checking":
        return False
    due = max(part.due, model.kind_of(found).late_work_due(now)) if reason == "silent" else part.due
    part = part.model_copy(update={"due": due})
    try:
        tables.transact(
            store.hand_to_person(found, part, part.department, reason, receipt),
            store.event_put(case_id, now, "check_to_person", "system", {"department": check_id}),
            audit.entry(SYSTEM, "check.to_person", case_id, now, check=check_id, reason=reason),
            *also,
        )
    except Cancelled:
        return False  # Somebody answered it in the meantime, which is what the worklist was for.
    return True
