"""What time and moving house do to permits: windows, reminders, suspensions, late cards, departures."""

from datetime import date, datetime, timedelta

from chalicelib import clock, tables
from chalicelib.cases import service as cases
from chalicelib.permits import store
from chalicelib.permits.deciding import commit
from chalicelib.permits.filing import ENDED, next_day
from chalicelib.permits.model import Permit
from chalicelib.permits.policy import policy_on
from chalicelib.residence import service as residence
from chalicelib.tables import Cancelled


def keep(listed: date, today: date, now: datetime) -> dict[str, int]:
    """Take every step of the calendar that is due by ``today`` for the permits listed on a day; returns counts.

    Each step is one conditional write with its event, so it happens once however often a day is run. A
    permit that was changed at the same moment is left for the next run.
    """
    counts = {"steps": 0, "suspended": 0, "late": 0, "waiting": 0, "busy": 0}
    for permit in store.due_on(listed):
        try:
            _keep(permit, today, now, counts)
        except Cancelled:
            counts["busy"] += 1
    return counts


def _keep(permit: Permit, day: date, now: datetime, counts: dict[str, int]) -> None:
    policy = policy_on(day)
    while due := [step for step in permit.steps(policy) if step.day <= day]:
        step = due[0]
        if step.what == "suspended" and permit.waits_for_the_office:
            permit = _freed(permit, day)
            if permit.waits_for_the_office:
                counts["waiting"] += 1
                _put_off(permit, day)
                return
        after = permit.stepped(step)
        commit(after, permit, [step.what], step.day, now)
        counts["steps"] += 1
        counts["suspended"] += step.what == "suspended"
        counts["late"] += step.what == "card_late"
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
