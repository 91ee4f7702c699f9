"""From findings to visits: once, to the right worker, within the capacity."""

import json
from datetime import date, datetime, timedelta

import pytest

from chalicelib import sealing
from chalicelib.fieldwork import model, planning, service, store
from tests.chalicelib.fieldwork.people import (
    COMMUNITY,
    OTHER,
    PHONE,
    TOWN,
    WORKER,
    finding,
    nobody_registered,
    people,
    staff,
)

pytestmark = pytest.mark.usefixtures("cloud")
DAY = 20


def due() -> list[store.VisitRow]:
    return store.visits_in("due", [TOWN], 1000, None)[0]


def test_a_finding_becomes_a_visit_to_its_grids_worker(now: datetime) -> None:
    staff(now)
    (person,) = people(1, now)
    report = service.plan([finding(person)], "B1", now, nobody_registered)
    (row,) = due()
    assert (report.planned, report.known) == (1, 0)
    assert (row.status, row.person_id, row.worker, row.community) == ("due", person, WORKER.id, COMMUNITY)
    assert row.region.startswith(COMMUNITY) and len(row.region) == 15 and len(row.building) == 20
    assert (row.planned_for, row.expires_on) == ("2026-11-24", "2026-12-23")
    assert report.digests == [model.Digest(WORKER.id, 1, 1, 1, date(2026, 11, 24))]


def test_the_row_holds_neither_name_nor_phone_nor_address_in_the_clear(now: datetime) -> None:
    (person,) = people(1, now)
    service.plan([finding(person)], "B1", now, nobody_registered)
    (row,) = due()
    text = json.dumps(row.to_simple_dict(), ensure_ascii=False, default=str)
    assert not any(secret in text for secret in ("测试甲", PHONE, "季华五路"))
    shown = json.loads(sealing.open_sealed(person, row.sealed or "", "visit"))
    assert shown == {"name": "测试甲", "phone": "138****0001", "address": "季华五路1号", "room": "502"}


def test_the_same_person_and_place_are_never_visited_twice(now: datetime) -> None:
    (person,) = people(1, now)
    service.plan([finding(person)], "B1", now, nobody_registered)
    later = now + timedelta(days=400)
    again = service.plan(
        [finding(person, id="F2", sources=("lease_filings",))], "B2", later, nobody_registered
    )
    assert (again.planned, again.known, again.digests) == (0, 1, [])
    assert len(due()) == 1
    other_place = service.plan([finding(person, 2)], "B3", later, nobody_registered)
    assert other_place.planned == 1


def test_a_batch_delivered_again_changes_nothing_and_asks_for_the_same_digests(now: datetime) -> None:
    staff(now)
    batch = [finding(person, n % 2 + 1) for n, person in enumerate(people(5, now))]
    first = service.plan(batch, "B1", now, nobody_registered)
    again = service.plan(batch, "B1", now + timedelta(minutes=6), nobody_registered)
    assert (first.planned, again.planned, again.known) == (5, 0, 5)
    assert first.digests == again.digests != []
    assert [(row.sk, int(row.due)) for row in store.counts(TOWN)] == [(COMMUNITY, 5)]


def test_a_batch_that_was_cut_off_is_completed(now: datetime) -> None:
    staff(now)
    batch = [finding(person) for person in people(6, now)]
    service.plan(batch[:3], "B1", now, nobody_registered)
    rest = service.plan(list(reversed(batch)), "B1", now, nobody_registered)
    assert (rest.planned, rest.known, rest.digests[0].visits) == (3, 3, 6)


def test_two_planners_at_once_plan_each_visit_once(now: datetime) -> None:
    staff(now)
    batch = [finding(person) for person in people(4, now)]

    def meanwhile(person_ids: object) -> set[str]:
        return set()

    def with_a_rival(person_ids: object) -> set[str]:
        service.plan(batch[:2], "B2", now, meanwhile)
        return set()

    service.plan(batch, "B1", now, with_a_rival)
    assert len(due()) == 4
    assert [int(row.due) for row in store.counts(TOWN)] == [4]
    assert sum(store.loads(WORKER.id, date(2026, 11, 23), date(2026, 12, 31)).values()) == 4


def test_weak_findings_and_people_registered_meanwhile_are_left_out(now: datetime) -> None:
    weak, registered, right = people(3, now)
    batch = [finding(weak, sources=("tax",)), finding(registered), finding(right)]
    report = service.plan(batch, "B1", now, lambda ids: {registered} & set(ids))
    assert (report.planned, report.left_out["too_few_signals"], report.left_out["registered"]) == (1, 1, 1)
    assert [row.person_id for row in due()] == [right]


