"""Questions about matches, judgements, changes of ids, and the measure. Table ``linkage``.

====================  ==================  ==============================================================
pk                    sk                  what
====================  ==================  ==============================================================
``REVIEW#{id}``       ``REVIEW``          a question; its evidence is masked and sealed under its own key
``REVIEW#{id}``       ``SIDE#{person}``   whom the question is about, for export and deletion
``JUDGEMENTS``        ``{id}``            what somebody decided: of a question, or undoing an event
``EVENT#{id}``        ``EVENT``           a change of ids
``MEASURED``          ``{…}``             verdicts by model, band and reason
``STATE``             ``STATE``           which objects of bucket ``linkage`` are the state, and its version
====================  ==================  ==============================================================

Indexes: ``by_state`` (``REVIEW#open`` or ``EVENT`` / town, then order) and ``by_person``. Which records a
question or event is about stands in the state alone.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from chalicelib import audit, clock, regions, sealing
from chalicelib.actors import SYSTEM, Actor
from chalicelib.linkage.review import Evidence, Question, Verdict
from chalicelib.linkage.store import ByPerson, ByState
from chalicelib.tables import (
    Cancelled,
    Delete,
    Put,
    Row,
    Update,
    Write,
    create,
    meta,
    page,
    position,
    transact,
)

_OPEN: Final = "REVIEW#open"
_EVENTS: Final = "EVENT"
_SEALED_AS: Final = "evidence"
QUESTIONS_AT_ONCE: Final = 20


class ReviewRow(Row):
    """A question. ``state``: ``open``, ``decided``, ``withdrawn`` (the records answered it themselves)."""

    Meta = meta("linkage")
    review_id = UnicodeAttribute()
    why = UnicodeAttribute()
    state = UnicodeAttribute()
    probability = NumberAttribute()
    model = UnicodeAttribute()
    town = UnicodeAttribute()
    sources = UnicodeAttribute()
    because = UnicodeAttribute()
    person_keys = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    asked_at = UnicodeAttribute()
    verdict = UnicodeAttribute(null=True)
    decided_at = UnicodeAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    by_state_pk = UnicodeAttribute(null=True)
    by_state_sk = UnicodeAttribute(null=True)
    by_state = ByState()


class SideRow(Row):
    """A person whom a question is about."""

    Meta = meta("linkage")
    review_id = UnicodeAttribute()
    side = UnicodeAttribute()
    by_person_pk = UnicodeAttribute()
    by_person_sk = UnicodeAttribute()
    by_person = ByPerson()


class JudgementRow(Row):
    """What somebody decided of a question or event; the newest decision of each counts."""

    Meta = meta("linkage")
    kind = UnicodeAttribute()
    at = UnicodeAttribute()
    by = UnicodeAttribute()
    purpose = UnicodeAttribute()


class EventRow(Row):
    """A change of ids. ``records``: how many went from ``before`` to ``after``."""

    Meta = meta("linkage")
    event_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    before = UnicodeAttribute()
    after = UnicodeAttribute()
    records = NumberAttribute()
    sources = UnicodeAttribute()
    town = UnicodeAttribute()
    at = UnicodeAttribute()
    state = UnicodeAttribute()
    by_state_pk = UnicodeAttribute()
    by_state_sk = UnicodeAttribute()
    by_state = ByState()


class StateRow(Row):
    """The newest version of the state. ``told``: whether its events and questions are written."""

    Meta = meta("linkage")
    version = NumberAttribute()
    manifest = UnicodeAttribute()
    told = UnicodeAttribute()


class MeasuredRow(Row):
    """Verdicts on one model's pairs of one band and reason."""

    Meta = meta("linkage")
    model = UnicodeAttribute()
    band = UnicodeAttribute()
    why = UnicodeAttribute()
    same = NumberAttribute(default=0)
    different = NumberAttribute(default=0)
    unsure = NumberAttribute(default=0)


def review(review_id: str) -> ReviewRow | None:
    """A question as it is this moment."""
    found: ReviewRow | None = ReviewRow.find(f"REVIEW#{review_id}", "REVIEW", consistent=True)
    return found


def asked(review_ids: Iterable[str]) -> set[str]:
    """Those of the questions that were asked before, whatever became of them; 100 a request."""
    wanted = [(f"REVIEW#{review_id}", "REVIEW") for review_id in dict.fromkeys(review_ids)]
    return {row.review_id for row in ReviewRow.batch_get(wanted, attributes_to_get=["review_id"])}


