"""What has waited too long: silent departments, late work, clocks that ran out. Nobody is refused by a clock."""

from datetime import date, datetime

from chalicelib import audit, clock, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import joining, model, reading, service, store
from chalicelib.tables import Cancelled


def chase(day: date, now: datetime) -> dict[str, int]:
    """Everything whose clock ran out on ``day``: silent checks go to persons, cases are marked late.

    Acts on the day it is given, so a missed day can be run again. Returns counts.
    """
    done = {"checks": 0, "cases": 0}
    for row in list(store.due_on(day)):
        case_id = row.pk.removeprefix("CASE#")
        if isinstance(row, store.CheckRow):
            done["checks"] += joining.to_person(case_id, row.sk.removeprefix("CHECK#"), "silent", now)
        elif isinstance(row, store.CaseRow):
            done["cases"] += _lapse(case_id, day, now) or mark_late(case_id, day, now)
    return done


def _lapse(case_id: str, day: date, now: datetime) -> int:
    """Do what the kind says of a state whose clock ran out that day; 0 where it says nothing or somebody was quicker."""
    found = reading.consistent(case_id)
    act = model.kind_of(found).lapses.get(found.state)
    if act is None or found.due != day:
        return 0
    try:
        service.act(found, act, SYSTEM, now)
    except Cancelled:
        return 0
    return 1


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
