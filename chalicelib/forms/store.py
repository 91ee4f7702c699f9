"""What a person has begun, in DynamoDB: ``PERSON#<id>`` holds ``DRAFT#<kind>``, one for each kind, and ``FACTS``."""

from datetime import datetime

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib import clock, tables
from chalicelib.tables import Delete, Put, Row, Update


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


class FactsRow(FormItem, discriminator="facts"):
    """What departments' files say of a person, sealed; without ``sealed`` it was asked for and is on its way."""

    asked_at = UnicodeAttribute()
    gathered_at = UnicodeAttribute(null=True)
    sealed = UnicodeAttribute(null=True)


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


def everything(person_id: str) -> list[FormItem]:
    """All that is kept of a person, what is over included; a few items at most."""
    return list(FormItem.query(person_pk(person_id)))


def facts(person_id: str, now: datetime) -> FactsRow | None:
    """What departments said of the person, or was asked for; None when nothing was or its time is over."""
    row: FactsRow | None = FactsRow.find(person_pk(person_id), "FACTS", consistent=True)
    return None if row is None or row.is_over(now) else row


def ask_facts(person_id: str, now: datetime, ends: datetime) -> Update:
    """The write that says that departments were asked."""
    actions: list[Action] = [
        FactsRow.row.set(FactsRow),
        FactsRow.asked_at.set(clock.iso(now)),
        FactsRow.expires_at.set(int(ends.timestamp())),
    ]
    return Update(FactsRow(person_pk(person_id), "FACTS"), actions)


def keep_facts(person_id: str, sealed: str, now: datetime) -> Update:
    """The write of what was gathered; refused when the person was deleted since it was asked for."""
    actions: list[Action] = [FactsRow.sealed.set(sealed), FactsRow.gathered_at.set(clock.iso(now))]
    return Update(FactsRow(person_pk(person_id), "FACTS"), actions, FactsRow.pk.exists())
