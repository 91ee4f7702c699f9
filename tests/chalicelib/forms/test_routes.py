"""Forms over HTTP: served to anybody, checked before the model, in both languages."""

import json
from datetime import datetime
from typing import Any

import pytest

from chalicelib import api, http
from chalicelib.actors import Actor
from chalicelib.forms import model
from tests.town import id_number

CITIZEN = Actor("P1", "citizen", frozenset({"citizen", "landlord"}), session="U1")


def ask(
    method: str, path: str, now: datetime, body: bytes = b"", actor: Actor | None = CITIZEN, **rest: Any
) -> tuple[int, Any]:
    route = next(r for r in api.routes() if (r.method, r.path) == (method, path))
    context = {"authorizer": {"actor": http.pack(actor)}} if actor else {}
    headers = {"accept-language": rest.pop("language", "en")}
    request = http.Request(headers, rest.pop("query", {}), rest, body, context)
    answer = http.respond(route, request, now)
    return answer.status, json.loads(answer.body) if answer.body else None


def test_anybody_may_read_a_form_and_gets_its_schema(now: datetime) -> None:
    status, form = ask("GET", "/forms/{kind}", now, actor=None, kind="residence_registration")
    assert status == 200 and form["schema"]["$schema"] == model.DIALECT
    assert [field["at"] for field in form["fields"]][-1] == "/household/*/relation_proof"
    status, listed = ask("GET", "/forms", now, actor=None)
    assert status == 200 and {item["kind"] for item in listed["items"]} == set(model.kinds())


def test_a_form_that_is_not_there_is_not_found(now: datetime) -> None:
    for query in ({}, {"version": "2026-11"}):
        assert ask("GET", "/forms/{kind}", now, kind="../policy", query=query)[0] == 404
    assert ask("GET", "/forms/{kind}", now, kind="residence_departure", query={"version": "1"})[0] == 404


@pytest.mark.parametrize(("language", "label"), [("en", "Day of arrival"), ("zh-CN", "到达日期")])
def test_the_form_speaks_before_the_model_and_in_the_callers_language(
    now: datetime, language: str, label: str
) -> None:
    body = json.dumps({"arrived_on": "later", "tenant": {"name": "测试", "id_number": id_number(1)[:-1]}})
    status, problem = ask("POST", "/residence-registrations", now, body.encode(), language=language)
    assert (status, problem["code"]) == (422, "values_invalid")
    told = {error["path"]: error for error in problem["errors"]}
    assert told["/arrived_on"]["label"] == label
    assert told["/tenant/id_number"]["code"] == "id_number_form"
    assert "later" not in json.dumps(problem) and id_number(1)[:-1] not in json.dumps(problem)


@pytest.mark.parametrize("body", [b"{", b"NaN", b'{"a": NaN}', b"\xff", b"[" * 60_000, b'"\\ud800"'])
def test_what_is_no_json_is_said_to_be_none(now: datetime, body: bytes) -> None:
    status, problem = ask("POST", "/residence-registrations", now, body)
    assert (status, problem["code"]) == (400, "body_not_json")
