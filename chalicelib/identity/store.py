"""The table ``identity``: accounts, people, key mappings, staff, disclosures, consents, throttles.

Keys are built here and nowhere else. ``docs/access_patterns.md`` lists what is asked of them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from chalicelib import sealing
from chalicelib.identity import model
from chalicelib.tables import Row, index_meta, meta, page, position


class AccountRow(Row):
    """One WeChat user. The openid is sealed under the account's own data key.

    ``valid_from`` (epoch milliseconds): sessions issued at or before it are over.
    """

    Meta = meta("identity")
    account_id = UnicodeAttribute()
    openid = UnicodeAttribute()
    openid_index = UnicodeAttribute()
    person_id = UnicodeAttribute(null=True)
    valid_from = NumberAttribute(default=0)
    created_at = UnicodeAttribute()


class OpenidRow(Row):
    """From the blind index of an openid to the account."""

    Meta = meta("identity")
    account_id = UnicodeAttribute()


class PersonRow(Row):
    """One human being: sealed ID number, name and phone; the account when one is bound."""

    Meta = meta("identity")
    person_id = UnicodeAttribute()
    id_number = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    verified_at = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    retained_until = UnicodeAttribute(null=True)
    minor_through = UnicodeAttribute(null=True)


class PersonKeyRow(Row):
    """From a person key (``version:hex``) to the person.

    ``successor`` is the same person's key under the newer secret, while both are readable.
    """

    Meta = meta("identity")
    person_id = UnicodeAttribute()
    successor = UnicodeAttribute(null=True)


class StaffRow(Row):
    """One member of staff; roles and scopes are words in one text, separated by spaces.

    ``valid_from`` as for accounts; ``active`` false ends every session at once.
    """

    Meta = meta("identity")
    user_id = UnicodeAttribute()
    name = UnicodeAttribute()
    roles = UnicodeAttribute()
    scopes = UnicodeAttribute(default="")
    department = UnicodeAttribute(null=True)
    active = BooleanAttribute(default=True)
    valid_from = NumberAttribute(default=0)
    covers = UnicodeAttribute(null=True)


class ByScope(GlobalSecondaryIndex[Model]):
    """Who is responsible where: ``role#town`` or ``role#wide``, then ``scope#user``."""

    Meta = index_meta("by_scope")
    by_scope_pk = UnicodeAttribute(hash_key=True)
    by_scope_sk = UnicodeAttribute(range_key=True)


class StaffScopeRow(Row):
    """One role of one member in one region, so that the responsible are found by region."""

    Meta = meta("identity")
    user_id = UnicodeAttribute()
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    scope = UnicodeAttribute()
    department = UnicodeAttribute(null=True)
    by_scope_pk = UnicodeAttribute()
    by_scope_sk = UnicodeAttribute()
    by_scope = ByScope()


class DisclosureRow(Row):
    """A member of staff saw something of this person: once a day for each staff, purpose and thing."""

    Meta = meta("identity")
    at = UnicodeAttribute()
    staff = UnicodeAttribute()
    role = UnicodeAttribute()
    department = UnicodeAttribute(null=True)
    purpose = UnicodeAttribute()
    what = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)


class MinorAccessRow(Row):
    """The separate log of accesses to children's data, by month."""

    Meta = meta("identity")
    at = UnicodeAttribute()
    staff = UnicodeAttribute()
    role = UnicodeAttribute()
    person_id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    what = UnicodeAttribute()
    approved = BooleanAttribute()


class ConsentRow(Row):
    """What an account or person consented to; ``subject`` is the child for a guardian's consent."""

    Meta = meta("identity")
    kind = UnicodeAttribute()
    given = BooleanAttribute()
    at = UnicodeAttribute()
    text_version = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)


class RetainedRow(Row):
    """A deleted person whose sealed name and number a law keeps until a day."""

    Meta = meta("identity")
    person_id = UnicodeAttribute()


class JobRow(Row):
    """How far a walk over the table has come."""

    Meta = meta("identity")
    cursor = UnicodeAttribute(null=True)
    done = BooleanAttribute(default=False)
    walked = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)


class ThrottleRow(Row):
    """How often something happened in one fixed window."""

    Meta = meta("identity")
    times = NumberAttribute(default=0)


def account_row(account_id: str) -> AccountRow:
    """An account's row with its keys only."""
    return AccountRow(f"ACCOUNT#{account_id}", "ACCOUNT", account_id=account_id)


