"""The routes as a caller sees them, against the real sandbox of WeChat, WeCom and the real-name check."""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, http
from chalicelib.errors import Unauthenticated
from chalicelib.identity import model, service
from chalicelib.identity.routes import api
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.chalicelib.identity.outsiders import id_number

SECOND = timedelta(seconds=1)


class Caller:
    """Somebody with a token and an address, who calls routes at a time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.token = ""

    def ask(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        self.now += SECOND
        route = next(route for route in api.routes if (route.method, route.path) == (method, path))
        context: dict[str, Any] = {"identity": {"sourceIp": "192.0.2.7"}, "requestId": "r-1"}
        if self.token:
            try:
                context["authorizer"] = {"actor": http.pack(service.actor_for(self.token, self.now))}
            except Unauthenticated:
                return 401, None
        sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        request = http.Request({"accept-language": "en"}, query, {}, sent, context)
        answer = http.respond(route, request, self.now)
        return answer.status, json.loads(answer.body) if answer.body else None

    def sign_in(self, code: str) -> int:
        path = "/sessions/staff" if code.startswith("staff-") else "/sessions/wechat"
        self.token = ""
        status, body = self.ask("POST", path, {"code": code})
        self.token = body.get("token", "")
        return status


@pytest.fixture
def caller(cloud: None, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    with Sandbox(tmp_path) as sandbox:
        for name, value in PUBLISHED.secrets().items():
            monkeypatch.setenv(f"URL_{name.upper()}", f"{sandbox.url}/{name}")
            secret = os.environ[f"SECRET_{name.upper()}"]
            aws.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(value))
        aws.forget_all()
        yield Caller(now)


def bound(caller: Caller, name: str = "one", number: str | None = None) -> Any:
    assert caller.sign_in(f"citizen-{name}") == 200
    told = {"name": "林小溪", "id_number": number or id_number(), "phone_code": "phone-13800001234"}
    status, me = caller.ask("PUT", "/me/identity", told)
    assert status == 200
    return me


def test_a_citizen_signs_in_binds_and_sees_themselves_masked(caller: Caller) -> None:
    me = bound(caller)
    assert (me["name"], me["phone"], me["bound"]) == ("林**", "138****1234", True)
    assert caller.ask("GET", "/me") == (200, me)
    assert id_number() not in json.dumps(me)


def test_a_code_nobody_got_is_no_session(caller: Caller) -> None:
    status, problem = caller.ask("POST", "/sessions/wechat", {"code": "made-up"})
    assert (status, problem["code"]) == (401, "code_refused")
    assert "made-up" not in json.dumps(problem)


def test_too_many_failures_are_429_with_the_seconds_to_wait(caller: Caller) -> None:
    statuses = [caller.ask("POST", "/sessions/staff", {"code": f"x{n}"})[0] for n in range(21)]
    assert statuses == [401] * 20 + [429]
    _, problem = caller.ask("POST", "/sessions/staff", {"code": "y"})
    assert problem["code"] == "too_many_attempts"


def test_signing_out_ends_the_session(caller: Caller) -> None:
    bound(caller)
    assert caller.ask("DELETE", "/sessions/current") == (204, None)
    assert caller.ask("GET", "/me")[0] == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "body_not_json"),
        (b"[]", "values_invalid"),
        ({}, "values_invalid"),
        ({"code": 5}, "values_invalid"),
        ({"code": ""}, "values_invalid"),
        ({"code": "a", "more": 1}, "values_invalid"),
        (b"x" * 70_000, "body_too_large"),
    ],
)
def test_a_sign_in_that_cannot_be_read_is_a_problem(caller: Caller, body: object, code: str) -> None:
    status, problem = caller.ask("POST", "/sessions/wechat", body)
    assert status in {400, 413, 422}
    assert problem["code"] == code


def test_a_wrong_number_is_named_by_field_and_never_repeated(caller: Caller) -> None:
    caller.sign_in("citizen-one")
    told = {"name": "林小溪", "id_number": "440699199002310019", "phone_code": "phone-13800001234"}
    status, problem = caller.ask("PUT", "/me/identity", told)
    assert (status, problem["errors"][0]["path"]) == (422, "/id_number")
    assert "440699199002310019" not in json.dumps(problem)
    assert "林小溪" not in json.dumps(problem)


def test_a_real_name_that_does_not_fit_is_refused(caller: Caller) -> None:
    caller.sign_in("citizen-one")
    told = {"name": "不符合", "id_number": id_number(), "phone_code": "phone-13800001234"}
    status, problem = caller.ask("PUT", "/me/identity", told)
    assert (status, problem["code"]) == (422, "real_name_mismatch")


def test_consents_can_be_read_changed_and_sent_back_as_they_were(caller: Caller) -> None:
    caller.sign_in("citizen-one")
    wanted = {"items": [{"kind": "service_messages", "given": True}]}
    status, after = caller.ask("PUT", "/me/consents", wanted)
    assert status == 200
    assert {i["kind"] for i in after["items"] if i["given"]} == {"service_messages"}
    assert caller.ask("PUT", "/me/consents", after)[0] == 200
    unknown = {"items": [{"kind": "everything", "given": True}]}
    assert caller.ask("PUT", "/me/consents", unknown)[0] == 422


def test_a_look_up_appears_in_the_person_s_disclosures(caller: Caller) -> None:
    me = bound(caller)
    citizen = caller.token
    officer = model.StaffMember(user_id="city", name="市级", roles=("city_officer",), scopes=("440600",))
    service.import_staff([officer], caller.now)
    assert caller.sign_in("staff-city") == 200
    asked = {"id_number": id_number(), "purpose": "complaint", "reason": "核实投诉"}
    status, found = caller.ask("POST", "/people/lookups", asked)
    assert (status, found["person_id"]) == (200, me["id"])
    without_purpose = {"id_number": id_number(), "reason": "核实投诉"}
    assert caller.ask("POST", "/people/lookups", without_purpose)[0] == 422
    assert caller.ask("GET", "/staff/me")[1]["scopes"] == ["440600"]
    assert caller.ask("GET", "/me")[0] == 403
    caller.token = citizen
    _, page = caller.ask("GET", "/me/disclosures")
    assert [(i["staff"], i["purpose"], i["reason"]) for i in page["items"]] == [
        ("city", "complaint", "核实投诉")
    ]
    assert caller.ask("POST", "/people/lookups", asked)[0] == 403
    assert caller.ask("GET", "/me/disclosures", next="forged")[1]["code"] == "page_token_invalid"


def test_export_and_deletion_through_the_api(caller: Caller) -> None:
    bound(caller)
    status, export = caller.ask("GET", "/me/export")
    assert (status, export["person"]["id_number"]) == (200, id_number())
    status, deletion = caller.ask("DELETE", "/me")
    assert (status, deletion["identity_deleted"]) == (200, True)
    assert caller.ask("GET", "/me")[0] == 401
    caller.sign_in("citizen-one")
    assert caller.ask("GET", "/me")[1]["bound"] is False


def test_the_public_keys_are_public(caller: Caller) -> None:
    status, keys = caller.ask("GET", "/.well-known/jwks.json")
    assert (status, keys["keys"][0]["crv"]) == (200, "Ed25519")


@pytest.mark.parametrize(
    "route", [r for r in api.routes if r.who != "public"], ids=lambda r: f"{r.method} {r.path}"
)
def test_nobody_is_answered_without_a_session(caller: Caller, route: http.Route) -> None:
    assert caller.ask(route.method, route.path, {}, month="2026-11")[0] == 401


def test_auditors_alone_read_the_children_s_log(caller: Caller) -> None:
    auditor = model.StaffMember(user_id="auditor", name="审计", roles=("auditor",), scopes=("440600",))
    service.import_staff([auditor], caller.now)
    caller.sign_in("staff-auditor")
    assert caller.ask("GET", "/minor-accesses", month="2026-11") == (200, {"items": [], "next": None})
    assert caller.ask("GET", "/minor-accesses", month="2026-13")[0] == 422
    assert caller.ask("POST", "/people/lookups", {})[0] == 403
