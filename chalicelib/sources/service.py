"""Receiving department files, and reading what was kept of them.

Whatever needs PyArrow is imported when it is called: the API loads this module too.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib import clock
from chalicelib.sources import catalogue, model, names, retention, rights, store, watching
from chalicelib.sources.model import Contract
from chalicelib.sources.model import Delivery as Delivery
from chalicelib.sources.model import Report as Report
from chalicelib.sources.model import Unreadable as Unreadable
from chalicelib.sources.packing import LIMITS, Limits
from chalicelib.sources.store import FileRow
from chalicelib.sources.watching import Standing as Standing

contract = catalogue.contract
contracts = catalogue.contracts
people_sources = catalogue.people_sources
regions = catalogue.regions
PART = rights.PART


def receive(
    delivery: Delivery,
    now: datetime,
    scratch: Path,
    limits: Limits = LIMITS,
    contract_of: Callable[[str], Contract] = catalogue.contract,
) -> Report:
    """Take one delivered file in: check it, keep what can be used, report, and tell who waits for it.

    Doing it again is harmless. Raises ``Unreadable`` only for a key that cannot be read (``refuse_key``
    records it); passing faults of the cloud are raised as they are, so that the event comes again.
    """
    from chalicelib.sources import arrivals

    return arrivals.receive(delivery, now, scratch, limits, contract_of)


def refuse_key(key: str, code: str, now: datetime) -> None:
    """Park an object whose key cannot be read, and report on it where the department will look, if anywhere."""
    from chalicelib.sources import arrivals

    arrivals.refuse_key(key, code, now)


class Part(NamedTuple):
    """An object of the curated or linkage zone; ``order`` ranks files of a source, later ones count."""

    source: str
    key: str
    day: date
    order: int


def current_files(source: str) -> list[FileRow]:
    """The files whose rows count now, the oldest first. Of a snapshot source: the newest whole file and what came after."""
    counting = [row for row in store.files(source) if row.state != "retiring"]
    rows = sorted(counting, key=lambda row: (row.date, row.kept_at))
    whole = [place for place, row in enumerate(rows) if row.mode == "snapshot" and row.whole]
    return rows[whole[-1] :] if whole else rows


def current_parts(source: str, zone: str = "curated") -> list[Part]:
    """All parts of a source's current files in a zone (``curated`` or ``linkage``)."""
    return [
        Part(source, model.part_key(zone, source, bucket, row.file), date.fromisoformat(row.date), order)  # type: ignore[arg-type]
        for order, row in enumerate(current_files(source))
        for bucket in range(int(row.buckets))
    ]


def facts(source: str, person_keys: list[str]) -> list[dict[str, Any]]:
    """What a source knows of a person, under any of the person's keys; the newest row of each record.

    Reads one bucket of each current file. Rows are the curated columns with ``source``; dates are ISO
    texts. Empty when the source knows nothing, or has sent nothing: silence, never a zero.
    """
    from chalicelib.sources import lookup

    return lookup.facts(source, person_keys, current_files(source))


def facts_of_many(source: str, people: Mapping[str, str], scratch: Path) -> dict[str, list[dict[str, Any]]]:
    """What a source knows of many people, by the ids that their person keys are mapped to; each as ``facts`` has it.

    Each bucket of each current file is read once, however many people are in it.
    """
    from chalicelib.sources import together

    return together.facts_of_many(source, people, current_files(source), scratch)


def standings(now: datetime) -> list[Standing]:
    """How every source stands today: late, smaller or larger than usual, or as it should be."""
    today = clock.local_date(now)
    return [
        watching.standing(agreed, [store.past(row) for row in store.files(source)], today)
        for source, agreed in catalogue.contracts().items()
    ]


def retire(today: date, now: datetime) -> dict[str, int]:
    """Drop what is beyond its contract's retention on a day; returns rows dropped by source."""
    return retention.retire(today, now)


def erase(now: datetime, scratch: Path, proceed: Callable[[], bool] = lambda: True) -> dict[str, int | bool]:
    """Take the rows of all who asked for deletion out of the files; again until ``done``."""
    from chalicelib.sources import rewriting

    return rewriting.erase(now, scratch, proceed)._asdict()


def rekey(
    successors: Callable[[list[str]], dict[str, str]],
    now: datetime,
    scratch: Path,
    proceed: Callable[[], bool] = lambda: True,
) -> dict[str, int | bool]:
    """Bring the files under the current person key; again until ``done`` (``rewriting.rekey``)."""
    from chalicelib.sources import rewriting

    return rewriting.rekey(successors, now, scratch, proceed)._asdict()


def park(function: str, where: str, code: str, now: datetime) -> None:
    """Record a message or file that no repetition will make work."""
    store.park(function, where, code, now)


class NameTables(NamedTuple):
    """What names are compared with: files of characters, words that are no part of a name, long surnames."""

    readings: Path
    plain: Path
    titles: tuple[str, ...]
    compound_surnames: frozenset[str]


def name_tables() -> NameTables:
    """The tables that arriving names are cleaned with, for whoever cleans a whole city at once."""
    data = names.DATA
    return NameTables(
        data / "name_characters.csv", data / "plain_characters.csv", names.titles(), names.compound_surnames()
    )
