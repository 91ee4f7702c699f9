"""What is known about each delivered file. Table ``sources``.

======================  ===================  =====================================================
pk                      sk                   what
======================  ===================  =====================================================
``SOURCE#{source}``     ``FILE#{date}#{name}``  a file: content, parts, report, state
``DIGEST#{source}#{…}`` ``DIGEST``           which file brought a content first
``PARKED``              ``{function}#{id}``  something that can never work, with its reason
``ERASE``               person key           whose rows are to leave the files, until they have
======================  ===================  =====================================================
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Any, Final

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, UpdateError

from chalicelib import audit, clock
from chalicelib.actors import SYSTEM
from chalicelib.sources.model import Report
from chalicelib.sources.watching import Past
from chalicelib.tables import Delete, Put, Row, meta, transact

PARKED_KEPT: Final = timedelta(days=90)


class FileRow(Row):
    """A delivered file. ``state``: ``kept`` (its rows count, messages and report may be due), ``done``,
    ``retiring`` (its time is over: its rows do not count, and its parts are being deleted).

    ``version`` counts replacements; each change is conditional on it. ``whole``: it did not break off.
    ``keyed`` is the version of the person keys in its parts.
    """

    Meta = meta("sources")
    source = UnicodeAttribute()
    date = UnicodeAttribute()
    name = UnicodeAttribute()
    key = UnicodeAttribute()
    digest = UnicodeAttribute()
    sequencer = UnicodeAttribute(default="")
    state = UnicodeAttribute()
    version = NumberAttribute()
    file = UnicodeAttribute()
    rows = NumberAttribute()
    buckets = NumberAttribute()
    pieces = NumberAttribute(default=0)
    whole = BooleanAttribute(default=True)
    mode = UnicodeAttribute()
    report = UnicodeAttribute()
    kept_at = UnicodeAttribute()
    stale = UnicodeAttribute(default="")
    keyed = UnicodeAttribute(default="1")

    @property
    def stale_parts(self) -> list[str]:
        """The object keys of parts that no longer count and are still to be deleted."""
        return [key for key in self.stale.split("\n") if key]


class DigestRow(Row):
    """The file that first brought a content of a source."""

    Meta = meta("sources")
    file_sk = UnicodeAttribute()


class EraseRow(Row):
    """A person key whose rows are to leave every file."""

    Meta = meta("sources")
    at = UnicodeAttribute()


class ParkedRow(Row):
    """Something that no repetition will make work."""

    Meta = meta("sources")
    function = UnicodeAttribute()
    where = UnicodeAttribute()
    code = UnicodeAttribute()
    at = UnicodeAttribute()


def source_pk(source: str) -> str:
    """The partition of a source's files."""
    return f"SOURCE#{source}"


def file_sk(day: date | str, name: str) -> str:
    """The sort key of a file: by date."""
    return f"FILE#{day}#{name}"


def file(source: str, day: date | str, name: str) -> FileRow | None:
    """What is known about a file, or None."""
    found: FileRow | None = FileRow.find(source_pk(source), file_sk(day, name), consistent=True)
    return found


def files(source: str) -> list[FileRow]:
    """All files of a source, by date and name."""
    return list(FileRow.query(source_pk(source), FileRow.sk.startswith("FILE#"), consistent_read=True))


def past(row: FileRow) -> Past:
    """What a file says for later ones: its day, its rows, its columns."""
    report = Report.model_validate_json(row.report)
    return Past(date.fromisoformat(row.date), report.received, report.drift)


def same_content(source: str, digest: str) -> FileRow | None:
    """The file that still counts with exactly this content, or None."""
    mark: DigestRow | None = DigestRow.find(f"DIGEST#{source}#{digest}", "DIGEST", consistent=True)
    if mark is None:
        return None
    found: FileRow | None = FileRow.find(source_pk(source), mark.file_sk, consistent=True)
    return found if found and found.digest == digest else None


def ask_erasure(person_keys: Iterable[str], now: datetime) -> None:
    """Remember whose rows are to leave the files; asking again changes nothing."""
    for key in person_keys:
        EraseRow("ERASE", key, at=clock.iso(now)).save()


def erasures() -> set[str]:
    """The person keys whose rows are still to leave the files."""
    return {row.sk for row in EraseRow.query("ERASE", consistent_read=True)}


def erased(person_keys: Iterable[str], now: datetime, rows: int) -> None:
    """Forget the keys themselves once their rows are gone, with one entry in the trail."""
    found = sorted(person_keys)
    for some in batched(found, 98):
        entry = audit.entry(SYSTEM, "curated.erased", "sources", now, people=len(some), rows=rows)
        transact(*(Delete(EraseRow("ERASE", key)) for key in some), entry)


def rename(row: FileRow, file: str, stale: list[str], **changes: str | int) -> bool:
    """Let a file's rows be read from other parts; ``stale`` are the keys of those that no longer count.

    False when the file changed meanwhile: then the new parts are of no use.
    """
    actions = [FileRow.file.set(file), FileRow.stale.set("\n".join(stale)), FileRow.version.add(1)]
    actions += [getattr(FileRow, name).set(value) for name, value in changes.items()]
    return _changed(row, *actions)


def tidied(row: FileRow) -> bool:
    """Say that the parts which no longer count are deleted."""
    return _changed(row, FileRow.stale.set(""))


def retire(row: FileRow) -> bool:
    """Let a file's rows count no longer, before its parts go; False when it changed meanwhile."""
    return _changed(row, FileRow.state.set("retiring"))


def retired(row: FileRow, now: datetime) -> None:
    """Forget a file whose parts are deleted, with an entry in the trail."""
    entry = audit.entry(
        SYSTEM, "curated.retired", row.source, now, file_date=row.date, rows=int(row.rows), file=row.file
    )
    transact(Delete(row), Delete(DigestRow(f"DIGEST#{row.source}#{row.digest}", "DIGEST")), entry)


def _changed(row: FileRow, *actions: Any) -> bool:
    try:
        row.update(actions=list(actions), condition=FileRow.version == row.version)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def keep(row: FileRow, before: FileRow | None) -> None:
    """Make a file's new content count, in one write with the mark of its content.

    Raises ``tables.Cancelled`` when the file changed since ``before`` was read.
    """
    unchanged = FileRow.version == before.version if before else FileRow.pk.does_not_exist()
    mark = DigestRow(f"DIGEST#{row.source}#{row.digest}", "DIGEST", file_sk=row.sk)
    transact(Put(row, unchanged), Put(mark))


def mark_done(row: FileRow) -> None:
    """Say that messages and report of this content are out; nothing when a newer content is there."""
    _changed(row, FileRow.state.set("done"), FileRow.stale.set(""))


def drop(row: FileRow) -> None:
    """Forget a file that a newer snapshot made obsolete; nothing when it changed meanwhile."""
    try:
        row.delete(condition=FileRow.version == row.version)
    except DeleteError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def park(function: str, where: str, code: str, now: datetime) -> None:
    """Record what can never work. ``where`` is an object key or a message id; the same one, one row."""
    sk = f"{function}#{hashlib.sha256(where.encode()).hexdigest()[:24]}"
    row = ParkedRow("PARKED", sk, function=function, where=where, code=code, at=clock.iso(now))
    row.expires_at = int((now + PARKED_KEPT).timestamp())
    row.save()


def parked(now: datetime) -> list[ParkedRow]:
    """All that is parked, by function."""
    return [row for row in ParkedRow.query("PARKED") if not row.is_over(now)]
