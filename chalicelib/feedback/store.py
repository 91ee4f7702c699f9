"""Matters in DynamoDB.

``MATTER#<id>``: ``MATTER``, and ``PERSON#<person>`` for whoever reported or supports it. ``CELL#<cell>``:
``<category>#<time>#<id>`` for each matter that somebody in the cell may mean; it goes by itself. ``LAPSE#<day>``: answers that
nobody has rated by that day. Indexes: ``by_map`` (``MAP#<town>``, by the day taken on; sparse: only what may be shown),
``by_person`` (what somebody reported or supports).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import clock, tables
from chalicelib.feedback.model import Matter, Spot, cells_around
from chalicelib.tables import Delete, Put, Row, Update, Write

OFFERED = 50


class ByMap(GlobalSecondaryIndex["MatterRow"]):
    """What a town's map shows, by the day it was taken on. Sparse."""

    Meta = tables.index_meta("by_map")
    by_map_pk = UnicodeAttribute(hash_key=True)
    by_map_sk = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex["PartRow"]):
    """What somebody reported or supports."""

    Meta = tables.index_meta("by_person")
    by_person_pk = UnicodeAttribute(hash_key=True)
    by_person_sk = UnicodeAttribute(range_key=True)


class MatterRow(Row):
    """The thing at its place. Nothing in it says who reported it."""

    Meta = tables.meta("feedback")
    by_map = ByMap()
    matter_id = UnicodeAttribute()
    case = UnicodeAttribute()
    category = UnicodeAttribute()
    edition = UnicodeAttribute()
    region = UnicodeAttribute()
    lon = NumberAttribute()
    lat = NumberAttribute()
    state = UnicodeAttribute()
    anonymous = NumberAttribute()
    reported_at = UnicodeAttribute()
    supporters = NumberAttribute(default=0)
    reopened = NumberAttribute(default=0)
    transferred = NumberAttribute(default=0)
    accepted_on = UnicodeAttribute(null=True)
    answered_at = UnicodeAttribute(null=True)
    public_text = UnicodeAttribute(null=True)
    stars = NumberAttribute(null=True)
    by_map_pk = UnicodeAttribute(null=True)
    by_map_sk = UnicodeAttribute(null=True)


class PartRow(Row):
    """Somebody's part in a matter: ``reporter`` or ``supporter``."""

    Meta = tables.meta("feedback")
    by_person = ByPerson()
    matter_id = UnicodeAttribute()
    part = UnicodeAttribute()
    at = UnicodeAttribute()
    by_person_pk = UnicodeAttribute()
    by_person_sk = UnicodeAttribute()


class CellRow(Row):
    """That a matter lies near a cell."""

    Meta = tables.meta("feedback")
    matter_id = UnicodeAttribute()
    lon = NumberAttribute()
    lat = NumberAttribute()


class LapseRow(Row):
    """The day by which an answer is rated or stands."""

    Meta = tables.meta("feedback")
    matter_id = UnicodeAttribute()
    case = UnicodeAttribute()


def matter_pk(matter_id: str) -> str:
    """The partition of a matter."""
    return f"MATTER#{matter_id}"


def matter_row(matter: Matter) -> MatterRow:
    """The row of a new matter."""
    row = MatterRow(matter_pk(matter.id), "MATTER", matter_id=matter.id, case=matter.case)
    row.category, row.edition = matter.category, matter.edition.isoformat()
    row.region, row.state, row.anonymous = matter.region, matter.state, int(matter.anonymous)
    row.lon, row.lat, row.reported_at = matter.lon, matter.lat, clock.iso(matter.reported_at)
    return row


def part_row(matter_id: str, person_id: str, part: str, now: datetime) -> PartRow:
    """The row of somebody's part."""
    row = PartRow(matter_pk(matter_id), f"PERSON#{person_id}", matter_id=matter_id, part=part)
    row.at = clock.iso(now)
    row.by_person_pk, row.by_person_sk = person_id, f"{row.at}#{matter_id}"
    return row


def new_writes(matter: Matter, reporter: str, metres: int, days: int) -> list[Write]:
    """The writes of a new matter: itself, the reporter's part, and the cells around it."""
    part = part_row(matter.id, reporter, "reporter", matter.reported_at)
    return [
        tables.create(matter_row(matter)),
        tables.create(part),
        *(Put(row) for row in _cell_rows(matter, metres, days)),
    ]


def _cell_rows(matter: Matter, metres: int, days: int) -> list[CellRow]:
    """A row for each cell around; none for what is offered to nobody (``metres`` is 0)."""
    rows: list[CellRow] = []
    if not metres:
        return rows
    for near in cells_around(matter.spot, metres):
        sk = f"{matter.category}#{clock.iso(matter.reported_at)}#{matter.id}"
        row = CellRow(f"CELL#{near}", sk, matter_id=matter.id, lon=matter.lon, lat=matter.lat)
        row.expires_at = int((matter.reported_at + timedelta(days=days)).timestamp())
        rows.append(row)
    return rows


def no_longer_near(matter: Matter, metres: int) -> list[Delete]:
    """The writes that take a matter out of the cells around it; harmless when it is out already."""
    return [Delete(row) for row in _cell_rows(matter, metres, 0)]


