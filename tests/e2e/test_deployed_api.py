"""The deployed API's edges: what the gateway itself answers, and that the functions run under their own roles."""

import pytest

from tests.e2e.city import City

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")


def test_the_deployed_api_describes_itself(city: City) -> None:
    answer = city.call("GET", "/openapi.json")
    assert answer.status == 200, answer.body
    assert answer.body["openapi"].startswith("3.1")


def test_the_gateways_own_not_found_is_a_problem(city: City) -> None:
    answer = city.call("GET", "/no/such/route")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.body["code"] == "route_not_found"


def test_a_call_without_a_token_is_answered_by_the_gateway_as_a_problem(city: City) -> None:
    answer = city.call("GET", "/me")
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.body["code"] == "sign_in_required"


def test_a_forged_token_is_refused(city: City) -> None:
    answer = city.call("GET", "/me", token="forged.token.here")
    assert answer.status == 401
    assert answer.body["code"] == "sign_in_required"


def test_a_citizen_signs_in_through_the_sandbox(city: City) -> None:
    answer = city.call("POST", "/sessions/wechat", {"code": "citizen-first"})
    assert answer.status in (200, 201), city.said("api")[-5:]
    assert city.call("GET", "/me", token=answer.body["token"]).status == 200
