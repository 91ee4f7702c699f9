"""The audit entry: written in the act's own transaction, so that no act is without one.

The context ``trail`` chains the entries from the table's stream, signs each day's root and verifies
the whole. An entry holds who (a pseudonymous id), what, on what, when and plain facts; never an ID
number, a name, a phone or an address.
"""

import hashlib
import json
import re
from datetime import datetime
from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock, keys
from chalicelib.actors import Actor
from chalicelib.tables import Put, Row, index_meta, meta

CHAINS: Final = 4
_NUMBERS: Final = re.compile(r"(?<!\w)(?:[1-9]\d{16}[\dXx]|1[3-9]\d{9})(?!\w)")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


class ByTarget(GlobalSecondaryIndex["EntryRow"]):
    """The entries about a thing, in order of time."""

    Meta = index_meta("by_target")
    by_target_pk = UnicodeAttribute(hash_key=True)
    by_target_sk = UnicodeAttribute(range_key=True)


class ByDay(GlobalSecondaryIndex["EntryRow"]):
    """The entries of a day, spread over as many keys as there are chains."""

    Meta = index_meta("by_day")
    by_day_pk = UnicodeAttribute(hash_key=True)
    by_day_sk = UnicodeAttribute(range_key=True)


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
    by_target_pk = UnicodeAttribute()
    by_target_sk = UnicodeAttribute()
    by_day_pk = UnicodeAttribute()
    by_day_sk = UnicodeAttribute()
    by_target = ByTarget()
    by_day = ByDay()


def entry(actor: Actor, act: str, target: str, now: datetime, **facts: str | int | bool) -> Put:
    """The write that records an act: ``entry(actor, "case.decided", case_id, now, check="housing")``.

    ``act`` is ``thing.happened``; ``target`` an id of ours. Raises ``ValueError`` when target or facts
    would name somebody: the trail cannot be corrected afterwards.
    """
    if _NUMBERS.search(target) or any(names_somebody(str(value)) for value in facts.values()):
        raise ValueError(f"an audit entry names nobody: {act}")
    entry_id = keys.new_id("A", now)
    role = ",".join(sorted(actor.roles)) or actor.kind
    row = EntryRow(f"ENTRY#{entry_id}", "ENTRY", entry_id=entry_id, at=clock.iso(now), actor=actor.id)
    row.role, row.act, row.target = role, act, target
    row.facts = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row.digest = digest(row)
    row.by_target_pk, row.by_target_sk = target, entry_id
    row.by_day_pk, row.by_day_sk = day_key(row.at[:10], chain_of(entry_id)), entry_id
    return Put(row, EntryRow.pk.does_not_exist())


def names_somebody(text: str) -> bool:
    """Whether a text holds what looks like an ID number, a phone, or words of Chinese."""
    return bool(_NUMBERS.search(text) or _CHINESE.search(text))


def digest(row: EntryRow) -> str:
    """SHA-256 over everything the entry says; a changed entry no longer has its own digest."""
    content = [row.entry_id, row.at, row.actor, row.role, row.act, row.target, row.facts]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def chain_of(entry_id: str) -> int:
    """Which of the chains an entry belongs to: spread evenly, the same on every delivery."""
    return hashlib.sha256(entry_id.encode()).digest()[0] % CHAINS


def day_key(day: str, chain: int) -> str:
    """Where the entries of a day (``2026-11-23``, Asia/Shanghai) and chain are listed."""
    return f"{day}#{chain}"
