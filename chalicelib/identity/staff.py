"""Members of staff: bringing them in, who is responsible where."""

from collections.abc import Iterable
from datetime import datetime

from chalicelib import audit
from chalicelib.actors import SYSTEM
from chalicelib.identity import model, store
from chalicelib.tables import batch_put, transact


def import_staff(members: Iterable[model.StaffMember], now: datetime) -> int:
    """Write the members and their regions; roles and regions no longer theirs go. Returns how many.

    An operator's job. Safe to run again.
    """
    known = {member.user_id: member for member in members}
    existing = store.existing_staff(known)
    rows = [
        row for member in known.values() for row in store.staff_rows(member, existing.get(member.user_id))
    ]
    kept = {(row.pk, row.sk) for row in rows}
    over = [
        row for user_id in existing for row in store.scope_rows_of(user_id) if (row.pk, row.sk) not in kept
    ]
    store.delete_all(over)
    batch_put(rows)
    transact(audit.entry(SYSTEM, "staff.imported", "staff", now, count=len(known)))
    return len(known)


def staff_for(role: str, region: str) -> list[model.StaffMember]:
    """The members with this role whose scope covers the region, the closest scope first.

    At most two queries. Each comes with the one scope that covers, not with all of theirs.
    """
    found: dict[str, model.StaffMember] = {}
    rows = sorted(store.responsible(role, region), key=lambda row: (-len(row.scope), row.user_id))
    for row in rows:
        member = model.StaffMember(
            user_id=row.user_id,
            name=row.name,
            roles=(role,),
            scopes=(row.scope,),
            department=row.department,
        )
        if member.covers(region):
            found.setdefault(row.user_id, member)
    return list(found.values())


def staff_member(user_id: str) -> model.StaffMember | None:
    """The member with all roles and scopes; None when unknown or no longer active."""
    row = store.staff(user_id)
    if row is None or not row.active:
        return None
    return model.StaffMember(
        user_id=row.user_id,
        name=row.name,
        roles=tuple(row.roles.split()),
        scopes=tuple(row.scopes.split()),
        department=row.department,
    )
