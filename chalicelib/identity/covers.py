"""Leave cover: for a period, a member of staff stands in for an absent one of the same roles.

A cover widens regions and never roles: the substitute must have just the roles of the absent member, and
the same department. It lies in the substitute's own row, which every call reads anyway, and ends by itself.
"""

from collections.abc import Sequence
from datetime import date, datetime

from chalicelib import audit, clock
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.identity import model, store
from chalicelib.identity.model import Cover, NewCover, StaffMember
from chalicelib.tables import Cancelled, Once, Update, transact

# Who may arrange cover for others: whoever stands above them in their region.
ABOVE = {
    "grid_worker": {"coordinator", "district_officer", "city_officer"},
    "coordinator": {"district_officer", "city_officer"},
    "reviewer": {"city_officer"},
    "district_officer": {"city_officer"},
}


def arrange(actor: Actor, wanted: NewCover, now: datetime, once: Once | None = None) -> Cover:
    """Let a substitute stand in for the caller, or for somebody whom the caller stands above.

    Raises ``Invalid`` for wrong days, an unknown substitute or one without the same roles and department,
    ``NotFound`` for an absent member unknown or not under the caller, ``Conflict`` when it was changed meanwhile.
    """
    today = clock.local_date(now)
    if not today <= wanted.last or not wanted.first <= wanted.last <= wanted.first + model.LONGEST_COVER:
        raise Invalid("values_invalid", fields=[Field("/last", "cover_period_wrong")])
    absent = _absent(actor, wanted.absent)
    row = store.staff(wanted.substitute)
    if row is None or not _is_equal(row, absent):
        raise Invalid("values_invalid", fields=[Field("/substitute", "cover_not_equal")])
    cover = Cover(
        absent=absent.user_id,
        substitute=row.user_id,
        scopes=list(absent.scopes),
        first=wanted.first,
        last=wanted.last,
    )
    kept = [each for each in covers_in(row) if each.absent != cover.absent and each.last >= today]
    if len(kept) >= model.MOST_COVERS:
        raise Conflict("cover_too_many")
    _save(row, [*kept, cover], actor, now, "staff.covered", once, cover)
    return cover


def end(actor: Actor, substitute: str, absent: str | None, now: datetime) -> None:
    """End a cover before its last day; raises ``NotFound`` when there is none that is the caller's to end."""
    member = _absent(actor, absent)
    row = store.staff(substitute)
    found = covers_in(row) if row else []
    rest = [each for each in found if each.absent != member.user_id]
    if row is None or len(rest) == len(found):
        raise NotFound("cover_unknown")
    _save(row, rest, actor, now, "staff.cover_ended")


def standing_in(user_id: str, now: datetime) -> list[Cover]:
    """For whom a member stands in, today and later."""
    row = store.staff(user_id)
    today = clock.local_date(now)
    return [each for each in covers_in(row) if each.last >= today] if row else []


def covers_in(row: store.StaffRow) -> list[Cover]:
    """The covers that a member's row holds, those that are over included."""
    return [Cover.model_validate_json(line) for line in (row.covers or "").splitlines()]


def scopes_of(row: store.StaffRow, day: date) -> tuple[str, ...]:
    """A member's regions on a day: the own, and those of whom the member stands in for."""
    own = row.scopes.split()
    lent = [scope for each in covers_in(row) if each.first <= day <= each.last for scope in each.scopes]
    return tuple(dict.fromkeys([*own, *lent]))


def _absent(actor: Actor, user_id: str | None) -> StaffMember:
    """The member who will be away: the caller, or somebody under the caller."""
    if not actor.is_staff:
        raise Forbidden("role_not_allowed")
    row = store.staff(user_id or actor.id)
    if row is None:
        raise NotFound("staff_not_found")
    member = StaffMember(
        user_id=row.user_id,
        name=row.name,
        roles=tuple(row.roles.split()),
        scopes=tuple(row.scopes.split()),
        department=row.department,
    )
    if row.user_id != actor.id and not _is_under(actor, member):
        raise NotFound("staff_not_found")
    return member


def _is_under(actor: Actor, member: StaffMember) -> bool:
    above = all(ABOVE.get(role, set()) & actor.roles for role in member.roles)
    return above and bool(member.scopes) and all(actor.covers(scope) for scope in member.scopes)


def _is_equal(row: store.StaffRow, absent: StaffMember) -> bool:
    """Whether the substitute is active, somebody else, and may do what the absent member may, no more."""
    return (
        bool(row.active)
        and row.user_id != absent.user_id
        and set(absent.roles) == set(row.roles.split())
        and row.department == absent.department
    )


def _save(
    row: store.StaffRow,
    covers: Sequence[Cover],
    actor: Actor,
    now: datetime,
    act: str,
    once: Once | None = None,
    answer: Cover | None = None,
) -> None:
    lines = "\n".join(each.model_dump_json() for each in covers)
    change = store.StaffRow.covers.set(lines) if lines else store.StaffRow.covers.remove()
    as_read = store.StaffRow.covers == row.covers if row.covers else store.StaffRow.covers.does_not_exist()
    try:
        transact(
            Update(store.StaffRow(row.pk, row.sk), [change], as_read & store.StaffRow.pk.exists()),
            audit.entry(actor, act, row.user_id, now),
            once=once,
            answer=answer,
        )
    except Cancelled:
        raise Conflict("changed_meanwhile") from None