def test_people_whom_nobody_knows_and_places_that_do_not_exist_are_left_out(now: datetime) -> None:
    (person,) = people(1, now)
    batch = [
        finding("P-deleted"),
        finding(person, community="440604010999"),
        finding(person, town="440604999", community=None),
    ]
    report = service.plan(batch, "B1", now, nobody_registered)
    assert (report.planned, report.known) == (0, 0)
    assert (report.left_out["person_unknown"], report.left_out["place_unknown"]) == (1, 2)


def test_a_place_known_only_by_its_town_goes_to_the_towns_list_without_a_worker(now: datetime) -> None:
    staff(now)
    (person,) = people(1, now)
    report = service.plan([finding(person, community=None)], "B1", now, nobody_registered)
    (row,) = due()
    assert (report.planned, row.region, row.worker, report.digests) == (1, TOWN, None, [])


def test_a_workers_day_holds_no_more_than_its_capacity(now: datetime) -> None:
    staff(now)
    everybody = people(2 * DAY + 5, now)
    service.plan([finding(p) for p in everybody[: DAY - 2]], "B1", now, nobody_registered)
    service.plan([finding(p) for p in everybody[DAY - 2 :]], "B2", now, nobody_registered)
    planned = store.loads(WORKER.id, date(2026, 11, 23), date(2026, 12, 31))
    assert planned == {date(2026, 11, 24): DAY, date(2026, 11, 25): DAY, date(2026, 11, 26): 5}


def test_what_is_planned_for_later_is_listed_at_once(now: datetime) -> None:
    batch = [finding(person) for person in people(DAY + 3, now)]
    service.plan(batch, "B1", now, nobody_registered)
    assert len(due()) == DAY + 3


def test_visits_are_planned_on_working_days_only(now: datetime) -> None:
    friday = now + timedelta(days=4)
    (person,) = people(1, now)
    service.plan([finding(person)], "B1", friday, nobody_registered)
    assert due()[0].planned_for == "2026-11-30"


def test_each_building_stays_with_one_worker(now: datetime) -> None:
    staff(now)
    batch = [finding(p, n % 3, community=OTHER if n % 2 else COMMUNITY) for n, p in enumerate(people(8, now))]
    report = service.plan(batch, "B1", now, nobody_registered)
    by_building: dict[str, set[str | None]] = {}
    for row in due():
        by_building.setdefault(row.building, set()).add(row.worker)
    assert all(len(workers) == 1 for workers in by_building.values())
    assert {digest.worker for digest in report.digests} == {"grid-1", "grid-2"}


def test_the_surest_and_of_these_the_latest_seen_are_visited_first(now: datetime) -> None:
    staff(now)
    sure = [(0.9, 20), (0.99, 1), (0.99, 20), *((0.95, 10) for _ in range(DAY - 1))]
    batch = [
        finding(person, n, confidence=surely, seen_on=date(2026, 11, seen))
        for n, (person, (surely, seen)) in enumerate(zip(people(DAY + 2, now), sure, strict=True))
    ]
    service.plan(batch, "B1", now, nobody_registered)
    later = {row.person_id for row in due() if row.planned_for == "2026-11-25"}
    assert len(later) == 2 and batch[0].person_id in later
    assert not later & {batch[1].person_id, batch[2].person_id}


def test_neighbours_of_somebody_sure_are_visited_on_the_same_way() -> None:
    spots = {n: model.Spot(TOWN, COMMUNITY, f"{COMMUNITY}001", f"{n:020d}", "") for n in (1, 2)}
    drafts = [
        planning.Draft(f"V{n}", finding(f"P{n}", confidence=surely), spots[building], "grid-1")
        for n, (building, surely) in enumerate([(2, 0.99), (1, 0.95), (2, 0.9)])
    ]
    ranked = sorted(drafts, key=lambda draft: draft.order)
    assert [draft.visit_id for draft in ranked] == ["V0", "V1", "V2"]
    assert [draft.visit_id for draft in planning.by_building(ranked)] == ["V0", "V2", "V1"]


def test_each_building_has_its_place_in_the_days_walk(now: datetime) -> None:
    staff(now)
    batch = [finding(person, n % 3) for n, person in enumerate(people(6, now))]
    service.plan(batch, "B1", now, nobody_registered)
    stops = {(row.building, row.stop) for row in due()}
    assert len(stops) == 3 and {stop for _, stop in stops} == {1, 2, 3}
