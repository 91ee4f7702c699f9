"""The two routes, as a caller sees them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import http
from chalicelib.actors import Actor
from chalicelib.places.coordinates import distance
from chalicelib.places.model import Point
from chalicelib.places.routes import api
from tests.chalicelib.places.lists import SHIWAN

CITIZEN = Actor("P0", "citizen", frozenset({"citizen"}))


def get(path: str, now: datetime, actor: Actor | None = CITIZEN, **query: str) -> tuple[int, Any]:
    route = next(route for route in api.routes if route.path == path)
    context = {"authorizer": {"actor": http.pack(actor)}} if actor else {}
    answer = http.respond(route, http.Request({}, query, {}, b"", context), now)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(("parent", "count"), [(None, 5), ("440600", 5), ("440604", 4), (SHIWAN, 39)])
def test_all_children_of_a_division_come_at_once(now: datetime, parent: str | None, count: int) -> None:
    status, body = get("/divisions", now, **({"parent": parent} if parent else {}))
    assert (status, len(body["items"]), body["next"], body["scheme"]) == (200, count, None, "nbs")
    assert set(body["items"][0]) == {"code", "name"}


@pytest.mark.parametrize(("parent", "code"), [("440699", "division_unknown"), ("abc", "values_invalid")])
def test_an_unknown_parent_is_a_problem(now: datetime, parent: str, code: str) -> None:
    status, body = get("/divisions", now, parent=parent)
    assert (status, body["code"]) == (422, code)
    assert parent not in json.dumps(body)


@pytest.mark.parametrize("path", ["/divisions", "/addresses"])
def test_nobody_is_answered_without_a_session(now: datetime, path: str) -> None:
    assert get(path, now, None, q="季华五路")[0] == 401


def test_addresses_are_answered_in_gcj02_unless_asked_otherwise(published_list: Path, now: datetime) -> None:
    status, body = get("/addresses", now, q="季华五路", town=SHIWAN)
    assert (status, body["crs"], len(body["items"])) == (200, "GCJ-02", 4)
    _, other = get("/addresses", now, q="季华五路", crs="WGS-84")
    shown, stored = (Point(b["items"][0]["lon"], b["items"][0]["lat"]) for b in (body, other))
    assert other["crs"] == "WGS-84" and stored == (113.078, 23.005)
    assert 450 < distance(shown, stored) < 750


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"q": "季"}, "/q"),
        ({}, "/q"),
        ({"q": "季华", "town": "440604999"}, "/town"),
        ({"q": "季华", "town": "x"}, "/town"),
        ({"q": "季华", "limit": "51"}, "/limit"),
        ({"q": "季华", "crs": "BD-09"}, "/crs"),
    ],
)
def test_a_bad_question_is_a_problem_that_names_its_place(
    published_list: Path, now: datetime, query: dict[str, str], path: str
) -> None:
    status, body = get("/addresses", now, **query)
    assert (status, body["errors"][0]["path"]) == (422, path)
