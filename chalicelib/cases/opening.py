"""Opening a case: everything that belongs to it in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, clock, keys, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, papers, reading, store
from chalicelib.cases.model import OPEN_CHECKS, Case, CaseCheck
from chalicelib.cases.papers import Named
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
    papers: Sequence[Named] = ()
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
    taken, ties = papers.for_case(case, submission.papers, actor, now)
    case = case.model_copy(update={"documents": taken})
    answer = view(case, language)
    writes: list[Write] = [
        tables.create(store.header(case)),
        *part_writes(None, case),
        store.event_put(case.id, now, "case_submitted", role_of(actor)),
        audit.entry(actor, "case.submitted", case.id, now, kind=case.kind),
        *forms.filed(case.kind, actor),
        *[tables.create(store.document_row(case.id, document)) for document in taken],
        *ties,
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
    checks = _asked(kind, case, now) if state == "checking" else case.checks
    waiting = sum(part.state in OPEN_CHECKS for part in checks)
    if state == "checking" and not waiting:
        state = kind.join.otherwise  # Nobody is to be asked: then a person decides.
    return case.model_copy(
        update={
            "state": state,
            "since": now,
            "due": kind.due(state, now, case.deadline, case.payload),
            "queue": kind.queue(state, case.payload),
            "claimed_by": None,
            "checks": checks,
            "open_checks": waiting if state == "checking" else case.open_checks,
            "decided_at": now if state in kind.decided else case.decided_at,
        }
    )


def _asked(kind: model.Kind, case: Case, now: datetime) -> list[CaseCheck]:
    """The parts of a case that enters ``checking``: all of them, and when it comes back those that did not pass."""
    passed = {part.id: part for part in case.checks if part.state == "passed"}
    return [passed.get(part.id, part) for part in kind.opened(now, case.payload)]


def part_writes(origin: Case | None, moved: Case) -> list[Write]:
    """The writes that open a case's parts when it enters ``checking``, and shut those left open when it leaves.

    Of very many the first; ``settle_rest`` does the others a moment later.
    """
    before = origin.state if origin else ""
    if moved.state == "checking" != before:
        opened = [part for part in moved.checks if part.state in OPEN_CHECKS]
        return [store.open_part(moved, part) for part in opened[:PARTS_AT_ONCE]]
    if origin and before == "checking" != moved.state:
        return [store.shut_part(origin, part) for part in _left_open(origin)[:PARTS_AT_ONCE]]
    return []


def _left_open(case: Case) -> list[CaseCheck]:
    """The parts that still stand on a list, though their case may have gone on."""
    unopened = {part.id for part in reading.unopened(case)}
    return [part for part in case.checks if part.state in OPEN_CHECKS and part.id not in unopened]


def settle_rest(case: Case) -> int:
    """Open, or shut, the parts of a case that did not fit into its transaction; returns how many.

    They are open from the case's first moment: whoever reads it sees them and the join waits for them.
    Safe to repeat; reads nothing for a case that has no more parts than fit.
    """
    found = store.load(case.id, consistent=True) if len(case.checks) > PARTS_AT_ONCE else None
    if found is None:
        return 0
    if found.state == "checking":
        return open_missing(found)
    listed = [part for part in _left_open(found) if part.listed]
    for some in batched(listed, 100):
        _one_by_one([store.shut_part(found, part) for part in some])
    return len(listed)


def open_missing(found: Case) -> int:
    """Open what is missing of a case as the table has it; returns how many parts."""
    missing = reading.unopened(found)
    for some in batched(missing, 100):
        _one_by_one([store.open_part(found, part) for part in some])
    return len(missing)


def _one_by_one(writes: Sequence[Write]) -> None:
    """All at once; each by itself where another was quicker with some of them."""
    try:
        tables.transact(*writes)
    except Cancelled:
        if len(writes) > 1:
            for write in writes:
                _one_by_one([write])
