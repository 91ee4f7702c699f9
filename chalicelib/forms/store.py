"""Drafts in DynamoDB: ``PERSON#<id>`` holds ``DRAFT#<kind>``, one for each kind."""

from datetime import datetime

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute

from chalicelib import tables
from chalicelib.tables import Delete, Put, Row


class FormItem(Row):
    """Any item of the forms that belongs to a person."""

    Meta = tables.meta("forms")
    row = DiscriminatorAttribute()


class DraftRow(FormItem, discriminator="draft"):
    """A form half filled; the answers are sealed for the person."""

    kind = UnicodeAttribute()
    form_version = UnicodeAttribute()
    revision = NumberAttribute()
    sealed = UnicodeAttribute()
    saved_at = UnicodeAttribute()


def person_pk(person_id: str) -> str:
    """The partition of what a person has begun."""
    return f"PERSON#{person_id}"


def draft(person_id: str, kind: str, now: datetime) -> DraftRow | None:
    """The person's draft of a kind, or None when there is none or its time is over."""
    row: DraftRow | None = DraftRow.find(person_pk(person_id), f"DRAFT#{kind}", consistent=True)
    return None if row is None or row.is_over(now) else row


def all_drafts(person_id: str) -> list[DraftRow]:
    """All drafts of a person, those whose time is over too; one for each kind at most."""
    return list(DraftRow.query(person_pk(person_id), DraftRow.sk.startswith("DRAFT#")))


def drafts(person_id: str, now: datetime) -> list[DraftRow]:
    """The drafts of a person whose time is not over."""
    return [row for row in all_drafts(person_id) if not row.is_over(now)]


def save_draft(row: DraftRow, before: int, now: datetime) -> Put:
    """The write of a draft, refused when another device saved since revision ``before``."""
    unchanged = DraftRow.revision == before
    if before == 0:
        unchanged = DraftRow.pk.does_not_exist() | (DraftRow.expires_at <= int(now.timestamp()))
    return Put(row, unchanged)


def drop_draft(person_id: str, kind: str) -> Delete:
    """The write that forgets a draft; none being there is as good."""
    return Delete(DraftRow(person_pk(person_id), f"DRAFT#{kind}"))
