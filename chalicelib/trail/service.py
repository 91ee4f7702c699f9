"""Link entries, seal days, and read the entries about a thing."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final

from chalicelib import audit, clock, tables
from chalicelib.actors import Actor
from chalicelib.audit import CHAINS, chain_of
from chalicelib.errors import Field, Invalid, Unavailable
from chalicelib.shapes import Page, Shape
from chalicelib.tables import Cancelled
from chalicelib.trail import roots, store
from chalicelib.trail.model import (
    ENTRIES_A_TRANSACTION,
    NOTHING,
    Entry,
    HeadView,
    Root,
    SealedRoot,
    extend,
)

TRIES: Final = 12
PAGE: Final = 50
Pause = Callable[[float], None]


class EntryView(Shape):
    """One act as an auditor sees it; ``facts`` is JSON of plain values."""

    id: str
    at: str
    actor: str
    role: str
    act: str
    target: str
    facts: str


def link(entries: Iterable[Entry], now: datetime, pause: Pause = time.sleep) -> list[str]:
    """Bind entries into their chains, each once; returns the ids of those to deliver again.

    Several invocations may link the same chain: who finds it longer than it was reads its end again.
    """
    unlinked: list[str] = []
    by_chain: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        by_chain.setdefault(chain_of(entry.entry_id), {})[entry.entry_id] = entry
    for chain, found in by_chain.items():
        waiting = list(found.values())
        for start in range(0, len(waiting), ENTRIES_A_TRANSACTION):
            unlinked += _link_some(chain, waiting[start : start + ENTRIES_A_TRANSACTION], now, pause)
    return unlinked


def _link_some(chain: int, entries: list[Entry], now: datetime, pause: Pause) -> list[str]:
    for attempt in range(TRIES):
        done = store.places(entry.entry_id for entry in entries)
        entries = [entry for entry in entries if entry.entry_id not in done]
        if not entries:
            return []
        head = store.head(chain)
        try:
            store.append(head, extend(head, entries, now))
            return []
        except (Cancelled, Unavailable):
            pause(random.uniform(0, min(1.0, 0.02 * 2**attempt)))
    return [entry.entry_id for entry in entries]


def seal(day: date, now: datetime) -> list[Root]:
    """Make the root of a closed day, and of every day without one between the last root and it.

    Returns the new roots; sealing a day again makes none and changes nothing. Raises ``ValueError``
    for a day that is not over.
    """
    if day >= clock.local_date(now):
        raise ValueError("only a day that is over can be sealed")
    known = roots.days()
    last = max((d for d in known if d < day.isoformat()), default=None)
    previous = _stored(last, known).root.hash if last else NOTHING
    made: list[Root] = []
    current = roots.day_after(last) if last else day.isoformat()
    while current <= day.isoformat():
        if current not in known:
            root = Root(date=current, heads=_heads(current), previous=previous)
            _store(root, now)
            made.append(root)
            previous = root.hash
        current = roots.day_after(current)
    return made


def _stored(day: str, known: dict[str, list[dict[str, object]]]) -> SealedRoot:
    found = roots.read(day, known[day]).sealed
    if found is None:
        raise ValueError(f"the root of {day} cannot be read: verify the trail")
    return found


def _store(root: Root, now: datetime) -> None:
    try:
        roots.store(roots.sign(root), now)
    except roots.RootExists:
        # Another run was faster. It saw the same closed day, so its root says the same.
        return


def _heads(day: str) -> list[HeadView]:
    end = clock.iso(clock.end_of_day(date.fromisoformat(day))).replace(".000", ".999")
    return [_head_at(chain, end) for chain in range(CHAINS)]


def _head_at(chain: int, end: str) -> HeadView:
    """A chain's end at a moment: the last link made by then, found by halving, for times only grow."""
    low, high = 0, store.head(chain).seq
    while low < high:
        middle = (low + high + 1) // 2
        found = store.link(chain, middle)
        if found is None or found.at > end:
            high = middle - 1
        else:
            low = middle
    last = store.link(chain, low) if low else None
    return HeadView(chain=chain, seq=low, hash=last.hash if last else NOTHING)


def entries_about(actor: Actor, target: str, token: str | None, now: datetime) -> Page[EntryView]:
    """The acts on a thing, the latest first; that an auditor looked is an entry too.

    Raises ``Invalid`` for what looks like a name or number of a person: it would stay in the trail for good.
    """
    if audit.names_somebody(target):
        raise Invalid("values_invalid", fields=[Field("/target", "field_form")])
    rows, following = store.entries(target, PAGE, token)
    tables.transact(audit.entry(actor, "audit.searched", target, now, found=len(rows)))
    views = [
        EntryView(
            id=row.entry_id,
            at=row.at,
            actor=row.actor,
            role=row.role,
            act=row.act,
            target=row.target,
            facts=row.facts,
        )
        for row in rows
    ]
    return Page(items=views, next=following)
