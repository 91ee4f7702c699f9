"""The routes of statistics, and the guard that nothing else about people leaves through them."""

import json
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from chalicelib import api, http
from chalicelib.actors import Actor
from chalicelib.insight import service
from chalicelib.insight.model import ListRequest, NamedPerson, Released
from tests.chalicelib.insight.asking import approved, living_here
from tests.chalicelib.insight.population import COMMUNITIES, GRADE_1, people
from tests.chalicelib.insight.test_lists import SIX
from tests.town import COMMUNITY, TOWN, Town, outside_systems, staff

ROUTES = [route for route in api.routes() if route.path.startswith("/insight")]
# Routes under /insight that are no statistics: lists of names by duty, and the requests for them.
NO_STATISTICS = {"/insight/cohort-lists": {ListRequest}, "/insight/cohort-lists/{id}/people": {NamedPerson}}
NO_STATISTICS["/insight/cohort-lists/{id}/decision"] = {ListRequest}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def get(
    path: str, actor: Actor, now: datetime, purpose: str | None = None, id: str = "", **query: str
) -> tuple[int, Any]:
    route = next(route for route in ROUTES if (route.method, route.path) == ("GET", path))
    headers = {"purpose": purpose} if purpose else {}
    asked = http.Request(
        headers, query, {"id": id} if id else {}, b"", {"authorizer": {"actor": http.pack(actor)}}
    )
    answer = http.respond(route, asked, now)
    return answer.status, json.loads(answer.body)


def answered(route: http.Route) -> set[type]:
    """The type of a route's items, or of its answer where it is no list."""
    assert route.answer is not None
    items = route.answer.model_fields.get("items")
    return set(typing.get_args(items.annotation)) if items else {route.answer}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_statistic_about_people_is_of_a_type_that_only_releases_make(route: http.Route) -> None:
    expected = NO_STATISTICS.get(route.path)
    if expected:
        assert answered(route) == expected
    else:
        assert all(issubclass(of, Released) for of in answered(route))


def test_released_figures_are_made_by_the_control_and_read_by_the_store_alone() -> None:
    """Whoever else in the package would make one would go around the control."""
    made_in = {"disclosure": "Cell(", "releasing": "CohortCell(", "store": "CohortCell("}
    folder = Path(service.__file__).parent
    kinds = [kind.__name__ for kind in Released.__subclasses__()]
    for path in folder.glob("*.py"):
        if path.stem != "model":
            makers = [kind for kind in kinds if f" {kind}(" in path.read_text("utf-8")]
            assert not makers or path.stem in made_in, f"{path.stem} makes {makers}"


def test_routes_read_releases_and_never_records() -> None:
    text = Path(service.__file__).with_name("routes.py").read_text("utf-8")
    assert "residence" not in text and "linkage" not in text
    assert len(ROUTES) >= 5


def test_a_coordinator_reads_the_newest_release_of_the_town(cloud: None, now: datetime) -> None:
    everybody = people([(GRADE_1, place, 60) for place in COMMUNITIES])
    service.release_cohorts(everybody, (), service.Precision(right=0, told=0), now, now, COMMUNITIES)
    status, body = get("/insight/cohorts", staff("coordinator"), now, region=TOWN)
    assert status == 200 and body["next"] is not None
    of_town = [one for one in body["items"] if one["region"] == TOWN]
    assert len(of_town) == 24
    first = next(one for one in of_town if (one["cohort"], one["year"]) == ("grade_1", 2026))
    assert abs(first["registered"] - 240) <= 4
    assert first["unregistered_estimate"] is None and first["unregistered_suppressed"]
    assert (first["released_on"], first["method"]["k"]) == ("2026-11-23", 10)
    assert get("/insight/cohorts", staff("coordinator", near=False), now, region=TOWN)[0] == 403
    assert get("/insight/cohorts", staff("coordinator"), now, region="44")[0] == 422


def test_names_need_the_purpose_in_the_header(town: Town) -> None:
    living_here(town, SIX)
    asked = approved(town, staff("coordinator"), staff("district_officer"))
    path = "/insight/cohort-lists/{id}/people"
    status, body = get(path, staff("coordinator"), town.now, id=asked.id)
    assert (status, body["code"]) == (400, "purpose_needed")
    status, body = get(path, staff("coordinator"), town.now, "case_handling", asked.id)
    assert status == 200 and [one["community"] for one in body["items"]] == [COMMUNITY]


def test_the_guard_would_see_a_statistic_that_went_around() -> None:
    class Careless(BaseModel):
        count: int

    route = http.Route("GET", "/insight/careless", print, "signed_in", "", "insight", answer=Careless)
    with pytest.raises(AssertionError):
        test_every_statistic_about_people_is_of_a_type_that_only_releases_make(route)
