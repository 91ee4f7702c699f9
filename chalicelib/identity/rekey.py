"""Changing the secret behind the person keys, with both versions readable while it lasts.

1. ``begin``: a new version becomes readable; nothing uses it yet. Wait ten minutes, until every warm
   function has read the secret again.
2. ``switch``: new keys are made under the new version; who is made now gets a mapping under each.
3. ``walk``: every old mapping gets a new one beside it and names it as its ``successor``. Curated files
   are rewritten by ``sources`` meanwhile: ``successors`` translates their keys.
4. ``finish``: the old version leaves the secret; wait ten minutes. Then ``clean`` deletes its mappings.

Each step may be repeated; the walks keep a cursor, so that a stopped one goes on where it was.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import batched, islice
from typing import Any, Final

from chalicelib import audit, keys, sealing
from chalicelib.actors import SYSTEM
from chalicelib.errors import Conflict, DomainError, Gone, Unavailable
from chalicelib.identity import keyring, model, store
from chalicelib.tables import Cancelled, Check, Update, Write, create, transact

_BATCH: Final = 25


def begin(now: datetime) -> str:
    """Make a new version readable and return its name; the one that is begun already when there is one."""

    def add(value: dict[str, Any]) -> dict[str, Any] | None:
        known = value["keys"]
        if _newest(known) != value["current"]:
            return None
        name = str(max(int(version) for version in known) + 1)
        fresh = base64.b64encode(secrets.token_bytes(32)).decode()
        return {**value, "keys": {**known, name: fresh}}

    if keyring.swap("person_key", add):
        transact(audit.entry(SYSTEM, "person_key.begun", _newest(_versions()), now))
    return _newest(_versions())


def switch(now: datetime) -> str:
    """Make the newest version the current one and return its name."""
    newest = _newest(_versions())

    def turn(value: dict[str, Any]) -> dict[str, Any] | None:
        return None if value["current"] == newest else {**value, "current": newest}

    if keyring.swap("person_key", turn):
        transact(audit.entry(SYSTEM, "person_key.switched", newest, now))
    return newest


def finish(now: datetime) -> list[str]:
    """Take the old versions out of the secret and return their names; refused before their walks are through.

    Raises ``Conflict("rekey_not_walked")``.
    """
    current, versions = keys.secret_versions("person_key")
    older = sorted(version for version in versions if version != current)
    for version in older:
        if not store.job_row(_job("walk", version, current)).done:
            raise Conflict("rekey_not_walked", version=version)

    def drop(value: dict[str, Any]) -> dict[str, Any] | None:
        left = {name: key for name, key in value["keys"].items() if name not in older}
        return {**value, "keys": left} if len(left) < len(value["keys"]) else None

    if keyring.swap("person_key", drop):
        transact(audit.entry(SYSTEM, "person_key.finished", current, now, dropped=len(older)))
    return older


def walk(now: datetime, proceed: Callable[[], bool] = lambda: True) -> list[model.WalkReport]:
    """Write the new mapping beside every old one, for each older readable version.

    Asks ``proceed`` after every batch; when that says no, the next call goes on from there. An empty list
    when there is one version only.
    """
    current, versions = keys.secret_versions("person_key")
    older = [version for version in versions if int(version) < int(current)]
    return [_pass("walk", version, current, _write_successors, now, proceed) for version in older]


def clean(version: str, now: datetime, proceed: Callable[[], bool] = lambda: True) -> model.WalkReport:
    """Delete the mappings of a version that is no longer readable.

    Raises ``Conflict("rekey_not_finished")`` while it is.
    """
    current, versions = keys.secret_versions("person_key")
    if version in versions:
        raise Conflict("rekey_not_finished", version=version)
    return _pass("clean", version, current, _delete_old, now, proceed)


def successors(person_keys: Iterable[str]) -> dict[str, str]:
    """The new key for each old one, for whoever keeps keys in files; without one the key is left out.

    A key has none when nobody here knows the person: such a row can only be keyed again from its source.
    """
    rows = store.key_rows(person_keys)
    return {key: row.successor for key, row in rows.items() if row.successor}


def _pass(
    step: str,
    version: str,
    current: str,
    act: Callable[[list[store.PersonKeyRow]], int],
    now: datetime,
    proceed: Callable[[], bool],
) -> model.WalkReport:
    """One walk over a version's mappings, in batches, from the kept cursor."""
    job = store.job_row(_job(step, version, current))
    if job.done and step == "clean":
        job.done, job.cursor = False, None  # A late writer may have left more: walk again.
    if not job.done:
        found = store.keys_of_version(version, json.loads(job.cursor) if job.cursor else None)
        while rows := list(islice(found, _BATCH)):
            job.changed, job.walked = int(job.changed) + act(rows), int(job.walked) + len(rows)
            position = found.last_evaluated_key
            job.cursor = json.dumps(position) if position else None
            job.save()
            if not proceed() or position is None:
                break
        else:
            position = None
        job.done = position is None
        note = audit.entry(
            SYSTEM, f"person_keys.{step}ed", current, now, version=version, walked=int(job.walked)
        )
        job.save()
        transact(note)
    return model.WalkReport(
        step=step,
        version=version,
        current=current,
        walked=int(job.walked),
        changed=int(job.changed),
        done=bool(job.done),
    )


