"""What time and moving house do to permits: windows, reminders, suspensions, late cards, departures."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Final

from chalicelib import clock, tables
from chalicelib.cases import service as cases
from chalicelib.permits import store
from chalicelib.permits.deciding import change_writes, commit
from chalicelib.permits.filing import ENDED, next_day
from chalicelib.permits.lifetime import Due
from chalicelib.permits.model import Permit
from chalicelib.permits.policy import policy_on
from chalicelib.residence import service as residence
from chalicelib.tables import Cancelled

# Three writes a permit, and a transaction holds a hundred.
AT_ONCE: Final = 30


def keep(listed: date, today: date, now: datetime) -> dict[str, int]:
    """Take every step of the calendar that is due by ``today`` for the permits listed on a day; returns counts.

    Each step is one conditional write with its event, so it happens once however often a day is run; of
    thirty permits the first steps are one transaction. A permit that was changed at the same moment is left
    for the next run.
    """
    counts = Counter({"steps": 0, "suspended": 0, "late": 0, "waiting": 0, "busy": 0})
    for some in batched(store.due_on(listed), AT_ONCE):
        for permit in _together(some, today, now, counts):
            try:
                _keep(permit, today, now, counts)
            except Cancelled:
                counts["busy"] += 1
    return dict(counts)


def _together(some: Sequence[Permit], day: date, now: datetime, counts: Counter[str]) -> Sequence[Permit]:
    """Take one step of each permit in one transaction; returns those that have still to be looked at one by one."""
    plain = {permit.id: step for permit in some if (step := _plain_step(permit, day))}
    after = {permit.id: permit.stepped(plain[permit.id]) for permit in some if permit.id in plain}
    writes = [
        write
        for permit in some
        if (step := plain.get(permit.id))
        for write in change_writes(after[permit.id], permit, [step.what], step.day, now)
    ]
    if not writes:
        return some
    try:
        tables.transact(*writes)
    except Cancelled:
        return some  # One of them changed in the meantime; which, each will find by itself.
    for step in plain.values():
        _count(step, counts)
    return [after.get(permit.id, permit) for permit in some]


def _plain_step(permit: Permit, day: date) -> Due | None:
    """The first step that is due, unless an office has to be asked before."""
    due = [step for step in permit.steps(policy_on(day)) if step.day <= day]
    asks = due and due[0].what == "suspended" and permit.waits_for_the_office
    return due[0] if due and not asks else None


def _count(step: Due, counts: Counter[str]) -> None:
    counts["steps"] += 1
    counts["suspended"] += step.what == "suspended"
    counts["late"] += step.what == "card_late"


def _keep(permit: Permit, day: date, now: datetime, counts: Counter[str]) -> None:
    while due := [step for step in permit.steps(policy_on(day)) if step.day <= day]:
        step = due[0]
        if step.what == "suspended" and permit.waits_for_the_office:
            permit = _freed(permit, day)
            if permit.waits_for_the_office:
                counts["waiting"] += 1
                _put_off(permit, day)
                return
        after = permit.stepped(step)
        commit(after, permit, [step.what], step.day, now)
        _count(step, counts)
        permit = after


def _freed(permit: Permit, day: date) -> Permit:
    """The permit without an endorsement that was decided against, or taken back, meanwhile."""
    asked = permit.asked
    if asked is None or cases.case(asked).state not in ENDED - {"accepted"}:
        return permit
    free = permit.model_copy(update={"asked": None, "asked_on": None, "version": permit.version + 1})
    tables.transact(store.save(free, permit, next_day(free, policy_on(day))))
    return free


def _put_off(permit: Permit, day: date) -> None:
    """Look again tomorrow: an endorsement asked for in time is the office's to decide."""
    later = permit.model_copy(update={"version": permit.version + 1})
    tables.transact(store.save(later, permit, day + timedelta(days=1)))


def follow(person_id: str, now: datetime) -> bool:
    """Let a permit follow its holder's standing: cancelled on departure, moved with a move.

    The standing is read as it is now, so that a change that comes late or twice does no harm. Returns
    whether anything changed.
    """
    permit = store.permit(person_id, consistent=True)
    standing = residence.standing_of(person_id) if permit else None
    if permit is None or standing is None or permit.state == "cancelled":
        return False
    if standing.status == "departed":
        return commit(permit.cancelled(standing.since), permit, ["cancelled"], standing.since, now)
    if permit.region == standing.region:
        return False
    moved = permit.model_copy(update={"region": standing.region, "version": permit.version + 1})
    return commit(moved, permit, [], clock.local_date(now), now)
