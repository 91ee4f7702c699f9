"""Recompute the trail and say where it does not hold.

What each attack leaves behind: a changed entry no longer has the digest that its link carries; a
deleted one leaves a link to nothing; a removed, added or moved link does not fit its neighbours' hashes;
a tail cut off with its head row is missed by the last signed root; a root that was replaced has a
second version, a wrong signature, or is not what the next root carries. What was cut off since the last
root is missed by the head row; if that was set back too, the stream's alarm (``AuditTampered``) and
the next root are what is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Final

from chalicelib import clock
from chalicelib.audit import CHAINS
from chalicelib.errors import Field, Invalid
from chalicelib.trail import roots, store
from chalicelib.trail.model import (
    GRACE_SECONDS,
    MOST_BREAKS,
    MOST_DAYS,
    Break,
    Head,
    Link,
    Root,
    Verdict,
    check_entries,
    check_link,
    missing,
)

DAYS_WITHOUT_A_RANGE: Final = 7


@dataclass
class Findings:
    """What a verification gathers: roots that can be believed, links seen, and where it breaks."""

    believed: dict[str, Root] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    breaks: list[Break] = field(default_factory=list)
    unsealed: int = 0

    def anchor(self, chain: int, before: str) -> Head:
        """The chain's end in the last believed root before a day; number 0 without one."""
        days = [day for day in self.believed if day < before]
        return _head(self.believed[max(days)], chain) if days else Head(chain)

    def checkpoints(self, chain: int, since: str) -> dict[int, tuple[str, str]]:
        """Where believed roots say the chain passes: day and hash by number."""
        found = {}
        for day, root in self.believed.items():
            head = _head(root, chain)
            if day >= since and head.seq:
                found[head.seq] = (day, head.hash)
        return found


def verify(
    now: datetime, from_date: date | None = None, to_date: date | None = None, *, bounded: bool = True
) -> Verdict:
    """Whether the trail holds from one day to another, both included; without dates the last 7 days.

    Raises ``Invalid`` for a range backwards or, when ``bounded``, longer than 31 days. Without a root
    before ``from_date`` the chains are checked from their beginning.
    """
    today = clock.local_date(now)
    last = min(to_date or today, today)
    first = from_date or last - timedelta(days=DAYS_WITHOUT_A_RANGE - 1)
    if first > last:
        raise Invalid("trail_range_backwards", fields=[Field("/to", "value_invalid")])
    if bounded and (last - first).days >= MOST_DAYS:
        raise Invalid("trail_range_too_long", fields=[Field("/from", "value_invalid")], limit=MOST_DAYS)
    findings = Findings()
    _check_roots(findings, first.isoformat(), last.isoformat(), today)
    for chain in range(CHAINS):
        _check_chain(findings, chain, first.isoformat(), last.isoformat(), last == today)
    pending = _pending(findings, first, last, now)
    return Verdict(
        intact=not findings.breaks,
        chains=CHAINS,
        entries=len(findings.linked),
        roots=sum(day >= first.isoformat() for day in findings.believed),
        breaks=findings.breaks[:MOST_BREAKS],
        pending=pending,
        unsealed=findings.unsealed,
    )


def _check_roots(findings: Findings, first: str, last: str, today: date) -> None:
    """Read the roots of the range and the one before it: unreplaced, signed, each carrying the one before."""
    stored = roots.days()
    before = max((day for day in stored if day < first), default=None)
    previous: Root | None = None
    for day in (day for day in stored if (before or first) <= day <= last):
        found = roots.read(day, stored[day])
        if found.replaced:
            findings.breaks.append(Break(kind="root_replaced", date=day))
        root = found.sealed.root if found.sealed else None
        if found.sealed is None or found.sealed.root.date != day:
            findings.breaks.append(Break(kind="root_unreadable", date=day))
        elif not roots.is_signed(found.sealed):
            findings.breaks.append(Break(kind="root_signature", date=day))
        else:
            findings.breaks += _follows(previous, found.sealed.root)
            findings.believed[day] = found.sealed.root
        previous = root
    if stored:
        findings.unsealed = max(0, (today - date.fromisoformat(max(stored))).days - 1)


