"""The city's old register: its rows become people, stays and standings."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import batched
from typing import Any

from chalicelib import audit, idnumbers, keys, tables
from chalicelib.actors import SYSTEM
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.residence import model, store
from chalicelib.residence.model import Registration
from chalicelib.tables import Cancelled


def import_rows(rows: Sequence[dict[str, Any]], source: str, now: datetime) -> dict[str, int]:
    """Take rows of the city's old register: people, stays and standings; a repeat changes nothing.

    Each row: ``id_number``, ``name``, ``phone``, ``town``, ``community``, ``address``, ``arrived_on``,
    ``registered_on``, ``housing``, ``status`` (active, departed), ``left_on``. Whoever has a standing already
    keeps it: what people told us themselves is newer than the old register. Rows without a valid number
    cannot be tied to a person, rows without any place to a region: they are counted, not imported.
    """
    usable = [row for row in rows if row.get("id_number") and idnumbers.is_valid(row["id_number"])]
    make = keys.person_key_maker()
    by_key = {make(number := idnumbers.normalise(row["id_number"])): (number, row) for row in usable}
    known = {
        key: identity.KnownPerson(name=row.get("name"), phone=row.get("phone"))
        for key, (_, row) in by_key.items()
    }
    people = identity.people_for_keys([(key, number) for key, (number, _) in by_key.items()], now, known)
    standing = store.standings(people.values())
    found = [_imported(people[key], row) for key, (_, row) in by_key.items() if people[key] not in standing]
    # Neighbours together: the counters' transactions then share their rows.
    fresh = sorted((stay for stay in found if stay), key=lambda stay: stay.region)
    born = {
        people[key]: model.month_of(idnumbers.parse(number).birth_date) for key, (number, _) in by_key.items()
    }
    imported = sum(_import_some(list(some), born, source, now) for some in batched(fresh, 49))
    return {
        "rows": len(rows),
        "imported": imported,
        "known": len(people) - len(found),
        "without_place": len(found) - len(fresh),
        "without_number": len(rows) - len(usable),
    }


def _imported(person_id: str, row: dict[str, Any]) -> Registration | None:
    """The stay that a row of the old register tells of; None when it does not say where."""
    place = places.place_of_record(
        row.get("community"), row.get("town"), row.get("address"), row.get("address_code")
    )
    if place is None:
        return None
    registered = date.fromisoformat(row["registered_on"])
    left = row.get("left_on")
    departed = row.get("status") == "departed"
    return Registration(
        id=keys.stable_id("R", "import", person_id, row["registered_on"]),
        person_id=person_id,
        status="departed" if departed else "active",
        region=place.community,
        grid=place.grid,
        building=place.building,
        arrived_on=date.fromisoformat(row.get("arrived_on") or row["registered_on"]),
        registered_on=registered,
        ended_on=date.fromisoformat(left) if departed and left else registered if departed else None,
        housing=row.get("housing") or None,
        origin="import",
    )


def _import_some(stays: list[Registration], born: dict[str, str | None], source: str, now: datetime) -> int:
    writes = [write for stay in stays for write in store.import_writes(stay, born[stay.person_id])]
    target = keys.stable_id("I", source)
    try:
        tables.transact(*writes, audit.entry(SYSTEM, "residence.imported", target, now, people=len(stays)))
    except Cancelled:
        if len(stays) == 1:
            return 0  # This one came in by another way between reading and writing.
        return sum(_import_some([stay], born, source, now) for stay in stays)
    return len(stays)
