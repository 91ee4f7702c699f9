"""Links, heads and roots, and what their hashes are taken over. No I/O."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from chalicelib import clock
from chalicelib.shapes import Shape

NOTHING: Final = "0" * 64
ENTRIES_A_TRANSACTION: Final = 30
GRACE_SECONDS: Final = 15 * 60
MOST_DAYS: Final = 31
MOST_BREAKS: Final = 100

Kind = Literal[
    "entry_changed",
    "entry_missing",
    "link_missing",
    "link_changed",
    "link_order",
    "chain_rewritten",
    "head_changed",
    "tail_removed",
    "root_missing",
    "root_unreadable",
    "root_replaced",
    "root_signature",
    "root_order",
]


@dataclass(frozen=True)
class Entry:
    """What a link needs of an entry: its id and the digest taken over what it says."""

    entry_id: str
    digest: str


@dataclass(frozen=True)
class Head:
    """A chain's last link: its number, its hash, and when it was linked."""

    chain: int
    seq: int = 0
    hash: str = NOTHING
    at: str = ""


@dataclass(frozen=True)
class Link:
    """An entry's place in a chain. ``hash`` covers everything else, the link before included."""

    chain: int
    seq: int
    entry_id: str
    entry_digest: str
    at: str
    prev: str
    hash: str

    @property
    def head(self) -> Head:
        """The chain's head when this link was its last."""
        return Head(self.chain, self.seq, self.hash, self.at)


def digest_of(value: Any) -> str:
    """SHA-256 over a value's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def link_hash(chain: int, seq: int, entry_id: str, entry_digest: str, at: str, prev: str) -> str:
    """The hash of a link with these contents."""
    return digest_of([chain, seq, entry_id, entry_digest, at, prev])


def extend(head: Head, entries: Iterable[Entry], now: datetime) -> list[Link]:
    """The links that bind entries behind a head, in their order; their time never runs backwards."""
    links: list[Link] = []
    at = max(head.at, clock.iso(now))
    for entry in entries:
        seq, prev = head.seq + 1, head.hash
        made = link_hash(head.chain, seq, entry.entry_id, entry.digest, at, prev)
        links.append(Link(head.chain, seq, entry.entry_id, entry.digest, at, prev, made))
        head = links[-1].head
    return links


class HeadView(Shape):
    """A chain's end as a root states it."""

    chain: int
    seq: int
    hash: str


class Root(Shape):
    """One day's heads; ``previous`` is the hash of the root of the day before it, of zeros for the first."""

    version: Literal[1] = 1
    date: str
    heads: list[HeadView]
    previous: str

    @property
    def hash(self) -> str:
        """What is signed, and what the next root carries as ``previous``."""
        return digest_of(self.model_dump())


class Signature(Shape):
    """Who signed a root and how; ``value`` is base64."""

    key: str
    algorithm: str
    value: str


class SealedRoot(Shape):
    """A root as it lies in the audit bucket under ``roots/{date}.json``."""

    root: Root
    signature: Signature


class Break(Shape):
    """Where the trail does not hold."""

    kind: Kind
    chain: int | None = None
    seq: int | None = None
    entry: str | None = None
    date: str | None = None


class Verdict(Shape):
    """What verification found.

    ``pending``: entries older than the grace time without a link; ``unsealed``: closed days after the
    last root, which the daily job seals when it next runs.
    """

    intact: bool
    chains: int
    entries: int
    roots: int
    breaks: list[Break]
    pending: int
    unsealed: int


class Lock(Shape):
    """How long a root cannot be removed; in ``COMPLIANCE`` mode by nobody, the account's root included."""

    mode: Literal["COMPLIANCE", "GOVERNANCE"]
    days: int


# PIPL art. 56 keeps impact records 3 years, the Cybersecurity Law art. 21 logs for 6 months at least.
LOCKS: Final = {
    "prod": Lock(mode="COMPLIANCE", days=3 * 366),
    "staging": Lock(mode="GOVERNANCE", days=30),
    "dev": Lock(mode="GOVERNANCE", days=1),
    "local": Lock(mode="GOVERNANCE", days=1),
}


def check_link(link: Link, before: Head) -> list[Break]:
    """What is wrong with a link that should follow ``before``."""
    found: list[Break] = []
    if link_hash(link.chain, link.seq, link.entry_id, link.entry_digest, link.at, link.prev) != link.hash:
        found.append(_break("link_changed", link))
    elif link.seq == before.seq + 1 and link.prev != before.hash:
        found.append(_break("link_order", link))
    return found


def missing(chain: int, before: int, after: int) -> list[Break]:
    """The links that should lie between two numbers."""
    return [Break(kind="link_missing", chain=chain, seq=n) for n in range(before + 1, after)][:MOST_BREAKS]


def _break(kind: Kind, link: Link) -> Break:
    return Break(kind=kind, chain=link.chain, seq=link.seq, entry=link.entry_id)


def check_entries(links: Iterable[Link], digests: dict[str, str]) -> list[Break]:
    """Links whose entry is gone or no longer says what was linked; ``digests`` taken afresh by entry id."""
    found: list[Break] = []
    for link in links:
        if link.entry_id not in digests:
            found.append(_break("entry_missing", link))
        elif digests[link.entry_id] != link.entry_digest:
            found.append(_break("entry_changed", link))
    return found
