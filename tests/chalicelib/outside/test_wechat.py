"""The WeChat client against the sandbox."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from chalicelib.outside.failures import Misconfigured, Rejected, Unavailable, Unknown
from chalicelib.outside.wechat import Credentials, Session, WeChat
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import PHONE, Http, MovingClock

KEYS = PUBLISHED.secrets()["wechat"]
DATA = {"thing1": "居住登记", "phrase2": "已办结"}


def anna(http: Http, count: int = 1) -> str:
    openid: str = http.post("/consents", citizen="anna", template="case_moved", count=count)["openid"]
    return openid


def test_a_session_has_no_session_key(wechat: WeChat) -> None:
    session = wechat.session("citizen-anna")
    assert session == wechat.session("citizen-anna")
    assert set(Session.__slots__) == {"openid", "unionid"}
    assert session.unionid


def test_a_used_or_unknown_code_is_rejected(wechat: WeChat, http: Http) -> None:
    code = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
    assert wechat.session(code) == wechat.session("citizen-anna")
    for bad, errcode in ((code, "40163"), ("made-up", "40029")):
        with pytest.raises(Rejected) as refusal:
            wechat.session(bad)
        assert refusal.value.code == errcode


def test_a_phone_code_gives_the_number(wechat: WeChat) -> None:
    assert wechat.phone_number(f"phone-{PHONE}") == PHONE
    with pytest.raises(Rejected):
        wechat.phone_number("phone-1")


def test_a_message_arrives_with_its_page(wechat: WeChat, http: Http) -> None:
    wechat.send_subscription(anna(http), "case_moved", DATA, "pages/case?id=C1")
    (kept,) = http.get("/messages", to="citizen-anna")["items"]
    assert (kept["data"], kept["page"], kept["template"]) == (DATA, "pages/case?id=C1", "case_moved")


@pytest.mark.parametrize(
    ("openid", "template", "data", "errcode"),
    [
        (None, "other", DATA, "43101"),
        ("o-nobody", "case_moved", DATA, "40003"),
        (None, "?", DATA, "40037"),
        (None, "case_moved", {"thing1": "长" * 21}, "47003"),
        (None, "case_moved", {}, "47003"),
    ],
)
def test_what_never_can_be_delivered_is_rejected(
    wechat: WeChat, http: Http, openid: str | None, template: str, data: dict[str, str], errcode: str
) -> None:
    known = anna(http)
    with pytest.raises(Rejected) as refusal:
        wechat.send_subscription(openid or known, template, data)
    assert refusal.value.code == errcode
    assert http.get("/messages")["items"] == []


def test_texts_are_judged(wechat: WeChat) -> None:
    openid = wechat.session("citizen-anna").openid
    found = [wechat.check_text(openid, text) for text in ("路灯坏了", "违规", "待审")]
    assert found == ["pass", "risky", "review"]
    with pytest.raises(Rejected):
        wechat.check_text(openid, "长" * 2501)


class Recording(urllib3.PoolManager):
    """A pool that remembers which paths were asked."""

    def __init__(self) -> None:
        super().__init__(retries=False, timeout=5)
        self.paths: list[str] = []

    def request(self, method: str, url: str, *args: Any, **other: Any) -> urllib3.BaseHTTPResponse:
        self.paths.append(urlsplit(url).path.removeprefix("/wechat"))
        return super().request(method, url, *args, **other)


def test_one_token_serves_until_a_minute_before_its_end(sandbox: Sandbox, clock: MovingClock) -> None:
    pool = Recording()
    client = WeChat(f"{sandbox.url}/wechat", Credentials(**KEYS), pool, clock)
    for seconds in (0, 7139, 1):
        clock.forward(seconds)
        client.phone_number(f"phone-{PHONE}")
    ask, fetch = "/wxa/business/getuserphonenumber", "/cgi-bin/stable_token"
    assert pool.paths == [fetch, ask, ask, fetch, ask]


def test_a_revoked_token_costs_one_more_call_and_no_force(
    sandbox: Sandbox, http: Http, clock: MovingClock
) -> None:
    pool = Recording()
    client = WeChat(f"{sandbox.url}/wechat", Credentials(**KEYS), pool, clock)
    client.phone_number(f"phone-{PHONE}")
    del pool.paths[:]
    http.post("/revocations", channel="wechat")
    client.phone_number(f"phone-{PHONE}")
    ask, fetch = "/wxa/business/getuserphonenumber", "/cgi-bin/stable_token"
    assert pool.paths == [ask, fetch, ask]


def test_a_token_that_somebody_revoked_is_replaced_once(wechat: WeChat, http: Http) -> None:
    openid = anna(http, 2)
    wechat.send_subscription(openid, "case_moved", DATA)
    http.post("/revocations", channel="wechat")
    wechat.send_subscription(openid, "case_moved", DATA)
    assert len(http.get("/messages")["items"]) == 2


@pytest.mark.parametrize("errcode", [40001, 42001])
def test_a_token_refused_again_is_our_set_up(wechat: WeChat, http: Http, errcode: int) -> None:
    openid = anna(http)
    wechat.phone_number(f"phone-{PHONE}")
    http.post("/faults", channel="wechat", mode="refuse", errcode=errcode)
    with pytest.raises(Misconfigured) as failure:
        wechat.send_subscription(openid, "case_moved", DATA)
    assert failure.value.code == str(errcode)


def test_a_wrong_secret_is_our_set_up(sandbox: Sandbox, http: Http, clock: MovingClock) -> None:
    client = WeChat(f"{sandbox.url}/wechat", Credentials(KEYS["appid"], "guess"), now=clock)
    with pytest.raises(Misconfigured) as failure:
        client.send_subscription(anna(http), "case_moved", DATA)
    assert failure.value.code == "40125"
    with pytest.raises(Misconfigured):
        client.session("citizen-anna")
    assert "guess" not in repr(Credentials("a", "guess"))


@pytest.mark.parametrize("errcode", [-1, 45009])
def test_busy_and_rationed_mean_later(wechat: WeChat, http: Http, errcode: int) -> None:
    openid = anna(http)
    http.post("/faults", channel="wechat", mode="refuse", errcode=errcode)
    with pytest.raises(Unavailable) as failure:
        wechat.send_subscription(openid, "case_moved", DATA)
    assert type(failure.value) is Unavailable


def test_a_lost_answer_to_a_send_is_unknown_and_it_did_arrive(wechat: WeChat, http: Http) -> None:
    openid = anna(http)
    wechat.phone_number(f"phone-{PHONE}")
    http.post("/faults", channel="wechat", mode="drop")
    with pytest.raises(Unknown):
        wechat.send_subscription(openid, "case_moved", DATA)
    (kept,) = http.get("/messages", to=openid)["items"]
    assert kept["answered"] is False


def test_a_lost_token_answer_means_that_nothing_was_sent(wechat: WeChat, http: Http) -> None:
    openid = anna(http)
    http.post("/faults", channel="wechat", mode="drop")
    with pytest.raises(Unavailable):
        wechat.send_subscription(openid, "case_moved", DATA)
    assert http.get("/messages")["items"] == []
    http.post("/faults", channel="wechat", mode="none")
    wechat.send_subscription(openid, "case_moved", DATA)
    assert len(http.get("/messages")["items"]) == 1


def test_a_lost_answer_to_a_sign_in_is_unknown_for_the_code_may_be_used(wechat: WeChat, http: Http) -> None:
    code = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
    http.post("/faults", channel="wechat", mode="drop")
    with pytest.raises(Unknown):
        wechat.session(code)
    http.post("/faults", channel="wechat", mode="none")
    with pytest.raises(Rejected) as refusal:
        wechat.session(code)
    assert refusal.value.code == "40163"


def test_a_text_check_may_be_asked_again(wechat: WeChat, http: Http) -> None:
    openid = wechat.session("citizen-anna").openid
    assert wechat.check_text(openid, "路灯坏了") == "pass"
    http.post("/faults", channel="wechat", mode="drop")
    with pytest.raises(Unavailable):
        wechat.check_text(openid, "路灯坏了")
