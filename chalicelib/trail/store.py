"""Links, heads and markers in table ``audit``, beside the entries.

``CHAIN#<n>`` / 12 digits: a link. ``HEAD#<n>``: the chain's end, moved only from the number it was read
at. ``LINKED#<entry id>``: this entry has its link, so that a redelivery links nothing twice.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib import audit, tables
from chalicelib.audit import EntryRow
from chalicelib.tables import Put, Row, create, meta
from chalicelib.trail.model import Entry, Head, Link

BATCH: Final = 100


class LinkRow(Row):
    """One link of a chain."""

    Meta = meta("audit")
    entry_id = UnicodeAttribute()
    entry_digest = UnicodeAttribute()
    at = UnicodeAttribute()
    prev = UnicodeAttribute()
    hash = UnicodeAttribute()


class HeadRow(Row):
    """The end of a chain."""

    Meta = meta("audit")
    seq = NumberAttribute()
    hash = UnicodeAttribute()
    at = UnicodeAttribute()


class LinkedRow(Row):
    """The place of an entry's link."""

    Meta = meta("audit")
    chain = NumberAttribute()
    seq = NumberAttribute()


def head(chain: int) -> Head:
    """A chain's end, read consistently; an empty chain's is number 0."""
    row = HeadRow.find(f"HEAD#{chain}", "HEAD", consistent=True)
    return Head(chain, int(row.seq), row.hash, row.at) if row else Head(chain)


def append(before: Head, links: list[Link]) -> None:
    """Write links, their entries' markers and the new head in one transaction.

    Raises ``Cancelled`` when the chain has grown meanwhile or an entry is linked already.
    """
    last = links[-1]
    moved = HeadRow(f"HEAD#{last.chain}", "HEAD", seq=last.seq, hash=last.hash, at=last.at)
    still = (HeadRow.seq == before.seq) if before.seq else HeadRow.pk.does_not_exist()
    writes = [Put(moved, still)]
    for one in links:
        row = LinkRow(f"CHAIN#{one.chain}", f"{one.seq:012}", entry_id=one.entry_id, at=one.at)
        row.entry_digest, row.prev, row.hash = one.entry_digest, one.prev, one.hash
        marker = LinkedRow(f"LINKED#{one.entry_id}", "LINKED", chain=one.chain, seq=one.seq)
        writes += [create(row), create(marker)]
    tables.transact(*writes)


def places(entry_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Chain and number of the links of those entries that have one; read consistently."""
    keys: list[Any] = [(f"LINKED#{entry_id}", "LINKED") for entry_id in entry_ids]
    rows = LinkedRow.batch_get(keys, consistent_read=True) if keys else []
    return {row.pk.removeprefix("LINKED#"): (int(row.chain), int(row.seq)) for row in rows}


def links(chain: int, after: int, up_to: int) -> Iterator[Link]:
    """A chain's links with numbers above ``after`` up to ``up_to``, in order."""
    between = LinkRow.sk.between(f"{after + 1:012}", f"{up_to:012}")
    for row in LinkRow.query(f"CHAIN#{chain}", between, consistent_read=True):
        yield _link(chain, row)


def link(chain: int, seq: int) -> Link | None:
    """One link, or None when there is none of that number."""
    row = LinkRow.find(f"CHAIN#{chain}", f"{seq:012}", consistent=True)
    return _link(chain, row) if row else None


def last_number(chain: int) -> int:
    """The number of the last link that is there, whatever the head says; 0 for none."""
    rows = LinkRow.query(f"CHAIN#{chain}", scan_index_forward=False, limit=1, consistent_read=True)
    return max((int(row.sk) for row in rows), default=0)


def _link(chain: int, row: LinkRow) -> Link:
    return Link(chain, int(row.sk), row.entry_id, row.entry_digest, row.at, row.prev, row.hash)


def digests(entry_ids: Iterable[str]) -> dict[str, str]:
    """The digests of entries, taken afresh over what they say now; missing entries are left out."""
    keys: list[Any] = [(f"ENTRY#{entry_id}", "ENTRY") for entry_id in entry_ids]
    return {row.entry_id: honest_digest(row) for row in EntryRow.batch_get(keys, consistent_read=True)}


def honest_digest(row: EntryRow) -> str:
    """The digest over what the entry says, or nothing when its keys or its own digest do not agree."""
    agrees = row.pk == f"ENTRY#{row.entry_id}" and row.by_target_pk == row.target
    made = audit.digest(row)
    return made if agrees and row.digest == made else ""


def entry_of(image: dict[str, Any]) -> Entry:
    """An entry from a stream's image; its digest is taken over what it says."""
    row = EntryRow()
    row.deserialize(image)
    return Entry(row.entry_id, audit.digest(row))


def entry_ids(day: str, shard: int) -> Iterator[tuple[str, str]]:
    """Id and time of each entry written on a day, of one of its shards."""
    for row in EntryRow.by_day.query(audit.day_key(day, shard)):
        yield row.entry_id, row.at


def entries(target: str, limit: int, token: str | None) -> tuple[list[EntryRow], str | None]:
    """A page of the entries about a target, the latest first, and the next page's token."""
    scope = f"audit_entries#{target}"
    found = EntryRow.by_target.query(
        target,
        scan_index_forward=False,
        limit=limit,
        last_evaluated_key=tables.position(token, scope),
    )
    return tables.page(found, scope)
