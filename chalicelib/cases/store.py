"""Cases in DynamoDB: one item collection a case, read whole with one query. The rows are in ``rows``."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock, keys, regions, tables
from chalicelib.cases import model
from chalicelib.cases.model import OPEN_CHECKS, Case, CaseCheck, CaseDocument, CaseEvent, Receipt
from chalicelib.cases.rows import CaseItem, CaseRow, CheckRow, DocumentRow, EventRow
from chalicelib.tables import Put, Update

__all__ = ["CaseItem", "CaseRow", "CheckRow", "DocumentRow", "EventRow"]

# How wide the area is that a queue's work is sorted by; whatever is not named here is a department's.
AREAS: dict[str, regions.Level] = {
    "grid_worker": "town",
    "coordinator": "town",
    "district_officer": "district",
    "city_officer": "city",
}
_CUT = {"town": 9, "district": 6}


def case_pk(case_id: str) -> str:
    """The partition of a case."""
    return f"CASE#{case_id}"


def town_of(region: str) -> str:
    """The town of a community or town code."""
    return region[:9]


def area_of(queue: str, region: str) -> str:
    """The area under which a queue lists what lies in a region: the town, the district or the city."""
    level = AREAS.get(queue, "district")
    return regions.CITY if level == "city" else region[: _CUT[level]]


def reach_of(queue: str, scope: str) -> str:
    """What the sort keys of a queue's work begin with in a scope; empty for all of it.

    A scope narrower than the queue's areas gets the whole area: the rest is left out when it is read.
    """
    if scope == regions.CITY:
        return ""
    level = AREAS.get(queue, "district")
    if level == "city":
        return f"{regions.CITY}#"
    return scope if len(scope) < _CUT[level] else f"{scope[: _CUT[level]]}#"


def work_key(queue: str, region: str, due: date, case_id: str) -> tuple[str, str]:
    """Where work of a role or department is listed."""
    return queue, f"{area_of(queue, region)}#{due.isoformat()}#{case_id}"


def due_key(due: date, case_id: str, sk: str) -> tuple[str, str]:
    """Where a clock is listed."""
    return f"DUE#{due.isoformat()}", f"{case_id}#{sk}"


def header(case: Case) -> CaseRow:
    """The row of a new case."""
    row = CaseRow(case_pk(case.id), "CASE", case_kind=case.kind, kind_version=case.kind_version)
    row.form_version = case.form_version
    row.state, row.owner, row.filer, row.region = case.state, case.owner, case.filer, case.region
    row.submitted_at, row.deadline = clock.iso(case.submitted_at), case.deadline.isoformat()
    row.since = clock.iso(case.since)
    row.receipt_number, row.open_checks = case.receipt_number, case.open_checks
    row.payload = _json(case.payload)
    row.sealed = case.sealed
    row.by_owner_pk, row.by_owner_sk = case.owner, f"{row.submitted_at}#{case.id}"
    if case.filer != case.owner:
        row.by_filer_pk, row.by_filer_sk = case.filer, row.by_owner_sk
    if case.due:
        row.due = case.due.isoformat()
        row.by_due_pk, row.by_due_sk = due_key(case.due, case.id, "CASE")
    if case.queue and case.due:
        row.queue = case.queue
        row.by_work_pk, row.by_work_sk = work_key(case.queue, case.region, case.due, case.id)
    return row


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)


def check_row(case: Case, check: CaseCheck) -> CheckRow:
    """The row of a department's part that has just been opened."""
    kind = model.kind_of(case).check(check.code)
    row = CheckRow(case_pk(case.id), f"CHECK#{check.id}", code=check.code, department=check.department)
    row.case_kind, row.kind_version, row.region = case.kind, case.kind_version, case.region
    row.state, row.due, row.automatic = check.state, check.due.isoformat(), int(kind.automatic)
    row.opened_at = clock.iso(case.since)
    row.by_due_pk, row.by_due_sk = due_key(check.due, case.id, row.sk)
    if not kind.automatic:
        row.queue = check.department
        row.by_work_pk, row.by_work_sk = work_key(check.department, case.region, check.due, case.id)
    return row


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
    row.place, row.key, row.thumbnail = document.place, document.key, 1 if document.thumbnail else None
    row.proven_on = document.proven_on.isoformat() if document.proven_on else None
    return row


