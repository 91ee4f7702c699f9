"""Who looked at whose data and why: written with the look, shown to the person."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Final

from chalicelib import audit, clock, keys, sealing
from chalicelib.actors import Actor
from chalicelib.errors import Malformed
from chalicelib.identity import model, store
from chalicelib.shapes import Page
from chalicelib.tables import Put, transact

KEPT: Final = timedelta(days=3 * 366)
_PAGE: Final = 50


def disclosure_writes(
    actor: Actor,
    person_ids: Iterable[str],
    purpose: str,
    what: str,
    now: datetime,
    *,
    reason: str | None = None,
    approved: bool = False,
) -> list[Put]:
    """The writes that tell these people that a member of staff saw ``what`` of them; none for others.

    The same staff, person, purpose and thing on one day is one row. For children under 14 there is a
    second row in their separate log, which says whether the role or somebody's approval (``approved``) allows it. Put them into the act's own transaction. One batch read.
    Raises ``Malformed("purpose_unknown")``.
    """
    if not actor.is_staff:
        return []
    if purpose not in model.PURPOSES:
        raise Malformed("purpose_unknown", allowed=", ".join(model.PURPOSES))
    seen = store.people(person_ids)
    year = str(clock.local_date(now).year)
    writes = [_disclosure(actor, person_id, purpose, what, now, reason) for person_id in seen]
    minors = [i for i, row in seen.items() if row.minor_through and row.minor_through >= year]
    return writes + [_minor_access(actor, person_id, purpose, what, now, approved) for person_id in minors]


def record_disclosures(
    actor: Actor,
    person_ids: Sequence[str],
    purpose: str,
    what: str,
    now: datetime,
    *,
    approved: bool = False,
) -> None:
    """Write the disclosures of something already read, with one audit entry for each transaction."""
    for some in batched(dict.fromkeys(person_ids), 49):
        if writes := disclosure_writes(actor, some, purpose, what, now, approved=approved):
            note = audit.entry(actor, "people.shown", what, now, purpose=purpose, count=len(some))
            transact(*writes, note)


def _disclosure(
    actor: Actor, person_id: str, purpose: str, what: str, now: datetime, reason: str | None
) -> Put:
    day = clock.local_date(now).isoformat()
    place = keys.stable_id("", actor.id, purpose, what)
    row = store.DisclosureRow(f"PERSON#{person_id}", f"DISCLOSURE#{day}#{place}", at=clock.iso(now))
    row.staff, row.role, row.department = actor.id, _role(actor), actor.department
    row.purpose, row.what = purpose, what
    row.reason = sealing.seal(person_id, reason, "reason") if reason else None
    row.expires_at = int((now + KEPT).timestamp())
    return Put(row)


def _minor_access(
    actor: Actor, person_id: str, purpose: str, what: str, now: datetime, approved: bool
) -> Put:
    day = clock.local_date(now).isoformat()
    place = keys.stable_id("", actor.id, person_id, purpose, what)
    row = store.MinorAccessRow(f"MINOR_ACCESS#{day[:7]}", f"{day}#{place}", at=clock.iso(now))
    row.staff, row.role, row.person_id = actor.id, _role(actor), person_id
    row.purpose, row.what = purpose, what
    row.approved = approved or bool(actor.roles & model.MINOR_ROLES)
    row.expires_at = int((now + KEPT).timestamp())
    return Put(row)


def _role(actor: Actor) -> str:
    return ",".join(sorted(actor.roles))


def disclosures(person_id: str, token: str | None, now: datetime) -> Page[model.DisclosureView]:
    """Who saw what of the person and why, the latest day first; a page of 50."""
    rows, following = store.disclosures(person_id, token, _PAGE)
    return Page(items=[view(person_id, row) for row in rows if not row.is_over(now)], next=following)


def view(person_id: str, row: store.DisclosureRow) -> model.DisclosureView:
    """The row as the person sees it."""
    return model.DisclosureView(
        at=row.at,
        staff=row.staff,
        role=row.role,
        department=row.department,
        purpose=row.purpose,
        what=row.what,
        reason=sealing.open_sealed(person_id, row.reason, "reason") if row.reason else None,
    )


def minor_accesses(month: str, token: str | None) -> Page[model.MinorAccessView]:
    """The separate log of looks at children's data in a month (``2026-11``), for auditors."""
    rows, following = store.minor_accesses(month, token, _PAGE)
    items = [
        model.MinorAccessView(
            at=row.at,
            staff=row.staff,
            role=row.role,
            person_id=row.person_id,
            purpose=row.purpose,
            what=row.what,
            approved=row.approved,
        )
        for row in rows
    ]
    return Page(items=items, next=following)
