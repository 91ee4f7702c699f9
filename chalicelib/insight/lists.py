"""Lists of names, for the officer whose duty the service is: asked for with a purpose, of children approved by a second
officer, over after some days, and every person on a page sees who looked (PIPL arts. 28 to 31 and 44)."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from chalicelib import audit, clock, keys
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Field, Forbidden, Gone, Invalid, Malformed, NotFound
from chalicelib.identity import service as identity
from chalicelib.identity.model import is_minor
from chalicelib.insight import cohorts, store
from chalicelib.insight.cohorts import Cohort, Plan
from chalicelib.insight.model import ListRequest, NamedPerson, NewList, Verdict
from chalicelib.insight.policy import Kind, ListRule, policy_on
from chalicelib.places import service as places
from chalicelib.residence import service as residence
from chalicelib.shapes import Page
from chalicelib.tables import Cancelled, Once, transact

WHAT: Final = "cohort_list"
_KEPT: Final = timedelta(days=1_098)
_PAGE: Final = 40


def ask_for_list(actor: Actor, asked: NewList, now: datetime, once: Once | None = None) -> ListRequest:
    """Ask for the names of a cohort in a town or community. Of adults it may be read at once.

    Raises ``Forbidden`` outside the caller's region or duty, ``Invalid`` for an unknown cohort, region or purpose.
    """
    if places.division(asked.region) is None:
        raise Invalid("division_unknown", fields=[Field("/region", "division_unknown")])
    actor.require_region(asked.region)
    today = clock.local_date(now)
    policy = policy_on(today)
    plan = cohorts.plan(policy, today)
    cohort = _cohort(plan, asked)
    rule = policy.lists[cohort.kind]
    _require_duty(actor, rule)
    if asked.purpose not in rule.purposes:
        raise Invalid("list_purpose_unfit", fields=[Field("/purpose", "field_choice")])
    first, last = months_of(plan, cohort)
    of_minors = is_minor(_end_of(last), today)
    made = ListRequest(
        id=keys.new_id(f"L{asked.region[:9]}", now),
        **asked.model_dump(),
        state="waiting" if of_minors else "approved",
        of_minors=of_minors,
        first_month=first,
        last_month=last,
        requested_by=actor.id,
        requested_at=clock.iso(now),
        decided_by=None,
        decided_reason=None,
        until=None if of_minors else (today + timedelta(days=policy.list_days)).isoformat(),
    )
    note = audit.entry(actor, "cohort_list.asked", made.id, now, cohort=made.cohort, year=made.year)
    transact(store.list_row(made, now + _KEPT), note, once=once, answer=made)
    return made


def _cohort(plan: Plan, asked: NewList) -> Cohort:
    for cohort in plan.cohorts:
        if (cohort.name, cohort.year) == (asked.cohort, asked.year):
            return cohort
    raise Invalid("cohort_unknown", fields=[Field("/cohort", "value_invalid")])


def months_of(plan: Plan, cohort: Cohort) -> tuple[str, str]:
    """The first and the last month of birth of a cohort's people."""
    design = next(d for d in plan.designs.values() if cohort.figure in d.figures)
    bands = sorted(band.split("..") for band in design.figures[cohort.figure])
    assert all(earlier[1] < later[0] for earlier, later in pairwise(bands))
    return bands[0][0], bands[-1][1]


def _end_of(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _require_duty(actor: Actor, rule: ListRule) -> None:
    if not actor.roles & set(rule.roles) and actor.department not in rule.departments:
        raise Forbidden("list_not_your_duty")


def asked_lists(actor: Actor, town: str, token: str | None) -> Page[ListRequest]:
    """The requests about a town, the newest first: what waits, and what became of the others."""
    actor.require_region(town)
    found, following = store.asked_lists(town, token, _PAGE)
    return Page(items=found, next=following)


def decide_list(
    actor: Actor, id_: str, verdict: Verdict, now: datetime, once: Once | None = None
) -> ListRequest:
    """A second officer allows names of children to be read for some days, or refuses; nobody decides their own."""
    asked = _asked(id_)
    actor.require_region(asked.region)
    if asked.requested_by == actor.id:
        raise Forbidden("list_needs_another_officer")
    if asked.state != "waiting":
        raise Conflict("list_decided")
    today = clock.local_date(now)
    until = (today + timedelta(days=policy_on(today).list_days)).isoformat() if verdict.approve else None
    decided = asked.model_copy(
        update={
            "state": "approved" if verdict.approve else "refused",
            "decided_by": actor.id,
            "decided_reason": verdict.reason,
            "until": until,
        }
    )
    write = store.decide_list(asked, decided.state, actor.id, verdict.reason, until)
    note = audit.entry(actor, f"cohort_list.{decided.state}", id_, now, minors=asked.of_minors)
    try:
        transact(write, note, once=once, answer=decided)
    except Cancelled:
        raise Conflict("list_decided") from None
    return decided


def names(
    actor: Actor, id_: str, purpose: str | None, token: str | None, now: datetime, limit: int = _PAGE
) -> Page[NamedPerson]:
    """A page of the people, for who asked alone; each of them sees that it was shown, before it is.

    Raises ``Malformed("purpose_needed")`` unless the header names the request's purpose, ``Conflict`` while nobody
    has approved it, ``Gone`` when its days are over, ``NotFound`` for anybody else's.
    """
    if token:
        keys.read_page(token)  # A forged one is refused before anything is looked at.
    asked = _asked(id_)
    if asked.requested_by != actor.id:
        raise NotFound("list_not_found")
    actor.require_region(asked.region)
    today = clock.local_date(now)
    _require_duty(actor, policy_on(today).lists[_kind(asked)])
    if purpose != asked.purpose:
        raise Malformed("purpose_needed")
    if asked.state != "approved" or asked.until is None:
        raise Conflict("list_not_approved")
    if asked.until < today.isoformat():
        raise Gone("list_over")
    found, following = residence.born_between(
        asked.region[:9], asked.first_month, asked.last_month, token, limit
    )
    there = {one.person_id: one for one in found if one.region.startswith(asked.region)}
    profiles = identity.profiles(there)
    identity.record_disclosures(actor, list(profiles), purpose, WHAT, now, approved=asked.of_minors)
    items = [
        NamedPerson(
            name=profile.name or "",
            born=there[person].born or "",
            phone=profile.masked_phone,
            community=there[person].region,
        )
        for person, profile in profiles.items()
    ]
    return Page(items=sorted(items, key=lambda one: (one.born, one.community)), next=following)


def _asked(id_: str) -> ListRequest:
    found = store.asked_list(id_)
    if found is None:
        raise NotFound("list_not_found")
    return found


def _kind(asked: ListRequest) -> Kind:
    """By the months asked for: what the request was allowed under, whatever the cohorts of today are."""
    return "elders" if asked.first_month < "1000" else "school"
