"""Ranking lists: made, shown in public, settled, final; and what becomes of each line."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from chalicelib import audit, aws, clock, keys, regions, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import Conflict, Field, Invalid, NotFound
from chalicelib.points import service as points
from chalicelib.points.model import ScopeRule
from chalicelib.seasons import list_store, model, store
from chalicelib.seasons.model import FinalPlace, Outcome, Ranked, Ranking
from chalicelib.seasons.views import NewRanking, RankingView, ranking_view
from chalicelib.tables import Cancelled, Once

OPEN_OBJECTIONS: Final = frozenset({"received", "rechecking", "answering"})


def open_ranking(
    actor: Actor, body: NewRanking, now: datetime, once: Once | None, language: str
) -> RankingView:
    """Open a ranking of a scope, area and period; its list is made in a moment (``make``).

    Raises ``Conflict("ranking_is_there")`` for a second one, ``Invalid`` for an area that the policy does not
    rank by, ``Conflict("ranking_not_final")`` for a later round of lists that are not final.
    """
    policy = points.policy(body.policy, body.version)
    rule = policy.scopes.get(body.scope)
    if rule is None:
        raise Invalid("values_invalid", fields=[Field("/scope", "points_scope_unknown")])
    rounds = rule.ranking.rounds
    wanted = rounds[min(body.round, len(rounds)) - 1]
    if body.area != model.area_of(wanted, body.area.ljust(9, "0")):
        raise Invalid("values_invalid", fields=[Field("/area", "ranking_area_wrong")])
    actor.require_region(body.area)
    _require_sources(body)
    made = Ranking(
        id=keys.stable_id("RK", policy.name, body.scope, body.area, body.period, str(body.round)),
        policy=policy.id,
        policy_version=policy.version,
        policy_digest=policy.hash,
        scope=body.scope,
        area=body.area,
        period=body.period,
        round=body.round,
        of=body.of,
        state="making",
        quota=body.quota if body.quota is not None else rule.quotas.get(body.area),
        opened_by=actor.id,
    )
    answer = ranking_view(made, language)
    note = audit.entry(actor, "ranking.opened", made.id, now, area=made.area, period=made.period)
    try:
        tables.transact(store.ranking_put(made, None), note, once=once, answer=answer)
    except Cancelled:
        raise Conflict("ranking_is_there") from None
    aws.send("rankings", [{"ranking": made.id}])
    return answer


def _require_sources(body: NewRanking) -> None:
    """A later round is of final lists of the same scope and period; the first is of nobody's."""
    if (body.round > 1) != bool(body.of):
        raise Invalid("values_invalid", fields=[Field("/of", "ranking_rounds")])
    for earlier in body.of:
        found = get(earlier)
        same = (found.scope, found.period) == (body.scope, body.period) and found.round < body.round
        if not same or not regions.covers(body.area, found.area):
            raise Invalid("values_invalid", fields=[Field("/of", "ranking_rounds")])
        if found.state != "final":
            raise Conflict("ranking_not_final")


def get(ranking_id: str) -> Ranking:
    """The ranking; raises ``NotFound``."""
    found = store.ranking(ranking_id)
    if found is None:
        raise NotFound("ranking_not_found")
    return found


def make(ranking_id: str, now: datetime) -> int:
    """Rank everybody of a ranking that waits for its list; returns how many lines it has.

    A list that is ranked again after publicity is settled only when everybody in it was shown: with somebody who
    was accepted since, it is shown in public once more. Each try writes lines of its own, and the ranking names
    the one that counts; doing it again after a fault is harmless. 0 for one that waits for nothing.
    """
    found = store.ranking(ranking_id)
    if found is None:
        return 0
    if found.state not in ("making", "settling"):
        tables.batch_delete(
            list_store.left_over(found)
        )  # Another was quicker, and perhaps broke off before this.
        return 0
    pool = _pool(found)
    lines = model.ranked(pool, one_spouse=_rule(found).one_spouse)
    made = _next(found, lines, now).model_copy(
        update={
            "list_number": found.list_number + 1,
            "tries": [*found.tries, keys.new_id("", now)],
            "count": len(lines),
            "inputs": model.inputs_digest(found, pool),
            "cut_off": _cut_off(lines, found.quota),
        }
    )
    tables.batch_put(list_store.place_rows(made, lines))
    act = "ranking.shown_again" if made.state == "publicity" else "ranking.made"
    sealed = audit.entry(SYSTEM, act, found.id, now, inputs=made.inputs or "", count=made.count)
    try:
        tables.transact(store.ranking_put(made, found), sealed)
    except Cancelled:
        if not get(ranking_id).counted(made.list_number, made.tries[-1]):
            tables.batch_delete(list_store.place_rows(made, lines))
            return 0  # Another made it at the same time: its lines count.
    tables.batch_delete(list_store.left_over(made))
    return made.count


