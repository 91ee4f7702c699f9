"""The audit entry: written in the act's own transaction, so that no act is without one.

The context ``trail`` chains the entries from the table's stream, signs each day's root and verifies
the whole. An entry holds who (a pseudonymous id), what, on what, when and plain facts; never an ID
number, a name, a phone or an address.
"""

import hashlib
import json
from datetime import datetime
from typing import Final

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, keys
from chalicelib.actors import Actor
from chalicelib.tables import Put, Row, meta

CHAINS: Final = 4


class EntryRow(Row):
    """One act. ``pk`` is ``ENTRY#<id>``; ``digest`` is SHA-256 over the canonical content."""

    Meta = meta("audit")
    entry_id = UnicodeAttribute()
    at = UnicodeAttribute()
    actor = UnicodeAttribute()
    role = UnicodeAttribute()
    act = UnicodeAttribute()
    target = UnicodeAttribute()
    facts = UnicodeAttribute()
    digest = UnicodeAttribute()


def entry(actor: Actor, act: str, target: str, now: datetime, **facts: str | int | bool) -> Put:
    """The write that records an act: ``entry(actor, "case.decided", case_id, now, check="housing")``.

    ``act`` is ``thing.happened``; ``target`` an id of ours. Facts must not name anybody.
    """
    entry_id = keys.new_id("A", now)
    role = ",".join(sorted(actor.roles)) or actor.kind
    row = EntryRow(f"ENTRY#{entry_id}", "ENTRY", entry_id=entry_id, at=clock.iso(now), actor=actor.id)
    row.role, row.act, row.target = role, act, target
    row.facts = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row.digest = digest(row)
    return Put(row, EntryRow.pk.does_not_exist())


def digest(row: EntryRow) -> str:
    """SHA-256 over everything the entry says; a changed entry no longer has its own digest."""
    content = [row.entry_id, row.at, row.actor, row.role, row.act, row.target, row.facts]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def chain_of(entry_id: str) -> int:
    """Which of the chains an entry belongs to: spread evenly, the same on every delivery."""
    return hashlib.sha256(entry_id.encode()).digest()[0] % CHAINS
