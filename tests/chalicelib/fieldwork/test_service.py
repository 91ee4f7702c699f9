"""Listing within scope, outcomes once, expiry, counts, precision, and a person's rights."""

import json
from datetime import date, datetime, timedelta

import pytest

from chalicelib import audit, clock
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Forbidden, Gone, Invalid, Malformed, NotFound
from chalicelib.fieldwork import model, service, store
from chalicelib.fieldwork.model import OutcomeReport, VisitQuery
from chalicelib.identity import service as identity
from chalicelib.identity.parts import erase, exports
from tests.chalicelib.fieldwork.people import (
    CITY_OFFICER,
    COMMUNITY,
    COORDINATOR,
    FAR_COORDINATOR,
    FAR_TOWN,
    OTHER,
    OTHER_WORKER,
    TOWN,
    WORKER,
    finding,
    nobody_registered,
    people,
)
from tests.cloud import items

pytestmark = pytest.mark.usefixtures("cloud")


def planned(now: datetime, count: int = 1, community: str = COMMUNITY) -> list[str]:
    """Visits to fresh people, three to a building; returns the people."""
    found = people(count, now)
    batch = [finding(p, n // 3 + 1, community=community, room=str(101 + n)) for n, p in enumerate(found)]
    service.plan(batch, "B1", now, nobody_registered)
    return found


def listed(actor: Actor, now: datetime, **query: object) -> list[model.VisitView]:
    page = service.visits(actor, VisitQuery(**query), now, "en", registered=nobody_registered)  # type: ignore[arg-type]
    return [visit for building in page.items for visit in building.visits]


def outcome(code: str, note: str | None = None) -> OutcomeReport:
    return OutcomeReport.model_validate({"outcome": code, "note": note})


def test_visits_come_by_building_with_name_masked_phone_and_address_only(now: datetime) -> None:
    planned(now, 4)
    page = service.visits(WORKER, VisitQuery(), now, "en", registered=nobody_registered)
    assert sorted(len(building.visits) for building in page.items) == [1, 3]
    building = next(b for b in page.items if len(b.visits) == 3)
    assert (building.town, building.community, building.address) == (TOWN, COMMUNITY, "季华五路1号")
    visit = building.visits[0]
    assert (visit.name, visit.phone_masked, visit.status) == ("测试甲", "138****0001", "due")
    assert visit.because == "Social security and health both know this address"
    assert set(visit.model_dump()) == {
        "id", "name", "phone_masked", "room", "because", "sources", "planned_for", "stop", "expires_on", "status", "outcome",
    }  # fmt: skip


def test_everybody_shown_finds_it_in_their_disclosures(now: datetime) -> None:
    (person,) = planned(now)
    listed(WORKER, now)
    listed(WORKER, now)
    (entry,) = identity.disclosures(person, None, now).items
    assert (entry.staff, entry.purpose, entry.what) == (WORKER.id, "visit", "visit")


@pytest.mark.parametrize(
    ("actor", "query", "count"),
    [
        (WORKER, {}, 2),
        (WORKER, {"town": TOWN}, 2),
        (WORKER, {"town": TOWN, "community": COMMUNITY}, 2),
        (OTHER_WORKER, {}, 0),
        (OTHER_WORKER, {"town": TOWN}, 0),
        (COORDINATOR, {}, 2),
        (COORDINATOR, {"community": OTHER}, 0),
        (CITY_OFFICER, {}, 2),
        (CITY_OFFICER, {"town": FAR_TOWN}, 0),
        (FAR_COORDINATOR, {}, 0),
    ],
)
def test_everybody_sees_what_is_in_scope(
    now: datetime, actor: Actor, query: dict[str, str], count: int
) -> None:
    planned(now, 2)
    assert len(listed(actor, now, **query)) == count


@pytest.mark.parametrize(
    ("actor", "query"),
    [(WORKER, {"community": OTHER}), (WORKER, {"town": FAR_TOWN}), (COORDINATOR, {"town": FAR_TOWN})],
)
def test_a_region_out_of_scope_is_refused(now: datetime, actor: Actor, query: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        listed(actor, now, **query)


def test_an_unknown_town_and_a_community_of_another_are_refused(now: datetime) -> None:
    for query in ({"town": "440604999"}, {"town": FAR_TOWN, "community": COMMUNITY}):
        with pytest.raises(Invalid):
            listed(CITY_OFFICER, now, **query)


def test_a_grid_worker_of_some_grids_sees_those_alone(now: datetime) -> None:
    planned(now, 9)
    rows = store.visits_in("due", [COMMUNITY], 100, None)[0]
    grids = sorted({row.region for row in rows})
    one = Actor("grid-x", "staff", frozenset({"grid_worker"}), (grids[0],))
    assert len(listed(one, now)) == sum(row.region == grids[0] for row in rows)
    everything = Actor("grid-y", "staff", frozenset({"grid_worker"}), tuple(grids))
    assert len(listed(everything, now)) == 9


def test_pages_together_hold_each_visit_once_over_several_areas(now: datetime) -> None:
    first = planned(now, 4)
    service.plan([finding(p, 9, community=OTHER) for p in first[:3]], "B2", now, nobody_registered)
    actor = Actor("grid-z", "staff", frozenset({"grid_worker"}), (COMMUNITY, OTHER))
    seen, token = [], None
    for _ in range(10):
        page = service.visits(actor, VisitQuery(limit=2, next=token), now, registered=nobody_registered)
        seen += [visit.id for building in page.items for visit in building.visits]
        token = page.next
        if token is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_a_page_token_of_another_list_is_refused(now: datetime) -> None:
    planned(now, 3)
    page = service.visits(WORKER, VisitQuery(limit=1), now, registered=nobody_registered)
    with pytest.raises(Malformed):
        service.visits(COORDINATOR, VisitQuery(limit=1, next=page.next), now, registered=nobody_registered)


def test_an_outcome_is_recorded_with_its_audit_entry_and_the_name_goes(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now)
    answer = service.record_outcome(WORKER, visit.id, outcome("refused", "门口说话"), now)
    row = store.visit(visit.id)
    assert row is not None
    assert (answer.status, row.status, row.outcome, row.sealed) == ("done", "done", "refused", None)
    assert listed(WORKER, now) == []
    (done,) = listed(WORKER, now, status="done")
    assert (done.outcome, done.name, done.phone_masked) == ("refused", None, None)
    entries = [e for e in audit.EntryRow.scan() if e.act == "visit.recorded"]
    assert [(e.actor, e.target, json.loads(e.facts)) for e in entries] == [
        (WORKER.id, visit.id, {"outcome": "refused"})
    ]


def test_the_same_outcome_again_changes_nothing_and_another_is_a_conflict(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now)
    first = service.record_outcome(WORKER, visit.id, outcome("registered"), now)
    again = service.record_outcome(COORDINATOR, visit.id, outcome("registered"), now + timedelta(hours=1))
    assert first == again
    with pytest.raises(Conflict, match="visit_outcome_recorded"):
        service.record_outcome(WORKER, visit.id, outcome("not_here"), now)
    assert [(c.due, c.done) for c in service.overview(COORDINATOR, TOWN).items] == [(0, 1)]
    assert [p.outcomes["registered"] for p in service.precision()] == [1]


def test_an_outcome_out_of_scope_and_of_an_unknown_visit_are_refused(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now)
    with pytest.raises(Forbidden):
        service.record_outcome(OTHER_WORKER, visit.id, outcome("registered"), now)
    with pytest.raises(NotFound):
        service.record_outcome(WORKER, "V-none", outcome("registered"), now)


def test_outcomes_become_the_precision_of_their_sources(now: datetime) -> None:
    planned(now, 4)
    codes = ["registered", "refused", "registered", "wrong_address"]
    for visit, code in zip(listed(WORKER, now), codes, strict=True):
        service.record_outcome(WORKER, visit.id, outcome(code), now)
    (found,) = service.precision()
    assert (found.sources, found.share) == (("health_service", "social_security"), 0.75)
    assert (found.right, found.told) == (3, 4)
    assert [(one.sources, one.share) for one in service.precision("source")] == [
        (("health_service",), 0.75),
        (("social_security",), 0.75),
    ]


def test_what_visits_found_is_told_month_by_month(now: datetime) -> None:
    planned(now, 2)
    first, second = listed(WORKER, now)
    service.record_outcome(WORKER, first.id, outcome("registered"), now)
    service.record_outcome(WORKER, second.id, outcome("not_here"), now + timedelta(days=10))
    months = service.precision("month")
    assert [(one.month, one.share) for one in months] == [
        (clock.local_date(now).isoformat()[:7], 1.0),
        (clock.local_date(now + timedelta(days=10)).isoformat()[:7], 0.0),
    ]


def test_whoever_registered_meanwhile_is_withdrawn_and_not_shown(now: datetime) -> None:
    first, second = planned(now, 2)
    page = service.visits(WORKER, VisitQuery(), now, registered=lambda ids: {first} & set(ids))
    shown = [visit for building in page.items for visit in building.visits]
    assert len(shown) == 1
    assert identity.disclosures(first, None, now).items == []
    assert len(identity.disclosures(second, None, now).items) == 1
    (count,) = service.overview(COORDINATOR, TOWN).items
    assert (count.due, count.withdrawn) == (1, 1)


def test_a_worker_may_still_say_that_a_withdrawn_visit_led_to_registration(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now)
    service.visits(WORKER, VisitQuery(), now, registered=set)
    service.record_outcome(WORKER, visit.id, outcome("registered"), now)
    (count,) = service.overview(COORDINATOR, TOWN).items
    assert (count.due, count.withdrawn, count.done) == (0, 0, 1)


def test_a_visit_past_its_last_day_is_neither_shown_nor_recorded(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now + timedelta(days=30))
    late = now + timedelta(days=31)
    assert listed(WORKER, late) == []
    with pytest.raises(Gone, match="visit_expired"):
        service.record_outcome(WORKER, visit.id, outcome("registered"), late)


def test_expiry_ends_a_visit_once_and_forgets_whom_it_was_for(now: datetime) -> None:
    (person,) = planned(now)
    last_day = date(2026, 12, 23)
    late = now + timedelta(days=31)
    assert service.expire(last_day - timedelta(days=1), late) == 0
    assert [service.expire(last_day, late) for _ in range(2)] == [1, 0]
    (row,) = store.visits_in("expired", [COMMUNITY], 10, None)[0]
    assert (row.person_id, row.sealed, row.finding_id, row.by_expiry_pk) == (None, None, None, None)
    assert person not in json.dumps(row.to_simple_dict(), default=str)
    (count,) = service.overview(COORDINATOR, TOWN).items
    assert (count.due, count.expired, count.name) == (0, 1, count.name)


def test_a_visit_done_in_time_does_not_expire(now: datetime) -> None:
    planned(now)
    (visit,) = listed(WORKER, now)
    service.record_outcome(WORKER, visit.id, outcome("not_here"), now)
    assert service.expire(date(2026, 12, 23), now + timedelta(days=31)) == 0


def test_an_expired_visit_is_not_planned_again(now: datetime) -> None:
    (person,) = planned(now)
    service.expire(date(2026, 12, 23), now + timedelta(days=31))
    again = service.plan([finding(person, room="101")], "B9", now + timedelta(days=32), nobody_registered)
    assert (again.planned, again.known) == (0, 1)


def test_the_overview_is_for_the_towns_own_people(now: datetime) -> None:
    planned(now)
    with pytest.raises(Forbidden):
        service.overview(FAR_COORDINATOR, TOWN)
    with pytest.raises(Invalid):
        service.overview(CITY_OFFICER, "440604999")
    assert service.overview(CITY_OFFICER, TOWN).items[0].due == 1


def test_a_person_gets_a_copy_of_their_visits_and_deletion_leaves_nothing_of_them(now: datetime) -> None:
    (person,) = planned(now)
    (visit,) = listed(WORKER, now)
    service.record_outcome(WORKER, visit.id, outcome("refused", "下周再来"), now)
    copy = exports(person, now)["fieldwork"]
    assert isinstance(copy, list)
    assert (copy[0]["outcome"], copy[0]["note"]) == ("refused", "下周再来")
    erase(person, now)
    assert store.visits_to(person) == [] and store.note(visit.id) is None
    row = store.visit(visit.id)
    assert row is not None and row.person_id is None
    assert service.precision()[0].outcomes["refused"] == 1


def test_a_refusal_leaves_nothing_of_the_person_changed_that_not_being_there_would_not(now: datetime) -> None:
    planned(now, 2)
    left = []
    for visit, said in zip(listed(WORKER, now), ("refused", "not_here"), strict=True):
        before = items()
        service.record_outcome(WORKER, visit.id, outcome(said), now)
        after = items()
        assert [name for name in after if after[name] != before[name]] == ["test-fieldwork", "test-audit"]
        changed = [one for one in after["test-fieldwork"] if one not in before["test-fieldwork"]]
        left.append({(one["sk"]["S"], *sorted(set(one) - {"refused", "not_here"})) for one in changed})
    assert left[0] == left[1]