def _rule(found: Ranking) -> ScopeRule:
    return points.policy(found.policy, found.policy_version).scopes[found.scope]


def _next(found: Ranking, lines: list[Ranked], now: datetime) -> Ranking:
    """What a ranking with a new list becomes: made, settled, or shown again with whom nobody has seen in it yet."""
    if found.state == "making":
        return found.to("made", "making")
    shown = {one.case for _, one, _ in list_store.all_places(found)}
    if all(one.case in shown for one in lines):
        return found.to("settled", "settling")
    return _shown(found, now)


def _shown(found: Ranking, now: datetime) -> Ranking:
    """The ranking in public from today, as many working days as its policy says."""
    calendar, today = _rule(found).calendar, clock.local_date(now)
    return found.to(
        "publicity",
        "made",
        "settling",
        published_on=today,
        public_through=clock.add_working_days(today, calendar.publicity),
        objections_through=clock.add_working_days(today, calendar.objections.made_within),
    )


def _cut_off(lines: list[Ranked], quota: int | None) -> Decimal | None:
    """The last total within the quota; None where there is none or it takes everybody."""
    return lines[quota - 1].total if quota and 0 < quota <= len(lines) else None


def _pool(found: Ranking) -> list[Ranked]:
    """Who is ranked: the area's applications, or the lines of earlier rounds that nothing became of."""
    if not found.of:
        return store.pool(store.pool_pk(found))
    return [
        one
        for earlier in found.of
        for _, one, outcome in list_store.all_places(get(earlier))
        if outcome is None
    ]


def publish(actor: Actor, ranking_id: str, now: datetime, once: Once | None, language: str) -> RankingView:
    """Show a made list in public; from now on objections may be made, as long as the policy says."""
    found = _for(actor, ranking_id)
    if found.state != "made":
        raise Conflict("ranking_state_forbids", state=found.state)
    return _save(actor, found, _shown(found, now), "ranking.published", now, once, language)


def settle(actor: Actor, ranking_id: str, now: datetime, once: Once | None, language: str) -> RankingView:
    """Rank again after publicity, with what objections changed; the list is made in a moment.

    It is settled then, or shown in public once more where somebody in it was accepted since (``make``).

    Raises ``Conflict("ranking_still_public")`` until the time for objections is over and
    ``Conflict("ranking_objections_open")`` while one is not answered.
    """
    found = _for(actor, ranking_id)
    again = found.to("settling", "publicity")
    last = max(found.objections_through or date.min, found.public_through or date.min)
    if clock.local_date(now) <= last:
        raise Conflict("ranking_still_public", day=last.isoformat())
    waiting = [row for row in store.objections(ranking_id) if row.state in OPEN_OBJECTIONS]
    if waiting:
        raise Conflict("ranking_objections_open", count=len(waiting))
    answer = _save(actor, found, again, "ranking.settling", now, once, language)
    aws.send("rankings", [{"ranking": ranking_id}])
    return answer


def finalise(actor: Actor, ranking_id: str, now: datetime, once: Once | None, language: str) -> RankingView:
    """Make the settled list final: from now on it is what places are given by."""
    found = _for(actor, ranking_id)
    final = found.to("final", "settled", final_on=clock.local_date(now))
    return _save(actor, found, final, "ranking.final", now, once, language)


