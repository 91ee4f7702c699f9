"""The sandbox's WeCom, SMS gateway and real-name check."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import ID_NUMBER, PHONE, Http, MovingClock

CORPORATION = {"corpid": PUBLISHED.corpid, "corpsecret": PUBLISHED.corpsecret}


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def http(tmp_path: Path, clock: MovingClock) -> Iterator[Http]:
    with Sandbox(tmp_path, now=clock) as sandbox:
        yield Http(sandbox.url)


def token(http: Http) -> dict[str, str]:
    return {"access_token": http.get("/wecom/cgi-bin/gettoken", **CORPORATION)["access_token"]}


def send(http: Http, to: str, text: str = "今日走访 3 处", **other: Any) -> dict[str, Any]:
    body = {"touser": to, "msgtype": "text", "agentid": PUBLISHED.agentid, "text": {"content": text}, **other}
    return http.post("/wecom/cgi-bin/message/send", token(http), **body)


def texts(
    http: Http, to: str, key: str, params: object, template: str = "visit_due"
) -> tuple[int, dict[str, Any]]:
    return http.ask(
        "POST", "/sms/send", {"to": to, "template": template, "params": params}, headers={"X-Api-Key": key}
    )


def real(http: Http, name: str, number: str, key: str = PUBLISHED.realname_key) -> tuple[int, dict[str, Any]]:
    return http.ask(
        "POST", "/realname/check", {"name": name, "id_number": number}, headers={"X-Api-Key": key}
    )


def test_a_staff_code_gives_the_user(http: Http) -> None:
    path = "/wecom/cgi-bin/auth/getuserinfo"
    assert http.get(path, **token(http), code="staff-grid-440604001001")["userid"] == "grid-440604001001"
    assert http.get(path, **token(http), code="made-up")["errcode"] == 40029
    assert "userid" not in http.get(path, **token(http), code="staff-nobody-1")
    assert http.get(path, access_token="made-up", code="staff-city")["errcode"] == 40014
    code = http.post("/codes", kind="wecom", subject="staff-city")["code"]
    assert http.get(path, **token(http), code=code)["userid"] == "city"
    assert http.get(path, **token(http), code=code)["errcode"] == 40029


def test_the_token_is_the_same_until_it_ends(http: Http, clock: MovingClock) -> None:
    first = token(http)
    clock.forward(7199)
    assert token(http) == first
    clock.forward(1)
    assert http.get("/wecom/cgi-bin/auth/getuserinfo", **first, code="staff-city")["errcode"] == 42001
    assert token(http) != first
    assert (
        http.get("/wecom/cgi-bin/gettoken", corpid=PUBLISHED.corpid, corpsecret="guess")["errcode"] == 40001
    )
    assert http.get("/wecom/cgi-bin/gettoken", corpid="ww", corpsecret="guess")["errcode"] == 40013


def test_unknown_receivers_are_named_with_errcode_0(http: Http) -> None:
    answer = send(http, "city|nobody-1|policy|nobody-2")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody-1|nobody-2")
    assert answer["msgid"]
    assert [item["to"] for item in http.get("/messages")["items"]] == ["city", "policy"]
    assert send(http, "nobody-1")["errcode"] == 81013


def test_the_31st_message_in_a_minute_is_dropped_without_a_word(http: Http, clock: MovingClock) -> None:
    assert {send(http, "city")["errcode"] for _ in range(32)} == {0}
    statuses = [item["status"] for item in http.get("/messages", to="city")["items"]]
    assert statuses == ["delivered"] * 30 + ["dropped"] * 2
    send(http, "policy")
    clock.forward(60)
    send(http, "city")
    assert [http.get("/messages", to=to)["items"][-1]["status"] for to in ("staff-policy", "staff-city")] == [
        "delivered",
        "delivered",
    ]


def test_the_1001st_message_in_an_hour_is_dropped(tmp_path: Path, clock: MovingClock) -> None:
    with Sandbox(tmp_path / "hour", now=clock) as sandbox:
        http = Http(sandbox.url)
        access = token(http)
        body = {
            "touser": "city",
            "msgtype": "text",
            "agentid": PUBLISHED.agentid,
            "text": {"content": "到期提醒"},
        }
        for number in range(1001):
            if number and number % 25 == 0:
                clock.forward(61)
            http.post("/wecom/cgi-bin/message/send", access, **body)
        found = http.get("/messages", to="city", limit="1000")
        last = http.get("/messages", to="city", after=found["next"])["items"]
    assert {item["status"] for item in found["items"]} == {"delivered"}
    assert [item["status"] for item in last] == ["dropped"]


def test_a_repeat_is_suppressed_when_asked_for(http: Http, clock: MovingClock) -> None:
    once: dict[str, Any] = {"enable_duplicate_check": 1, "duplicate_check_interval": 14_400}
    assert [send(http, "city", **once)["errcode"] for _ in range(2)] == [0, 0]
    assert len(http.get("/messages", to="city")["items"]) == 1
    send(http, "city", "另一条", **once)
    clock.forward(14_400)
    send(http, "city", **once)
    assert len(http.get("/messages", to="city")["items"]) == 3


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"agentid": 1}, 40056),
        ({"msgtype": "voice"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"msgtype": "textcard", "textcard": {"title": "t"}}, 40058),
        ({"msgtype": "markdown", "markdown": {"content": "长" * 683}}, 40058),
        ({"touser": "|".join(f"user{n}" for n in range(1001))}, 40058),
    ],
)
def test_wecom_says_what_is_wrong(http: Http, change: dict[str, Any], errcode: int) -> None:
    assert send(http, change.pop("touser", "city"), **change)["errcode"] == errcode
    assert http.get("/messages")["items"] == []


def test_long_text_is_cut_at_2048_bytes(http: Http) -> None:
    send(http, "city", "长" * 700)
    (kept,) = http.get("/messages", to="city")["items"]
    assert kept["data"]["content"] == "长" * 682


def test_sms_arrives_and_is_found_by_its_phone(http: Http) -> None:
    status, answer = texts(http, PHONE, PUBLISHED.sms_key, {"when": "周一"})
    assert (status, answer["accepted"]) == (200, True)
    (kept,) = http.get("/messages", to=PHONE)["items"]
    assert (kept["channel"], kept["template"], kept["data"]) == ("sms", "visit_due", {"when": "周一"})
    assert http.get("/messages", to=f"+86{PHONE}")["items"] == [kept]


@pytest.mark.parametrize(
    ("to", "key", "params", "template", "status", "code"),
    [
        (PHONE, "guess", {}, "visit_due", 401, "bad_key"),
        ("12345", PUBLISHED.sms_key, {}, "visit_due", 400, "bad_number"),
        (PHONE, PUBLISHED.sms_key, {"when": "长" * 36}, "visit_due", 400, "bad_params"),
        (PHONE, PUBLISHED.sms_key, [], "visit_due", 400, "bad_params"),
        (PHONE, PUBLISHED.sms_key, {}, "", 400, "bad_template"),
    ],
)
def test_sms_says_what_is_wrong(
    http: Http, to: str, key: str, params: object, template: str, status: int, code: str
) -> None:
    assert texts(http, to, key, params, template) == (status, {"code": code})
    assert http.get("/messages")["items"] == []


def test_a_phone_gets_30_sms_an_hour(http: Http, clock: MovingClock) -> None:
    found = [texts(http, PHONE, PUBLISHED.sms_key, {})[0] for _ in range(31)]
    assert found == [200] * 30 + [429]
    clock.forward(3600)
    assert texts(http, PHONE, PUBLISHED.sms_key, {})[0] == 200


def test_real_names_match_but_for_the_sign(http: Http) -> None:
    assert real(http, "测试甲", ID_NUMBER) == (200, {"match": True, "reason": ""})
    assert real(http, "测试不符", ID_NUMBER)[1]["match"] is False
    assert real(http, "测试甲", ID_NUMBER[:-1] + ("0" if ID_NUMBER[-1] != "0" else "1"))[1]["match"] is False
    assert real(http, "", ID_NUMBER)[0] == 400
    assert real(http, "测试甲", ID_NUMBER, "guess")[0] == 401
    assert http.get("/messages")["items"] == []
