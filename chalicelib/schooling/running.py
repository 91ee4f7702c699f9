"""A run from its opening to its end: open, close, seal, allocate, check, make public, final."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from chalicelib import audit, aws, clock, config, keys, regions, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict, Field, Invalid, NotFound
from chalicelib.logs import logger
from chalicelib.schooling import checking, filing, gathering, lottery, model, policy, sealed, store
from chalicelib.schooling.gathering import Earlier
from chalicelib.schooling.model import Entry, PointsPlace, Run
from chalicelib.schooling.policy import Policy
from chalicelib.schooling.sealed import Inputs, Result
from chalicelib.schooling.showing import run_view
from chalicelib.schooling.views import NewRun, RunView
from chalicelib.seasons import service as seasons
from chalicelib.tables import Cancelled, Once

log = logger("schooling")
SEED: Final = "lot_seed"
# States in which a case waits for the city, not for the applicant.
OFFICE: Final = frozenset({"checking", "review", "appealed"})
ReadPoints = Callable[[str], list[PointsPlace]]


def open_run(actor: Actor, body: NewRun, now: datetime, once: Once | None = None) -> RunView:
    """Open a round for this year and publish the commitment to the lot's seed, before anybody has applied.

    Raises ``Invalid`` for days outside the policy's calendar and rankings that are not of this year's schools here, ``Conflict`` without a plan, before the round before it is final, and when the
    round was opened already.
    """
    actor.require_region(body.district)
    rules, today = policy.policy(body.policy), clock.local_date(now)
    _require_calendar(body, rules, now)
    _require_ready(today.year, body)
    _require_rankings(body, today)
    seed = lottery.new_seed()
    run = _new_run(body, rules, lottery.commitment(seed), now)
    sealer, key = sealing.new_sealer(_key_of(run.id))
    note = audit.entry(actor, "school_run.opened", run.id, now, policy=rules.id, commitment=run.commitment)
    writes = [*store.run_create(run, sealer.seal(seed, SEED)), tables.create(key), note]
    answer = run_view(run)
    try:
        tables.transact(*writes, once=once, answer=answer)
    except Cancelled:
        raise Conflict("school_run_is_there") from None
    return answer


def _new_run(body: NewRun, rules: Policy, commitment: str, now: datetime) -> Run:
    year = clock.local_date(now).year
    return Run(
        id=model.run_id(year, body.district, body.grade, body.round),
        year=year,
        district=body.district,
        grade=body.grade,
        round=body.round,
        policy=rules.id,
        rankings=tuple(dict.fromkeys(body.rankings)),
        state="open",
        commitment=commitment,
        opened_at=now,
        closes_at=body.closes_at,
    )


def _require_calendar(body: NewRun, rules: Policy, now: datetime) -> None:
    rules.reach(body.round)
    today, closing = clock.local_date(now), clock.local_date(body.closes_at)
    if body.closes_at <= now or closing.year != today.year:
        raise Invalid("values_invalid", fields=[Field("/closes_at", "school_closes_when")])
    if not (rules.window.holds(today) and rules.window.holds(closing)):
        raise Invalid("values_invalid", fields=[Field("/closes_at", "school_outside_calendar")])


def _require_ready(year: int, body: NewRun) -> None:
    if not any(body.grade in school.classes for school in store.schools(year, body.district).values()):
        raise Conflict("school_plan_missing")
    if body.round > 1:
        before = store.run(model.run_id(year, body.district, body.grade, body.round - 1))
        if before is None or before[0].state != "final":
            raise Conflict("school_round_order")


def _require_rankings(body: NewRun, today: date) -> None:
    """Each list is there, of school admission, of this year or the school year that is applied for, and of the district or around it."""
    wrong = [
        Field(f"/rankings/{place}", code)
        for place, ranking in enumerate(body.rankings)
        if (code := _ranking_wrong(ranking, body.district, today))
    ]
    if wrong:
        raise Invalid("values_invalid", fields=wrong)


def _ranking_wrong(ranking_id: str, district: str, today: date) -> str | None:
    try:
        found = seasons.get(ranking_id)
    except NotFound:
        return "school_ranking_unknown"
    if found.scope != "school":
        return "school_ranking_scope"
    if not (regions.covers(district, found.area) or regions.covers(found.area, district)):
        return "school_ranking_elsewhere"
    return None if found.period in seasons.school_periods(today) else "school_ranking_period"


def _key_of(run_id: str) -> str:
    """Whose key seals a run's seed: the run's own."""
    return f"RUN-{run_id}"


def close_run(actor: Actor, run_id: str, now: datetime, once: Once | None = None) -> RunView:
    """Close a round whose time is over, and let it be allocated; again after one that failed its check, or that waits for decisions.

    Raises ``NotFound``, ``Conflict("school_run_not_yet")`` before its time, ``Conflict("school_run_state")``.
    """
    run, seed = existing(run_id)
    actor.require_region(run.district)
    if run.state not in ("open", "closed", "failed"):
        raise Conflict("school_run_state", state=run.state)
    if now < run.closes_at:
        raise Conflict("school_run_not_yet")
    return run_view(_closed(actor, run, seed, now, once))


def _closed(actor: Actor, run: Run, seed: str | None, now: datetime, once: Once | None = None) -> Run:
    closed = run.model_copy(update={"state": "closed"})
    note = audit.entry(actor, "school_run.closed", run.id, now)
    tables.transact(*store.run_save(run, closed, seed), note, once=once, answer=run_view(closed))
    aws.send("allocations", [{"run": run.id}])
    return closed


def existing(run_id: str) -> tuple[Run, str | None]:
    """A run with its sealed seed; raises ``NotFound``."""
    found = store.run(run_id)
    if found is None:
        raise NotFound("school_run_not_found")
    return found


def proceed(run_id: str, read: ReadPoints, now: datetime) -> Run:
    """Take a closed run to its publicity: gather and seal, allocate, check. Goes on from wherever it was stopped; harmless when it is done.

    It stays closed while departments or officers have applications to decide: silence counts against nobody.

    A result that the independent checker finds wrong is not published: the run is ``failed``, and an alarm says so.
    """
    run, seed = existing(run_id)
    if run.state == "closed":
        if waiting := _undecided(run, now):
            return _waits(run, seed, waiting, now)
        run = _seal(run, seed, read, now)
        run, seed = existing(run_id)
    if run.state == "sealed":
        run = _allocate(run, seed, now)
    return run


def _undecided(run: Run, now: datetime) -> int:
    """How many applications wait for a department or an officer; one that was accepted and not heard of yet takes part from here."""
    waiting = 0
    for each in store.pool(run.year, run.district, run.grade):
        if each.status not in ("filed", "refused"):
            continue
        case = cases.find(each.case)
        if case is not None and case.state == "accepted":
            filing.enact(case, now)
        waiting += case is not None and case.state in OFFICE
    return waiting


def _waits(run: Run, seed: str | None, waiting: int, now: datetime) -> Run:
    """Say in the run how many it waits for; it is tried again each night, and when an officer closes it again."""
    log.info("a run waits for decisions", extra={"run": run.id, "waiting": waiting})
    if run.waiting == waiting:
        return run
    after = run.model_copy(update={"waiting": waiting})
    note = audit.entry(SYSTEM, "school_run.waiting", run.id, now, waiting=waiting)
    tables.transact(*store.run_save(run, after, seed), note)
    return after


def _seal(run: Run, seed: str | None, read: ReadPoints, now: datetime) -> Run:
    """Put together what decides, write it where it stays, and note its digests with the audit entry."""
    rules, schools = policy.policy(run.policy), store.schools(run.year, run.district)
    pool = {each.case: each for each in store.pool(run.year, run.district, run.grade)}
    before = gathering.earlier_rounds(_earlier_entries(run), pool)
    taking_part = [
        each for case, each in pool.items() if each.status == "accepted" and case not in before.done
    ]
    points = [place for ranking in run.rankings for place in read(ranking)]
    lines = gathering.entries(run, rules, schools, taking_part, points, lambda case: _reference(run.id, case))
    found = gathering.inputs(run, rules, _seats(run, rules, before), lines)
    store.keep_entries(run.id, lines)
    _write_file(run.id, "inputs", sealed.canonical(found))
    digests = {"inputs_sha256": sealed.digest(found), "ground_sha256": gathering.ground_digest(lines)}
    without = sum(line.left_out == "no_points" for line in lines)
    counts = {"pupils": len(found.pupils), "without_points": without}
    after = run.model_copy(update={"state": "sealed", "waiting": 0, **counts, **digests})
    note = audit.entry(SYSTEM, "school_run.sealed", run.id, now, pupils=len(found.pupils), **digests)
    tables.transact(*store.run_save(run, after, seed), note)
    return after


def _earlier_entries(run: Run) -> list[Entry]:
    earlier = [model.run_id(run.year, run.district, run.grade, n) for n in range(1, run.round)]
    return [entry for run_id in earlier for entry in store.entries(run_id)]


def _seats(run: Run, rules: Policy, before: Earlier) -> dict[str, int]:
    return gathering.seats(run, rules, store.schools(run.year, run.district), before)


def _reference(run_id: str, case: str) -> str:
    """The pupil's reference in the published files: keyed, so that nobody else can tell whose it is."""
    return "R" + keys.blind_index("school_ref", f"{run_id}\x1f{case}").partition(":")[2][:24]


