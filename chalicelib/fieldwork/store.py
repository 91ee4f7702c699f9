"""Visits in DynamoDB.

``VISIT#<id>``: ``VISIT`` and perhaps ``NOTE``. ``LOAD#<worker>``: one row a day. ``COUNT#<town>``: one row
a community. ``PRECISION``: one row for each combination of sources and town; ``PRECISION#MONTHS``: one a month. ``PARKED#<day>``. Indexes: ``by_region``
(``<status>#<town>``, sorted by grid and building, so that town, community, grid and building are key
prefixes), ``by_expiry`` (what is due to expire on a day; sparse), ``by_person``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import keys
from chalicelib.errors import Malformed
from chalicelib.fieldwork.model import Outcome, Spot
from chalicelib.tables import Delete, Put, Row, Update, index_meta, meta

OUTCOMES: Final = ("registered", "already_registered", "not_here", "refused", "wrong_address")
STATUSES: Final = ("due", "done", "expired", "withdrawn")


class ByRegion(GlobalSecondaryIndex["VisitRow"]):
    """Visits of a status in a town, by grid and building."""

    Meta = index_meta("by_region")
    by_region_pk = UnicodeAttribute(hash_key=True)
    by_region_sk = UnicodeAttribute(range_key=True)


class ByExpiry(GlobalSecondaryIndex["VisitRow"]):
    """Due visits by their last day. Sparse."""

    Meta = index_meta("by_expiry")
    by_expiry_pk = UnicodeAttribute(hash_key=True)
    by_expiry_sk = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex["VisitRow"]):
    """A person's visits, for export and deletion."""

    Meta = index_meta("by_person")
    by_person_pk = UnicodeAttribute(hash_key=True)
    by_person_sk = UnicodeAttribute(range_key=True)


class VisitRow(Row):
    """One visit. ``sealed`` holds name, masked phone, address and room under the person's key."""

    Meta = meta("fieldwork")
    by_region = ByRegion()
    by_expiry = ByExpiry()
    by_person = ByPerson()
    visit_id = UnicodeAttribute()
    status = UnicodeAttribute()
    region = UnicodeAttribute()
    town = UnicodeAttribute()
    community = UnicodeAttribute()
    building = UnicodeAttribute()
    place = UnicodeAttribute()
    planned_for = UnicodeAttribute()
    expires_on = UnicodeAttribute()
    created_at = UnicodeAttribute()
    batch = UnicodeAttribute()
    finding_id = UnicodeAttribute(null=True)
    sources = UnicodeAttribute()
    because = UnicodeAttribute(default="{}")
    worker = UnicodeAttribute(null=True)
    stop = NumberAttribute(null=True)
    person_id = UnicodeAttribute(null=True)
    sealed = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    outcome_at = UnicodeAttribute(null=True)
    outcome_by = UnicodeAttribute(null=True)
    by_region_pk = UnicodeAttribute()
    by_region_sk = UnicodeAttribute()
    by_expiry_pk = UnicodeAttribute(null=True)
    by_expiry_sk = UnicodeAttribute(null=True)
    by_person_pk = UnicodeAttribute(null=True)
    by_person_sk = UnicodeAttribute(null=True)


class NoteRow(Row):
    """What the worker wrote, sealed under the person's key; it goes after a time."""

    Meta = meta("fieldwork")
    sealed = UnicodeAttribute()
    person_id = UnicodeAttribute()


class LoadRow(Row):
    """How many visits a worker was given for a day."""

    Meta = meta("fieldwork")
    planned = NumberAttribute(default=0)


class CountRow(Row):
    """How a community's visits stand, kept in the transactions that change them."""

    Meta = meta("fieldwork")
    due = NumberAttribute(default=0)
    done = NumberAttribute(default=0)
    expired = NumberAttribute(default=0)
    withdrawn = NumberAttribute(default=0)


class PrecisionRow(Row):
    """What visits from one combination of sources found in one town, or all visits in one month."""

    Meta = meta("fieldwork")
    registered = NumberAttribute(default=0)
    already_registered = NumberAttribute(default=0)
    not_here = NumberAttribute(default=0)
    refused = NumberAttribute(default=0)
    wrong_address = NumberAttribute(default=0)


class ParkedRow(Row):
    """A queue's message that can never work, with the reason."""

    Meta = meta("fieldwork")
    body = UnicodeAttribute()
    reason = UnicodeAttribute()


