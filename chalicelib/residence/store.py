"""Registrations in DynamoDB: ``PERSON#<id>`` holds ``REG#<id>`` for each stay and ``STANDING``."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import tables
from chalicelib.residence.model import Registration, Standing
from chalicelib.tables import Delete, Put, Row, Update, Write


class ByBorn(GlobalSecondaryIndex[Any]):
    """Who is registered in a town now, by month of birth: ``TOWN#<town>`` / ``<month>#<community>#<person>``."""

    Meta = tables.index_meta("by_born")
    by_born_pk = UnicodeAttribute(hash_key=True)
    by_born_sk = UnicodeAttribute(range_key=True)


class ResidenceItem(Row):
    """Any item about a person's residence."""

    Meta = tables.meta("residence")
    row = DiscriminatorAttribute()
    person_id = UnicodeAttribute()
    registration_id = UnicodeAttribute()
    region = UnicodeAttribute()
    status = UnicodeAttribute()


class RegistrationRow(ResidenceItem, discriminator="registration"):
    """One stay."""

    grid = UnicodeAttribute(null=True)
    building = UnicodeAttribute()
    arrived_on = UnicodeAttribute()
    registered_on = UnicodeAttribute()
    ended_on = UnicodeAttribute(null=True)
    housing = UnicodeAttribute(null=True)
    origin = UnicodeAttribute()
    case = UnicodeAttribute(null=True)


class StandingRow(ResidenceItem, discriminator="standing"):
    """Which registration is in force, or that the person has left."""

    since = UnicodeAttribute()
    born = UnicodeAttribute(null=True)
    by_born_pk = UnicodeAttribute(null=True)
    by_born_sk = UnicodeAttribute(null=True)
    by_born = ByBorn()


def person_pk(person_id: str) -> str:
    """The partition of a person's residence."""
    return f"PERSON#{person_id}"


def registration_row(registration: Registration) -> RegistrationRow:
    """The row of a stay."""
    row = RegistrationRow(person_pk(registration.person_id), f"REG#{registration.id}")
    row.person_id, row.registration_id = registration.person_id, registration.id
    row.region, row.status = registration.region, registration.status
    row.grid, row.building, row.origin = registration.grid, registration.building, registration.origin
    row.arrived_on, row.registered_on = (
        registration.arrived_on.isoformat(),
        registration.registered_on.isoformat(),
    )
    row.ended_on = registration.ended_on.isoformat() if registration.ended_on else None
    row.housing, row.case = registration.housing, registration.case
    return row


def standing_row(standing: Standing) -> StandingRow:
    """The row of a standing."""
    row = StandingRow(person_pk(standing.person_id), "STANDING", person_id=standing.person_id)
    row.registration_id, row.region = standing.registration_id, standing.region
    row.status, row.since, row.born = standing.status, standing.since.isoformat(), standing.born
    if standing.status == "active" and standing.born:
        row.by_born_pk = f"TOWN#{standing.region[:9]}"
        row.by_born_sk = f"{standing.born}#{standing.region}#{standing.person_id}"
    return row


def put_standing(standing: Standing, before: Standing | None) -> Put:
    """The write of a standing, refused when another changed it since ``before`` was read."""
    unchanged = StandingRow.pk.does_not_exist()
    if before:
        unchanged = (StandingRow.registration_id == before.registration_id) & (
            StandingRow.status == before.status
        )
    return Put(standing_row(standing), unchanged)


def end_registration(person_id: str, registration_id: str, status: str, ended_on: date) -> Update:
    """The write that ends an active stay."""
    row = RegistrationRow(person_pk(person_id), f"REG#{registration_id}")
    actions = [RegistrationRow.status.set(status), RegistrationRow.ended_on.set(ended_on.isoformat())]
    return Update(row, actions, RegistrationRow.status == "active")


def create_registration(registration: Registration) -> Put:
    """The write of a new stay; refused when it was enacted before."""
    return tables.create(registration_row(registration))


def import_writes(registration: Registration, born: str | None = None) -> list[Write]:
    """The writes of an imported stay: the stay and, when it is in force or was the last, the standing."""
    standing = Standing(
        person_id=registration.person_id,
        status="active" if registration.status == "active" else "departed",
        registration_id=registration.id,
        region=registration.region,
        since=registration.ended_on or registration.registered_on,
        born=born,
    )
    return [create_registration(registration), put_standing(standing, None)]


def drop_registration(registration: Registration) -> Delete:
    """The write that removes a stay that is over."""
    row = RegistrationRow(person_pk(registration.person_id), f"REG#{registration.id}")
    return Delete(row, RegistrationRow.status != "active")


def drop_standing(person_id: str) -> Delete:
    """The write that removes the standing of somebody who has left."""
    return Delete(StandingRow(person_pk(person_id), "STANDING"), StandingRow.status != "active")


def registrations(person_id: str) -> list[Registration]:
    """All stays of a person, newest first."""
    rows = RegistrationRow.query(person_pk(person_id), RegistrationRow.sk.startswith("REG#"))
    return sorted((_registration(row) for row in rows), key=lambda r: (r.registered_on, r.id), reverse=True)


def registration(person_id: str, registration_id: str) -> Registration | None:
    """One stay, or None."""
    row = RegistrationRow.find(person_pk(person_id), f"REG#{registration_id}", consistent=True)
    return _registration(row) if row else None


def standings(person_ids: Iterable[str]) -> dict[str, Standing]:
    """The standings of these people by person id; those who have none are left out."""
    wanted = [(person_pk(person_id), "STANDING") for person_id in dict.fromkeys(person_ids)]
    return {row.person_id: _standing(row) for row in StandingRow.batch_get(wanted, consistent_read=True)}


def born_between(
    town: str, first: str, last: str, token: str | None, limit: int
) -> tuple[list[Standing], str | None]:
    """Who is registered in a town now and was born from one month to another, both included; one page."""
    scope = f"born#{town}#{first}#{last}"
    results = StandingRow.by_born.query(
        f"TOWN#{town}",
        StandingRow.by_born_sk.between(f"{first}#", f"{last}#~"),
        limit=limit,
        last_evaluated_key=tables.position(token, scope),
    )
    rows, following = tables.page(results, scope)
    return [_standing(row) for row in rows], following


def _standing(row: StandingRow) -> Standing:
    return Standing(
        person_id=row.person_id,
        status=row.status,  # type: ignore[arg-type]  # Pydantic checks the literal.
        registration_id=row.registration_id,
        region=row.region,
        since=date.fromisoformat(row.since),
        born=row.born,
    )


def _registration(row: RegistrationRow) -> Registration:
    return Registration(
        id=row.registration_id,
        person_id=row.person_id,
        status=row.status,  # type: ignore[arg-type]  # Pydantic checks the literals.
        region=row.region,
        grid=row.grid,
        building=row.building,
        arrived_on=date.fromisoformat(row.arrived_on),
        registered_on=date.fromisoformat(row.registered_on),
        ended_on=date.fromisoformat(row.ended_on) if row.ended_on else None,
        housing=row.housing,  # type: ignore[arg-type]
        origin=row.origin,  # type: ignore[arg-type]
        case=row.case,
    )
