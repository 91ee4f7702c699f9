"""One run of the lasting comparison: what arrived is compared, persons change by events, questions are put.

The run adds files to the state's folder and returns a manifest; nothing counts before the caller keeps it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from chalicelib import clock, keys, regions
from chalicelib.linkage import increments, lasting, questions
from chalicelib.linkage.clusters import Judgement
from chalicelib.linkage.increments import Model
from chalicelib.linkage.lasting import Clustered
from chalicelib.linkage.persons import Event
from chalicelib.linkage.review import MatchingPolicy
from chalicelib.linkage.state import Manifest, State

Progress = Callable[[str], None]


class Judged(NamedTuple):
    """What somebody decided of a question or event, by its id."""

    id: str
    kind: str
    at: str


class Updated(NamedTuple):
    """What a run did, and the manifest that makes it count."""

    manifest: Manifest
    arrived: int
    gone: int
    pairs: int
    concerned: int
    events: int
    refused: int
    questions: int
    seconds: float


def update(
    connection: Any,
    state: State,
    model: Model,
    policy: MatchingPolicy,
    now: datetime,
    parts: dict[str, list[str]],
    judged: Sequence[Judged] = (),
    progress: Progress = lambda line: None,
) -> Updated:
    """Bring the state up to the rows in ``arrived`` and without those in ``replaced`` (see ``arrivals``).

    ``parts`` is remembered as what the state was made of; ``judged`` is everything that people decided so far.
    """
    started = time.monotonic()
    fresh = increments.enter(connection, state.manifest.next_rid)
    gone = _count(connection, "gone_now")
    progress(f"{fresh} rows are new or changed, {gone} no longer count")
    pairs, fitted = increments.compare(connection, state, model)
    progress(f"{pairs} pairs compared")
    groups = _groups(connection, judged)
    changed = [one.id for one in judged if state.manifest.judged.get(one.id) != f"{one.kind}{one.at}"]
    asked_from = questions.weight_of(policy.review_from)
    concerned = lasting.concern(
        connection, _records(groups), changed, model.link_at, asked_from, model.margin
    )
    told = lasting.cluster(connection, state, _judgements(judged, groups), model.link_at, asked_from)
    asked = questions.of(connection, told, model.version, model.link_at, policy)
    progress(
        f"{concerned} nodes concerned, {len(told.events)} changes of ids, {len(asked.questions)} questions"
    )
    manifest = state.finish(
        connection,
        next_rid=state.manifest.next_rid + fresh,
        model=model.version,
        parts=parts,
        judged={one.id: f"{one.kind}{one.at}" for one in judged},
        settings=fitted,
        pending=_write(connection, state, told, asked, now),
    )
    return Updated(
        manifest,
        fresh,
        gone,
        pairs,
        concerned,
        len(told.events),
        len(told.partition.refused),
        len(asked.questions),
        round(time.monotonic() - started, 2),
    )


def _count(connection: Any, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _groups(connection: Any, judged: Iterable[Judged]) -> dict[str, dict[str, frozenset[str]]]:
    """The records that each judgement is about, by side."""
    connection.register("judged_ids", pa.table({"id": pa.array([one.id for one in judged], pa.string())}))
    found: dict[str, dict[str, set[str]]] = {}
    rows = connection.execute(
        "SELECT id, side, label FROM kept_groups SEMI JOIN judged_ids USING (id)"
    ).fetchall()
    for id_, side, label in rows:
        found.setdefault(id_, {}).setdefault(side, set()).add(label)
    return {id_: {side: frozenset(held) for side, held in sides.items()} for id_, sides in found.items()}


def _records(groups: dict[str, dict[str, frozenset[str]]]) -> Iterable[tuple[str, str, str]]:
    for id_, sides in groups.items():
        for label in frozenset().union(*sides.values()):
            source, _, record = label.partition("\x1f")
            yield id_, source, record


def _judgements(judged: Iterable[Judged], groups: dict[str, dict[str, frozenset[str]]]) -> list[Judgement]:
    none: frozenset[str] = frozenset()
    return [
        Judgement(
            one.id,
            "together" if one.kind == "together" else "apart",
            groups[one.id].get("left", none),
            groups[one.id].get("right", none),
            one.at,
        )
        for one in judged
        if one.id in groups
    ]


def _write(
    connection: Any, state: State, told: Clustered, asked: questions.Asked, now: datetime
) -> list[dict[str, Any]]:
    """Add the run to the state; returns what is to be told once it counts: events, questions, what was looked at."""
    state.add(connection, "rows", "SELECT * FROM fresh")
    state.add(connection, "gone", "SELECT rid FROM gone_now")
    state.add(connection, "scores", f"SELECT *, {state.run} AS run FROM scored")
    state.add(connection, "touched", f"SELECT node, {state.run} AS run FROM touched_now")
    named = [(keys.stable_id("X", str(state.run), e.before, e.after), e) for e in told.events]
    groups = list(asked.groups)
    for id_, event in named:
        groups += [(id_, "left", label) for label in event.labels]
        groups += [(id_, "right", label) for label in event.stayed]
    columns = list(zip(*groups, strict=True)) or [(), (), ()]
    given = {n: pa.array(v, pa.string()) for n, v in zip(("id", "side", "label"), columns, strict=True)}
    connection.register("groups_now", pa.table(given))
    looked_at = connection.execute(
        "SELECT DISTINCT id FROM kept_groups WHERE id LIKE 'W%' AND label IN (SELECT label FROM here)"
    ).fetchall()
    state.add(connection, "groups", f"SELECT *, {state.run} AS run FROM groups_now")
    towns = _towns(connection)
    pending: list[dict[str, Any]] = [_event(id_, event, towns, now) for id_, event in named]
    pending += [{"what": "question"} | one.as_json() for one in asked.questions]
    pending.append({"what": "looked_at", "ids": sorted({id_ for (id_,) in looked_at} - set(asked.wanted))})
    return pending


def _towns(connection: Any) -> dict[str, str]:
    """A town of each record that changed hands or might."""
    rows = connection.execute(
        "SELECT here.label, town FROM here JOIN ("
        "SELECT rid, town FROM kept_rows UNION ALL SELECT rid, town FROM fresh) USING (rid)"
        " WHERE town IS NOT NULL AND node NOT IN (SELECT node FROM alone)"
    ).fetchall()
    return dict(rows)


def _event(id_: str, event: Event, towns: dict[str, str], now: datetime) -> dict[str, Any]:
    told = [towns[label] for label in event.labels if label in towns]
    return {
        "what": "event",
        "id": id_,
        "kind": event.kind,
        "before": event.before,
        "after": event.after,
        "records": len(event.labels),
        "sources": sorted({label.partition("\x1f")[0] for label in event.labels}),
        "town": min(told, default=regions.CITY),
        "at": clock.iso(now),
    }
