"""`GET /openapi.json` is valid OpenAPI 3.1, tells who may call each route, and gives nothing away."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib import http
from chalicelib.actors import ROLES
from chalicelib.errors import Conflict, Field
from chalicelib.problems import encode, problem
from tests.route_samples import SAMPLES, ask, name, routes
from tests.test_routes_matrix import town  # noqa: F401  # The fixture.
from tests.town import Town


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as anybody gets it."""
    (route,) = [route for route in routes() if route.path == "/openapi.json"]
    answer = http.respond(route, http.Request({}, {}, {}, b"", {}))
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def operation(document: dict[str, Any], route: http.Route) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][route.path][route.method.lower()]
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_described_and_no_other(document: dict[str, Any]) -> None:
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert described == {name(route) for route in routes()}


def test_every_operation_has_its_own_id_and_a_summary(document: dict[str, Any]) -> None:
    operations = [operation(document, route) for route in routes()]
    assert len({found["operationId"] for found in operations}) == len(operations)
    assert all(found["summary"] and found["tags"] for found in operations)


@pytest.mark.parametrize("route", routes(), ids=name)
def test_it_tells_who_may_call(document: dict[str, Any], route: http.Route) -> None:
    found = operation(document, route)
    if route.who == "public":
        assert found["security"] == [] and "x-who" not in found
    else:
        assert found["security"] == [{"session": []}]
        assert found["x-who"] == list(route.roles) and set(found["x-who"]) <= set(ROLES)
        assert set(found["x-reach"]) == set(found["x-who"])


@pytest.mark.parametrize("route", [r for r in routes() if r.answer], ids=name)
def test_what_a_route_answers_is_what_the_document_promises(
    document: dict[str, Any],
    route: http.Route,
    town: Town,  # noqa: F811
) -> None:
    from tests.test_error_shape import somebody

    actor = somebody(route, town)
    asked = SAMPLES[name(route)].make(town, actor or town.stranger)
    answer = ask(route, asked, actor, town)
    promised = operation(document, route)["responses"]
    content = promised.get(str(answer.status), promised["default"])["content"]
    schema = content[answer.headers["Content-Type"]]["schema"]
    checked = {**schema, "components": document["components"]}
    assert [
        error.message for error in Draft202012Validator(checked).iter_errors(json.loads(answer.body))
    ] == []


def test_a_problem_is_what_the_document_promises(document: dict[str, Any]) -> None:
    error = Conflict("changed_meanwhile", fields=[Field("/a", "field_type")])
    told = json.loads(encode(problem(error, "en", "urn:request:1")))
    Draft202012Validator(document["components"]["schemas"]["Problem"]).validate(told)


def test_it_holds_no_number_of_a_person_no_secret_and_no_address_of_a_machine(
    document: dict[str, Any],
) -> None:
    text = json.dumps(document, ensure_ascii=False)
    assert not re.search(r"(?<!\d)([1-9]\d{16}[\dXx]|1[3-9]\d{9})(?!\d)", text)
    assert not re.search(r"(?i)arn:aws|AKIA[0-9A-Z]{16}|localhost|127\.0\.0\.1|BEGIN [A-Z ]*KEY", text)
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            assert not {"example", "examples"} & set(field), "an example is data; the house shows none"
