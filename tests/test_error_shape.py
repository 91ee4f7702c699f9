"""Whatever goes wrong, on any route: one problem document, a stable code, both languages, no echo, never a 500."""

import json
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import http
from chalicelib.actors import CITIZEN_ROLES, STAFF_ROLES, Actor
from chalicelib.texts import catalogue
from tests.route_samples import SAMPLES, Asked, ask, name, routes
from tests.town import Town, outside_systems, staff

CANARY = "kanarienvogel-7f3a"
WITH_BODY = [route for route in routes() if route.body]
PAGED = [
    (route, key)
    for route in routes()
    if route.query
    for key in ("next", "page")
    if key in route.query.model_fields
]
CREATING = [route for route in routes() if route.method == "POST" and route.status == 201]
REQUIRED = {"type", "title", "status", "code", "detail", "instance"}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def somebody(route: http.Route, town: Town | None = None) -> Actor | None:
    """The first role that may call, as the one whom the sample concerns."""
    if route.who == "public":
        return None
    role = route.roles[0]
    if role in STAFF_ROLES:
        return staff(role, department=SAMPLES[name(route)].department)
    known = town.owner if town else Actor("P404", "citizen", session="U404")
    assert role in CITIZEN_ROLES
    return Actor(known.id, "citizen", frozenset({role}), session=known.session)


def raw(route: http.Route, town: Town | None, body: bytes, **headers: str) -> http.Answer:
    """The answer to exactly these bytes."""
    actor = somebody(route, town)
    context: dict[str, Any] = {"requestId": "walk"}
    if actor:
        context["authorizer"] = {"actor": http.pack(actor)}
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    path = {part: "C1" for _, part, _, _ in string.Formatter().parse(route.path) if part}
    return http.respond(route, http.Request(named, {}, path, body, context), town.now if town else None)


