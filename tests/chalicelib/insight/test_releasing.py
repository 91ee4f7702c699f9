"""Releases: what is counted comes out protected, projected and dated; queries read releases."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib import config, tables
from chalicelib.actors import SYSTEM
from chalicelib.errors import Forbidden, Invalid
from chalicelib.insight import releasing, service, store
from chalicelib.insight.model import CohortCell
from chalicelib.insight.releasing import Precision
from chalicelib.places import service as places
from tests.chalicelib.insight.population import (
    COMMUNITIES,
    GRADE_1,
    NEARLY_OLD,
    OLD,
    PRESCHOOL,
    TOWN,
    found,
    people,
)
from tests.town import staff

pytestmark = pytest.mark.usefixtures("cloud")
MOMENT = datetime(2026, 11, 27, 19, 0, tzinfo=UTC)  # The 28th in Foshan.
EVERYWHERE = [(GRADE_1, place, 60) for place in COMMUNITIES]
MEASURED = Precision(right=180, told=200)


def release(
    registered: Any, unregistered: Any = (), moment: datetime = MOMENT, precision: Precision = MEASURED
) -> releasing.Summary:
    """A release about one town: all of the city would be 860 regions to write."""
    return service.release_cohorts(registered, unregistered, precision, moment, moment, COMMUNITIES)


def of(region: str, cohort: str, year: int) -> CohortCell:
    page = service.cohorts_of(SYSTEM, region, None)
    (cell,) = (c for c in page.items if (c.region, c.cohort, c.year) == (region, cohort, year))
    return cell


def near(value: int | None, true: int) -> bool:
    return value is not None and abs(value - true) <= 4


def test_children_and_old_people_are_counted_where_they_live_now_and_in_years_to_come() -> None:
    old = [(f"{year}-05", COMMUNITIES[0], 15) for year in range(1955, 1972)]
    numbers = [*EVERYWHERE, (PRESCHOOL, COMMUNITIES[0], 90), *old]
    summary = release(people([*numbers, (None, COMMUNITIES[0], 3)]))  # type: ignore[list-item]
    assert (summary.people, summary.unknown) == (4 * 60 + 90 + 17 * 15 + 3, 3)
    assert near(of(TOWN, "grade_1", 2026).registered, 240)
    assert near(of(COMMUNITIES[1], "grade_1", 2026).registered, 60)
    ahead = of(TOWN, "grade_1", 2030)
    assert (ahead.projected, near(ahead.registered, 90)) == (True, True)
    by_year = [of(TOWN, "age_60_plus", year).registered for year in (2026, 2028, 2031)]
    assert all(near(value, true) for value, true in zip(by_year, (180, 210, 255), strict=True))
    now = of(TOWN, "age_65_plus", 2026)
    assert (now.method.moves, now.method.deaths, now.released_on) == (
        "assumed_none",
        "assumed_none",
        date(2026, 11, 28),
    )


def test_a_few_of_one_age_are_not_told_by_the_years_between_which_they_come_of_age() -> None:
    """60 and over in 2027 less 60 and over in 2026 would be those who are 59: five."""
    old = [(f"{year}-05", COMMUNITIES[0], 5 if year == 1967 else 30) for year in range(1955, 1972)]
    release(people(old))
    shown = [of(TOWN, "age_60_plus", year).registered for year in (2026, 2027, 2031)]
    assert [value is None for value in shown] == [False, True, False]


def test_a_figure_of_the_same_people_is_the_same_number_wherever_it_stands() -> None:
    release(people([(born, place, 40) for born in (OLD, NEARLY_OLD) for place in COMMUNITIES]))
    for region in (TOWN, COMMUNITIES[0]):
        assert of(region, "age_65_plus", 2031).registered == of(region, "age_60_plus", 2026).registered


def test_who_is_not_registered_stands_apart_and_is_weighed_by_what_visits_found() -> None:
    release(people(EVERYWHERE), found([(GRADE_1, TOWN, 50), (GRADE_1, COMMUNITIES[0], 200)]))
    cell = of(TOWN, "grade_1", 2026)
    assert near(cell.registered, 240) and near(cell.unregistered_estimate, 225)
    assert (cell.method.precision, cell.method.precision_basis) == (0.9, "measured")
    release(people(EVERYWHERE), found([(GRADE_1, TOWN, 50)]), precision=Precision(right=0, told=99))
    assert of(TOWN, "grade_1", 2026).method.precision_basis == "assumed"


def test_what_is_too_small_is_suppressed_and_says_so() -> None:
    release(people([*EVERYWHERE[1:], (GRADE_1, COMMUNITIES[0], 9)]), found([(GRADE_1, TOWN, 9)]))
    small = of(COMMUNITIES[0], "grade_1", 2026)
    assert (small.registered, small.registered_suppressed) == (None, True)
    hidden = [of(place, "grade_1", 2026).registered_suppressed for place in COMMUNITIES]
    assert sum(hidden) == 2  # And one more, or the town's figure would give the small one away.
    town = of(TOWN, "grade_1", 2026)
    assert (town.unregistered_estimate, town.unregistered_suppressed) == (None, True)


def test_moves_that_were_seen_go_on_and_are_said_to() -> None:
    there = [(GRADE_1, place, 250) for place in COMMUNITIES]
    came = people([(PRESCHOOL, COMMUNITIES[0], 250)], years=0, tag="came")
    gone = people([(GRADE_1, COMMUNITIES[0], 100)], left=True, tag="gone")
    release([*people(there), *people([(PRESCHOOL, COMMUNITIES[1], 100)], tag="there"), *came, *gone])
    ahead = of(TOWN, "grade_1", 2030)
    assert (ahead.method.moves, ahead.method.moves_a_year) == (
        "observed",
        0.125,
    )  # (250 - 100) / (1,100 + 100)
    assert ahead.registered is not None and abs(ahead.registered - 350 * 1.125**4) <= 4 * 1.125**4 + 1


def test_the_same_day_again_replaces_its_release_and_changes_nothing_that_did_not_change() -> None:
    release(people(EVERYWHERE))
    first = service.cohorts_of(SYSTEM, TOWN, None)
    release(people(EVERYWHERE))
    assert service.cohorts_of(SYSTEM, TOWN, None) == first


def test_a_later_release_hides_the_same_region_again_to_protect_its_neighbour() -> None:
    release(
        people([(GRADE_1, place, count) for place, count in zip(COMMUNITIES, (3, 40, 42, 60), strict=True)])
    )
    before = [place for place in COMMUNITIES if of(place, "grade_1", 2026).registered_suppressed]
    assert len(before) == 2
    later = MOMENT + timedelta(days=30)
    grown = zip(COMMUNITIES, (3, 44, 45, 63), strict=True)
    release(people([(GRADE_1, place, count) for place, count in grown]), moment=later)
    assert of(TOWN, "grade_1", 2026).released_on == date(2026, 12, 28)
    hidden = [place for place in COMMUNITIES if of(place, "grade_1", 2026).registered_suppressed]
    assert hidden == before


def test_nothing_of_a_person_is_kept() -> None:
    everybody = list(people([*EVERYWHERE, (OLD, COMMUNITIES[0], 80)]))
    release(everybody, found([(GRADE_1, TOWN, 30)]))
    items = tables.connection().client.scan(TableName=config.table("insight"))["Items"]
    newest = store.newest()
    assert newest
    kept = json.dumps(items) + json.dumps(store.document(newest))
    assert len(items) > 4
    assert not any(one.person_id in kept for one in everybody)
    assert GRADE_1 not in kept and OLD not in kept


def test_before_the_first_release_there_is_nothing_and_it_comes_for_staff_in_scope_alone() -> None:
    assert service.cohorts_of(staff("coordinator"), TOWN, None).items == []
    with pytest.raises(Forbidden):
        service.cohorts_of(staff("coordinator", near=False), TOWN, None)
    with pytest.raises(Invalid):
        service.cohorts_of(staff("city_officer"), "440699", None)


def test_a_town_with_many_communities_comes_in_pages() -> None:
    everywhere = [inside.code for inside in places.divisions_under(TOWN)]
    service.release_cohorts(people(EVERYWHERE), (), MEASURED, MOMENT, MOMENT, everywhere)
    seen: list[str] = []
    pages, token = 0, None
    while pages == 0 or token:
        page = service.cohorts_of(SYSTEM, TOWN, token)
        seen += [cell.region for cell in page.items if (cell.cohort, cell.year) == ("grade_1", 2026)]
        pages, token = pages + 1, page.next
    assert seen == [TOWN, *everywhere] and pages == 2
