"""Cases in DynamoDB: one item collection a case, read whole with one query.

``CASE#<id>``: ``CASE`` the header, ``CHECK#<department>``, ``EVENT#<time>#<id>``, ``DOCUMENT#<id>``.
Indexes: ``by_owner`` (a person's cases), ``by_filer`` (filed for somebody else), ``by_work`` (what waits
for a role or department in a town, by due date), ``by_due`` (everything due on a day).
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock, keys, tables
from chalicelib.cases.model import (
    OPEN_CHECKS,
    Case,
    CaseCheck,
    CaseDocument,
    CaseEvent,
    Receipt,
)
from chalicelib.tables import Put, Row, Update


class ByOwner(GlobalSecondaryIndex["CaseItem"]):
    """A person's own cases, newest last."""

    Meta = tables.index_meta("by_owner")
    by_owner_pk = UnicodeAttribute(hash_key=True)
    by_owner_sk = UnicodeAttribute(range_key=True)


class ByFiler(GlobalSecondaryIndex["CaseItem"]):
    """Cases that somebody filed for another person."""

    Meta = tables.index_meta("by_filer")
    by_filer_pk = UnicodeAttribute(hash_key=True)
    by_filer_sk = UnicodeAttribute(range_key=True)


class ByWork(GlobalSecondaryIndex["CaseItem"]):
    """Work of a role or department in a town: ``<queue>#<town>``, by due date. Sparse."""

    Meta = tables.index_meta("by_work")
    by_work_pk = UnicodeAttribute(hash_key=True)
    by_work_sk = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["CaseItem"]):
    """Everything with a clock, by the day it runs out. Sparse."""

    Meta = tables.index_meta("by_due")
    by_due_pk = UnicodeAttribute(hash_key=True)
    by_due_sk = UnicodeAttribute(range_key=True)


class CaseItem(Row):
    """Any item of a case's collection."""

    Meta = tables.meta("cases")
    row = DiscriminatorAttribute()
    by_owner = ByOwner()
    by_filer = ByFiler()
    by_work = ByWork()
    by_due = ByDue()
    by_owner_pk = UnicodeAttribute(null=True)
    by_owner_sk = UnicodeAttribute(null=True)
    by_filer_pk = UnicodeAttribute(null=True)
    by_filer_sk = UnicodeAttribute(null=True)
    by_work_pk = UnicodeAttribute(null=True)
    by_work_sk = UnicodeAttribute(null=True)
    by_due_pk = UnicodeAttribute(null=True)
    by_due_sk = UnicodeAttribute(null=True)


class CaseRow(CaseItem, discriminator="case"):
    """The header."""

    case_kind = UnicodeAttribute()
    kind_version = UnicodeAttribute()
    state = UnicodeAttribute()
    owner = UnicodeAttribute()
    filer = UnicodeAttribute()
    region = UnicodeAttribute()
    submitted_at = UnicodeAttribute()
    deadline = UnicodeAttribute()
    receipt_number = UnicodeAttribute()
    open_checks = NumberAttribute()
    payload = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    decided_at = UnicodeAttribute(null=True)


class CheckRow(CaseItem, discriminator="check"):
    """One department's check. ``automatic`` checks are verified from the stream."""

    case_kind = UnicodeAttribute()
    department = UnicodeAttribute()
    state = UnicodeAttribute()
    region = UnicodeAttribute()
    due = UnicodeAttribute()
    automatic = NumberAttribute()
    decided_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    receipt = UnicodeAttribute(null=True)


class EventRow(CaseItem, discriminator="event"):
    """A line of the timeline."""

    at = UnicodeAttribute()
    what = UnicodeAttribute()
    who = UnicodeAttribute()
    params = UnicodeAttribute(null=True)


class DocumentRow(CaseItem, discriminator="document"):
    """A paper: where its bytes lie and whether they were looked at."""

    document_id = UnicodeAttribute()
    document_kind = UnicodeAttribute()
    state = UnicodeAttribute()
    media_type = UnicodeAttribute()
    size = NumberAttribute()
    at = UnicodeAttribute()


def case_pk(case_id: str) -> str:
    """The partition of a case."""
    return f"CASE#{case_id}"


def town_of(region: str) -> str:
    """The town of a community or town code: the grain of worklists."""
    return region[:9]


