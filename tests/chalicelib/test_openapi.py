"""The description follows from the declarations: bodies, answers, parameters, who."""

import re
from typing import Any

from pydantic import Field

from chalicelib import http, openapi
from chalicelib.shapes import Page, Shape


class Body(Shape):
    """What is sent."""

    name: str = Field(min_length=1)


class Optional(Shape):
    """A body that may be left out."""

    reason: str | None = None


class Query(Shape):
    """What is asked."""

    town: str
    start: str | None = Field(None, alias="from")


def described(method: str, **facts: Any) -> dict[str, Any]:
    api = http.Api("test")

    @api.route(method, "/things/{id}/parts/{part}", **{"who": "public", "summary": "A test", **facts})
    def change_part(call: http.Call) -> None: ...

    document = openapi.describe(api.routes, "9.9", "https://api.example.test")
    return {**document, "operation": document["paths"]["/things/{id}/parts/{part}"][method.lower()]}


def test_every_part_of_the_path_is_a_parameter() -> None:
    operation = described("GET")["operation"]
    found = [p["name"] for p in operation["parameters"] if p["in"] == "path" and p["required"]]
    assert found == ["id", "part"] == re.findall(r"{(\w+)}", "/things/{id}/parts/{part}")


def test_a_query_is_told_by_the_names_that_callers_use() -> None:
    operation = described("GET", query=Query)["operation"]
    found = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "query"}
    assert found == {"town": True, "from": False}


def test_a_public_route_needs_no_security_and_says_no_who() -> None:
    operation = described("GET")["operation"]
    assert operation["security"] == [] and "x-who" not in operation


def test_who_may_call_and_how_far_they_reach_is_told() -> None:
    operation = described("GET", who={"coordinator": "region", "citizen": "own"})["operation"]
    assert operation["security"] == [{"session": []}]
    assert operation["x-who"] == ["citizen", "coordinator"]
    assert operation["x-reach"] == {"coordinator": "region", "citizen": "own"}


def test_a_body_is_required_only_when_a_field_of_it_is() -> None:
    bodies = [described("POST", body=model)["operation"]["requestBody"] for model in (Body, Optional)]
    assert [body["required"] for body in bodies] == [True, False]


def test_an_answer_has_its_status_media_type_and_shape() -> None:
    document = described("POST", answer=Page[Body], status=201)
    schema = document["operation"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["required"] == [
        "items",
        "next",
    ]


def test_no_answer_is_204_and_a_picture_is_its_own_type() -> None:
    assert "204" in described("DELETE")["operation"]["responses"]
    picture = described("GET", media_type="image/svg+xml")["operation"]["responses"]["200"]
    assert list(picture["content"]) == ["image/svg+xml"]


def test_failures_are_problem_documents_everywhere() -> None:
    default = described("GET")["operation"]["responses"]["default"]
    assert list(default["content"]) == ["application/problem+json"]


def test_creating_routes_tell_of_the_idempotency_key_and_looking_ones_of_the_purpose() -> None:
    def headers(**facts: Any) -> set[str]:
        parameters = described(**facts)["operation"]["parameters"]
        return {p["name"] for p in parameters if p["in"] == "header"}

    assert headers(method="POST", who="signed_in") >= {"Idempotency-Key"}
    assert "Idempotency-Key" not in headers(method="POST") | headers(method="PUT", who="signed_in")
    assert headers(method="GET", who="signed_in", purpose="visit") >= {"Purpose"}


def test_the_server_is_named_when_it_is_known() -> None:
    assert described("GET")["servers"] == [{"url": "https://api.example.test"}]
    assert "servers" not in openapi.describe([], "9.9")