def visit_row(visit_id: str, spot: Spot, person_id: str, created_at: str, expires_on: date) -> VisitRow:
    """A due visit's row; the caller adds what is said of it."""
    row = VisitRow(f"VISIT#{visit_id}", "VISIT", visit_id=visit_id, status="due", region=spot.region)
    row.town, row.community, row.building = spot.town, spot.community, spot.building
    row.place = keys.stable_id("L", spot.building, spot.room)
    row.created_at, row.expires_on, row.person_id = created_at, expires_on.isoformat(), person_id
    row.by_region_pk, row.by_region_sk = f"due#{spot.town}", f"{spot.region}#{spot.building}#{visit_id}"
    row.by_expiry_pk, row.by_expiry_sk = row.expires_on, visit_id
    row.by_person_pk, row.by_person_sk = person_id, f"{created_at}#{visit_id}"
    return row


def visit(visit_id: str) -> VisitRow | None:
    """The visit as it is this moment."""
    found: VisitRow | None = VisitRow.find(f"VISIT#{visit_id}", "VISIT", consistent=True)
    return found


def visits(visit_ids: Iterable[str]) -> dict[str, VisitRow]:
    """Those of the visits that exist, 100 a request."""
    wanted = [(f"VISIT#{visit_id}", "VISIT") for visit_id in dict.fromkeys(visit_ids)]
    return {row.visit_id: row for row in VisitRow.batch_get(wanted, consistent_read=True)}


def visits_in(
    status: str, areas: Sequence[str], limit: int, token: str | None
) -> tuple[list[VisitRow], str | None]:
    """A page of the visits of a status in some areas (town, community or grid codes), by building.

    One query an area until the page is full; the token remembers the area and the place in it.
    """
    scope = f"visits#{status}#{keys.stable_id('', *areas)}"
    start, after = _start(token, scope, len(areas))
    found: list[VisitRow] = []
    for number in range(start, len(areas)):
        results = VisitRow.by_region.query(
            f"{status}#{areas[number][:9]}",
            VisitRow.by_region_sk.startswith(areas[number]),
            limit=limit - len(found),
            last_evaluated_key=after if number == start else None,
        )
        found += results
        if len(found) >= limit:
            last = results.last_evaluated_key
            if last is None and number + 1 == len(areas):
                return found, None
            place = {"scope": scope, "area": number if last else number + 1, "from": last}
            return found, keys.sign_page(place)
    return found, None


def _start(token: str | None, scope: str, areas: int) -> tuple[int, dict[str, Any] | None]:
    if token is None:
        return 0, None
    read = keys.read_page(token)
    if read.get("scope") != scope or not 0 <= read["area"] < areas:
        raise Malformed("page_token_invalid")
    return read["area"], read["from"]


def expiring(day: date) -> list[VisitRow]:
    """The due visits whose last day this was."""
    return list(VisitRow.by_expiry.query(day.isoformat()))


def visits_to(person_id: str) -> list[VisitRow]:
    """A person's visits, the oldest first."""
    return list(VisitRow.by_person.query(person_id))


def note(visit_id: str) -> NoteRow | None:
    """The worker's note on a visit."""
    found: NoteRow | None = NoteRow.find(f"VISIT#{visit_id}", "NOTE")
    return found


def note_row(visit_id: str, person_id: str, sealed: str, expires_at: int) -> Put:
    """The write of a note."""
    return Put(
        NoteRow(f"VISIT#{visit_id}", "NOTE", sealed=sealed, person_id=person_id, expires_at=expires_at)
    )


def record(row: VisitRow, outcome: Outcome, at: str, by: str) -> Update:
    """The write of an outcome; refused when the visit is no longer waiting. What names the person goes."""
    actions = [
        VisitRow.status.set("done"),
        VisitRow.outcome.set(outcome),
        VisitRow.outcome_at.set(at),
        VisitRow.outcome_by.set(by),
        VisitRow.by_region_pk.set(f"done#{row.town}"),
        VisitRow.sealed.remove(),
        VisitRow.by_expiry_pk.remove(),
        VisitRow.by_expiry_sk.remove(),
    ]
    return Update(row, actions, VisitRow.status == row.status)


