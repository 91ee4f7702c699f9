"""The sandbox's WeChat behaves like WeChat, limits and errors included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import PHONE, Http, MovingClock

APPLICATION = {"appid": PUBLISHED.appid, "secret": PUBLISHED.secret}


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def http(tmp_path: Path, clock: MovingClock) -> Iterator[Http]:
    with Sandbox(tmp_path, now=clock) as sandbox:
        yield Http(sandbox.url)


def sign_in(http: Http, code: str, **other: str) -> dict[str, Any]:
    query = {**APPLICATION, "js_code": code, "grant_type": "authorization_code", **other}
    return http.get("/wechat/sns/jscode2session", **query)


def token(http: Http, force: bool = False) -> dict[str, Any]:
    grant = {**APPLICATION, "grant_type": "client_credential", "force_refresh": force}
    return http.ask("POST", "/wechat/cgi-bin/stable_token", grant)[1]


def send(
    http: Http, openid: str, value: str = "居住登记", name: str = "thing1", with_token: str = ""
) -> dict[str, Any]:
    query = {"access_token": with_token or token(http)["access_token"]}
    body = {
        "touser": openid,
        "template_id": "case_moved",
        "data": {name: {"value": value}},
        "page": "pages/case",
    }
    return http.post("/wechat/cgi-bin/message/subscribe/send", query, **body)


def test_a_name_has_one_openid_for_ever(http: Http) -> None:
    first, second, other = (sign_in(http, f"citizen-{name}") for name in ("anna", "anna", "bo"))
    assert first["openid"] == second["openid"] != other["openid"]
    assert first["unionid"] == second["unionid"] != other["unionid"]
    assert len(first["openid"]) == 28


def test_a_real_code_is_used_once(http: Http) -> None:
    code = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
    assert sign_in(http, code)["openid"] == sign_in(http, "citizen-anna")["openid"]
    assert sign_in(http, code)["errcode"] == 40163


def test_a_real_code_lives_five_minutes(http: Http, clock: MovingClock) -> None:
    young = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
    old = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
    clock.forward(299)
    assert sign_in(http, young)["errcode"] == 0
    clock.forward(1)
    assert sign_in(http, old)["errcode"] == 40029


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"js_code": "0made-up"}, 40029),
        ({"appid": "wx-other"}, 40013),
        ({"secret": "guess"}, 40125),
        ({"grant_type": "client_credential"}, 40002),
    ],
)
def test_sign_in_says_what_is_wrong(http: Http, change: dict[str, str], errcode: int) -> None:
    assert sign_in(http, "citizen-anna", **change)["errcode"] == errcode


def test_a_token_stays_the_same_until_shortly_before_its_end(http: Http, clock: MovingClock) -> None:
    first = token(http)
    assert first["expires_in"] == 7200
    clock.forward(6800)
    assert token(http) == {"access_token": first["access_token"], "expires_in": 400}
    clock.forward(200)
    second = token(http)
    assert second["access_token"] != first["access_token"]
    anna = sign_in(http, "citizen-anna")["openid"]
    assert send(http, anna, with_token=first["access_token"])["errcode"] == 43101
    clock.forward(200)
    assert send(http, anna, with_token=first["access_token"])["errcode"] == 42001


def test_force_ends_the_old_token_and_is_rationed(http: Http, clock: MovingClock) -> None:
    first = token(http)["access_token"]
    assert token(http, force=True)["access_token"] == first, "within 30 s the platform gives the same"
    for _ in range(20):
        clock.forward(31)
        assert "access_token" in token(http, force=True)
    anna = sign_in(http, "citizen-anna")["openid"]
    assert send(http, anna, with_token=first)["errcode"] == 40001
    clock.forward(31)
    assert token(http, force=True)["errcode"] == 45009
    clock.forward(86_400)
    assert "access_token" in token(http, force=True)


def test_a_phone_code_gives_the_number_in_it(http: Http) -> None:
    query = {"access_token": token(http)["access_token"]}
    path = "/wechat/wxa/business/getuserphonenumber"
    assert http.post(path, query, code=f"phone-{PHONE}")["phone_info"]["purePhoneNumber"] == PHONE
    assert http.post(path, query, code="phone-123")["errcode"] == 40029
    real = http.post("/codes", kind="phone", subject=PHONE)["code"]
    assert http.post(path, query, code=real)["phone_info"]["purePhoneNumber"] == PHONE
    assert http.post(path, query, code=real)["errcode"] == 40029
    assert http.post(path, {"access_token": "made-up"}, code=f"phone-{PHONE}")["errcode"] == 40001
    assert http.post(path, code=f"phone-{PHONE}")["errcode"] == 41001


def test_one_consent_is_one_message(http: Http) -> None:
    anna = sign_in(http, "citizen-anna")["openid"]
    assert send(http, anna)["errcode"] == 43101
    assert http.post("/consents", openid=anna, template="case_moved", count=2)["remaining"] == 2
    assert [send(http, anna)["errcode"] for _ in range(3)] == [0, 0, 43101]
    assert len(http.get("/messages", to=anna)["items"]) == 2


def test_a_consent_given_by_name_before_the_first_sign_in_counts(http: Http) -> None:
    openid = http.post("/consents", citizen="citizen-anna", template="case_moved")["openid"]
    assert openid == sign_in(http, "citizen-anna")["openid"]
    assert send(http, openid)["errcode"] == 0


def test_a_lasting_consent_is_not_used_up(http: Http) -> None:
    anna = http.post("/consents", citizen="anna", template="case_moved", lasting=True)["openid"]
    assert [send(http, anna)["errcode"] for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "value", "errcode"),
    [
        ("thing1", "一" * 20, 0),
        ("thing1", "一" * 21, 47003),
        ("thing1", "", 47003),
        ("phrase2", "审核通过", 0),
        ("phrase2", "passed", 47003),
        ("number3", "12.5", 0),
        ("number3", "twelve", 47003),
        ("character_string4", "C01ABC-2", 0),
        ("character_string4", "编号", 47003),
        ("time5", "2026年11月23日 09:30", 0),
        ("date6", "2026-11-23", 0),
        ("date6", "soon", 47003),
        ("colour7", "red", 47003),
    ],
)
def test_template_values_have_limits_and_a_bad_one_costs_no_consent(
    http: Http, name: str, value: str, errcode: int
) -> None:
    anna = http.post("/consents", citizen="anna", template="case_moved")["openid"]
    assert send(http, anna, value, name)["errcode"] == errcode
    assert send(http, anna)["errcode"] == (43101 if errcode == 0 else 0)


def test_strangers_are_refused(http: Http) -> None:
    assert send(http, "o-nobody")["errcode"] == 40003


@pytest.mark.parametrize(
    ("content", "found"),
    [("路灯坏了", "pass"), ("这里有违规内容", "risky"), ("待审的文字", "review")],
)
def test_texts_are_judged(http: Http, content: str, found: str) -> None:
    query = {"access_token": token(http)["access_token"]}
    body = {"openid": sign_in(http, "citizen-anna")["openid"], "version": 2, "scene": 3}
    answer = http.post("/wechat/wxa/msg_sec_check", query, content=content, **body)
    assert answer["result"]["suggest"] == found
    assert http.post("/wechat/wxa/msg_sec_check", query, content="长" * 2501, **body)["errcode"] == 45002
    assert (
        http.post("/wechat/wxa/msg_sec_check", query, content="短", **body | {"openid": "o"})["errcode"]
        == 40003
    )


def test_messages_are_listed_by_openid_and_by_name(http: Http) -> None:
    anna = http.post("/consents", citizen="anna", template="case_moved", count=1)["openid"]
    send(http, anna)
    (kept,) = http.get("/messages", to="citizen-anna")["items"]
    assert http.get("/messages", to=anna)["items"] == [kept]
    assert {name: kept[name] for name in ("channel", "to", "template", "data", "status", "sent_at")} == {
        "channel": "wechat",
        "to": anna,
        "template": "case_moved",
        "data": {"thing1": "居住登记"},
        "status": "delivered",
        "sent_at": "2026-11-23T09:30:00.000+08:00",
    }
    assert http.get("/messages", to="citizen-bo")["items"] == []
