"""The state in the cloud: its files in bucket ``linkage`` under ``state/``, its newest version in table ``linkage``.

A version counts when the table names its manifest, on condition that no other run was quicker: who lost begins
again from the winner's. What a version has to tell (events, questions) is told after it counts, and
again by the next run if this one is stopped; each event and question is written once.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from chalicelib import aws, clock, config, keys
from chalicelib.errors import Unavailable
from chalicelib.linkage import parts, review, review_store, reviews
from chalicelib.linkage.state import Manifest, State
from chalicelib.tables import Cancelled

_PREFIX: Final = "state/"
_AT_ONCE: Final = 8


def fetch(folder: Path, now: datetime) -> State:
    """The newest version on scratch disk; files that are there already are not fetched again."""
    folder.mkdir(parents=True, exist_ok=True)
    row = review_store.state()
    if row is None:
        return State(folder, Manifest(), keys.new_id("-", now))
    path = folder / row.manifest
    parts.fetch("linkage", _PREFIX + row.manifest, path)
    if not path.exists():  # Nobody compared for as long as the bucket keeps the state: it begins anew.
        return State(folder, Manifest(version=int(row.version)), keys.new_id("-", now))
    manifest = Manifest.model_validate_json(path.read_text("utf-8"))
    missing = [name for name in sorted(manifest.names()) if not (folder / name).exists()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda name: parts.fetch("linkage", _PREFIX + name, folder / name), missing))
    return State(folder, manifest, keys.new_id("-", now))


def keep(state: State, manifest: Manifest, now: datetime) -> None:
    """Let a run's version count; raises ``Unavailable`` when another run was quicker."""
    before = state.manifest
    for name in sorted(manifest.names() - before.names()):
        _put(state.folder / name)
    name = f"manifest-{manifest.version:05d}{state.token}.json"
    (state.folder / name).write_text(manifest.model_dump_json(), "utf-8")
    _put(state.folder / name)
    row = review_store.state()
    if (int(row.version) if row else 0) != before.version:
        raise Unavailable("busy_try_again")
    try:
        review_store.keep_state(manifest.version, name, row, now)
    except Cancelled:
        raise Unavailable("busy_try_again") from None
    state.keep(manifest, name)
    old = before.names() - manifest.names()
    _delete([*old, *([row.manifest] if row else [])])


def _put(path: Path) -> None:
    with path.open("rb") as body:
        aws.client("s3").put_object(Bucket=config.bucket("linkage"), Key=_PREFIX + path.name, Body=body)


def _delete(names: list[str]) -> None:
    for name in sorted(names):
        aws.client("s3").delete_object(Bucket=config.bucket("linkage"), Key=_PREFIX + name)


def tell(state: State, now: datetime) -> tuple[int, int]:
    """Write the newest version's events and questions, unless they are; returns how many of each were new."""
    row = review_store.state()
    if row is None or row.told == "yes" or int(row.version) != state.manifest.version:
        return 0, 0
    pending = state.pending()
    policy = review.policy_on(clock.local_date(now))
    until = int(now.timestamp()) + policy.undo_days * 86_400
    events = [_event(one, until) for one in pending if one["what"] == "event"]
    written = review_store.put_events(events, now)
    asked = [review.question_of(one) for one in pending if one["what"] == "question"]
    answered = [id_ for one in pending if one["what"] == "looked_at" for id_ in one["ids"]]
    new, _ = reviews.put_questions(asked, now, answered=answered)
    review_store.mark_told(row)
    return written, new


def _event(one: dict[str, Any], until: int) -> review_store.EventRow:
    return review_store.event_row(
        one["id"],
        one["kind"],
        one["before"],
        one["after"],
        one["records"],
        one["sources"],
        one["town"],
        one["at"],
        until,
    )