def close(row: VisitRow, status: str) -> Update:
    """The write that ends a due visit without an outcome: ``expired`` or ``withdrawn``.

    An expired visit forgets the person; a withdrawn one may still get its outcome, so it only loses
    the name, phone and address.
    """
    actions: list[Action] = [
        VisitRow.status.set(status),
        VisitRow.by_region_pk.set(f"{status}#{row.town}"),
        VisitRow.sealed.remove(),
        VisitRow.by_expiry_pk.remove(),
        VisitRow.by_expiry_sk.remove(),
    ]
    if status == "expired":
        actions += _nobody()
    return Update(row, actions, VisitRow.status == "due")


def _nobody() -> list[Action]:
    """What takes the person, and the way back to the person, out of a visit."""
    named = (VisitRow.person_id, VisitRow.finding_id, VisitRow.by_person_pk, VisitRow.by_person_sk)
    return [attribute.remove() for attribute in named]


def forget(row: VisitRow) -> Update:
    """The write that takes the person out of a visit that is over, or ends one that is not."""
    actions = [
        VisitRow.status.set("withdrawn" if row.status == "due" else row.status),
        VisitRow.by_region_pk.set(f"{'withdrawn' if row.status == 'due' else row.status}#{row.town}"),
        VisitRow.sealed.remove(),
        VisitRow.by_expiry_pk.remove(),
        VisitRow.by_expiry_sk.remove(),
        *_nobody(),
    ]
    return Update(row, actions, VisitRow.status == row.status)


def loads(worker: str, first: date, last: date) -> dict[date, int]:
    """How many visits the worker has on each day from ``first`` to ``last``."""
    rows = LoadRow.query(
        f"LOAD#{worker}", LoadRow.sk.between(first.isoformat(), last.isoformat()), consistent_read=True
    )
    return {date.fromisoformat(row.sk): int(row.planned) for row in rows}


def add_load(worker: str, day: date, more: int, capacity: int, expires_at: int) -> Update:
    """The write that gives a worker more visits on a day; refused beyond the capacity."""
    row = LoadRow(f"LOAD#{worker}", day.isoformat())
    actions = [LoadRow.planned.add(more), LoadRow.expires_at.set(expires_at)]
    return Update(row, actions, LoadRow.planned.does_not_exist() | (LoadRow.planned <= capacity - more))


def count(town: str, community: str, changes: Mapping[str, int]) -> Update:
    """The write that keeps a community's counts, for example ``{"due": -1, "done": 1}``."""
    row = CountRow(f"COUNT#{town}", community)
    return Update(row, [getattr(CountRow, status).add(more) for status, more in sorted(changes.items())])


def counts(town: str) -> list[CountRow]:
    """A town's counts, one row a community that ever had a visit."""
    return list(CountRow.query(f"COUNT#{town}"))


def count_outcome(sources: str, town: str, outcome: Outcome) -> Update:
    """The write that feeds an outcome back to its combination of sources."""
    row = PrecisionRow("PRECISION", f"{sources}#{town}")
    return Update(row, [getattr(PrecisionRow, outcome).add(1)])


def count_in_month(month: str, outcome: Outcome) -> Update:
    """The write that counts an outcome in its month, ``2026-11``."""
    row = PrecisionRow("PRECISION#MONTHS", month)
    return Update(row, [getattr(PrecisionRow, outcome).add(1)])


def outcomes_by_month() -> dict[str, dict[str, int]]:
    """Counted outcomes of each month."""
    rows = PrecisionRow.query("PRECISION#MONTHS")
    return {row.sk: {outcome: int(getattr(row, outcome) or 0) for outcome in OUTCOMES} for row in rows}


def outcomes_by_sources() -> dict[str, dict[str, int]]:
    """Counted outcomes of each combination of sources, over all towns."""
    found: dict[str, dict[str, int]] = {}
    for row in PrecisionRow.query("PRECISION"):
        counted = found.setdefault(row.sk.rpartition("#")[0], dict.fromkeys(OUTCOMES, 0))
        for outcome in OUTCOMES:
            counted[outcome] += int(getattr(row, outcome) or 0)
    return found


def drop_note(row: NoteRow) -> Delete:
    """The write that removes a note."""
    return Delete(row)


def park(key: str, day: str, body: str, reason: str, expires_at: int) -> Put:
    """The write that keeps what can never work, for somebody to look at."""
    return Put(ParkedRow(f"PARKED#{day}", key, body=body, reason=reason, expires_at=expires_at))


def parked(day: str) -> list[ParkedRow]:
    """What was parked on a day."""
    return list(ParkedRow.query(f"PARKED#{day}"))
