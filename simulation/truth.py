"""Who is who: the answers that comparisons are measured by. Never shipped to the inbox."""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from simulation import errors, facts, names, text
from simulation.city import Chunk
from simulation.extracts import REGISTER, SOURCES, Extract
from simulation.moves import HOUSING, NEVER
from simulation.people import CHILD, GRANDPARENT, HEAD, MATE, ROLES, SPOUSE
from simulation.text import Ints, Mask

RELATIONS = {HEAD: "", SPOUSE: "spouse", CHILD: "child", GRANDPARENT: "parent", MATE: ""}


@dataclass(frozen=True)
class Sightings:
    """By person: which sources carry the person's valid number, and whether an active register row does."""

    known: Mask  # shape (people, sources)
    register: Mask  # an active row with the valid number

    @property
    def findable(self) -> Mask:
        """Two sources, or a strong one (the due-process rule)."""
        strong = np.array([source.strong for source in SOURCES])
        return np.asarray((self.known.sum(axis=1) >= 2) | self.known[:, strong].any(axis=1))

    def sources(self, rows: Ints) -> pa.StringArray:
        """The names of the sources of each person, joined by `;`."""
        return text.pick(_combinations(), self.known[rows] @ (1 << np.arange(len(SOURCES))))

    def strong(self, rows: Ints) -> pa.StringArray:
        """`yes` where a strong source is among them."""
        strong = np.array([source.strong for source in SOURCES])
        return yes_no(self.known[rows][:, strong].any(axis=1))


@cache
def _combinations() -> pa.StringArray:
    """Every set of sources as text, by the number whose bits name them."""
    listed = [source.name for source in SOURCES]
    sets = range(1 << len(listed))
    return pa.array(
        [";".join(name for place, name in enumerate(listed) if bits >> place & 1) for bits in sets]
    )


def yes_no(values: Mask) -> pa.StringArray:
    """`yes` or `no`."""
    return text.pick(["no", "yes"], np.asarray(values, dtype=np.int64))


def persons(chunk: Chunk, rows: Ints | None = None) -> pa.StringArray:
    """True person ids: `T000000001` and up; never seen outside the truth."""
    every = chunk.persons if rows is None else chunk.persons[rows]
    return text.coded("T", every + 1, 9)


def _usable(made: Extract) -> Mask:
    return np.asarray((made.state == errors.VALID) | (made.state == errors.SWAPPED))


def sightings(chunk: Chunk, extracts: dict[str, Extract]) -> Sightings:
    """By whose valid number stands where."""
    known = np.zeros((len(chunk), len(SOURCES)), dtype=bool)
    for place, source in enumerate(SOURCES):
        if (made := extracts.get(source.name)) is None:
            continue
        known[made.rows.number_of[_usable(made)], place] = True
    register = np.zeros(len(chunk), dtype=bool)
    made = extracts[REGISTER.name]
    register[made.rows.number_of[_usable(made)]] = True
    return Sightings(known, register & chunk.stays.registered)


def people(chunk: Chunk) -> pa.Table:
    """All true people of a chunk."""
    crowd, stays, places = chunk.people, chunk.stays, chunk.city.places
    provinces = [row["name"] for row in facts.table("home_divisions")["provinces"]]
    building = places.building_of(stays.room)
    old_building = places.building_of(stays.registered_room)
    status = np.where(stays.told_departure, 2, stays.in_register.astype(np.int64))
    columns = {
        "person": persons(chunk),
        "household": text.coded(f"H{chunk.index:03d}", crowd.household + 1, 6),
        "role": text.pick(ROLES, crowd.role),
        "name": names.names().full(crowd.surname, crowd.given),
        "id_number": text.fixed(crowd.number),
        "birth_date": text.days(crowd.birth),
        "sex": text.pick(["女", "男"], crowd.male.astype(np.int64)),
        "phone": text.fixed(chunk.phone_now),
        "home_division": text.numbers(crowd.division).cast(pa.string()),
        "home_province": text.pick(provinces, crowd.province),
        "registered": pa.array(stays.registered),
        "register_status": text.pick(["none", "active", "departed"], status),
        "in_city": pa.array(stays.in_city),
        "live": pa.array(stays.live),
        "arrived_on": text.days(stays.arrived),
        "moved_on": _day_or_none(stays.moved),
        "departed_on": _day_or_none(stays.departed),
        "town": text.pick(places.town_codes, places.buildings.town[building]),
        "community": text.pick(places.community_codes, places.buildings.community[building]),
        "address_code": places.codes(building, places.slot(stays.room, building)),
        "address": places.full(stays.room),
        "registered_address_code": text.blanked(
            places.codes(old_building, places.slot(stays.registered_room, old_building)), ~stays.in_register
        ),
        "housing": text.pick(HOUSING, stays.housing),
        "employer_code": text.fixed(
            chunk.city.employers.codes[np.maximum(chunk.employer, 0)], chunk.employer >= 0
        ),
    }
    return pa.table(columns)


