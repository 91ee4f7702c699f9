"""Names of a cohort: for whose duty it is, with a purpose, of children after a second officer's word, shown to each of them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import clock
from chalicelib.errors import Conflict, Forbidden, Gone, Invalid, Malformed, NotFound
from chalicelib.identity import service as identity
from chalicelib.insight import service
from chalicelib.insight.model import Verdict
from tests.chalicelib.insight.asking import approved, asked_for, living_here
from tests.town import COMMUNITY, FAR_TOWN, TOWN, Town, outside_systems, staff

COORDINATOR, DISTRICT = staff("coordinator"), staff("district_officer")
EDUCATION = staff("reviewer", department="education")
SIX = date(2021, 3, 1)  # In the first form of 2027.
YES = Verdict(approve=True, reason="needed")


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def test_names_of_children_wait_for_another_officer_and_then_come_to_who_asked_alone(town: Town) -> None:
    child = living_here(town, SIX)
    living_here(town, date(2021, 9, 1))  # A year younger.
    asked = service.ask_for_list(EDUCATION, asked_for(), town.now)
    assert (asked.state, asked.of_minors, asked.until) == ("waiting", True, None)
    with pytest.raises(Conflict, match="list_not_approved"):
        service.names(EDUCATION, asked.id, "case_handling", None, town.now)
    service.decide_list(DISTRICT, asked.id, YES, town.now)
    page = service.names(EDUCATION, asked.id, "case_handling", None, town.now)
    assert [(one.name, one.born, one.phone, one.community) for one in page.items] == [
        ("测试孩", "2021-03", "138****0042", COMMUNITY)
    ]
    (look,) = identity.disclosures(child, None, town.now).items
    assert (look.staff, look.purpose, look.what) == (EDUCATION.id, "case_handling", "cohort_list")
    (log,) = identity.minor_accesses("2026-11", None).items
    assert (log.person_id, log.what, log.approved) == (child, "cohort_list", True)
    with pytest.raises(NotFound):
        service.names(COORDINATOR, asked.id, "case_handling", None, town.now)


def test_nobody_approves_their_own_request_and_nobody_decides_twice(town: Town) -> None:
    asked = service.ask_for_list(COORDINATOR, asked_for(), town.now)
    with pytest.raises(Forbidden, match="list_needs_another_officer"):
        service.decide_list(COORDINATOR, asked.id, YES, town.now)
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        service.decide_list(staff("district_officer", near=False), asked.id, YES, town.now)
    refused = service.decide_list(DISTRICT, asked.id, Verdict(approve=False, reason="not now"), town.now)
    assert (refused.state, refused.until) == ("refused", None)
    with pytest.raises(Conflict, match="list_decided"):
        service.decide_list(staff("city_officer"), asked.id, YES, town.now)
    with pytest.raises(Conflict, match="list_not_approved"):
        service.names(COORDINATOR, asked.id, "case_handling", None, town.now)
    (kept,) = service.asked_lists(DISTRICT, TOWN, None).items
    assert (kept.state, kept.decided_by) == ("refused", DISTRICT.id)


def test_an_approval_ends_with_its_day(town: Town) -> None:
    asked = approved(town, COORDINATOR, DISTRICT)
    assert asked.until == (clock.local_date(town.now) + timedelta(days=14)).isoformat()
    last = town.now + timedelta(days=14)
    assert service.names(COORDINATOR, asked.id, "case_handling", None, last).items == []
    with pytest.raises(Gone, match="list_over"):
        service.names(COORDINATOR, asked.id, "case_handling", None, last + timedelta(days=1))


@pytest.mark.parametrize("purpose", [None, "visit"])
def test_without_the_purpose_that_was_asked_for_nothing_is_shown(town: Town, purpose: str | None) -> None:
    child = living_here(town, SIX)
    asked = approved(town, COORDINATOR, DISTRICT)
    with pytest.raises(Malformed, match="purpose_needed"):
        service.names(COORDINATOR, asked.id, purpose, None, town.now)
    assert identity.disclosures(child, None, town.now).items == []


def test_a_list_is_for_whose_duty_it_is_in_their_region_and_for_its_purposes(town: Town) -> None:
    with pytest.raises(Forbidden, match="list_not_your_duty"):
        service.ask_for_list(staff("reviewer", department="housing"), asked_for(), town.now)
    with pytest.raises(Forbidden, match="list_not_your_duty"):
        service.ask_for_list(EDUCATION, asked_for(cohort="age_65_plus", year=2026), town.now)
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        service.ask_for_list(COORDINATOR, asked_for(region=FAR_TOWN), town.now)
    with pytest.raises(Invalid, match="list_purpose_unfit"):
        service.ask_for_list(COORDINATOR, asked_for(purpose="matching"), town.now)
    with pytest.raises(Invalid, match="cohort_unknown"):
        service.ask_for_list(COORDINATOR, asked_for(year=2040), town.now)


def test_old_people_of_a_community_may_be_listed_at_once_page_by_page(town: Town) -> None:
    there = [living_here(town, date(1950, month, 3)) for month in (1, 1, 5)]
    living_here(town, date(1950, 1, 3), f"{TOWN}003")
    living_here(town, date(1990, 1, 3))
    wanted = asked_for(cohort="age_65_plus", year=2026, region=COMMUNITY)
    asked = service.ask_for_list(COORDINATOR, wanted, town.now)
    assert (asked.state, asked.of_minors) == ("approved", False)
    first = service.names(COORDINATOR, asked.id, "case_handling", None, town.now, 2)
    second = service.names(COORDINATOR, asked.id, "case_handling", first.next, town.now, 2)
    third = service.names(COORDINATOR, asked.id, "case_handling", second.next, town.now, 2)
    pages = [first.items, second.items, third.items]
    assert sorted(one.born for page in pages for one in page) == ["1950-01", "1950-01", "1950-05"]
    assert first.next and second.next and third.next is None
    assert all(identity.disclosures(person, None, town.now).items for person in there)
