"""From findings to visits: due process first, then a place, a worker and a day.

Each worker's day is one transaction of visits, load and counts. Whatever is stopped between two
transactions is done again with the same batch and meets what it did before.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Final
from zlib import crc32

from chalicelib import audit, clock, keys, sealing
from chalicelib.actors import SYSTEM
from chalicelib.errors import DomainError, Gone, Invalid, Unavailable
from chalicelib.fieldwork import model, store, walks
from chalicelib.fieldwork.model import Finding, PlanReport, Policy, Spot
from chalicelib.fieldwork.walks import Stop
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.residence import service as residence
from chalicelib.tables import Cancelled, Write, create, transact

SEALED_AS: Final = "visit"
LOAD_KEPT: Final = timedelta(days=60)
_ATTEMPTS: Final = 8
_AT_ONCE: Final = 40
RegisteredPeople = Callable[[Iterable[str]], set[str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A visit that is about to be planned; ``load`` is whose day it counts against."""

    visit_id: str
    finding: Finding
    spot: Spot
    worker: str | None

    @property
    def load(self) -> str:
        """The worker, or the region while nobody is responsible there."""
        return self.worker or self.spot.region

    @property
    def order(self) -> tuple[str, float, int, str, str, str]:
        """By worker, then the surest and of these the latest seen first."""
        seen = self.finding.seen_on.toordinal() if self.finding.seen_on else 0
        return (
            self.load,
            -(self.finding.confidence or 0),
            -seen,
            self.spot.building,
            self.spot.room,
            self.visit_id,
        )


def plan(
    findings: Sequence[Finding],
    batch: str,
    now: datetime,
    registered: RegisteredPeople = residence.registered_people,
) -> PlanReport:
    """Plan the visits that a batch of findings justifies; the same person and place never twice.

    Left out, with counts: ``too_few_signals`` (PRIVACY: two independent ones or a strong one),
    ``registered`` meanwhile, ``place_unknown``, ``person_unknown``. Repeating a batch changes nothing
    and gives the same digests. Raises ``Unavailable`` when the tables or the address list are busy.
    """
    policy = model.policy_on(clock.local_date(now))
    left_out: Counter[str] = Counter()
    drafts = _drafts(_justified(findings, policy, registered, left_out), left_out)
    before = store.visits(drafts)
    fresh = sorted(
        (draft for draft in drafts.values() if draft.visit_id not in before), key=lambda d: d.order
    )
    planner = _Planner(policy, batch, now, left_out)
    for load, theirs in groupby(fresh, key=lambda draft: draft.load):
        planner.plan_for(load, by_building(list(theirs)))
    known = len(drafts) - len(planner.planned) - left_out["person_unknown"]
    mine = [row for row in before.values() if row.batch == batch] + planner.planned
    told = [(row.worker, row.building, date.fromisoformat(row.planned_for)) for row in mine if row.worker]
    return PlanReport(len(planner.planned), known, dict(left_out), model.digests(told))


def by_building(ranked: Sequence[Draft]) -> list[Draft]:
    """The same drafts, those of a building together: where the most promising one is, its neighbours are met too."""
    found: dict[str, list[Draft]] = {}
    for draft in ranked:
        found.setdefault(draft.spot.building, []).append(draft)
    return [draft for theirs in found.values() for draft in sorted(theirs, key=lambda one: one.spot.room)]


def _justified(
    findings: Sequence[Finding], policy: Policy, registered: RegisteredPeople, left_out: Counter[str]
) -> list[Finding]:
    enough = [finding for finding in findings if policy.allows(finding.sources)]
    left_out["too_few_signals"] = len(findings) - len(enough)
    meanwhile = registered({finding.person_id for finding in enough})
    wanted = [finding for finding in enough if finding.person_id not in meanwhile]
    left_out["registered"] = len(enough) - len(wanted)
    return wanted


def _drafts(findings: Sequence[Finding], left_out: Counter[str]) -> dict[str, Draft]:
    area = _Area()
    found: dict[str, Draft] = {}
    for finding in findings:
        spot = area.spot(finding)
        if spot is None:
            left_out["place_unknown"] += 1
            continue
        visit_id = keys.stable_id("V", finding.person_id, spot.building, spot.room)
        found[visit_id] = Draft(visit_id, finding, spot, area.worker(spot))
    return found


class _Area:
    """Where findings are and who is responsible there; what was asked once is remembered for the batch."""

    def __init__(self) -> None:
        self._grid_of = cache(places.grid_of)
        self._grids_of = cache(places.grids_of)
        self._responsible = cache(_closest_workers)

    def spot(self, finding: Finding) -> Spot | None:
        """Where the finding is; None for a town or community that does not exist."""
        community, building, room = finding.community, finding.building, finding.room
        point: tuple[float, float] | None = None
        if community is None and (known := places.locate(finding.address, finding.town)):
            community, building, room = known.community, known.building, room or known.room
            point = _point(known.lon, known.lat)
        if community is None:
            return _in_town(finding)
        try:
            if building is None:
                place = places.resolve(finding.town, community, finding.address, room)
                building, room, point = place.building, place.room, _point(place.lon, place.lat)
            grid = self._grid_of(building) or _shared_out(building, self._grids_of(community))
        except Invalid:
            return None
        return Spot(community[:9], community, grid, building, room, point)

    def worker(self, spot: Spot) -> str | None:
        """Who goes there: of those with the closest scope, always the same one for a building."""
        members = self._responsible(spot.region) if spot.community else ()
        return members[int(spot.building[-5:]) % len(members)] if members else None


def _point(lon: float | None, lat: float | None) -> tuple[float, float] | None:
    """Where the building stands; None off the list of standard addresses."""
    return (lon, lat) if lon is not None and lat is not None else None