def _day_or_none(days: Ints) -> pa.StringArray:
    return text.days(np.where(days == NEVER, 0, days), days != NEVER)


def links(made: Extract) -> pa.Table:
    """Who is behind each row of an extract."""
    rows = made.rows
    columns = {
        "source": text.pick([rows.source.name], np.zeros(len(rows), dtype=np.int64)),
        "record_id": made.columns["record_id"],
        "person": persons(rows.chunk, rows.who),
        "number": text.pick(errors.NUMBER_STATES, made.state),
        "duplicate": pa.array(rows.duplicate),
        "stale": pa.array(rows.stale),
        "errors": made.marks.texts(),
    }
    return pa.table(columns)


def _found(chunk: Chunk, seen: Sightings, rows: Ints) -> dict[str, pa.Array]:
    room = chunk.stays.room[rows]
    places = chunk.city.places
    return {
        "person": persons(chunk, rows),
        "id_number": text.fixed(chunk.people.number[rows]),
        "live": yes_no(chunk.stays.registers_live[rows]),
        "town": text.pick(places.town_codes, places.buildings.town[places.building_of(room)]),
        "address": places.full(room),
        "sources": seen.sources(rows),
        "strong": seen.strong(rows),
    }


def unregistered(chunk: Chunk, seen: Sightings) -> pa.Table:
    """In the city, not in the register, and findable by exact number."""
    rows = np.flatnonzero(seen.findable & chunk.stays.in_city & ~chunk.stays.in_register)
    return pa.table(_found(chunk, seen, rows))


def lookalikes(chunk: Chunk, seen: Sightings) -> pa.Table:
    """Whom a comparison by exact number names as well, wrongly, and why."""
    stays = chunk.stays
    gone = ~stays.in_city & ~seen.register
    broken = stays.in_city & stays.registered & ~seen.register
    rows = np.flatnonzero(seen.findable & (gone | broken))
    why = text.pick(["register_number_broken", "departed"], gone[rows].astype(np.int64))
    return pa.table({**_found(chunk, seen, rows), "because": why})


def live(chunk: Chunk, seen: Sightings) -> pa.Table:
    """The newcomers who act live, with what they need to register their household through the API."""
    crowd, stays, places = chunk.people, chunk.stays, chunk.city.places
    rows = np.flatnonzero(stays.live)
    building = places.building_of(stays.room[rows])
    slot = places.slot(stays.room[rows], building)
    columns = {
        "person": persons(chunk, rows),
        "name": names.names().full(crowd.surname[rows], crowd.given[rows]),
        "id_number": text.fixed(crowd.number[rows]),
        "birth_date": text.days(crowd.birth[rows]),
        "sex": text.pick(["女", "男"], crowd.male[rows].astype(np.int64)),
        "phone": text.fixed(chunk.phone_now[rows]),
        "town": text.pick(places.town_codes, places.buildings.town[building]),
        "community": text.pick(places.community_codes, places.buildings.community[building]),
        "line": places.lines(building),
        "room": places.room_names(slot),
        "address_code": places.codes(building, slot),
        "arrived_on": text.days(stays.arrived[rows]),
        "housing": text.pick(HOUSING, stays.housing[rows]),
        "employer_code": text.fixed(
            chunk.city.employers.codes[np.maximum(chunk.employer[rows], 0)], chunk.employer[rows] >= 0
        ),
        "household": pa.array([_members(chunk, int(row)) for row in rows], pa.string()),
        "in_extracts": text.numbers(seen.known[rows].sum(axis=1)),
    }
    return pa.table(columns)


def _members(chunk: Chunk, head: int) -> str:
    """The relatives in a head's household as JSON; flat mates are not relatives."""
    crowd = chunk.people
    rows = np.arange(head + 1, head + chunk.households.size[crowd.household[head]])
    rows = rows[crowd.role[rows] != MATE]
    full = names.names().full(crowd.surname[rows], crowd.given[rows]).to_pylist()
    numbers = text.fixed(crowd.number[rows]).to_pylist()
    births = text.days(crowd.birth[rows]).to_pylist()
    members = [
        {
            "name": full[place],
            "id_number": numbers[place],
            "birth_date": births[place],
            "sex": "男" if crowd.male[row] else "女",
            "relation": RELATIONS[int(crowd.role[row])],
        }
        for place, row in enumerate(rows)
    ]
    return json.dumps(members, ensure_ascii=False)


def present(chunk: Chunk) -> list[int]:
    """How many people of the chunk are in the city, by community."""
    places = chunk.city.places
    community = places.buildings.community[places.building_of(chunk.stays.room[chunk.stays.in_city])]
    return [int(count) for count in np.bincount(community, minlength=len(facts.communities()))]
