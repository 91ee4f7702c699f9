"""Opening a case: everything that belongs to it in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, clock, keys, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, reading, store
from chalicelib.cases.model import Case, CaseCheck
from chalicelib.cases.views import CaseView, role_of, view
from chalicelib.forms import service as forms
from chalicelib.tables import Cancelled, Once, Write

# A transaction holds 100 writes: this leaves room for a context's own.
PARTS_AT_ONCE: Final = 60


@dataclass(frozen=True)
class Submission:
    """What a context hands in. ``payload`` carries no personal data; ``sealed`` does, sealed for the owner.

    ``deadline`` where it is not the kind's: feedback has one for each category.
    """

    kind: str
    owner: str
    filer: str
    region: str
    payload: dict[str, Any]
    sealed: str | None = None
    needs_confirmation: bool = False
    case_id: str | None = None
    form_version: str | None = None
    deadline: date | None = None


def submit(
    submission: Submission,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
    also: Sequence[Write] = (),
    language: str = "zh-CN",
) -> CaseView:
    """Open a case: header, checks, first event, audit entry and idempotency key in one transaction.

    The case is made under the version of its kind, and of its form, that is in force that day, and keeps
    both. The filer's draft of the form goes in the same transaction. Raises
    ``Repeated`` for a repeat under the same key, ``Conflict`` when one of ``also`` is refused.
    """
    case = _new_case(submission, actor, now)
    answer = view(case, language)
    writes: list[Write] = [
        tables.create(store.header(case)),
        *opened_rows(case),
        store.event_put(case.id, now, "case_submitted", role_of(actor)),
        audit.entry(actor, "case.submitted", case.id, now, kind=case.kind),
        *forms.filed(case.kind, actor),
        *also,
    ]
    tables.transact(*writes, once=once, answer=answer)
    return answer


def _new_case(submission: Submission, actor: Actor, now: datetime) -> Case:
    kind = model.in_force(submission.kind, clock.local_date(now))
    case_id = submission.case_id or keys.new_id("C", now)
    case = Case(
        id=case_id,
        kind=kind.kind,
        kind_version=kind.version,
        form_version=submission.form_version or forms.version_for(kind.kind, now),
        state="",
        owner=submission.owner,
        filer=submission.filer,
        region=submission.region,
        submitted_at=now,
        since=now,
        deadline=submission.deadline or kind.deadline(now),
        receipt_number=f"{kind.receipt}-{clock.local_date(now):%Y}-{case_id[-10:]}",
        open_checks=0,
        payload=submission.payload,
        sealed=submission.sealed,
        events=[model.CaseEvent(at=now, what="case_submitted", who=role_of(actor))],
    )
    return entered(case, "confirming" if submission.needs_confirmation else kind.first_state, now)


def entered(case: Case, state: str, now: datetime) -> Case:
    """The case as it is on entering a state: whose work it is, until when, and who is asked."""
    kind = model.kind_of(case)
    checks = kind.opened(now, case.payload) if state == "checking" else case.checks
    if state == "checking" and not checks:
        state = kind.join.otherwise  # Nobody is to be asked: then a person decides.
    return case.model_copy(
        update={
            "state": state,
            "since": now,
            "due": kind.due(state, now, case.deadline),
            "queue": kind.queue(state, case.payload),
            "checks": checks,
            "open_checks": len(checks) if state == "checking" else case.open_checks,
            "decided_at": now if state in kind.decided else case.decided_at,
        }
    )


def opened_rows(case: Case) -> list[Write]:
    """The writes that open a case's parts; of very many the first, ``open_rest`` the others."""
    if case.state != "checking":
        return []
    return [tables.create(store.check_row(case, part)) for part in case.checks[:PARTS_AT_ONCE]]


def open_rest(case_id: str) -> int:
    """Open the parts of a case that did not fit into its transaction; returns how many. Safe to repeat.

    They are open from the case's first moment: whoever reads it sees them and the join waits for them.
    """
    found = store.load(case_id, consistent=True)
    return open_missing(found) if found else 0


def open_missing(found: Case) -> int:
    """The same for a case as the table has it."""
    missing = reading.unopened(found)
    for some in batched(missing, 100):
        _open(found, some)
    return len(missing)


def _open(case: Case, parts: Sequence[CaseCheck]) -> None:
    try:
        tables.transact(*[tables.create(store.check_row(case, part)) for part in parts])
    except Cancelled:
        if len(parts) > 1:
            for part in parts:
                _open(case, [part])