def _follows(previous: Root | None, root: Root) -> list[Break]:
    """What is wrong between two roots that should be of neighbouring days."""
    if previous is None:
        return []
    if roots.day_after(previous.date) != root.date:
        return [Break(kind="root_missing", date=roots.day_after(previous.date))]
    if root.previous != previous.hash:
        return [Break(kind="root_order", date=root.date)]
    return []


def _head(root: Root, chain: int) -> Head:
    return next((Head(chain, h.seq, h.hash) for h in root.heads if h.chain == chain), Head(chain))


def _check_chain(findings: Findings, chain: int, first: str, last: str, to_the_end: bool) -> None:
    """Follow a chain from the last root before the range to the range's end or the chain's."""
    start = findings.anchor(chain, first)
    marks = findings.checkpoints(chain, first)
    written = store.last_number(chain)
    head = store.head(chain)  # After ``written``: a chain that grows meanwhile is no break.
    closed = _head(findings.believed[last], chain).seq if last in findings.believed else head.seq
    end = max([head.seq if to_the_end else closed, start.seq, *marks])
    if written > head.seq:
        findings.breaks.append(Break(kind="head_changed", chain=chain, seq=head.seq))
    if start.seq:
        findings.breaks += _passes(store.link(chain, start.seq), start)
        marks.pop(start.seq, None)
    reached = _follow(findings, start, end, marks)
    if reached.seq < end:
        findings.breaks.append(Break(kind="tail_removed", chain=chain, seq=reached.seq + 1))
    elif to_the_end and end == head.seq and reached.hash != head.hash:
        findings.breaks.append(Break(kind="head_changed", chain=chain, seq=head.seq))


def _passes(link: Link | None, expected: Head) -> list[Break]:
    """Whether a chain passes where a signed root says; a missing link is reported by who follows the chain."""
    if link is None:
        return [Break(kind="link_missing", chain=expected.chain, seq=expected.seq)]
    if link.hash != expected.hash:
        return [Break(kind="chain_rewritten", chain=link.chain, seq=link.seq, entry=link.entry_id)]
    return []


def _follow(findings: Findings, start: Head, end: int, marks: dict[int, tuple[str, str]]) -> Head:
    """Check every link after ``start`` with its entry; returns the last that is there."""
    before = start
    for batch in batched(_links(start, end), store.BATCH, strict=False):
        for link in batch:
            findings.breaks += missing(link.chain, before.seq, link.seq)
            findings.breaks += check_link(link, before)
            if mark := marks.get(link.seq):
                findings.breaks += _passes(link, Head(link.chain, link.seq, mark[1]))
            before = link.head
        digests = store.digests(link.entry_id for link in batch)
        findings.breaks += check_entries(batch, digests)
        findings.linked |= {link.entry_id for link in batch}
    return before


def _links(start: Head, end: int) -> Iterator[Link]:
    return store.links(start.chain, start.seq, end) if end > start.seq else iter(())


def _pending(findings: Findings, first: date, last: date, now: datetime) -> int:
    """Entries of these days that are older than the grace time and stand in no chain."""
    oldest = clock.iso(now - timedelta(seconds=GRACE_SECONDS))
    count = 0
    for n in range((last - first).days + 1):
        day = (first + timedelta(days=n)).isoformat()
        for shard in range(CHAINS):
            listed = store.entry_ids(day, shard)
            waiting = (i for i, at in listed if at < oldest and i not in findings.linked)
            for batch in batched(waiting, store.BATCH, strict=False):
                count += len(batch) - _linked_elsewhere(batch)
    return count


def _linked_elsewhere(entry_ids: tuple[str, ...]) -> int:
    """How many of these have a link outside the range; a marker without its link does not count."""
    places = store.places(entry_ids)
    return sum(
        (link := store.link(*places[entry_id])) is not None and link.entry_id == entry_id
        for entry_id in entry_ids
        if entry_id in places
    )