def openid_row(index: str, account_id: str) -> OpenidRow:
    """The mapping from an openid's blind index."""
    return OpenidRow(f"OPENID#{index}", "OPENID", account_id=account_id)


def person_row(person_id: str) -> PersonRow:
    """A person's row with its keys only."""
    return PersonRow(f"PERSON#{person_id}", "PERSON", person_id=person_id)


def key_row(key: str, person_id: str) -> PersonKeyRow:
    """The mapping from a person key."""
    return PersonKeyRow(f"PKEY#{key}", "PKEY", person_id=person_id)


def data_key_row(owner_id: str) -> sealing.DataKeyRow:
    """The row of an owner's data key with its keys only: to delete it within a transaction."""
    return sealing.DataKeyRow(owner_id, "DATA_KEY")


def account(account_id: str) -> AccountRow | None:
    """The account as it is this moment, so that a sign-out counts at once."""
    found: AccountRow | None = AccountRow.find(f"ACCOUNT#{account_id}", "ACCOUNT", consistent=True)
    return found


def account_of_openid(index: str) -> str | None:
    """The account with this openid."""
    row = OpenidRow.find(f"OPENID#{index}", "OPENID", consistent=True)
    return str(row.account_id) if row else None


def person(person_id: str) -> PersonRow | None:
    """The person's row."""
    found: PersonRow | None = PersonRow.find(f"PERSON#{person_id}", "PERSON", consistent=True)
    return found


def people(person_ids: Iterable[str]) -> dict[str, PersonRow]:
    """The rows of many people, 100 a request; unknown ones are left out."""
    wanted = [(f"PERSON#{person_id}", "PERSON") for person_id in dict.fromkeys(person_ids)]
    return {row.person_id: row for row in PersonRow.batch_get(wanted)}


def person_ids(person_keys: Iterable[str]) -> dict[str, str]:
    """From person keys to person ids, 100 a request; unknown ones are left out."""
    return {key: row.person_id for key, row in key_rows(person_keys).items()}


def staff(user_id: str) -> StaffRow | None:
    """The member's row as it is this moment, so that a withdrawn role ends at once."""
    found: StaffRow | None = StaffRow.find(f"STAFF#{user_id}", "STAFF", consistent=True)
    return found


def existing_staff(user_ids: Iterable[str]) -> dict[str, str | None]:
    """Which of these members have a row already, with the covers in it; 100 a request."""
    wanted = [(f"STAFF#{user_id}", "STAFF") for user_id in user_ids]
    return {row.user_id: row.covers for row in StaffRow.batch_get(wanted)}


def staff_rows(member: model.StaffMember, covers: str | None = None) -> list[Row]:
    """All rows of a member: the member's own, with its covers, and one for each role in each region."""
    row = StaffRow(f"STAFF#{member.user_id}", "STAFF", user_id=member.user_id, name=member.name)
    row.roles, row.scopes = " ".join(member.roles), " ".join(member.scopes)
    row.department, row.covers = member.department, covers
    return [row, *(_scope_row(member, role, scope) for role in member.roles for scope in member.scopes)]


def _scope_row(member: model.StaffMember, role: str, scope: str) -> StaffScopeRow:
    row = StaffScopeRow(f"STAFF#{member.user_id}", f"SCOPE#{role}#{scope}", user_id=member.user_id)
    row.name, row.role, row.scope, row.department = member.name, role, scope, member.department
    row.by_scope_pk, row.by_scope_sk = model.scope_group(role, scope), f"{scope}#{member.user_id}"
    return row


def scope_rows_of(user_id: str) -> list[StaffScopeRow]:
    """The role-and-region rows of a member."""
    return list(StaffScopeRow.query(f"STAFF#{user_id}", StaffScopeRow.sk.startswith("SCOPE#")))


def responsible(role: str, region: str) -> list[StaffScopeRow]:
    """Whose scope in this role may cover the region: one or two queries; the caller checks the rest."""
    return [
        row
        for group in model.scope_groups(role, region)
        for row in StaffScopeRow.by_scope.query(group)
        if isinstance(row, StaffScopeRow)
    ]


def disclosures(person_id: str, token: str | None, limit: int) -> tuple[list[DisclosureRow], str | None]:
    """A page of a person's disclosures, the latest day first."""
    scope = f"disclosures#{person_id}"
    found = DisclosureRow.query(
        f"PERSON#{person_id}",
        DisclosureRow.sk.startswith("DISCLOSURE#"),
        scan_index_forward=False,
        limit=limit,
        last_evaluated_key=position(token, scope),
    )
    return page(found, scope)


