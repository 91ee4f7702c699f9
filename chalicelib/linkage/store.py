"""Findings and the batches of them that are still to be sent. Table ``linkage``.

==================  ===========  ====================================================================
pk                  sk           what
==================  ===========  ====================================================================
``FINDING#{id}``    ``FINDING``  a finding; its id is of the person and the place, so it is made once
``UNSENT``          ``{batch}``  findings whose message is not out yet: written with them, then removed
``TURN``            ``TURN``     which run compares now, and until when at the latest
==================  ===========  ====================================================================

Indexes: ``by_state`` (``STATE#{state}`` / finding id) and ``by_person`` (person id / finding id). Name, phone and address are sealed under the person.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import batched
from math import ceil
from typing import Any, Final, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import audit, clock, keys, sealing
from chalicelib.actors import SYSTEM
from chalicelib.errors import Gone
from chalicelib.linkage.model import Finding, State
from chalicelib.tables import Cancelled, Put, Row, create, index_meta, meta, transact

BATCH: Final = 45
SUBJECT_KEPT: Final = timedelta(days=90)
_PURPOSE: Final = "finding"


class ByState(GlobalSecondaryIndex[Any]):
    """Findings in a state."""

    Meta = index_meta("by_state")
    by_state_pk = UnicodeAttribute(hash_key=True)
    by_state_sk = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex[Any]):
    """A person's findings, for export and deletion."""

    Meta = index_meta("by_person")
    by_person_pk = UnicodeAttribute(hash_key=True)
    by_person_sk = UnicodeAttribute(range_key=True)


class FindingRow(Row):
    """A person seen by departments at an address, and not registered."""

    Meta = meta("linkage")
    finding_id = UnicodeAttribute()
    person_id = UnicodeAttribute()
    person_key = UnicodeAttribute()
    state = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    address = UnicodeAttribute()
    town = UnicodeAttribute()
    community = UnicodeAttribute(null=True)
    sources = UnicodeAttribute()
    confidence = NumberAttribute()
    because = UnicodeAttribute()
    seen_on = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    changed_at = UnicodeAttribute()
    by_state_pk = UnicodeAttribute()
    by_state_sk = UnicodeAttribute()
    by_person_pk = UnicodeAttribute()
    by_person_sk = UnicodeAttribute()
    by_state = ByState()
    by_person = ByPerson()


class UnsentRow(Row):
    """A batch of findings that queue ``visits`` has not been told of."""

    Meta = meta("linkage")
    findings = UnicodeAttribute()


class TurnRow(Row):
    """The run that compares; ``until`` is in seconds since 1970, when its function is over whatever happens."""

    Meta = meta("linkage")
    holder = UnicodeAttribute()
    until = NumberAttribute()


def take_turn(now: datetime, seconds: float) -> str | None:
    """The holder's id when nobody compares now, None while somebody does."""
    holder = keys.new_id("-", now)
    row = TurnRow("TURN", "TURN", holder=holder, until=ceil(now.timestamp() + seconds))
    try:
        row.save(TurnRow.pk.does_not_exist() | (TurnRow.until < int(now.timestamp())))
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return None
        raise
    return holder


def end_turn(holder: str) -> None:
    """Let the next one compare; nothing when the turn is somebody else's by now."""
    try:
        TurnRow("TURN", "TURN").delete(TurnRow.holder == holder)
    except DeleteError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def known(finding_ids: Iterable[str]) -> set[str]:
    """Those of the ids that have a finding, in whatever state; 100 a request."""
    wanted = [(f"FINDING#{finding_id}", "FINDING") for finding_id in finding_ids]
    return {row.finding_id for row in FindingRow.batch_get(wanted, attributes_to_get=["finding_id"])}


def in_state(state: State) -> Iterator[FindingRow]:
    """The findings in a state, oldest id first; sealed as they are."""
    return iter(FindingRow.by_state.query(f"STATE#{state}"))


def add(findings: list[Finding], now: datetime) -> int:
    """Write findings that are not there yet, with the promise to send them; returns how many were new."""
    sealing.sealers(finding.person_id for finding in findings)
    rows = [_row(finding, now) for finding in findings]
    return sum(_add_batch(list(some)) for some in batched(rows, BATCH))


def _add_batch(rows: list[FindingRow]) -> int:
    ids = [row.finding_id for row in rows]
    unsent = UnsentRow("UNSENT", ids[0], findings=json.dumps(ids))
    try:
        transact(Put(unsent), *(create(row) for row in rows))
    except Cancelled:
        return 0 if len(rows) == 1 else sum(_add_batch([row]) for row in rows)
    return len(rows)