def shape_of(answer: http.Answer) -> dict[str, Any]:
    """The problem document, after every demand on one."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = json.loads(answer.body)
    assert document.keys() >= REQUIRED and document.keys() <= REQUIRED | {"errors"}
    assert document["status"] == answer.status
    assert document["code"] in catalogue(), document["code"]
    assert document["detail"] == document["detail"].strip() and "{" not in document["detail"]
    for finding in document.get("errors", []):
        assert finding.keys() - {"label"} == {"path", "code", "detail"}, finding
        assert finding["code"] in catalogue(), finding
    assert CANARY not in answer.body
    return document


def in_both_languages(make: Any) -> dict[str, Any]:
    """The document, the same in both languages but for its sentences."""
    english, chinese = shape_of(make("en")), shape_of(make("zh-CN"))
    for document, other in ((english, chinese), (chinese, english)):
        assert document["detail"] != other["detail"]
    assert any("一" <= letter <= "鿿" for letter in chinese["detail"])
    assert not any("一" <= letter <= "鿿" for letter in english["detail"])
    assert english["code"] == chinese["code"]
    return english


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"%s' % CANARY.encode(), {}, 400, "body_not_json"),
        (b"\xff\xfe\x00", {}, 400, "body_not_json"),
        (b'"%s"' % CANARY.encode(), {}, 422, "values_invalid"),
        (b"[1]", {}, 422, "values_invalid"),
        (b'{"%s": 1}' % CANARY.encode(), {}, 422, "values_invalid"),
        (b'{"a": "%s"}' % (CANARY.encode() * 6000), {}, 413, "body_too_large"),
        (b"{}", {"content_type": f"text/{CANARY}"}, 415, "media_type_unsupported"),
        (b"<x/>", {"content_type": "application/xml"}, 415, "media_type_unsupported"),
    ],
    ids=["half JSON", "not UTF-8", "a string", "a list", "unknown field", "100 KB", "text", "XML"],
)
def test_a_body_that_is_none_is_refused_the_same_way_everywhere(
    route: http.Route, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    document = in_both_languages(lambda language: raw(route, None, body, accept_language=language, **headers))
    assert (document["status"], document["code"]) == (status, code)


def wrongly_typed(value: Any) -> Iterator[Any]:
    """The value with each of its parts in turn replaced by one of a wrong type."""
    yield {CANARY: [CANARY]}
    if isinstance(value, dict):
        for key, part in value.items():
            for wrong in wrongly_typed(part):
                yield value | {key: wrong}
    if isinstance(value, list):
        for place, part in enumerate(value):
            for wrong in wrongly_typed(part):
                yield [*value[:place], wrong, *value[place + 1 :]]


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_a_wrong_type_anywhere_in_the_body_is_named_by_its_place(route: http.Route, town: Town) -> None:
    actor = somebody(route, town)
    asked = SAMPLES[name(route)].make(town, actor or town.stranger)
    for wrong in wrongly_typed(asked.body):
        document = shape_of(ask(route, replace(asked, body=wrong), actor, town, accept_language="en"))
        assert (document["status"], document["code"]) == (422, "values_invalid")
        assert document["errors"]


@pytest.mark.parametrize("route", [r for r in routes() if r.query], ids=name)
def test_an_unknown_query_parameter_is_refused(route: http.Route) -> None:
    answers = [
        ask(route, Asked(query={CANARY: CANARY}), somebody(route), accept_language=la) for la in ("en", "zh")
    ]
    assert [shape_of(answer)["code"] for answer in answers] == ["values_invalid"] * 2


@pytest.mark.parametrize(
    ("route", "key"), PAGED, ids=lambda value: value if isinstance(value, str) else name(value)
)
def test_a_forged_page_token_is_refused(route: http.Route, key: str, town: Town) -> None:
    actor = somebody(route, town)
    asked = SAMPLES[name(route)].make(town, actor or town.stranger)
    for forged in (CANARY, "e30", "ä" * 20, f"{'A' * 22}{{}}"):
        answer = ask(route, replace(asked, query=asked.query | {key: forged}), actor, town)
        assert (answer.status, shape_of(answer)["code"]) == (400, "page_token_invalid")


@pytest.mark.parametrize("route", [r for r in routes() if r.method == "POST" and r.who != "public"], ids=name)
def test_a_bad_idempotency_key_is_refused(route: http.Route) -> None:
    for key in ("", "x" * 129, "钥匙"):
        document = in_both_languages(
            lambda language, key=key: raw(route, None, b"{}", accept_language=language, idempotency_key=key)
        )
        assert (document["status"], document["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("route", [r for r in routes() if "{" in r.path], ids=name)
def test_an_unknown_id_is_not_there_and_not_repeated(route: http.Route, town: Town) -> None:
    actor = somebody(route, town)
    asked = SAMPLES[name(route)].make(town, actor or town.stranger)
    for wrong in (CANARY, "../" + CANARY, "%00" + CANARY, "x" * 5000, "CASE#" + CANARY, "'\"<>" + CANARY):
        answer = ask(route, replace(asked, path=dict.fromkeys(asked.path, wrong)), actor, town)
        assert (answer.status, shape_of(answer)["status"]) == (404, 404), wrong


@pytest.mark.parametrize("route", CREATING, ids=name)
def test_creating_again_with_the_same_key_gets_the_first_answer(route: http.Route, town: Town) -> None:
    actor = somebody(route, town)
    assert actor is not None
    asked = SAMPLES[name(route)].make(town, actor)
    first, again = (ask(route, asked, actor, town, idempotency_key="the-same") for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 201
    if not asked.body:  # There is nothing in it that could be another request.
        return
    other = replace(asked, body={**asked.body, CANARY: 1})
    refused = ask(route, other, actor, town, idempotency_key="the-same")
    assert refused.status in (409, 422)
    changed = replace(asked, body=changed_in_one_place(asked.body))
    refused = ask(route, changed, actor, town, idempotency_key="the-same")
    assert (refused.status, shape_of(refused)["code"]) == (409, "idempotency_key_reused")


def changed_in_one_place(body: dict[str, Any]) -> dict[str, Any]:
    """Another body that is valid as well."""
    changes: dict[str, Any] = {
        "arrived_on": "2026-11-02",
        "fault": "damaged",
        "ground": "school",
        "last": "2026-12-01",
        "left_on": "2026-11-19",
        "reason": "another reason",
        "says": "it is yet another",
        "size": 101,
        "count": 2,
        "text": "the same in other words",
        "from_day": "2026-12-02",
        "ended_on": "2026-11-29",
        "side": "tenant",
        "version": "2",
        "hash": "0" * 64,
        "choices": ["b1"],
        "rankings": ["another"],
        "claims": [],
        "quota": 7,
    }
    key = next(key for key in changes if key in body)
    return {**body, key: changes[key]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.text(max_size=30) | st.sampled_from(
    ["440604010001", "2026-11-23", "-1", "1e9", "\x00", "C1", "P1", ""]
)


@st.composite
def anything(draw: st.DrawFn, route: http.Route) -> tuple[dict[str, str], dict[str, str], bytes]:
    """Any path, query and body, often with the names that the route knows."""
    path = {p: draw(WORDS.filter(bool)) for _, p, _, _ in string.Formatter().parse(route.path) if p}
    known = [f.alias or key for key, f in route.query.model_fields.items()] if route.query else []
    query = draw(st.dictionaries(st.sampled_from(known) if known else st.text(), WORDS, max_size=3))
    fields = [f.alias or key for key, f in route.body.model_fields.items()] if route.body else []
    bodies = st.fixed_dictionaries({}, optional=dict.fromkeys(fields, JSON)) if fields else JSON
    body = draw(
        bodies.map(lambda v: json.dumps(v).encode())
        | JSON.map(lambda v: json.dumps(v).encode())
        | st.binary()
    )
    return path, query, body


@pytest.mark.parametrize("route", routes(), ids=name)
def test_no_input_makes_a_route_fail_in_an_unforeseen_way(route: http.Route, town: Town) -> None:
    @settings(
        max_examples=4 * max(1, len(route.roles)),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        database=None,
    )
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        path, query, body = data.draw(anything(route))
        actor = somebody(
            replace(route, who={data.draw(st.sampled_from(route.roles)): "any"})
            if route.roles and "partner" not in route.roles
            else route,
            town,
        )
        context = {"requestId": "fuzz"} | ({"authorizer": {"actor": http.pack(actor)}} if actor else {})
        answer = http.respond(route, http.Request({}, query, path, body, context), town.now)
        assert answer.status < 500 or answer.status == 503, answer.body
        if answer.status >= 400:
            shape_of(answer)

    fuzz()