def header(case: Case) -> CaseRow:
    """The row of a new case."""
    row = CaseRow(case_pk(case.id), "CASE", case_kind=case.kind, kind_version=case.kind_version)
    row.state, row.owner, row.filer, row.region = case.state, case.owner, case.filer, case.region
    row.submitted_at, row.deadline = clock.iso(case.submitted_at), case.deadline.isoformat()
    row.receipt_number, row.open_checks = case.receipt_number, case.open_checks
    row.payload = json.dumps(case.payload, ensure_ascii=False, sort_keys=True)
    row.sealed = case.sealed
    row.by_owner_pk, row.by_owner_sk = case.owner, f"{row.submitted_at}#{case.id}"
    if case.filer != case.owner:
        row.by_filer_pk, row.by_filer_sk = case.filer, row.by_owner_sk
    row.by_due_pk, row.by_due_sk = f"DUE#{row.deadline}", f"{case.id}#CASE"
    return row


def check_row(case_id: str, case_kind: str, region: str, check: CaseCheck, automatic: bool) -> CheckRow:
    """The row of a check that has just been opened."""
    row = CheckRow(case_pk(case_id), f"CHECK#{check.department}", department=check.department)
    row.case_kind, row.state, row.region = case_kind, check.state, region
    row.due, row.automatic = check.due.isoformat(), int(automatic)
    row.by_due_pk, row.by_due_sk = f"DUE#{row.due}", f"{case_id}#{row.sk}"
    if not automatic:
        row.by_work_pk, row.by_work_sk = work_key(check.department, region, check.due, case_id)
    return row


def work_key(queue: str, region: str, due: date, case_id: str) -> tuple[str, str]:
    """Where work of a role or department is listed."""
    return f"{queue}#{town_of(region)}", f"{due.isoformat()}#{case_id}"


def event_put(case_id: str, now: datetime, what: str, who: str, params: dict[str, Any] | None = None) -> Put:
    """The write of a timeline event."""
    at = clock.iso(now)
    row = EventRow(case_pk(case_id), f"EVENT#{at}#{keys.new_id('', now)}", at=at, what=what, who=who)
    row.params = json.dumps(params, ensure_ascii=False) if params else None
    return Put(row)


def document_row(case_id: str, document: CaseDocument) -> DocumentRow:
    """The row of a paper."""
    row = DocumentRow(case_pk(case_id), f"DOCUMENT#{document.id}", document_id=document.id)
    row.document_kind, row.state, row.media_type = document.kind, document.state, document.media_type
    row.size, row.at = document.size, clock.iso(document.at)
    return row


def move(case_id: str, origin: str, to: str, *more: Action, work: tuple[str, str] | None = None) -> Update:
    """The write that moves a case from one state to another and nothing else."""
    row = CaseRow(case_pk(case_id), "CASE")
    actions = [CaseRow.state.set(to), *more]
    if work:
        actions += [CaseItem.by_work_pk.set(work[0]), CaseItem.by_work_sk.set(work[1])]
    else:
        actions += [CaseItem.by_work_pk.remove(), CaseItem.by_work_sk.remove()]
    return Update(row, actions, CaseRow.state == origin)


def count_down(case_id: str) -> Update:
    """The write that takes one off the open checks, as long as it is not the last."""
    return Update(
        CaseRow(case_pk(case_id), "CASE"),
        [CaseRow.open_checks.add(-1)],
        (CaseRow.state == "checking") & (CaseRow.open_checks > 1),
    )


def last_down(move_on: Update) -> Update:
    """A ``move`` that is the join as well: only while exactly one check is open."""
    return Update(
        move_on.item,
        [*move_on.actions, CaseRow.open_checks.set(0)],
        move_on.condition & (CaseRow.open_checks == 1) if move_on.condition is not None else None,
    )


def settle_check(
    case_id: str, department: str, state: str, now: datetime, reason: str | None, receipt: Receipt | None
) -> Update:
    """The write that records a check's answer; refused when it was recorded before."""
    actions = [
        CheckRow.state.set(state),
        CheckRow.decided_at.set(clock.iso(now)),
        CaseItem.by_work_pk.remove(),
        CaseItem.by_work_sk.remove(),
        CaseItem.by_due_pk.remove(),
        CaseItem.by_due_sk.remove(),
    ]
    if reason:
        actions.append(CheckRow.reason.set(reason))
    if receipt:
        actions.append(CheckRow.receipt.set(receipt.model_dump_json(by_alias=True)))
    row = CheckRow(case_pk(case_id), f"CHECK#{department}")
    return Update(row, actions, CheckRow.state.is_in(*OPEN_CHECKS))


