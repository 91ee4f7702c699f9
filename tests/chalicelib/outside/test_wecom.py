"""The WeCom client against the sandbox."""

import pytest

from chalicelib.outside.failures import Misconfigured, Rejected, Unavailable, Unknown
from chalicelib.outside.wecom import Card, Credentials, Markdown, WeCom
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import Http, MovingClock


def test_a_staff_code_gives_the_user(wecom: WeCom) -> None:
    assert wecom.user("staff-grid-440604001001") == "grid-440604001001"


@pytest.mark.parametrize(("code", "found"), [("made-up", "40029"), ("staff-nobody-1", "not_a_member")])
def test_others_are_rejected(wecom: WeCom, code: str, found: str) -> None:
    with pytest.raises(Rejected) as refusal:
        wecom.user(code)
    assert refusal.value.code == found


def test_text_markdown_and_cards_arrive(wecom: WeCom, http: Http) -> None:
    card = Card("走访", "今日 3 处", "https://example.invalid/visits")
    for content in ("今日走访 3 处", Markdown("**3** 处"), card):
        assert wecom.send_text(["city"], content).invalid_users == ()
    kept = http.get("/messages", to="staff-city")["items"]
    assert [item["template"] for item in kept] == ["text", "markdown", "textcard"]
    assert kept[0]["data"] == {"content": "今日走访 3 处"}
    assert kept[1]["data"] == {"content": "**3** 处"}
    assert kept[2]["data"]["url"] == card.url


def test_unknown_receivers_come_back_by_name(wecom: WeCom) -> None:
    delivery = wecom.send_text(["city", "nobody-1", "nobody-2"], "到期提醒")
    assert delivery.msgid
    assert delivery.invalid_users == ("nobody-1", "nobody-2")
    with pytest.raises(Rejected) as refusal:
        wecom.send_text(["nobody-1"], "到期提醒")
    assert refusal.value.code == "81013"


def test_what_is_too_long_is_rejected_before_wecom_cuts_it(wecom: WeCom, http: Http) -> None:
    with pytest.raises(Rejected) as refusal:
        wecom.send_text(["city"], "长" * 683)
    assert refusal.value.code == "text_too_long"
    with pytest.raises(ValueError, match="receivers"):
        wecom.send_text([], "到期提醒")
    assert http.get("/messages")["items"] == []


def test_once_makes_sending_again_harmless(wecom: WeCom, http: Http) -> None:
    wecom.user("staff-city")
    http.post("/faults", channel="wecom", mode="drop")
    with pytest.raises(Unknown):
        wecom.send_text(["city"], "到期提醒", once=True)
    http.post("/faults", channel="wecom", mode="none")
    wecom.send_text(["city"], "到期提醒", once=True)
    assert len(http.get("/messages", to="city")["items"]) == 1


def test_the_token_is_renewed_before_its_end_and_after_a_revocation(
    wecom: WeCom, http: Http, clock: MovingClock
) -> None:
    wecom.send_text(["city"], "1")
    clock.forward(7200)
    wecom.send_text(["city"], "2")
    http.post("/revocations", channel="wecom")
    wecom.send_text(["city"], "3")
    assert len(http.get("/messages", to="city")["items"]) == 3


def test_an_unknown_calling_address_is_our_set_up(wecom: WeCom, http: Http) -> None:
    wecom.user("staff-city")
    http.post("/faults", channel="wecom", mode="refuse")
    with pytest.raises(Misconfigured) as failure:
        wecom.send_text(["city"], "到期提醒")
    assert failure.value.code == "60020"


def test_down_means_later(wecom: WeCom, http: Http) -> None:
    wecom.user("staff-city")
    http.post("/faults", channel="wecom", mode="down")
    with pytest.raises(Unavailable) as failure:
        wecom.send_text(["city"], "到期提醒")
    assert type(failure.value) is Unavailable


def test_a_wrong_agent_is_our_set_up(sandbox: Sandbox, clock: MovingClock) -> None:
    keys = Credentials(PUBLISHED.corpid, PUBLISHED.corpsecret, 1)
    with pytest.raises(Misconfigured):
        WeCom(f"{sandbox.url}/wecom", keys, now=clock).send_text(["city"], "到期提醒")
