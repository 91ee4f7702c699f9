"""One run of the lasting comparison: what arrived is compared, persons change by events, questions are put.

The run adds files to the state's folder and returns a manifest; nothing counts before the caller keeps it.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa

from chalicelib import clock, keys, regions
from chalicelib.linkage import arrivals, increments, lasting, questions, review
from chalicelib.linkage.clusters import Judgement
from chalicelib.linkage.increments import Model
from chalicelib.linkage.lasting import Clustered
from chalicelib.linkage.persons import Event
from chalicelib.linkage.review import MatchingPolicy
from chalicelib.linkage.state import Manifest, State

Progress = Callable[[str], None]
# The model is fitted anew when the city has so many times the rows, and so many more, than when it was.
GROWN: Final = 1.5
GROWN_BY: Final = 20_000


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
    if state.manifest.version and not _still_fits(connection, state, model):
        progress("everything is compared again: the model is another, or the city has grown")
        state.manifest = state.manifest.model_copy(update={"settings": {}})
        arrivals.take_all_again(connection)
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
        today=clock.local_date(now),
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


def _still_fits(connection: Any, state: State, model: Model) -> bool:
    """Whether what was counted over the whole city when the model was fitted may still be used."""
    rows = _count(connection, "kept_rows") + _count(connection, "arrived")
    return increments.is_fitted(state, model) and rows <= state.manifest.fitted_rows * GROWN + GROWN_BY


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


def update_folder(
    source: Path, target: Path, model: Model, now: datetime, memory_mb: int | None, progress: Progress
) -> Updated:
    """Bring the state in a folder up to a folder of files, and write ``clusters.csv`` beside it.

    Of a record the row counts that was seen last, whatever file it came in. Raises ``reading.Unusable`` for a
    file that cannot be read.
    """
    state = State(target / "state")
    policy = review.policy_on(clock.local_date(now))
    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{target / 'spill'}'; SET enable_progress_bar = false")
        if memory_mb:
            connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        state.open(connection)
        rows = arrivals.stage_folder(connection, source, clock.local_date(now))
        progress(f"{sum(rows.values())} rows read")
        arrivals.compare_with_state(connection)
        made = update(connection, state, model, policy, now, {}, progress=progress)
        state.keep(made.manifest)
        State(target / "state").open(connection)
        connection.execute(
            f"COPY (SELECT source, record_id, person AS person_id FROM kept_rows JOIN kept_persons USING (rid))"
            f" TO '{target / 'clusters.csv'}' (HEADER, DELIMITER ',')"
        )
    return made
