"""The trail as an auditor's client gets it."""

import json
from typing import Any

import pytest

from chalicelib import http
from chalicelib.actors import Actor
from chalicelib.trail.routes import api
from tests.chalicelib.trail.acts import MONDAY, acts, audit_cloud, longest, remove

ROUTES = {route.path: route for route in api.routes}
AUDITOR = Actor("auditor", "staff", frozenset({"auditor"}), ("440600",))
OFFICER = Actor("city", "staff", frozenset({"city_officer"}), ("440600",))


@pytest.fixture(autouse=True)
def _audit_cloud(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    audit_cloud(monkeypatch)


def get(path: str, actor: Actor = AUDITOR, **query: str) -> tuple[int, Any]:
    request = http.Request(
        {"accept-language": "en"}, query, {}, b"", {"authorizer": {"actor": http.pack(actor)}}
    )
    answer = http.respond(ROUTES[path], request, MONDAY)
    return answer.status, json.loads(answer.body)


def test_an_intact_trail_says_so() -> None:
    acts(6, MONDAY)
    status, body = get("/audit/verify")
    assert (status, body["intact"], body["entries"], body["breaks"]) == (200, True, 6, [])


def test_a_broken_trail_says_where() -> None:
    acts(6, MONDAY)
    link = longest()[0]
    remove(f"ENTRY#{link.entry_id}", "ENTRY")
    status, body = get("/audit/verify", **{"from": "2026-11-23", "to": "2026-11-23"})
    assert (status, body["intact"]) == (200, False)
    assert body["breaks"] == [
        {"kind": "entry_missing", "chain": link.chain, "seq": link.seq, "entry": link.entry_id, "date": None}
    ]


def test_a_range_that_is_too_long_or_no_date_is_a_clear_problem() -> None:
    assert get("/audit/verify", **{"from": "2026-01-01"})[1]["code"] == "trail_range_too_long"
    assert get("/audit/verify", **{"from": "yesterday"})[0] == 422


def test_entries_about_a_thing_are_paged_and_only_for_auditors() -> None:
    acts(6, MONDAY)
    status, body = get("/audit/entries", target="C1")
    assert status == 200
    assert {item["target"] for item in body["items"]} == {"C1"}
    assert get("/audit/entries", OFFICER, target="C1")[0] == 403
    assert get("/audit/verify", OFFICER)[0] == 403
    assert get("/audit/entries", target="C1", next="forged")[0] == 400