def _for(actor: Actor, ranking_id: str) -> Ranking:
    found = get(ranking_id)
    actor.require_region(found.area)
    return found


def _save(
    actor: Actor,
    before: Ranking,
    after: Ranking,
    act: str,
    now: datetime,
    once: Once | None,
    language: str,
) -> RankingView:
    answer = ranking_view(after, language)
    note = audit.entry(actor, act, after.id, now, inputs=after.inputs or "", list=after.list_number)
    try:
        tables.transact(store.ranking_put(after, before), note, once=once, answer=answer)
    except Cancelled:
        raise Conflict("changed_meanwhile") from None
    return answer


def keep(now: datetime) -> dict[str, int]:
    """What the calendar brings: lists whose time for objections is over are settled; left ones are made.

    Returns counts. Nothing becomes final by the calendar: that is a person's act.
    """
    done = {"settled": 0, "made": 0}
    for found in store.rankings():
        if found.state in ("making", "settling"):
            aws.send("rankings", [{"ranking": found.id}])
            done["made"] += 1
        elif found.state == "publicity":
            try:
                settle(SYSTEM, found.id, now, None, "zh-CN")
            except Conflict:
                continue
            done["settled"] += 1
    return done


def final_places(ranking_id: str) -> list[FinalPlace]:
    """The lines of a final list by rank, without those who withdrew, gave up or were banned; nobody's rights are checked.

    For ``schooling`` and whoever else gives out what a list is about. Raises ``NotFound``, and
    ``Conflict("ranking_not_final")`` for a list that is not final.
    """
    found = _final(ranking_id)
    return [
        FinalPlace(
            case=one.case,
            owner=one.person,
            child=one.child,
            area=found.area,
            rank=rank,
            total=one.total,
            tie_break=one.ties,
            applied_at=one.applied_at,
        )
        for rank, one, outcome in list_store.all_places(found)
        if outcome in (None, "placed")
    ]


def give_up(
    person: str, actor: Actor, ranking_id: str, now: datetime, once: Once | None, language: str
) -> RankingView:
    """Refuse what a final list gives: the line is given up for good and not ranked again.

    Raises ``NotFound`` for a list that the person is not in, ``Conflict`` when something became of it before.
    """
    found = _final(ranking_id)
    standings = [list_store.standing_of(case, found) for case in store.cases_of(person)]
    mine = next((each for each in standings if each), None)
    if mine is None:
        raise NotFound("points_line_not_found")
    case, answer = mine.pk.removeprefix("CASE#"), ranking_view(found, language)
    write = list_store.settle_place(found, int(mine.rank), case, "refused")
    note = audit.entry(actor, "place.settled", case, now, ranking=found.id, to="refused")
    try:
        tables.transact(write, note, once=once, answer=answer)
    except Cancelled:
        raise Conflict("points_place_settled") from None
    return answer


def _final(ranking_id: str) -> Ranking:
    """The ranking; raises ``NotFound``, and ``Conflict("ranking_not_final")`` for one that is not final."""
    found = get(ranking_id)
    if found.state != "final":
        raise Conflict("ranking_not_final")
    return found


def settle_places(ranking_id: str, outcomes: Mapping[str, Outcome], now: datetime) -> int:
    """Say what became of lines of a final list, by case; returns how many. Saying it again is harmless.

    ``placed`` and ``refused`` (a place that is refused is given up) are not ranked in a later round. Raises
    ``Conflict("points_place_settled")`` when something else became of a line before.
    """
    found = _final(ranking_id)
    done = 0
    for case, outcome in outcomes.items():
        standing = list_store.standing_of(case, found)
        if standing is None:
            raise NotFound("case_not_found")
        write = list_store.settle_place(found, int(standing.rank), case, outcome)
        note = audit.entry(SYSTEM, "place.settled", case, now, ranking=found.id, to=outcome)
        try:
            tables.transact(write, note)
        except Cancelled:
            raise Conflict("points_place_settled") from None
        done += 1
    return done
