"""The edge: who may, what is read, what is answered, and that nothing else gets out."""

import io
import json
import logging
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.exceptions import GetError, VerboseClientError

from chalicelib import audit, http, logs, tables
from chalicelib.actors import ROLES, Actor
from chalicelib.errors import Conflict, NotFound, Throttled
from chalicelib.shapes import Shape

CITIZEN = Actor("P1", "citizen", frozenset({"citizen", "landlord"}), session="U1")
CANARY = "canary-8b1f"


class Thing(Shape):
    """A body of these tests."""

    name: str
    number: int = 0


class Asked(Shape):
    """A query of these tests."""

    limit: int = 10


def declared(view: Any = None, **facts: Any) -> http.Route:
    api = http.Api("test")
    values: dict[str, Any] = {"who": {"citizen": "own"}, "summary": "A test", **facts}
    method = values.pop("method", "POST")
    api.route(method, values.pop("path", "/things/{id}"), **values)(view or (lambda call, **given: None))
    return api.routes[0]


def ask(
    route: http.Route,
    now: datetime,
    body: bytes = b"{}",
    actor: Actor | None = CITIZEN,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    **headers: str,
) -> http.Answer:
    context = {"requestId": "r-1"} | ({"authorizer": {"actor": http.pack(actor)}} if actor else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.respond(route, http.Request(named, query or {}, path or {}, body, context), now)


def code(answer: http.Answer) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(json.loads(answer.body)["code"])


@pytest.mark.parametrize("who", [None, {}, "everybody", {"mayor": "any"}, ["citizen"]])
def test_a_route_that_does_not_say_who_fails_at_import(who: Any) -> None:
    with pytest.raises(TypeError, match="say who may call"):
        declared(who=who)


def test_without_a_session_nobody_gets_in(now: datetime) -> None:
    answer = ask(declared(), now, actor=None)
    assert (answer.status, code(answer)) == (401, "session_required")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "citizen"])
def test_other_roles_are_refused(now: datetime, role: str) -> None:
    answer = ask(declared(), now, actor=Actor("x", "staff", frozenset({role})))
    assert (answer.status, code(answer)) == (403, "role_not_allowed")


def test_a_public_route_takes_anybody_and_knows_who_is_signed_in(now: datetime) -> None:
    seen: list[Actor | None] = []
    route = declared(lambda call, **given: seen.append(call.signed_in), who="public")
    assert [ask(route, now, actor=who).status for who in (None, CITIZEN)] == [204, 204]
    assert seen == [None, CITIZEN]


def test_a_view_of_a_public_route_that_needs_the_caller_answers_401(now: datetime) -> None:
    route = declared(lambda call, **given: call.actor, who="public")
    assert code(ask(route, now, actor=None)) == "session_required"


def test_authorisation_comes_before_the_body_is_read(now: datetime) -> None:
    answer = ask(declared(body=Thing), now, b"not json", actor=None)
    assert answer.status == 401


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, "body_not_json"),
        (b"\xff\xfe", 400, "body_not_json"),
        (b'{"name": "\\ud800"}', 400, "body_not_json"),
        (b"[" * 60_000, 400, "body_not_json"),
        (b'{"name": 5}', 422, "values_invalid"),
        (b"[]", 422, "values_invalid"),
        (b"", 422, "values_invalid"),
        (b'{"name": "x", "%s": 1}' % CANARY.encode(), 422, "values_invalid"),
        (b'{"name": "%s"}' % (b"x" * 100_000), 413, "body_too_large"),
    ],
)
def test_a_body_that_cannot_be_used_is_named_and_not_repeated(
    now: datetime, body: bytes, status: int, expected: str
) -> None:
    answer = ask(declared(body=Thing), now, body)
    assert (answer.status, code(answer)) == (status, expected)
    assert CANARY not in answer.body


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_other_media_types_are_refused(now: datetime, kind: str) -> None:
    answer = ask(declared(body=Thing), now, b'{"name": "x"}', content_type=kind)
    assert (answer.status, code(answer)) == (415, "media_type_unsupported")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_taken_under_all_its_names(now: datetime, kind: str) -> None:
    assert ask(declared(body=Thing), now, b'{"name": "x"}', content_type=kind).status == 204


def test_path_query_and_body_reach_the_view_decoded(now: datetime) -> None:
    seen: dict[str, Any] = {}
    route = declared(lambda call, **given: seen.update(given), body=Thing, query=Asked)
    ask(route, now, '{"name": "佛山"}'.encode(), path={"id": "%E4%BD%9B"}, query={"limit": "3"})
    assert seen == {"id": "佛", "query": Asked(limit=3), "body": Thing(name="佛山")}


def test_a_path_longer_than_any_key_leads_nowhere(now: datetime) -> None:
    assert code(ask(declared(), now, path={"id": "x" * 3000})) == "route_unknown"


def test_wrong_and_unknown_query_values_are_named(now: datetime) -> None:
    route = declared(method="GET", query=Asked)
    answer = ask(route, now, query={"limit": CANARY, CANARY: "1"})
    assert {e["code"] for e in json.loads(answer.body)["errors"]} == {"field_type", "field_unknown"}
    assert CANARY not in answer.body


