"""What has waited too long: silent departments, late work, clocks that ran out. Nobody is refused by a clock."""

import json
from datetime import date, datetime

from chalicelib import audit, clock, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import joining, model, reading, service, store
from chalicelib.cases.model import Case, CaseCheck
from chalicelib.tables import Cancelled, Write


def chase(day: date, now: datetime) -> dict[str, int]:
    """Everything whose clock ran out on ``day``.

    A silent department's part goes to a person, then to the next level; a case does what its kind says of that
    state, or goes to the next level and is marked late. Acts on the day it is given, so a missed day can be
    run again. Returns counts.
    """
    done = {"checks": 0, "cases": 0}
    for row in list(store.due_on(day)):
        case_id = row.pk.removeprefix("CASE#")
        if isinstance(row, store.CheckRow):
            done["checks"] += _chase_part(case_id, row.sk.removeprefix("CHECK#"), day, now)
        elif isinstance(row, store.CaseRow):
            found = reading.consistent(case_id)
            if found.due == day:
                done["cases"] += _lapse(found, now) or _late(found, day, now)
    return done


def _chase_part(case_id: str, check_id: str, day: date, now: datetime) -> bool:
    found = reading.consistent(case_id)
    part = found.check(check_id)
    if found.state != "checking" or part.due != day:
        return False
    if part.state == "open":
        return joining.to_person(case_id, check_id, "silent", now)
    return part.state == "person" and _pass_part_on(found, part, now)


def _pass_part_on(found: Case, part: CaseCheck, now: datetime) -> bool:
    """A part that its department's person has not answered either: the next level may. The last one keeps it."""
    kind = model.kind_of(found)
    to = next(iter(kind.escalation.above(part.queue or part.department)), None)
    due = kind.late_work_due(now) if to else None
    params = {"department": part.id, "to": to or part.queue or part.department}
    return _write(
        store.pass_part_on(found, part, to, due),
        store.event_put(found.id, now, "check_escalated" if to else "check_late", "system", params),
        audit.entry(SYSTEM, "check.late", found.id, now, check=part.id, to=params["to"]),
    )


def _lapse(found: Case, now: datetime) -> int:
    """Do what the kind says of a state whose clock ran out; 0 where it says nothing or somebody was quicker."""
    act = model.kind_of(found).lapses.get(found.state)
    if act is None:
        return 0
    try:
        service.act(found, act, SYSTEM, now)
    except Cancelled:
        return 0
    return 1


def _late(found: Case, day: date, now: datetime) -> int:
    """Write into the timeline that a case is late, and hand its work to the next level where there is one.

    1 when written, 0 when it was there or somebody was quicker.
    """
    kind = model.kind_of(found)
    to = kind.next_level(found.state, found.queue) if found.queue else None
    event = store.EventRow(store.case_pk(found.id), f"EVENT#LATE#{day.isoformat()}", at=clock.iso(now))
    event.what, event.who = ("case_escalated" if to else "case_late"), "system"
    event.params = json.dumps({"to": to}) if to else None
    return _write(
        store.pass_on(found, to, kind.late_work_due(now) if to else None),
        tables.create(event),
        audit.entry(SYSTEM, "case.late", found.id, now, day=day.isoformat(), to=to or ""),
    )


def _write(*writes: Write) -> bool:
    try:
        tables.transact(*writes)
    except Cancelled:
        return False
    return True