def all_disclosures(person_id: str) -> list[DisclosureRow]:
    """All of a person's disclosures: for export and deletion."""
    return list(DisclosureRow.query(f"PERSON#{person_id}", DisclosureRow.sk.startswith("DISCLOSURE#")))


def minor_accesses(month: str, token: str | None, limit: int) -> tuple[list[MinorAccessRow], str | None]:
    """A page of a month's accesses to children's data, in order of time."""
    scope = f"minors#{month}"
    found = MinorAccessRow.query(
        f"MINOR_ACCESS#{month}", limit=limit, last_evaluated_key=position(token, scope)
    )
    return page(found, scope)


def consent_row(owner: str, kind: str, subject: str | None) -> ConsentRow:
    """A consent's row with its keys only."""
    return ConsentRow(f"CONSENT#{owner}", f"{kind}#{subject or ''}", kind=kind, subject=subject)


def consent(owner: str, kind: str, subject: str | None) -> ConsentRow | None:
    """One consent as it is this moment."""
    found: ConsentRow | None = ConsentRow.find(f"CONSENT#{owner}", f"{kind}#{subject or ''}", consistent=True)
    return found


def consents(owner: str) -> list[ConsentRow]:
    """All consents of an account or person."""
    return list(ConsentRow.query(f"CONSENT#{owner}", consistent_read=True))


def retained_row(person_id: str, until: str) -> RetainedRow:
    """The note that a person goes for good after this ISO date."""
    return RetainedRow("RETAINED", f"{until}#{person_id}", person_id=person_id)


def retained_before(day: str) -> list[RetainedRow]:
    """Those whose day is before this ISO date."""
    return list(RetainedRow.query("RETAINED", RetainedRow.sk < day))


def job_row(name: str) -> JobRow:
    """How far a job has come; a fresh row when it has not begun."""
    found: JobRow | None = JobRow.find(f"JOB#{name}", "JOB", consistent=True)
    return found or JobRow(f"JOB#{name}", "JOB")


def keys_of_version(version: str, after: dict[str, dict[str, Any]] | None) -> ResultIterator[PersonKeyRow]:
    """All mappings of one version of the person key: a walk over the table, for the re-key job alone."""
    return PersonKeyRow.scan(
        PersonKeyRow.pk.startswith(f"PKEY#{version}:"), last_evaluated_key=after, page_size=500
    )


def key_rows(person_keys: Iterable[str]) -> dict[str, PersonKeyRow]:
    """The mapping rows of many keys, 100 a request; unknown ones are left out."""
    wanted = [(f"PKEY#{key}", "PKEY") for key in dict.fromkeys(person_keys)]
    rows = PersonKeyRow.batch_get(wanted, consistent_read=True)
    return {row.pk.removeprefix("PKEY#"): row for row in rows}


def count_up(key: str, limit: model.Limit, now: datetime) -> bool:
    """Count one more in the key's window, unless it is full; returns whether there was room."""
    from pynamodb.exceptions import UpdateError

    row = _throttle_row(key, limit, now)
    over = model.window_start(now, limit.seconds) + limit.seconds
    try:
        row.update(
            actions=[
                ThrottleRow.times.set((ThrottleRow.times | 0) + 1),
                ThrottleRow.expires_at.set(over + limit.seconds),
            ],
            condition=ThrottleRow.times.does_not_exist() | (ThrottleRow.times < limit.times),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def count_down(key: str, limit: model.Limit, now: datetime) -> None:
    """Count one less in the key's window."""
    _throttle_row(key, limit, now).update(
        actions=[ThrottleRow.times.set(ThrottleRow.times - 1)], condition=ThrottleRow.times > 0
    )


def counted(key: str, limit: model.Limit, now: datetime) -> int:
    """How often it happened in the window so far."""
    row = _throttle_row(key, limit, now)
    found = ThrottleRow.find(row.pk, row.sk, consistent=True)
    return int(found.times) if found else 0


def _throttle_row(key: str, limit: model.Limit, now: datetime) -> ThrottleRow:
    return ThrottleRow(f"THROTTLE#{key}", f"{limit.seconds}#{model.window_start(now, limit.seconds)}")


def delete_all(rows: Sequence[Row]) -> None:
    """Delete many rows, 25 a request."""
    by_class: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_class.setdefault(type(row), []).append(row)
    for cls, items in by_class.items():
        with cls.batch_write() as batch:
            for item in items:
                batch.delete(item)