def open_reviews() -> list[ReviewRow]:
    """All questions that wait, by town and urgency."""
    return list(ReviewRow.by_state.query(_OPEN))


def waiting(region: str, limit: int, token: str | None) -> tuple[list[ReviewRow], str | None]:
    """A page of the questions of a region, by town, the most urgent first."""
    found = ReviewRow.by_state.query(
        _OPEN,
        ReviewRow.by_state_sk.startswith(_inside(region)),
        limit=limit,
        last_evaluated_key=position(token, f"reviews#{region}"),
    )
    return page(found, f"reviews#{region}")


def _inside(region: str) -> str:
    """What the codes of everything in a region begin with."""
    return region[:4] if region == regions.CITY else region


def ask(questions: list[Question], people: dict[str, str], now: datetime, days: int) -> int:
    """Put questions; ``people`` are person ids by person key. Returns how many were new."""
    until = int((now + timedelta(days=days)).timestamp())
    return sum(_ask(list(some), people, now, until) for some in batched(questions, QUESTIONS_AT_ONCE))


def _ask(questions: list[Question], people: dict[str, str], now: datetime, until: int) -> int:
    writes = [write for one in questions for write in _question(one, people, now, until)]
    note = audit.entry(SYSTEM, "matches.asked", "matches", now, count=len(questions))
    try:
        transact(*writes, note)
    except Cancelled:
        return 0 if len(questions) == 1 else sum(_ask([one], people, now, until) for one in questions)
    return len(questions)


def _question(one: Question, people: dict[str, str], now: datetime, until: int) -> Iterator[Write]:
    sealer, data_key = sealing.new_sealer(_subject(one.id))
    row = ReviewRow(f"REVIEW#{one.id}", "REVIEW", review_id=one.id, why=one.why, state="open")
    row.probability, row.model, row.town = round(one.probability * 10_000), one.model, one.town
    row.sources = json.dumps(sorted({one.evidence.left.source, one.evidence.right.source}))
    row.because = json.dumps(one.because, ensure_ascii=False)
    row.person_keys = json.dumps(one.keys)
    row.sealed = sealer.seal(one.evidence.model_dump_json(), _SEALED_AS)
    row.asked_at = clock.iso(now)
    row.by_state_pk, row.by_state_sk = _OPEN, f"{one.town}#{one.urgency}#{one.id}"
    row.expires_at = data_key.expires_at = until
    yield create(row)
    yield Put(data_key)
    for side, keys_ in zip(("left", "right"), one.keys, strict=True):
        for person in sorted({people[key] for key in keys_ if key in people}):
            about = SideRow(row.pk, f"SIDE#{side}#{person}", review_id=one.id, side=side, expires_at=until)
            about.by_person_pk, about.by_person_sk = person, f"W#{one.id}"
            yield Put(about)


def _subject(review_id: str) -> str:
    """Whose key seals the evidence: the question's own, destroyed with it."""
    return f"REVIEW#{review_id}"


def opened(row: ReviewRow) -> Evidence:
    """The evidence of a question that waits; raises ``Gone`` when its key is destroyed."""
    return Evidence.model_validate_json(
        sealing.open_sealed(_subject(row.review_id), row.sealed or "", _SEALED_AS)
    )


def persons_keys(row: ReviewRow) -> list[str]:
    """The person keys of both sides."""
    return [key for side in json.loads(row.person_keys) for key in side]


def closing(
    row: ReviewRow, state: str, now: datetime, verdict: Verdict | None = None, by: str = ""
) -> list[Write]:
    """The writes that end a question that waits, and destroy its evidence for good."""
    actions = [
        ReviewRow.state.set(state),
        ReviewRow.sealed.remove(),
        ReviewRow.person_keys.set("[]"),
        ReviewRow.by_state_pk.remove(),
        ReviewRow.by_state_sk.remove(),
    ]
    if verdict:
        actions += [ReviewRow.verdict.set(verdict), ReviewRow.decided_by.set(by)]
        actions += [ReviewRow.decided_at.set(clock.iso(now)), ReviewRow.expires_at.remove()]
    ended = Update(row, actions, ReviewRow.state == "open")
    return [ended, Delete(sealing.DataKeyRow(_subject(row.review_id), "DATA_KEY"))]


