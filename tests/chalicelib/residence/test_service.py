"""Registrations on the test cloud: who may file, what is enacted, and that it is enacted once."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.residence import service as residence
from chalicelib.residence.model import Departure, NewRegistration
from tests.town import COMMUNITY, TOWN, Town, id_number, outside_systems, staff

ADDRESS = {"town": TOWN, "community": COMMUNITY, "line": "试验路1号", "room": "502"}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def body(**more: Any) -> NewRegistration:
    said = {"address": ADDRESS, "arrived_on": "2026-11-01", "housing": "rented"}
    return NewRegistration.model_validate(said | more)


def accepted(actor: Actor, now: datetime, **more: Any) -> Case:
    case_id = residence.register(actor, body(**more), now).id
    for department in ("public_security", "housing"):
        cases.record_check(case_id, department, "passed", SYSTEM, now)
    return cases.case(case_id)


def statuses(person: str) -> list[str]:
    return [stay.status for stay in residence.registrations_of(person)]


def test_a_household_is_registered_with_the_one_who_files(town: Town, now: datetime) -> None:
    child = {
        "name": "试",
        "id_number": id_number(7, date(2020, 1, 1)),
        "relation": "child",
        "guardian_consent": True,
    }
    case = accepted(town.owner, now, household=[child])
    assert residence.enact(case, now)
    people = residence._household(case, now)
    assert [statuses(person) for person in (town.owner.id, *people)] == [["active"], ["active"]]


def test_enacting_again_changes_nothing(town: Town, now: datetime) -> None:
    case = accepted(town.owner, now)
    assert [residence.enact(case, now), residence.enact(case, now)] == [True, False]
    assert statuses(town.owner.id) == ["active"]


def test_an_undecided_case_is_not_enacted(town: Town, now: datetime) -> None:
    case = cases.case(residence.register(town.owner, body(), now).id)
    with pytest.raises(Conflict):
        residence.enact(case, now)
    assert statuses(town.owner.id) == []


def test_registering_elsewhere_ends_the_former_stay_as_moved(town: Town, now: datetime) -> None:
    residence.enact(accepted(town.owner, now), now)
    second = accepted(town.owner, now, address={**ADDRESS, "room": "601"}, arrived_on="2026-11-20")
    residence.enact(second, now)
    assert sorted(statuses(town.owner.id)) == ["active", "moved"]
    (moved,) = (stay for stay in residence.registrations_of(town.owner.id) if stay.status == "moved")
    assert moved.ended_on is not None


def test_a_departure_ends_the_stay_once_the_station_confirms(town: Town, now: datetime) -> None:
    case = accepted(town.owner, now)
    residence.enact(case, now)
    left = residence.depart(town.owner, case.id, Departure(left_on=date(2026, 11, 22)), now)
    assert statuses(town.owner.id) == ["active"]
    worker = staff("grid_worker")
    cases.act(cases.case(left.id), "approve", worker, now, reason="confirmed")
    residence.enact(cases.case(left.id), now)
    assert statuses(town.owner.id) == ["departed"]
    assert residence.registered_people([town.owner.id]) == {town.owner.id}
    with pytest.raises(Conflict, match="registration_not_active"):
        residence.depart(town.owner, case.id, Departure(left_on=date(2026, 11, 22)), now)


def test_nobody_leaves_before_having_come(town: Town, now: datetime) -> None:
    case = accepted(town.owner, now)
    residence.enact(case, now)
    with pytest.raises(Invalid):
        residence.depart(town.owner, case.id, Departure(left_on=date(2020, 1, 1)), now)


def test_a_stranger_cannot_report_somebody_elses_departure(town: Town, now: datetime) -> None:
    case = accepted(town.owner, now)
    residence.enact(case, now)
    with pytest.raises(NotFound):
        residence.depart(town.stranger, case.id, Departure(left_on=date(2026, 11, 22)), now)


def test_the_landlord_who_filed_may_report_the_tenants_departure(town: Town, now: datetime) -> None:
    tenant = {"name": "试", "id_number": id_number(9)}
    case = cases.case(residence.register(town.owner, body(tenant=tenant), now).id)
    assert (case.state, case.filer) == ("confirming", town.owner.id)
    cases.act(case, "confirm", Actor(case.owner, "citizen", frozenset({"citizen"})), now)
    for department in ("public_security", "housing"):
        cases.record_check(case.id, department, "passed", SYSTEM, now)
    residence.enact(cases.case(case.id), now)
    left = residence.depart(town.owner, case.id, Departure(left_on=date(2026, 11, 22)), now)
    assert left.state == "review"


def test_staff_register_a_person_who_is_present_in_their_own_region_only(town: Town, now: datetime) -> None:
    present = {"name": "试", "id_number": id_number(11)}
    filed = residence.register(staff("coordinator"), body(person=present), now)
    assert filed.state == "checking"
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        residence.register(staff("coordinator", near=False), body(person=present), now)
    with pytest.raises(Forbidden, match="counter_only"):
        residence.register(town.owner, body(person=present), now)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"arrived_on": "2027-01-01"}, "/arrived_on"),
        ({"arrived_on": "1900-01-01"}, "/arrived_on"),
        ({"address": {**ADDRESS, "town": "440605011"}}, "/address/community"),
        ({"address": {**ADDRESS, "community": "440604010999"}}, "/address/community"),
    ],
    ids=["in the future", "too long ago", "town elsewhere", "no such community"],
)
def test_impossible_dates_and_places_are_named(
    town: Town, now: datetime, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        residence.register(town.owner, body(**more), now)
    assert [f.path for f in caught.value.fields] == [field]


def test_somebody_without_a_bound_identity_is_asked_to_bind_it(town: Town, now: datetime) -> None:
    with pytest.raises(Forbidden, match="identity_not_bound"):
        residence.register(town.unbound, body(), now)


def test_a_stay_tells_the_month_of_birth_and_leaving_ends_the_list_of_its_town(
    town: Town, now: datetime
) -> None:
    residence.enact(accepted(town.owner, now), now)
    standing = residence.standing_of(town.owner.id)
    assert standing and standing.born == "1990-01"
    found, following = residence.born_between(TOWN, "1989-12", "1990-01", None)
    assert ([one.person_id for one in found], following) == ([town.owner.id], None)
    assert residence.born_between(TOWN, "1990-02", "1991-12", None)[0] == []
    (stay,) = residence.registrations_of(town.owner.id)
    filed = residence.depart(town.owner, stay.id, Departure(left_on=date(2026, 11, 20)), now)
    residence.enact(cases.case(filed.id).model_copy(update={"state": "accepted"}), now)
    assert residence.born_between(TOWN, "1989-12", "1990-01", None)[0] == []


def test_a_census_tells_of_everybody_once_with_the_first_registration(town: Town, now: datetime) -> None:
    residence.enact(accepted(town.owner, now), now)
    (first,) = residence.registrations_of(town.owner.id)
    residence.enact(accepted(town.owner, now, arrived_on="2026-11-22"), now)
    residence.enact(accepted(town.stranger, now), now)
    people = {one.person_id: one for one in residence.residents()}
    assert set(people) == {town.owner.id, town.stranger.id}
    mover = people[town.owner.id]
    assert (mover.is_active, mover.region, mover.born) == (True, COMMUNITY, "1990-01")
    assert mover.first == first.registered_on