def make_subjects(clusters: Iterable[str], now: datetime) -> set[str]:
    """Let findings of clusters in which nobody has a number be sealed, under a key that ends by itself.

    Nobody knows yet who these people are: they have no person, and the cluster's id stands for them.
    """
    wanted = set(clusters)
    missing = wanted - set(sealing.sealers(wanted))
    until = int((now + SUBJECT_KEPT).timestamp())
    for some in batched(sorted(missing), 50):
        made = [sealing.new_sealer(subject)[1] for subject in some]
        for row in made:
            row.expires_at = until
        transact(
            *(Put(row) for row in made),
            audit.entry(SYSTEM, "clusters.sealed", "clusters", now, count=len(made)),
        )
    return wanted


def unsent() -> Iterator[tuple[str, list[str]]]:
    """Each batch that is to be sent: its id and the findings' ids."""
    for row in UnsentRow.query("UNSENT", consistent_read=True):
        yield row.sk, json.loads(row.findings)


def mark_sent(batch: str) -> None:
    """The queue has the batch."""
    UnsentRow("UNSENT", batch).delete()


def move(finding_id: str, before: State, after: State, now: datetime) -> bool:
    """Change a finding's state; False when it was in another one (or is not there)."""
    actions: list[Action] = [
        FindingRow.state.set(after),
        FindingRow.by_state_pk.set(f"STATE#{after}"),
        FindingRow.changed_at.set(clock.iso(now)),
    ]
    try:
        FindingRow(f"FINDING#{finding_id}", "FINDING").update(
            actions=actions, condition=FindingRow.state == before
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def findings(finding_ids: Iterable[str]) -> list[Finding]:
    """The findings with these ids, opened; those of deleted people and unknown ids are left out."""
    wanted = [(f"FINDING#{finding_id}", "FINDING") for finding_id in dict.fromkeys(finding_ids)]
    rows = list(FindingRow.batch_get(wanted))
    sealing.sealers(row.person_id for row in rows)
    opened = (_opened(row) for row in rows)
    return [finding for finding in opened if finding]


def of_person(person_id: str) -> list[FindingRow]:
    """Everything found of a person, whatever became of it; sealed as it is."""
    return list(FindingRow.by_person.query(person_id, FindingRow.by_person_sk.startswith("N")))


def opened(rows: Iterable[FindingRow]) -> list[Finding]:
    """Rows as findings; those of deleted people are left out."""
    return [finding for row in rows if (finding := _opened(row))]


def _row(finding: Finding, now: datetime) -> FindingRow:
    sealer = sealing.sealer(finding.person_id)
    row = FindingRow(f"FINDING#{finding.id}", "FINDING", finding_id=finding.id, person_id=finding.person_id)
    row.person_key, row.state, row.town, row.community = (
        finding.person_key,
        "open",
        finding.town,
        finding.community,
    )
    row.name = sealer.seal(finding.name, _PURPOSE) if finding.name else None
    row.phone = sealer.seal(finding.phone, _PURPOSE) if finding.phone else None
    row.address = sealer.seal(finding.address, _PURPOSE)
    row.sources, row.because = json.dumps(finding.sources), json.dumps(finding.because, ensure_ascii=False)
    row.confidence = round(finding.confidence * 100)
    row.seen_on = finding.seen_on.isoformat() if finding.seen_on else None
    row.created_at = row.changed_at = clock.iso(now)
    row.by_state_pk, row.by_state_sk = "STATE#open", finding.id
    row.by_person_pk, row.by_person_sk = finding.person_id, finding.id
    return row


def _opened(row: FindingRow) -> Finding | None:
    try:
        sealer = sealing.sealer(row.person_id)
    except Gone:
        return None
    return Finding(
        id=row.finding_id,
        person_id=row.person_id,
        person_key=row.person_key,
        state=cast(State, row.state),
        name=sealer.open(row.name, _PURPOSE) if row.name else None,
        phone=sealer.open(row.phone, _PURPOSE) if row.phone else None,
        town=row.town,
        community=row.community,
        address=sealer.open(row.address, _PURPOSE),
        sources=tuple(json.loads(row.sources)),
        confidence=int(row.confidence) / 100,
        because=json.loads(row.because),
        seen_on=date.fromisoformat(row.seen_on) if row.seen_on else None,
    )
