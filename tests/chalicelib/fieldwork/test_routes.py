"""The worklist of visits and its outcomes, as the worker's phone asks."""

import json
from datetime import datetime
from typing import Any

import pytest

from chalicelib import http
from chalicelib.actors import Actor
from chalicelib.fieldwork import service
from chalicelib.fieldwork.routes import api
from tests.chalicelib.fieldwork.people import (
    CITY_OFFICER,
    COORDINATOR,
    FAR_COORDINATOR,
    OTHER_WORKER,
    TOWN,
    WORKER,
    finding,
    nobody_registered,
    people,
)

pytestmark = pytest.mark.usefixtures("cloud")
CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}), session="U1")


def ask(
    method: str, path: str, actor: Actor, now: datetime, *, body: Any = None, id: str = "", **query: str
) -> tuple[int, Any]:
    route = next(r for r in api.routes if (r.method, r.path) == (method, path))
    context = {"authorizer": {"actor": http.pack(actor)}}
    sent = b"" if body is None else json.dumps(body).encode()
    path_values = {"id": id} if id else {}
    answer = http.respond(route, http.Request({}, query, path_values, sent, context), now)
    return answer.status, json.loads(answer.body)


@pytest.fixture
def visit(now: datetime) -> str:
    """A visit that is due."""
    (person,) = people(1, now)
    service.plan([finding(person)], "B1", now, nobody_registered)
    _, body = ask("GET", "/visits", WORKER, now)
    found: str = body["items"][0]["visits"][0]["id"]
    return found


def test_the_list_groups_by_building_and_shows_no_more_than_it_may(visit: str, now: datetime) -> None:
    status, body = ask("GET", "/visits", COORDINATOR, now, status="due", town=TOWN)
    assert (status, body["next"]) == (200, None)
    (building,) = body["items"]
    assert set(building) == {"building", "address", "town", "community", "grid", "visits"}
    (shown,) = building["visits"]
    assert (shown["id"], shown["name"], shown["phone_masked"]) == (visit, "测试甲", "138****0001")
    assert shown["because"] == "社保和健康服务都登记了该地址"
    assert "13800000001" not in json.dumps(body)


@pytest.mark.parametrize(
    ("actor", "status"),
    [(WORKER, 200), (COORDINATOR, 200), (CITY_OFFICER, 200), (OTHER_WORKER, 200), (CITIZEN, 403)],
)
def test_who_may_list_visits(visit: str, now: datetime, actor: Actor, status: int) -> None:
    assert ask("GET", "/visits", actor, now)[0] == status


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "gone"}, "values_invalid"),
        ({"town": "abc"}, "values_invalid"),
        ({"town": "440604999"}, "division_unknown"),
        ({"limit": "0"}, "values_invalid"),
        ({"colour": "red"}, "values_invalid"),
    ],
)
def test_a_query_that_makes_no_sense_is_a_problem(now: datetime, query: dict[str, str], code: str) -> None:
    status, body = ask("GET", "/visits", CITY_OFFICER, now, **query)
    assert (status, body["code"]) == (422, code)


def test_a_forged_page_token_is_a_problem(now: datetime) -> None:
    status, body = ask("GET", "/visits", WORKER, now, next="AAAA")
    assert (status, body["code"]) == (400, "page_token_invalid")


def test_an_outcome_is_recorded_once(visit: str, now: datetime) -> None:
    path = "/visits/{id}/outcome"
    status, body = ask(
        "POST", path, WORKER, now, id=visit, body={"outcome": "registered", "note": "已当面说明"}
    )
    assert (status, body["status"], body["outcome"]) == (200, "done", "registered")
    assert ask("POST", path, WORKER, now, id=visit, body={"outcome": "registered"}) == (200, body)
    status, body = ask("POST", path, WORKER, now, id=visit, body={"outcome": "refused"})
    assert (status, body["code"]) == (409, "visit_outcome_recorded")


@pytest.mark.parametrize(
    ("actor", "body", "expected"),
    [
        (OTHER_WORKER, {"outcome": "registered"}, (403, "region_out_of_scope")),
        (FAR_COORDINATOR, {"outcome": "registered"}, (403, "region_out_of_scope")),
        (CITIZEN, {"outcome": "registered"}, (403, "role_not_allowed")),
        (WORKER, {"outcome": "moved"}, (422, "values_invalid")),
        (WORKER, {"outcome": "registered", "note": "长" * 201}, (422, "values_invalid")),
        (WORKER, {}, (422, "values_invalid")),
    ],
)
def test_a_wrong_outcome_is_a_problem_that_echoes_nothing(
    visit: str, now: datetime, actor: Actor, body: dict[str, str], expected: tuple[int, str]
) -> None:
    status, problem = ask("POST", "/visits/{id}/outcome", actor, now, id=visit, body=body)
    assert (status, problem["code"]) == expected
    assert "长长" not in json.dumps(problem, ensure_ascii=False)


def test_an_unknown_visit_is_not_found(now: datetime) -> None:
    status, body = ask("POST", "/visits/{id}/outcome", WORKER, now, id="V0", body={"outcome": "registered"})
    assert (status, body["code"]) == (404, "visit_not_found")


def test_the_overview_counts_a_town(visit: str, now: datetime) -> None:
    status, body = ask("GET", "/visits/overview", COORDINATOR, now, town=TOWN)
    assert (status, body["items"][0]["due"], body["items"][0]["done"]) == (200, 1, 0)
    assert ask("GET", "/visits/overview", WORKER, now, town=TOWN)[0] == 403


def test_officers_of_the_city_and_of_policy_read_what_visits_found_by_sources(
    visit: str, now: datetime
) -> None:
    ask("POST", "/visits/{id}/outcome", WORKER, now, body={"outcome": "registered"}, id=visit)
    policy = Actor("policy-1", "staff", frozenset({"policy_officer"}), ("440600",))
    for officer in (CITY_OFFICER, policy):
        status, body = ask("GET", "/visits/precision", officer, now)
        assert status == 200
        (found,) = body["items"]
        assert (found["sources"], found["share"]) == (["health_service", "social_security"], 1.0)
        assert found["outcomes"]["registered"] == 1
    assert ask("GET", "/visits/precision", COORDINATOR, now)[0] == 403