def _write_successors(rows: list[store.PersonKeyRow]) -> int:
    """New mappings for a batch; a mapping whose person is gone is deleted."""
    numbers = _numbers(row.person_id for row in rows)
    store.delete_all([row for row in rows if row.person_id not in numbers])
    make = keys.person_key_maker()
    moves = [(row, make(numbers[row.person_id])) for row in rows if row.person_id in numbers]
    known = store.key_rows(new for _, new in moves)
    missing = [(row, new) for row, new in moves if new not in known or row.successor != new]
    for some in batched(missing, 33):
        try:
            transact(*(write for row, new in some for write in _move(row, new, new in known)))
        except (Cancelled, Unavailable):
            for row, new in some:
                _move_alone(row, new)
    return len(missing)


def _move(row: store.PersonKeyRow, new: str, exists: bool) -> list[Write]:
    """Demand that the person still is, write the new mapping, name it in the old one."""
    there = Check(store.PersonRow, f"PERSON#{row.person_id}", "PERSON", store.PersonRow.pk.exists())
    old = Update(
        store.PersonKeyRow(row.pk, row.sk),
        [store.PersonKeyRow.successor.set(new)],
        store.PersonKeyRow.pk.exists(),
    )
    return [there, old] if exists else [there, create(store.key_row(new, row.person_id)), old]


def _move_alone(row: store.PersonKeyRow, new: str) -> None:
    """One mapping, when its batch was refused: somebody else changed or deleted it meanwhile."""
    last: DomainError | None = None
    for _ in range(4):
        if store.person(row.person_id) is None or not store.key_rows([row.pk.removeprefix("PKEY#")]):
            return None
        try:
            return transact(*_move(row, new, new in store.key_rows([new])))
        except (Cancelled, Unavailable) as refusal:
            last = refusal
    raise last or Unavailable("busy_try_again")


def _delete_old(rows: list[store.PersonKeyRow]) -> int:
    """Delete mappings whose successor leads to the same person; one without gets it first."""
    _write_successors([row for row in rows if not row.successor])
    again = store.key_rows(row.pk.removeprefix("PKEY#") for row in rows)
    fresh = store.key_rows(row.successor for row in again.values() if row.successor)
    over = [row for row in again.values() if row.successor in fresh]
    store.delete_all(over)
    return len(over)


def _numbers(person_ids: Iterable[str]) -> dict[str, str]:
    """The ID numbers of those who are not deleted."""
    found = {}
    for person_id, row in store.people(person_ids).items():
        try:
            found[person_id] = sealing.open_sealed(person_id, row.id_number, "id_number")
        except Gone:
            continue
    return found


def _versions() -> Iterable[str]:
    return keys.secret_versions("person_key")[1]


def _newest(versions: Iterable[str]) -> str:
    return max(versions, key=int)


def _job(step: str, version: str, current: str) -> str:
    return f"rekey-{step}-{version}-{current}"
