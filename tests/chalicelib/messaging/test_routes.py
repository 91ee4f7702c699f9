"""Messages and consents as the phone asks for them; troubles as the operator does."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import http
from chalicelib.actors import Actor
from chalicelib.messaging import service
from chalicelib.messaging.routes import api
from chalicelib.outside.failures import Unknown
from tests.chalicelib.messaging.outsiders import Outsider, senders

pytestmark = pytest.mark.usefixtures("cloud")
CITIZEN = Actor("P1", "citizen", frozenset({"citizen", "landlord"}), session="U1")
OFFICER = Actor("city", "staff", frozenset({"city_officer"}), ("440600",))


def ask(
    method: str, path: str, actor: Actor, now: datetime, body: Any = None, key: str = "", **query: str
) -> tuple[int, Any]:
    route = next(r for r in api.routes if (r.method, r.path) == (method, path))
    context = {"authorizer": {"actor": http.pack(actor)}}
    headers = {"accept-language": "en"} | ({"idempotency-key": key} if key else {})
    sent = b"" if body is None else json.dumps(body).encode()
    answer = http.respond(route, http.Request(headers, query, {}, sent, context), now)
    return answer.status, json.loads(answer.body)


def test_a_consent_is_reported_once_however_often_the_phone_repeats_it(now: datetime) -> None:
    for _ in range(2):
        status, body = ask(
            "POST", "/me/message-consents", CITIZEN, now, {"template": "case_state", "count": 2}, "k1"
        )
        assert (status, body) == (201, {"template": "case_state", "left": 2, "lasting": False})
    assert ask("GET", "/me/message-consents", CITIZEN, now)[1]["items"][0]["left"] == 2


@pytest.mark.parametrize(
    "body", [{"template": "none"}, {"template": "visit_digest"}, {"template": "case_state", "count": 99}, {}]
)
def test_a_consent_that_makes_no_sense_is_a_problem(now: datetime, body: dict[str, Any]) -> None:
    status, problem = ask("POST", "/me/message-consents", CITIZEN, now, body)
    assert (status, problem["code"]) == (422, "values_invalid")


def test_the_inbox_shows_what_was_said_even_when_the_phone_never_got_it(now: datetime) -> None:
    data = {"kind": "residence_registration", "state": "accepted", "receipt": "R1"}
    service.request("wechat", "P1", "case_state", data, "C1:accepted", now)
    status, body = ask("GET", "/me/messages", CITIZEN, now)
    assert (status, [m["body"] for m in body["items"]], body["next"]) == (
        200, ["Your residence registration (receipt R1) is now: Accepted. Next: There is nothing for you to do now."], None,
    )  # fmt: skip


def test_unknown_messages_are_listed_for_the_operator_without_their_receiver(now: datetime) -> None:
    later = now + timedelta(minutes=5)
    data = {"visits": 1, "buildings": 1, "most": 1, "first_day": "2026-11-24"}
    message_id = service.request("wecom", "grid-1", "visit_digest", data, "visits:B1", later)
    service.deliver(message_id, later, senders(Outsider(after=Unknown("wecom", "answer_lost"))))
    status, body = ask("GET", "/messages/troubles", OFFICER, now, day="2026-11-23")
    assert (status, [item["id"] for item in body["items"]]) == (200, [message_id])
    assert "grid-1" not in json.dumps(body)
    assert ask("GET", "/messages/troubles", CITIZEN, now, day="2026-11-23")[0] == 403
