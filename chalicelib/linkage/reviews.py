"""People and matches: questions put and answered, changes of ids undone, and what the answers say of the model.

A decision is kept as a judgement that every later run obeys. It takes force with the next comparison, which
is asked for at once.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, aws, clock, regions
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.identity import service as identity
from chalicelib.linkage import review, review_store
from chalicelib.linkage.review import (
    BandQuality,
    EventItem,
    MatchingPolicy,
    NewUndo,
    NewVerdict,
    Question,
    RegionQuery,
    ReviewItem,
    ReviewOutcome,
    ReviewView,
)
from chalicelib.linkage.review_store import EventRow, ReviewRow
from chalicelib.shapes import Page
from chalicelib.tables import Cancelled, Delete, Once, transact

Ask = Callable[[str, list[dict[str, Any]]], None]
JUDGED: Final = "judgements"
_KIND: Final = {"same": "together", "different": "apart"}


def waiting(actor: Actor, query: RegionQuery, now: datetime) -> Page[ReviewItem]:
    """The questions of a region that wait, the most urgent of each town first; nobody is named.

    Raises ``Forbidden("region_out_of_scope")``, ``Forbidden("matching_not_your_task")``.
    """
    region = _region(actor, query, now)
    rows, following = review_store.waiting(region, query.limit, query.next)
    return Page(items=[ReviewItem(**_item(row)) for row in rows if not row.is_over(now)], next=following)


def _region(actor: Actor, query: RegionQuery, now: datetime) -> str:
    _require_task(actor, now)
    region = query.region or (actor.scopes[0] if actor.scopes else "")
    if not region or not actor.covers(region):
        raise Forbidden("region_out_of_scope")
    return region


def _require_task(actor: Actor, now: datetime) -> None:
    """Officers may; of the reviewers only those of the departments whose task it is."""
    policy = review.policy_on(clock.local_date(now))
    if actor.roles <= {"reviewer"} and actor.department not in policy.deciding_departments:
        raise Forbidden("matching_not_your_task")


def _item(row: ReviewRow) -> dict[str, Any]:
    return {
        "id": row.review_id,
        "why": row.why,
        "probability": int(row.probability) / 10_000,
        "town": row.town,
        "sources": json.loads(row.sources),
        "asked_at": row.asked_at,
    }


def question(
    actor: Actor, review_id: str, now: datetime, language: str = "zh-CN", purpose: str = "matching"
) -> ReviewView:
    """A question with its evidence, masked; those whom it is about find that somebody looked.

    Raises ``NotFound``, ``Forbidden`` out of scope, ``Conflict("match_decided")`` when it does not wait any more.
    """
    row = _open(actor, review_id, now)
    evidence = review_store.opened(row)
    people = identity.person_ids(review_store.persons_keys(row))
    identity.record_disclosures(actor, sorted(set(people.values())), purpose, "match", now)
    because: dict[str, str] = json.loads(row.because)
    return ReviewView(
        **_item(row),
        because=because.get(language) or because.get("zh-CN", ""),
        left=evidence.left,
        right=evidence.right,
        fields=evidence.fields,
    )


def _open(actor: Actor, review_id: str, now: datetime) -> ReviewRow:
    _require_task(actor, now)
    row = review_store.review(review_id)
    if row is None or (row.state == "open" and row.is_over(now)):
        raise NotFound("match_not_found")
    actor.require_region(row.town)
    if row.state != "open":
        raise Conflict("match_decided")
    return row


def decide(
    actor: Actor,
    review_id: str,
    body: NewVerdict,
    now: datetime,
    purpose: str = "matching",
    once: Once | None = None,
    ask: Ask = aws.send,  # type: ignore[assignment]
) -> ReviewOutcome:
    """Answer a question, once: verdict, judgement, measure and audit entry are one write; the evidence goes.

    ``unsure`` judges nothing. Raises as ``question`` does.
    """
    row = _open(actor, review_id, now)
    answer = ReviewOutcome(id=review_id, verdict=body.verdict, at=clock.iso(now))
    policy = review.policy_on(clock.local_date(now))
    band = policy.band(int(row.probability) / 10_000)
    writes = review_store.closing(row, "decided", now, body.verdict, actor.id)
    writes.append(review_store.count_verdict(row.model, band, row.why, body.verdict))
    writes.append(
        audit.entry(
            actor, "match.decided", review_id, now, verdict=body.verdict, why=row.why, purpose=purpose
        )
    )
    if kind := _KIND.get(body.verdict):
        writes.append(review_store.judgement(review_id, kind, actor, purpose, now))
    try:
        transact(*writes, once=once, answer=answer)
    except Cancelled:
        raise Conflict("match_decided") from None
    if body.verdict in _KIND:
        ask("comparisons", [{"source": JUDGED}])
    return answer


def events(actor: Actor, query: RegionQuery, now: datetime) -> Page[EventItem]:
    """Merges, splits and moves in a region, the newest of each town first; clusters' ids, nobody's name."""
    region = _region(actor, query, now)
    rows, following = review_store.events(region, query.limit, query.next)
    return Page(items=[_event(row) for row in rows if not row.is_over(now)], next=following)


def _event(row: EventRow, state: str | None = None) -> EventItem:
    return EventItem(
        id=row.event_id,
        kind=row.kind,  # type: ignore[arg-type]  # Pydantic checks the literals.
        before=row.before,
        after=row.after,
        records=int(row.records),
        sources=json.loads(row.sources),
        town=row.town,
        at=row.at,
        state=state or row.state,  # type: ignore[arg-type]
    )


def undo(
    actor: Actor,
    event_id: str,
    body: NewUndo,
    now: datetime,
    purpose: str = "matching",
    once: Once | None = None,
    ask: Ask = aws.send,  # type: ignore[assignment]
) -> EventItem:
    """Undo a change of ids: what was joined is kept apart from now on, what was split together.

    Raises ``NotFound``, ``Forbidden`` out of scope, ``Conflict("cluster_event_undone")``.
    """
    _require_task(actor, now)
    row = review_store.event(event_id)
    if row is None or row.is_over(now):
        raise NotFound("cluster_event_not_found")
    actor.require_region(row.town)
    kind = "together" if row.kind == "split" else "apart"
    answer = _event(row, "undone")
    note = audit.entry(
        actor, "cluster.undone", event_id, now, reason=body.reason, kind=row.kind, purpose=purpose
    )
    judged = review_store.judgement(event_id, kind, actor, purpose, now)
    try:
        transact(review_store.undone(row), judged, note, once=once, answer=answer)
    except Cancelled:
        raise Conflict("cluster_event_undone") from None
    ask("comparisons", [{"source": JUDGED}])
    return answer


def quality() -> list[BandQuality]:
    """How often people found the model right, by model, band and reason of the question."""
    return [
        review.measured(
            row.model,
            row.band,
            row.why,
            {"same": int(row.same), "different": int(row.different), "unsure": int(row.unsure)},
        )
        for row in review_store.measured()
    ]


def put_questions(
    questions: Sequence[Question],
    now: datetime,
    policy: MatchingPolicy | None = None,
    answered: Iterable[str] | None = None,
) -> tuple[int, int]:
    """Ask what a run found, the most urgent first, while there is room; returns how many asked and withdrawn.

    Those that wait and that newer records have answered are withdrawn: ``answered``, or when that is not told
    every one that is not among ``questions``. What was asked once is not asked again. ``policy``: that of the day.
    """
    policy = policy or review.policy_on(clock.local_date(now))
    wanted = {one.id for one in questions}
    there = review_store.open_reviews()
    over = {row.review_id for row in there} - wanted if answered is None else set(answered) - wanted
    withdrawn = _withdraw([row for row in there if row.review_id in over], now)
    room = max(0, policy.open_at_most - (len(there) - withdrawn))
    known = review_store.asked(one.id for one in questions)
    fresh = sorted((one for one in questions if one.id not in known), key=lambda one: (one.urgency, one.id))[
        :room
    ]
    people = identity.person_ids(key for one in fresh for side in one.keys for key in side)
    return review_store.ask(fresh, people, now, policy.question_days), withdrawn


def _withdraw(rows: Iterable[ReviewRow], now: datetime) -> int:
    count = 0
    for some in batched(rows, 40):
        writes = [write for row in some for write in review_store.closing(row, "withdrawn", now)]
        try:
            transact(*writes, audit.entry(SYSTEM, "matches.withdrawn", "matches", now, count=len(some)))
        except Cancelled:
            continue  # One was decided this moment; the next run withdraws the others.
        count += len(some)
    return count


def export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """The questions about a person: what was asked and decided, and of the evidence the person's own side."""
    told = []
    for side in review_store.sides(person_id):
        row = review_store.review(side.review_id)
        if row is None or row.is_over(now):
            continue
        evidence = review_store.opened(row) if row.state == "open" else None
        mine = getattr(evidence, side.side).model_dump(mode="json") if evidence else None
        told.append(_item(row) | {"state": row.state, "verdict": row.verdict, "your_record": mine})
    return told


def erase(person_id: str, now: datetime) -> int:
    """Remove the questions about a person, evidence and keys first; judgements name records of nobody."""
    count = 0
    for side in review_store.sides(person_id):
        row = review_store.review(side.review_id)
        if row and row.state == "open":
            note = audit.entry(SYSTEM, "match.erased", side.review_id, now)
            transact(*review_store.closing(row, "withdrawn", now), Delete(side), note)
        else:
            transact(Delete(side), audit.entry(SYSTEM, "match.forgotten", side.review_id, now))
        count += 1
    return count


def region_of(town: str | None) -> str:
    """Whose task a question is: the town's, or the city's when no record says where."""
    return town or regions.CITY
