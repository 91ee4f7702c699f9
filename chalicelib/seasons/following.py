"""What becomes of a season when a case moves: withdrawal, forgery, an objection that is upheld."""

from datetime import datetime

from chalicelib import audit, clock, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.points import service as points
from chalicelib.seasons import deciding, list_store, model, objecting, rights, store
from chalicelib.seasons.filing import APPLICATION
from chalicelib.seasons.model import Application, Outcome
from chalicelib.tables import Cancelled, Write


def follow(case: Case, now: datetime) -> bool:
    """Keep the season in step with a case of its kinds; harmless when repeated. Returns whether anything was to do."""
    if case.kind != APPLICATION:
        return objecting.follow(case, now)
    held = store.application(case.id)
    if held is None:
        return False
    if case.state == "withdrawn":
        rights.release(held[0], now)
        return _leave(held[0], "withdrawn", now)
    if case.state == "voided":
        return _ban(held[0], now)
    return case.state == "accepted" and _lift(case, held[0], now)


def enact(case: Case, now: datetime) -> bool:
    """Bring an accepted case into force: points for an application, other answers for an objection; once."""
    if case.kind == APPLICATION:
        return deciding.enact(case, now)
    return objecting.enact(case, now)


def _leave(
    application: Application, outcome: Outcome, now: datetime, also: list[Write] | None = None
) -> bool:
    """Take an application out of the pool, and its line out of lists that are settled or final."""
    note = audit.entry(SYSTEM, "points.left", application.case, now, why=outcome)
    tables.transact(store.pool_drop(application), note, *(also or []))
    for ranking, standing in list_store.standings_of(application.case):
        if ranking.state in ("settled", "final"):
            _settle(list_store.settle_place(ranking, int(standing.rank), application.case, outcome))
    return True


def _settle(write: Write) -> None:
    try:
        tables.transact(write)
    except Cancelled:
        return  # Something became of the line before: that stands.


def _ban(application: Application, now: datetime) -> bool:
    """A person found forged evidence: this year's right is lost, and as many years more as the policy says."""
    policy = points.policy(application.policy, application.policy_version)
    years = max(
        (each.effect.years for each in policy.indicators if each.effect and each.effect.voids_results),
        default=0,
    )
    until = model.banned_until(clock.local_date(now), years)
    ban = store.ban_put(application.person, until, application.case, clock.iso(now))
    return _leave(application, "banned", now, [ban])


def _lift(case: Case, application: Application, now: datetime) -> bool:
    """An appeal was upheld: no ban comes of this case any more, and it is ranked again."""
    found = store.ban(application.person)
    if found is None or found[1] != case.id:
        return False
    note = audit.entry(SYSTEM, "points.ban_lifted", case.id, now)
    tables.transact(store.ban_drop(application.person, case.id), note)
    return deciding.decide_again(cases.case(case.id), now)
