"""What is known about each delivered file. Table ``sources``.

======================  ===================  =====================================================
pk                      sk                   what
======================  ===================  =====================================================
``SOURCE#{source}``     ``FILE#{date}#{name}``  a file: content, parts, report, state
``DIGEST#{source}#{…}`` ``DIGEST``           which file brought a content first
``PARKED``              ``{function}#{id}``  something that can never work, with its reason
======================  ===================  =====================================================
"""

import hashlib
from datetime import date, datetime, timedelta
from typing import Final

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib import clock
from chalicelib.tables import Put, Row, meta, transact

PARKED_KEPT: Final = timedelta(days=90)


class FileRow(Row):
    """A delivered file. ``state``: ``kept`` (its rows count, messages and report may be due), ``done``.

    ``version`` counts replacements; each change is conditional on it. ``whole``: it did not break off.
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

    @property
    def stale_parts(self) -> list[str]:
        """The object keys of parts that no longer count and are still to be deleted."""
        return [key for key in self.stale.split("\n") if key]


class DigestRow(Row):
    """The file that first brought a content of a source."""

    Meta = meta("sources")
    file_sk = UnicodeAttribute()


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


def same_content(source: str, digest: str) -> FileRow | None:
    """The file that still counts with exactly this content, or None."""
    mark: DigestRow | None = DigestRow.find(f"DIGEST#{source}#{digest}", "DIGEST", consistent=True)
    if mark is None:
        return None
    found: FileRow | None = FileRow.find(source_pk(source), mark.file_sk, consistent=True)
    return found if found and found.digest == digest else None


def keep(row: FileRow, before: FileRow | None) -> None:
    """Make a file's new content count, in one write with the mark of its content.

    Raises ``tables.Cancelled`` when the file changed since ``before`` was read.
    """
    unchanged = FileRow.version == before.version if before else FileRow.pk.does_not_exist()
    mark = DigestRow(f"DIGEST#{row.source}#{row.digest}", "DIGEST", file_sk=row.sk)
    transact(Put(row, unchanged), Put(mark))


def mark_done(row: FileRow) -> None:
    """Say that messages and report of this content are out; nothing when a newer content is there."""
    from pynamodb.exceptions import UpdateError

    try:
        row.update(
            actions=[FileRow.state.set("done"), FileRow.stale.set("")],
            condition=FileRow.version == row.version,
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def drop(row: FileRow) -> None:
    """Forget a file that a newer snapshot made obsolete; nothing when it changed meanwhile."""
    from pynamodb.exceptions import DeleteError

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
