"""A member of staff looks a person up by ID number: in scope, for a purpose, a limited number of times."""

from datetime import datetime

from chalicelib import audit, clock, idnumbers, regions
from chalicelib.actors import Actor
from chalicelib.errors import Field, Forbidden, Invalid, NotFound
from chalicelib.identity import disclosures, model, parts, people, store, throttles
from chalicelib.tables import transact


def look_up(actor: Actor, asked: model.LookUp, now: datetime) -> model.FoundPerson:
    """The masked person with this ID number, if the caller's scope covers a region where they are known.

    Nobody known in a region is for the city's scope alone. Unknown and out of scope are the same
    ``NotFound("person_not_found")``. Children under 14 are for coordinators and above
    (``Forbidden("minor_needs_approval")``, judged by the number alone). Raises ``Throttled`` after 100 a day.
    The disclosure and the audit entry are one transaction, before anything is answered.
    """
    limit = model.LOOKUPS_BY_STAFF
    throttles.throttle(f"look-up#{actor.id}", limit.times, limit.seconds, now, "lookups_used_up")
    number = parsed(asked.id_number, "/id_number")
    minor = model.is_minor(number.birth_date, clock.local_date(now))
    if minor and not actor.roles & model.MINOR_ROLES:
        transact(audit.entry(actor, "person.look_up_refused", "people", now, purpose=asked.purpose))
        raise Forbidden("minor_needs_approval")
    person = _in_scope(actor, number.number)
    if person is None:
        transact(audit.entry(actor, "person.look_up_empty", "people", now, purpose=asked.purpose))
        raise NotFound("person_not_found")
    profile, summaries = person
    who = [profile.person_id]
    writes = disclosures.disclosure_writes(actor, who, asked.purpose, "look_up", now, reason=asked.reason)
    transact(*writes, audit.entry(actor, "person.looked_up", who[0], now, purpose=asked.purpose, minor=minor))
    return model.FoundPerson(
        person_id=profile.person_id,
        name=profile.masked_name,
        id_number=profile.masked_id_number,
        phone=profile.masked_phone,
        sex=profile.sex,
        known=summaries,
    )


def parsed(text: str, path: str) -> idnumbers.IdNumber:
    """The ID number; raises ``Invalid`` that names the field."""
    try:
        return idnumbers.parse(text)
    except idnumbers.InvalidIdNumber as wrong:
        raise Invalid("values_invalid", fields=[Field(path, wrong.code)]) from None


def _in_scope(actor: Actor, number: str) -> tuple[model.Profile, list[model.Summary]] | None:
    found = store.person_ids(people.wanted(number).all_keys)
    row = store.person(next(iter(found.values()))) if found else None
    if row is None:
        return None
    summaries = parts.summaries(row.person_id)
    known = [region for summary in summaries for region in summary.regions] or [regions.CITY]
    if not any(actor.covers(region) for region in known):
        return None
    return people.opened(row), summaries
