"""What PIPL art. 45 to 47 give to everyone: a copy of what is held, and deletion that deletes."""

from datetime import date, datetime
from typing import Final

from chalicelib import audit, clock, sealing
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import Unauthenticated
from chalicelib.identity import consents, disclosures, model, parts, people, store
from chalicelib.tables import REPEATS_KEPT, Delete, Put, Row, Update, Write, transact

_LOGS_LAW: Final = "网络安全法第二十三条；个人信息保护法第五十六条"
_REPEATS_LAW: Final = "重复提交保护，七日后自动删除"


def export(actor: Actor, now: datetime) -> model.Export:
    """Everything held about the caller, in the clear, other contexts' parts included; the export is audited."""
    account = store.account(actor.session)
    if account is None:
        raise Unauthenticated("session_revoked")
    held = store.all_disclosures(actor.id)
    answer = model.Export(
        made_at=clock.iso(now),
        account={
            "id": account.account_id,
            "created_at": account.created_at,
            "openid": sealing.open_sealed(account.account_id, account.openid, "openid"),
        },
        person=_person(account.person_id),
        consents=consents.consents(actor.id),
        disclosures=[disclosures.view(actor.id, row) for row in held],
        others=parts.exports(actor.id, now),
    )
    transact(audit.entry(actor, "person.exported", actor.id, now))
    return answer


def _person(person_id: str | None) -> dict[str, str | bool | None] | None:
    row = store.person(person_id) if person_id else None
    if row is None:
        return None
    profile = people.opened(row)
    return {
        "id": profile.person_id,
        "name": profile.name,
        "id_number": profile.id_number,
        "phone": profile.phone,
        "birth_date": profile.birth_date.isoformat() if profile.birth_date else None,
        "sex": profile.sex,
        "verified_at": row.verified_at,
        "created_at": row.created_at,
    }


def delete(actor: Actor, now: datetime) -> model.Deletion:
    """Delete the caller: other contexts first, then consents and disclosures, then account, person and keys.

    The account and the data keys go in one transaction with the audit entry; without its key a person's
    sealed fields are noise in every backup. What a law keeps is named; where that cannot be without the
    sealed name and ID number, these stay until the law's date and the phone and account go. Safe to
    repeat until it is through. Contexts may refuse with ``Conflict`` while something is open.
    """
    account = store.account(actor.session)
    if account is None:
        raise Unauthenticated("session_revoked")
    kept = parts.erase(actor.id, now)
    person = store.person(account.person_id) if account.person_id else None
    for owner in {actor.id, actor.session}:
        store.delete_all([*store.consents(owner), *store.all_disclosures(owner)])
    needed = [one.until for one in kept if one.needs_identity]
    writes = _account_deletes(account)
    if person is not None and needed:
        writes += _retain(person, needed)
    elif person is not None:
        writes += _person_deletes(person)
    transact(*writes, audit.entry(actor, "person.deleted", actor.id, now, kept=len(kept)))
    sealing.forget_cached()
    return model.Deletion(
        deleted_at=clock.iso(now), identity_deleted=not needed, kept=[*kept, *_always_kept(now)]
    )


def _account_deletes(account: store.AccountRow) -> list[Write]:
    rows: list[Row] = [
        account,
        store.openid_row(account.openid_index, account.account_id),
        store.data_key_row(account.account_id),
    ]
    return [Delete(row) for row in rows]


def _person_deletes(person: store.PersonRow) -> list[Write]:
    wanted = people.wanted(people.opened(person).id_number)
    mapped = store.person_ids(wanted.all_keys)
    mappings = [
        Delete(store.key_row(key, person.person_id))
        for key in wanted.all_keys
        if mapped.get(key) == person.person_id
    ]
    return [*mappings, Delete(person), Delete(store.data_key_row(person.person_id))]


def _retain(person: store.PersonRow, needed: list[date | None]) -> list[Write]:
    """Keep the sealed name and number only, until the last date; ``9999`` when a law does not say."""
    until = max(day or date.max for day in needed).isoformat()
    removed = [store.PersonRow.phone.remove(), store.PersonRow.account_id.remove()]
    keep = Update(person, [*removed, store.PersonRow.retained_until.set(until)])
    return [keep, Put(store.retained_row(person.person_id, until))]


def purge(now: datetime) -> int:
    """Delete for good those whom a law kept until before today; returns how many. Safe to repeat.

    Who has bound an account again meanwhile stays.
    """
    purged = 0
    for row in store.retained_before(clock.local_date(now).isoformat()):
        person = store.person(row.person_id)
        writes: list[Write] = [Delete(row)]
        if person is not None and person.retained_until and not person.account_id:
            note = audit.entry(SYSTEM, "person.purged", person.person_id, now)
            writes += [*_person_deletes(person), note]
            purged += 1
        transact(*writes)
    sealing.forget_cached()
    return purged


def _always_kept(now: datetime) -> list[model.Kept]:
    """What every deletion leaves: entries under an id that no longer leads to anybody."""
    logs = clock.local_date(now + disclosures.KEPT)
    repeats = clock.local_date(now + REPEATS_KEPT)
    return [
        model.Kept(what="audit_entries", law=_LOGS_LAW, until=logs),
        model.Kept(what="request_answers", law=_REPEATS_LAW, until=repeats),
    ]