def _closest_workers(region: str) -> tuple[str, ...]:
    found = identity.staff_for("grid_worker", region)
    closest = max((len(member.scopes[0]) for member in found), default=0)
    return tuple(member.user_id for member in found if len(member.scopes[0]) == closest)


def _in_town(finding: Finding) -> Spot | None:
    """A place of which only the town is known: the town's coordinator sees it, no grid worker."""
    division = places.division(finding.town)
    if division is None or division.level != "town":
        return None
    number = crc32(finding.address.encode())
    return Spot(finding.town, "", finding.town, f"{finding.town}0009{number % 10**7:07d}", finding.room)


def _shared_out(building: str, grids: Sequence[str]) -> str:
    """The grid that a building off the list falls to: always the same one of its community."""
    return grids[int(building[-7:]) % len(grids)]


class _Planner:
    """Writes the visits of one batch; ``planned`` are the rows that are there now because of it."""

    def __init__(self, policy: Policy, batch: str, now: datetime, left_out: Counter[str]) -> None:
        self.policy, self.batch, self.now, self.left_out = policy, batch, now, left_out
        self.today = clock.local_date(now)
        self.planned: list[store.VisitRow] = []
        self.points: dict[str, tuple[float, float]] = {}

    def plan_for(self, load: str, drafts: Sequence[Draft]) -> None:
        """Fill the load's next working days with these visits, building by building, each day on a short walk."""
        self.points = {d.spot.building: d.spot.point for d in drafts if d.spot.point}
        rows = [row for draft in drafts if (row := self._row(draft))]
        last: DomainError | None = None
        for _ in range(_ATTEMPTS):
            if not rows:
                return
            try:
                rows = self._write(load, rows)
            except Unavailable as busy:
                last = busy
        if rows:
            raise last or Unavailable("busy_try_again")

    def _write(self, load: str, rows: list[store.VisitRow]) -> list[store.VisitRow]:
        """One pass over the days; returns the rows that have to be tried again."""
        days = self._days()
        before = store.loads(load, days[0], days[-1])
        fits = model.allot(len(rows), days, before, self.policy.visits_a_day)
        again: list[store.VisitRow] = []
        place = 0
        for day, room in fits:
            again += self._day(load, day, rows[place : place + room])
            place += room
        # Beyond the horizon there is no capacity to keep: the last day takes what is left.
        for start in range(place, len(rows), _AT_ONCE):
            again += self._day(load, days[-1], rows[start : start + _AT_ONCE], limited=False)
        return again

    def _days(self) -> list[date]:
        days: list[date] = []
        day = self.today
        last = self.policy.expires_on(self.today)
        for _ in range(self.policy.days_ahead):
            day = clock.add_working_days(day, 1)
            if day > last and days:
                break
            days.append(day)
        return days

    def _day(
        self, load: str, day: date, rows: list[store.VisitRow], *, limited: bool = True
    ) -> list[store.VisitRow]:
        """Write one day's visits; returns those to try again because another batch took the day."""
        stops = self._stops(rows)
        for row in rows:
            row.planned_for, row.stop = day.isoformat(), stops[row.building]
        capacity = self.policy.visits_a_day if limited else 10**6
        over = int((self.now + LOAD_KEPT).timestamp()) + (day - self.today).days * 86_400
        writes: list[Write] = [create(row) for row in rows]
        writes.append(store.add_load(load, day, len(rows), capacity, over))
        writes += _more_due(rows)
        writes.append(audit.entry(SYSTEM, "visits.planned", self.batch, self.now, visits=len(rows)))
        try:
            transact(*writes)
        except Cancelled as refused:
            # A visit that is there already is nobody's to plan again; a day that is full is tried anew.
            return [row for place, row in enumerate(rows) if place not in refused.failed]
        self.planned += rows
        return []

    def _stops(self, rows: Sequence[store.VisitRow]) -> dict[str, int]:
        """Each building's place in the day's walk, from 1; those whose place nobody knows come last."""
        buildings = list(dict.fromkeys(row.building for row in rows))
        known = [Stop(building, *self.points[building]) for building in buildings if building in self.points]
        walk = [stop.building for stop in walks.tour(known)]
        walk += [building for building in buildings if building not in self.points]
        return {building: place for place, building in enumerate(walk, 1)}

    def _row(self, draft: Draft) -> store.VisitRow | None:
        finding, moment = draft.finding, clock.iso(self.now)
        row = store.visit_row(
            draft.visit_id, draft.spot, finding.person_id, moment, self.policy.expires_on(self.today)
        )
        row.batch, row.finding_id, row.worker = self.batch, finding.id, draft.worker
        row.sources = "+".join(sorted(set(finding.sources)))
        row.because = json.dumps(finding.because, ensure_ascii=False)
        try:
            row.sealed = _sealed(finding, draft.spot)
        except Gone:
            self.left_out["person_unknown"] += 1
            return None
        return row


def _more_due(rows: Iterable[store.VisitRow]) -> list[Write]:
    counted = Counter((row.town, row.community or row.town) for row in rows)
    return [store.count(town, community, {"due": more}) for (town, community), more in counted.items()]


def _sealed(finding: Finding, spot: Spot) -> str:
    """What the worker will see, and no more than that, under the person's key; ``Gone`` without one."""
    shown = {
        "name": finding.name or "",
        "phone": mask_phone(finding.phone or ""),
        "address": finding.address,
        "room": spot.room,
    }
    return sealing.seal(finding.person_id, json.dumps(shown, ensure_ascii=False), SEALED_AS)


def mask_phone(phone: str) -> str:
    """``138****5678``; empty without a phone."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else ""