def hand_to_person(
    case: Case, department: str, due: date, reason: str, receipt: Receipt | None = None
) -> Update:
    """The write that puts an open check on a person's worklist."""
    work = work_key(department, case.region, due, case.id)
    actions = [
        CheckRow.state.set("person"),
        CheckRow.reason.set(reason),
        CaseItem.by_work_pk.set(work[0]),
        CaseItem.by_work_sk.set(work[1]),
        CaseItem.by_due_pk.remove(),
        CaseItem.by_due_sk.remove(),
    ]
    if receipt:
        actions.append(CheckRow.receipt.set(receipt.model_dump_json(by_alias=True)))
    row = CheckRow(case_pk(case.id), f"CHECK#{department}")
    return Update(row, actions, CheckRow.state == "open")


def load(case_id: str, *, consistent: bool = False) -> Case | None:
    """The case with checks, events and documents, or None; one query."""
    return _assemble(list(CaseItem.query(case_pk(case_id), consistent_read=consistent)))


def _assemble(items: list[Any]) -> Case | None:
    head = next((item for item in items if isinstance(item, CaseRow)), None)
    if head is None:
        return None
    return Case(
        **_header_values(head),
        checks=[_check(item) for item in items if isinstance(item, CheckRow)],
        events=[_event(item) for item in items if isinstance(item, EventRow)],
        documents=[document(item) for item in items if isinstance(item, DocumentRow)],
    )


def summary(head: CaseRow) -> Case:
    """The case of a header alone, as lists show it."""
    return Case(**_header_values(head))


def _header_values(head: CaseRow) -> dict[str, Any]:
    return {
        "id": head.pk.removeprefix("CASE#"),
        "kind": head.case_kind,
        "kind_version": head.kind_version,
        "state": head.state,
        "owner": head.owner,
        "filer": head.filer,
        "region": head.region,
        "submitted_at": head.submitted_at,
        "deadline": head.deadline,
        "receipt_number": head.receipt_number,
        "open_checks": int(head.open_checks),
        "payload": json.loads(head.payload),
        "sealed": head.sealed,
        "decided_at": head.decided_at,
    }


def _check(item: CheckRow) -> CaseCheck:
    return CaseCheck(
        department=item.department,
        state=item.state,  # type: ignore[arg-type]  # Pydantic checks the literal.
        due=date.fromisoformat(item.due),
        decided_at=clock.parse_iso(item.decided_at) if item.decided_at else None,
        reason=item.reason,
        receipt=Receipt.model_validate_json(item.receipt) if item.receipt else None,
    )


def _event(item: EventRow) -> CaseEvent:
    params = json.loads(item.params) if item.params else {}
    return CaseEvent(at=clock.parse_iso(item.at), what=item.what, who=item.who, params=params)


def document(item: DocumentRow) -> CaseDocument:
    """The paper of a row."""
    return CaseDocument(
        id=item.document_id,
        kind=item.document_kind,
        state=item.state,  # type: ignore[arg-type]  # Pydantic checks the literal.
        media_type=item.media_type,
        size=int(item.size),
        at=clock.parse_iso(item.at),
    )


def of_person(person_id: str, *, filed: bool, limit: int, token: str | None) -> tuple[list[Case], str | None]:
    """A page of a person's own cases, or of those filed for others; newest first."""
    index: Any = CaseItem.by_filer if filed else CaseItem.by_owner
    scope = f"cases:{person_id}:{filed}"
    found = index.query(
        person_id,
        limit=limit,
        page_size=limit,
        scan_index_forward=False,
        last_evaluated_key=tables.position(token, scope),
    )
    rows, following = tables.page(found, scope)
    return [summary(row) for row in rows if isinstance(row, CaseRow)], following


def work(part: str, limit: int, after: dict[str, Any] | None) -> tuple[list[Any], dict[str, Any] | None]:
    """What waits in ``<queue>#<town>``, the most urgent first, and where to go on."""
    found = CaseItem.by_work.query(part, limit=limit, page_size=limit, last_evaluated_key=after)
    return list(found), found.last_evaluated_key


def due_on(day: date) -> Iterable[CaseItem]:
    """Every case and check whose clock runs out on that day."""
    return CaseItem.by_due.query(f"DUE#{day.isoformat()}")