def move(origin: Case, moved: Case, *, joins: bool = False) -> Update:
    """The write that moves a case on, only from the state it was read in.

    ``joins``: with the last answer, so only while exactly one is open.
    """
    actions = [
        CaseRow.state.set(moved.state),
        CaseRow.since.set(clock.iso(moved.since)),
        CaseRow.open_checks.set(moved.open_checks),
        *_work_actions(moved.queue, moved.region, moved.due, moved.id),
        *_due_actions(moved.due, moved.id, "CASE"),
        CaseRow.due.set(moved.due.isoformat()) if moved.due else CaseRow.due.remove(),
        CaseRow.queue.set(moved.queue) if moved.queue else CaseRow.queue.remove(),
        CaseRow.claimed_by.remove(),
    ]
    if moved.payload != origin.payload:
        actions.append(CaseRow.payload.set(_json(moved.payload)))
    if moved.deadline != origin.deadline:
        actions.append(CaseRow.deadline.set(moved.deadline.isoformat()))
    if moved.decided_at:
        actions.append(CaseRow.decided_at.set(clock.iso(moved.decided_at)))
    if moved.value is not None:
        actions.append(CaseRow.value.set(str(moved.value)))
    condition: Condition = CaseRow.state == origin.state
    if joins:
        condition &= CaseRow.open_checks == 1
    return Update(CaseRow(case_pk(moved.id), "CASE"), actions, condition)


def _work_actions(queue: str | None, region: str, due: date | None, case_id: str) -> list[Action]:
    if queue is None or due is None:
        return [CaseItem.by_work_pk.remove(), CaseItem.by_work_sk.remove()]
    pk, sk = work_key(queue, region, due, case_id)
    return [CaseItem.by_work_pk.set(pk), CaseItem.by_work_sk.set(sk)]


def _due_actions(due: date | None, case_id: str, sk: str) -> list[Action]:
    if due is None:
        return [CaseItem.by_due_pk.remove(), CaseItem.by_due_sk.remove()]
    day, place = due_key(due, case_id, sk)
    return [CaseItem.by_due_pk.set(day), CaseItem.by_due_sk.set(place)]


def pass_on(case: Case, queue: str | None, due: date | None) -> Update:
    """The write that hands late work to another level with a clock of its own; without one it stays, unclocked.

    Only while the case waits as it was read.
    """
    actions = _due_actions(due, case.id, "CASE")
    if queue and due:
        actions += [CaseRow.queue.set(queue), CaseRow.due.set(due.isoformat()), CaseRow.claimed_by.remove()]
        actions += _work_actions(queue, case.region, due, case.id)
    same = (CaseRow.state == case.state) & (CaseRow.since == clock.iso(case.since))
    if case.due:
        same &= CaseRow.due == case.due.isoformat()
    return Update(CaseRow(case_pk(case.id), "CASE"), actions, same)


def count_down(case_id: str) -> Update:
    """The write that takes one off the open checks, as long as it is not the last."""
    return Update(
        CaseRow(case_pk(case_id), "CASE"),
        [CaseRow.open_checks.add(-1)],
        (CaseRow.state == "checking") & (CaseRow.open_checks > 1),
    )


def settle_check(case: Case, answer: CaseCheck) -> Update:
    """The write that records a department's answer; refused when it was recorded before."""
    assert answer.decided_at
    actions = [
        CheckRow.state.set(answer.state),
        CheckRow.decided_at.set(clock.iso(answer.decided_at)),
        CheckRow.queue.remove(),
        CheckRow.claimed_by.remove(),
        *_work_actions(None, case.region, None, case.id),
        *_due_actions(None, case.id, ""),
    ]
    if answer.reason:
        actions.append(CheckRow.reason.set(answer.reason))
    if answer.value is not None:
        actions.append(CheckRow.value.set(str(answer.value)))
    if answer.receipt:
        actions.append(CheckRow.receipt.set(answer.receipt.model_dump_json(by_alias=True)))
    return Update(_part(case, answer.id), actions, CheckRow.state.is_in(*OPEN_CHECKS))


def _part(case: Case, check_id: str) -> CheckRow:
    return CheckRow(case_pk(case.id), f"CHECK#{check_id}")


def hand_to_person(case: Case, check: CaseCheck, queue: str, reason: str, receipt: Receipt | None) -> Update:
    """The write that puts an open part on a person's worklist; ``check.due`` is that person's clock."""
    actions = [
        CheckRow.state.set("person"),
        CheckRow.reason.set(reason),
        CheckRow.queue.set(queue),
        CheckRow.due.set(check.due.isoformat()),
        *_work_actions(queue, case.region, check.due, case.id),
        *_due_actions(check.due, case.id, f"CHECK#{check.id}"),
    ]
    if receipt:
        actions.append(CheckRow.receipt.set(receipt.model_dump_json(by_alias=True)))
    return Update(_part(case, check.id), actions, CheckRow.state == "open")