def _allocate(run: Run, seed: str | None, now: datetime) -> Run:
    rules, lines = policy.policy(run.policy), store.entries(run.id)
    content = read_file(run.id, "inputs")
    whole = hashlib.sha256(content).hexdigest() == run.inputs_sha256
    if not whole or gathering.ground_digest(lines) != run.ground_sha256:
        return _failed(run, seed, "inputs", now)
    inputs = Inputs.model_validate_json(content)
    opened = sealing.open_sealed(_key_of(run.id), seed, SEED) if seed else ""
    result = checked(inputs, opened)
    if not isinstance(result, Result):
        return _failed(run, seed, result, now)
    return _published(run, seed, rules, inputs, result, lines, now)


def checked(inputs: Inputs, seed: str) -> Result | str:
    """The result when the independent checker finds nothing wrong with it, otherwise what is wrong."""
    try:
        result = sealed.solve(inputs, seed)
    except ValueError:
        return "seed"
    found = checking.faults(inputs, result)
    return found[0].what if found else result


def _failed(run: Run, seed: str | None, what: str, now: datetime) -> Run:
    """Stop a run whose inputs are not as they were sealed, or whose result is not stable: nothing of it is shown."""
    after = run.model_copy(update={"state": "failed"})
    note = audit.entry(SYSTEM, "school_run.failed", run.id, now, fault=what)
    tables.transact(*store.run_save(run, after, seed), note)
    log.error("a run failed its check", extra={"run": run.id, "fault": what})
    return after


