"""Counters and metrics as clients get them."""

import json
from typing import Any

import pytest

from chalicelib import http
from chalicelib.actors import Actor
from chalicelib.monitoring import service
from chalicelib.monitoring.routes import api
from tests.chalicelib.monitoring.city import COMMUNITY, NOW, TOWN, case, change

pytestmark = pytest.mark.usefixtures("cloud")
ROUTES = {route.path: route for route in api.routes}
COORDINATOR = Actor("c", "staff", frozenset({"coordinator"}), (TOWN,))
CITIZEN = Actor("P1", "citizen", frozenset({"citizen", "landlord"}))


def get(path: str, actor: Actor = COORDINATOR, **query: str) -> tuple[int, Any]:
    request = http.Request(
        {"accept-language": "en"}, query, {}, b"", {"authorizer": {"actor": http.pack(actor)}}
    )
    answer = http.respond(ROUTES[path], request, NOW)
    return answer.status, json.loads(answer.body)


def test_counters_answer_periods_with_zeros() -> None:
    service.count([change("e1", "cases", None, case())], NOW)
    query = {"from": "2026-11-22", "to": "2026-11-23"}
    status, body = get("/counters", metric="cases_submitted", region=COMMUNITY, by="day", **query)
    assert status == 200
    assert body["items"] == [
        {"at": "2026-11-22", "region": COMMUNITY, "value": 0},
        {"at": "2026-11-23", "region": COMMUNITY, "value": 1},
    ]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"metric": "people", "region": TOWN}, 422, "metric_unknown"),
        ({"metric": "departures", "region": "99"}, 422, "counter_region_unknown"),
        ({"metric": "departures", "region": "440606"}, 403, "region_out_of_scope"),
        ({"metric": "departures", "region": TOWN, "by": "week"}, 422, "values_invalid"),
        ({"metric": "departures", "region": TOWN, "from": "x"}, 422, "counter_time_invalid"),
        ({"metric": "departures", "region": TOWN, "form": "x"}, 422, "values_invalid"),
        ({"metric": "departures", "region": TOWN, "from": "1990-01-01"}, 422, "counter_range_too_long"),
        ({"metric": "departures"}, 422, "values_invalid"),
    ],
)
def test_a_bad_question_gets_a_clear_problem(query: dict[str, str], status: int, code: str) -> None:
    answered, body = get("/counters", **query)
    assert (answered, body["code"]) == (status, code)
    assert "{" not in body["detail"]


def test_counters_are_for_staff() -> None:
    assert get("/counters", CITIZEN, metric="departures", region=TOWN)[0] == 403
    assert get("/metrics", CITIZEN)[0] == 403


def test_metrics_are_listed_with_titles() -> None:
    status, body = get("/metrics")
    assert status == 200
    assert {
        "code": "departures",
        "kind": "flow",
        "title": {"zh-CN": "离开注销数", "en": "Departures"},
    } in body["items"]