def pass_part_on(case: Case, part: CaseCheck, queue: str | None, due: date | None) -> Update:
    """The same for a part that a department's person has not answered in time."""
    actions = _due_actions(due, case.id, f"CHECK#{part.id}")
    if queue and due:
        actions += [
            CheckRow.queue.set(queue),
            CheckRow.due.set(due.isoformat()),
            CheckRow.claimed_by.remove(),
        ]
        actions += _work_actions(queue, case.region, due, case.id)
    same = (CheckRow.state == "person") & (CheckRow.due == part.due.isoformat())
    return Update(_part(case, part.id), actions, same)


def hold(case: Case, part: CaseCheck | None, holder: str | None) -> Update:
    """The write that claims a piece of work for a member of staff, or lets it go; only while it is as read."""
    row: type[CaseRow] | type[CheckRow] = CheckRow if part else CaseRow
    piece = part or case
    as_read = row.claimed_by == piece.claimed_by if piece.claimed_by else row.claimed_by.does_not_exist()
    action = row.claimed_by.set(holder) if holder else row.claimed_by.remove()
    key = f"CHECK#{part.id}" if part else "CASE"
    same = (row.state == piece.state) & (row.queue == piece.queue) & as_read
    return Update(row(case_pk(case.id), key), [action], same)


def shut_part(case: Case, part: CaseCheck) -> Update:
    """The write that takes an unanswered part off all lists: its case went on without it."""
    actions = [*_work_actions(None, case.region, None, case.id), *_due_actions(None, case.id, "")]
    actions += [CheckRow.queue.remove(), CheckRow.claimed_by.remove()]
    return Update(_part(case, part.id), actions, CheckRow.state.is_in(*OPEN_CHECKS))


def open_part(case: Case, part: CaseCheck) -> Put:
    """The write that asks for a part, once for each time the case enters ``checking``."""
    row = check_row(case, part)
    return Put(row, CheckRow.pk.does_not_exist() | (CheckRow.opened_at != row.opened_at))


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
        events=sorted((_event(i) for i in items if isinstance(i, EventRow)), key=lambda event: event.at),
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
        "form_version": head.form_version,
        "state": head.state,
        "since": head.since or head.submitted_at,
        "due": head.due,
        "queue": head.queue,
        "claimed_by": head.claimed_by,
        "owner": head.owner,
        "filer": head.filer,
        "region": head.region,
        "submitted_at": head.submitted_at,
        "deadline": head.deadline,
        "receipt_number": head.receipt_number,
        "open_checks": int(head.open_checks),
        "payload": json.loads(head.payload),
        "sealed": head.sealed,
        "value": head.value,
        "decided_at": head.decided_at,
    }


def _check(item: CheckRow) -> CaseCheck:
    return CaseCheck(
        id=item.sk.removeprefix("CHECK#"),
        code=item.code or item.department,
        department=item.department,
        state=item.state,  # type: ignore[arg-type]  # Pydantic checks the literal.
        due=date.fromisoformat(item.due),
        queue=item.queue,
        claimed_by=item.claimed_by,
        listed=bool(item.by_due_pk or item.by_work_pk),
        opened_at=clock.parse_iso(item.opened_at) if item.opened_at else None,
        value=Decimal(item.value) if item.value else None,
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
        place=item.place,
        proven_on=date.fromisoformat(item.proven_on) if item.proven_on else None,
        key=item.key,
        thumbnail=bool(item.thumbnail),
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


def work(
    queue: str, reach: str, limit: int, after: dict[str, Any] | None
) -> tuple[list[Any], dict[str, Any] | None]:
    """What waits in a queue, of areas that begin with ``reach``, by area and due day; and where to go on."""
    within = CaseItem.by_work_sk.startswith(reach) if reach else None
    found = CaseItem.by_work.query(queue, within, limit=limit, page_size=limit, last_evaluated_key=after)
    return list(found), found.last_evaluated_key


def due_on(day: date) -> Iterable[CaseItem]:
    """Every case and check whose clock runs out on that day."""
    return CaseItem.by_due.query(f"DUE#{day.isoformat()}")