def near_again(matter: Matter, metres: int, days: int) -> list[Put]:
    """The writes that list a matter in the cells around it."""
    return [Put(row) for row in _cell_rows(matter, metres, days)]


def change(matter: Matter, *actions: Action) -> Update:
    """The write that changes a matter, refused when its state is no longer as it was read."""
    row = MatterRow(matter_pk(matter.id), "MATTER")
    return Update(row, actions, MatterRow.state == matter.state)


def state_is(state: str) -> Action:
    """The action that sets the state."""
    return MatterRow.state.set(state)


def shown_on_map(matter: Matter, day: date) -> list[Action]:
    """The actions that put a matter on its town's map."""
    return [
        MatterRow.by_map_pk.set(f"MAP#{matter.region[:9]}"),
        MatterRow.by_map_sk.set(f"{day.isoformat()}#{matter.id}"),
    ]


def off_the_map() -> list[Action]:
    """The actions that take a matter off the map."""
    return [MatterRow.by_map_pk.remove(), MatterRow.by_map_sk.remove()]


def support(matter_id: str, person_id: str, now: datetime) -> list[Write]:
    """The writes of a "me too": once a person, and only while the matter is there."""
    row = MatterRow(matter_pk(matter_id), "MATTER")
    return [
        tables.create(part_row(matter_id, person_id, "supporter", now)),
        Update(row, [MatterRow.supporters.add(1)], MatterRow.pk.exists()),
    ]


def no_longer_supported(part: PartRow) -> list[Write]:
    """The writes that take a "me too" back."""
    row = MatterRow(part.pk, "MATTER")
    return [
        Delete(part, PartRow.pk.exists()),
        Update(row, [MatterRow.supporters.add(-1)], MatterRow.pk.exists()),
    ]


def lapse(matter: Matter, day: date) -> Put:
    """The write that has an answer stand when nobody says otherwise by that day."""
    return Put(LapseRow(f"LAPSE#{day.isoformat()}", matter.id, matter_id=matter.id, case=matter.case))


def lapsing(day: date) -> list[LapseRow]:
    """The answers that stand after that day."""
    return list(LapseRow.query(f"LAPSE#{day.isoformat()}"))


def matter(matter_id: str, *, consistent: bool = False) -> Matter | None:
    """The matter, or None."""
    row = MatterRow.find(matter_pk(matter_id), "MATTER", consistent=consistent)
    return _matter(row) if row else None


def matters(matter_ids: Iterable[str]) -> list[Matter]:
    """Those of the matters that exist, 100 a request."""
    wanted = [(matter_pk(matter_id), "MATTER") for matter_id in dict.fromkeys(matter_ids)]
    return [_matter(row) for row in MatterRow.batch_get(wanted)] if wanted else []


def near(cell: str, category: str, now: datetime) -> list[tuple[str, Spot]]:
    """The matters of a category in and around a cell, the latest first: their ids and where they are; one query."""
    rows = CellRow.query(
        f"CELL#{cell}", CellRow.sk.startswith(f"{category}#"), scan_index_forward=False, limit=OFFERED
    )
    return [(row.matter_id, Spot(float(row.lon), float(row.lat))) for row in rows if not row.is_over(now)]


def on_map(town: str, since: date, limit: int, token: str | None) -> tuple[list[Matter], str | None]:
    """A page of what a town's map shows, what was taken on last first."""
    scope = f"feedback map:{town}"
    found = MatterRow.by_map.query(
        f"MAP#{town}",
        MatterRow.by_map_sk >= since.isoformat(),
        limit=limit,
        page_size=limit,
        scan_index_forward=False,
        last_evaluated_key=tables.position(token, scope),
    )
    rows, following = tables.page(found, scope)
    return [_matter(row) for row in rows], following


def parts_of(person_id: str) -> list[PartRow]:
    """Everything that somebody reported or supports."""
    return list(PartRow.by_person.query(person_id))


def part_of(matter_id: str, person_id: str) -> PartRow | None:
    """Somebody's part in a matter, or None."""
    found: PartRow | None = PartRow.find(matter_pk(matter_id), f"PERSON#{person_id}", consistent=True)
    return found


def all_rows(matter_id: str) -> Sequence[Row]:
    """Everything kept about a matter: itself and everybody's part."""
    pk = matter_pk(matter_id)
    return [
        *MatterRow.query(pk, MatterRow.sk == "MATTER"),
        *PartRow.query(pk, PartRow.sk.startswith("PERSON#")),
    ]


def _matter(row: MatterRow) -> Matter:
    return Matter(
        id=row.matter_id,
        case=row.case,
        category=row.category,
        edition=date.fromisoformat(row.edition),
        region=row.region,
        lon=float(row.lon),
        lat=float(row.lat),
        state=row.state,  # type: ignore[arg-type]  # Pydantic checks the literal.
        anonymous=bool(row.anonymous),
        reported_at=clock.parse_iso(row.reported_at),
        supporters=int(row.supporters),
        reopened=int(row.reopened),
        transferred=int(row.transferred),
        accepted_on=date.fromisoformat(row.accepted_on) if row.accepted_on else None,
        answered_at=clock.parse_iso(row.answered_at) if row.answered_at else None,
        public_text=row.public_text,
        stars=int(row.stars) if row.stars else None,
    )