def _published(
    run: Run,
    seed: str | None,
    rules: Policy,
    inputs: Inputs,
    result: Result,
    lines: list[Entry],
    now: datetime,
) -> Run:
    there, _ = existing(run.id)
    if there.version != run.version:
        return there  # Another worker was quicker: families may have answered, and these lines know nothing of it.
    placed = [line.model_copy(update={"school": result.places.get(line.ref)}) for line in lines]
    store.place(run.id, placed)
    store.keep_cutoffs(run.id, gathering.cutoffs(inputs.seats, placed, rules, _lots(inputs, result)))
    _write_file(run.id, "result", sealed.canonical(result))
    until = clock.add_working_days(clock.local_date(now), rules.publicity_working_days)
    told: dict[str, str | int] = {
        "result_sha256": sealed.digest(result),
        "placed": sum(school is not None for school in result.places.values()),
    }
    after = run.model_copy(update={"state": "publicity", "publicity_until": until, **told})
    note = audit.entry(SYSTEM, "school_run.published", run.id, now, **told)
    tables.transact(*store.run_save(run, after, seed), note)
    return after


def _lots(inputs: Inputs, result: Result) -> Mapping[str, str]:
    return {pupil.ref: lottery.lot(result.seed, pupil.ref) for pupil in inputs.pupils} if result.seed else {}


def settle(now: datetime) -> dict[str, int]:
    """What the calendar does: close what is due, hand closed runs to be allocated again, end publicity. Safe to repeat.

    Returns how many of each.
    """
    done = {"closed": 0, "handed_on": 0, "final": 0}
    for run_id in store.open_runs():
        run, seed = existing(run_id)
        if run.state == "open" and run.closes_at <= now:
            _closed(SYSTEM, run, seed, now)
            done["closed"] += 1
        elif run.state in ("closed", "sealed"):
            aws.send("allocations", [{"run": run.id}])
            done["handed_on"] += 1
        elif run.publicity_until is not None and run.publicity_until < clock.local_date(now):
            _finished(run, seed, now)
            done["final"] += 1
    return done


def _finished(run: Run, seed: str | None, now: datetime) -> None:
    if run.state == "publicity":
        after = run.model_copy(update={"state": "final"})
        tables.transact(
            *store.run_save(run, after, seed), audit.entry(SYSTEM, "school_run.final", run.id, now)
        )


def file_key(run_id: str, name: str) -> str:
    """Where a published file of a run lies in the bucket ``published``."""
    return f"schooling/{run_id}/{name}.json"


def _write_file(run_id: str, name: str, content: bytes) -> None:
    aws.client("s3").put_object(
        Bucket=config.bucket("published"),
        Key=file_key(run_id, name),
        Body=content,
        ContentType="application/json",
    )


def read_file(run_id: str, name: str) -> bytes:
    """A published file as it lies there."""
    answer = aws.client("s3").get_object(Bucket=config.bucket("published"), Key=file_key(run_id, name))
    content: bytes = answer["Body"].read()
    return content