def test_a_refusal_is_told_in_the_callers_language_with_a_request_id(now: datetime) -> None:
    def refuse(call: http.Call, **given: Any) -> None:
        raise NotFound("case_not_found")

    chinese, english = (ask(declared(refuse), now, accept_language=tag) for tag in ("zh", "en-US"))
    assert (chinese.headers["Content-Language"], english.headers["Content-Language"]) == ("zh-CN", "en")
    assert json.loads(chinese.body)["detail"] == "没有找到这项申请。"
    assert json.loads(english.body)["instance"] == "urn:request:r-1"
    assert english.headers["Cache-Control"] == "no-store"


def test_a_throttled_caller_learns_when_to_come_back(now: datetime) -> None:
    def refuse(call: http.Call, **given: Any) -> None:
        raise Throttled("too_many_attempts", seconds=30)

    assert ask(declared(refuse), now).headers["Retry-After"] == "30"


def test_what_nobody_foresaw_is_a_500_without_its_text_and_is_logged_without_it_too(now: datetime) -> None:
    def fail(call: http.Call, **given: Any) -> None:
        raise RuntimeError(CANARY)

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.logger("api").registered_formatter)
    logs.logger("api").addHandler(handler)
    try:
        answer = ask(declared(fail), now)
    finally:
        logs.logger("api").removeHandler(handler)
    assert (answer.status, code(answer)) == (500, "internal_error")
    assert CANARY not in answer.body + stream.getvalue()
    assert json.loads(stream.getvalue())["message"] == "unforeseen RuntimeError"


@pytest.mark.parametrize(
    ("cause", "status"), [("ThrottlingException", 503), ("ResourceNotFoundException", 500)]
)
def test_a_busy_table_is_a_503_and_a_missing_one_is_not(now: datetime, cause: str, status: int) -> None:
    def read(call: http.Call, **given: Any) -> None:
        raise GetError("no", VerboseClientError({"Error": {"Code": cause}}, "GetItem"))

    assert ask(declared(read), now).status == status


@pytest.mark.parametrize("key", ["", "x" * 129, "schlüssel", "a\nb"])
def test_a_bad_idempotency_key_is_refused(now: datetime, key: str) -> None:
    assert code(ask(declared(), now, idempotency_key=key)) == "idempotency_key_invalid"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_methods_that_may_be_repeated_anyway_take_no_key(now: datetime, method: str) -> None:
    seen: list[Any] = []
    route = declared(lambda call, **given: seen.append(call.once), method=method)
    ask(route, now, idempotency_key="k")
    assert seen == [None]


def creating() -> http.Route:
    def create(call: http.Call, body: Thing, **given: Any) -> Thing:
        tables.transact(audit.entry(call.actor, "thing.made", "T1", call.now), once=call.once, answer=body)
        return body

    return declared(create, body=Thing, answer=Thing, status=201)


def test_a_repeat_gets_the_first_status_and_body(cloud: None, now: datetime) -> None:
    route = creating()
    first, again = (ask(route, now, b'{"name":"x"}', idempotency_key="k") for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body) == (201, '{"name":"x","number":0}')
    assert sum(1 for _ in audit.EntryRow.scan()) == 1


@pytest.mark.parametrize("other", [{"body": b'{"name":"y"}'}, {"body": b'{"name":"x"}', "path": {"id": "2"}}])
def test_the_key_for_another_body_or_thing_is_a_conflict(
    cloud: None, now: datetime, other: dict[str, Any]
) -> None:
    route = creating()
    ask(route, now, b'{"name":"x"}', path={"id": "1"}, idempotency_key="k")
    answer = ask(route, now, idempotency_key="k", **({"path": {"id": "1"}} | other))
    assert (answer.status, code(answer)) == (409, "idempotency_key_reused")


def test_a_repeat_of_what_can_happen_only_once_gets_the_first_answer_and_not_the_refusal(
    cloud: None, now: datetime
) -> None:
    done: list[int] = []

    def create(call: http.Call, body: Thing, **given: Any) -> Thing:
        if done:
            raise Conflict("case_state_forbids", state="accepted")
        done.append(1)
        tables.transact(once=call.once, answer=body)
        return body

    route = declared(create, body=Thing, answer=Thing, status=201)
    assert [ask(route, now, b'{"name":"x"}', idempotency_key="k").status for _ in range(2)] == [201, 201]
    assert ask(route, now, b'{"name":"x"}').status == 409


@pytest.mark.parametrize(
    ("header", "declared_purpose", "seen"),
    [("audit", "visit", "audit"), (None, "visit", "visit"), (None, None, None)],
)
def test_a_purpose_is_the_named_one_or_the_routes(
    now: datetime, header: str | None, declared_purpose: str | None, seen: str | None
) -> None:
    found: list[Any] = []
    route = declared(lambda call, **given: found.append(call.purpose), purpose=declared_purpose)
    ask(route, now, **({"purpose": header} if header else {}))
    assert found == [seen]


def test_an_unknown_purpose_is_refused_with_those_there_are(now: datetime) -> None:
    answer = ask(declared(), now, purpose=CANARY, accept_language="en")
    assert code(answer) == "purpose_unknown"
    assert CANARY not in answer.body and "case_handling" in answer.body


ACTORS = st.builds(
    Actor,
    st.text(),
    st.sampled_from(["citizen", "staff", "partner", "system"]),
    st.frozensets(st.sampled_from(ROLES)),
    st.lists(st.text(), max_size=3).map(tuple),
    st.none() | st.text(),
    st.text(),
)


@given(actor=ACTORS)
def test_an_actor_passes_through_the_gateway_unchanged(actor: Actor) -> None:
    packed = http.pack(actor)
    again = http.unpack(packed)
    assert packed.isascii() and (again, again.session) == (actor, actor.session)