def judgement(id_: str, kind: str, actor: Actor, purpose: str, now: datetime) -> Put:
    """The write of what somebody decided."""
    row = JudgementRow("JUDGEMENTS", id_, kind=kind, at=clock.iso(now), by=actor.id, purpose=purpose)
    return Put(row)


def judgements() -> list[JudgementRow]:
    """Everything that people decided, by id."""
    return list(JudgementRow.query("JUDGEMENTS", consistent_read=True))


def sides(person_id: str) -> list[SideRow]:
    """The questions that are or were about a person."""
    return list(SideRow.by_person.query(person_id, SideRow.by_person_sk.startswith("W#")))


def count_verdict(model: str, band: str, why: str, verdict: Verdict) -> Update:
    """The write that counts a verdict."""
    row = MeasuredRow("MEASURED", f"{model}#{band}#{why}")
    counted: Any = getattr(MeasuredRow, verdict)
    actions = [
        MeasuredRow.model.set(model),
        MeasuredRow.band.set(band),
        MeasuredRow.why.set(why),
        counted.add(1),
    ]
    return Update(row, actions)


def measured() -> list[MeasuredRow]:
    """All verdicts, counted."""
    return list(MeasuredRow.query("MEASURED"))


def put_events(rows: Iterable[EventRow], now: datetime) -> int:
    """Write changes of ids, 90 a transaction with an audit entry; those that are there stay. Returns how many."""
    return sum(_put_events(list(some), now) for some in batched(rows, 90))


def _put_events(rows: list[EventRow], now: datetime) -> int:
    note = audit.entry(SYSTEM, "clusters.changed", "clusters", now, events=len(rows))
    try:
        transact(*(create(row) for row in rows), note)
    except Cancelled as refused:
        left = [row for place, row in enumerate(rows) if place not in refused.failed]
        return _put_events(left, now) if left else 0
    return len(rows)


def event_row(
    event_id: str,
    kind: str,
    before: str,
    after: str,
    records: int,
    sources: Iterable[str],
    town: str,
    at: str,
    expires_at: int | None,
) -> EventRow:
    """A change of ids that was made; it can be undone until it expires."""
    row = EventRow(f"EVENT#{event_id}", "EVENT", event_id=event_id, kind=kind, before=before, after=after)
    row.records, row.sources, row.town, row.at = records, json.dumps(sorted(sources)), town, at
    row.state, row.by_state_pk, row.by_state_sk = "done", _EVENTS, f"{town}#{at}#{event_id}"
    row.expires_at = expires_at
    return row


def event(event_id: str) -> EventRow | None:
    """A change of ids."""
    found: EventRow | None = EventRow.find(f"EVENT#{event_id}", "EVENT", consistent=True)
    return found


def events(region: str, limit: int, token: str | None) -> tuple[list[EventRow], str | None]:
    """A page of the changes of ids in a region, by town, the newest first."""
    found = EventRow.by_state.query(
        _EVENTS,
        EventRow.by_state_sk.startswith(_inside(region)),
        scan_index_forward=False,
        limit=limit,
        last_evaluated_key=position(token, f"events#{region}"),
    )
    return page(found, f"events#{region}")


def undone(row: EventRow) -> Update:
    """The write that marks an event as undone, once."""
    return Update(row, [EventRow.state.set("undone")], EventRow.state == "done")


def state() -> StateRow | None:
    """Which version of the state counts, as it is this moment."""
    found: StateRow | None = StateRow.find("STATE", "STATE", consistent=True)
    return found


def keep_state(version: int, manifest: str, before: StateRow | None, now: datetime) -> None:
    """Let a version of the state count; raises ``Cancelled`` when another one was quicker."""
    unchanged = StateRow.version == before.version if before else StateRow.pk.does_not_exist()
    row = StateRow("STATE", "STATE", version=version, manifest=manifest, told="no")
    transact(Put(row, unchanged), audit.entry(SYSTEM, "clusters.updated", "clusters", now, version=version))


def mark_told(row: StateRow) -> None:
    """The version's events and questions are written; nothing when a newer version is there."""
    try:
        row.update(actions=[StateRow.told.set("yes")], condition=StateRow.version == row.version)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
