"""The SMS and real-name clients against the sandbox."""

import pytest

from chalicelib.outside import sms as sms_module
from chalicelib.outside.failures import Misconfigured, Rejected, Unavailable, Unknown
from chalicelib.outside.realname import Credentials as RealNameKeys
from chalicelib.outside.realname import RealName
from chalicelib.outside.sms import Sms
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import ID_NUMBER, PHONE, Http


def test_a_message_arrives(sms: Sms, http: Http) -> None:
    assert sms.send(PHONE, "visit_due", {"when": "周一"}) == "S1"
    (kept,) = http.get("/messages", to=PHONE)["items"]
    assert (kept["template"], kept["data"]) == ("visit_due", {"when": "周一"})


@pytest.mark.parametrize(
    ("phone", "template", "value", "code"),
    [
        ("12345", "visit_due", "周一", "bad_number"),
        (PHONE, "?", "周一", "bad_template"),
        (PHONE, "visit_due", "长" * 36, "bad_params"),
    ],
)
def test_bad_values_are_rejected(sms: Sms, phone: str, template: str, value: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        sms.send(phone, template, {"when": value})
    assert refusal.value.code == code


def test_too_many_to_one_phone_means_later(sms: Sms) -> None:
    for _ in range(30):
        sms.send(PHONE, "visit_due", {})
    with pytest.raises(Unavailable) as failure:
        sms.send(PHONE, "visit_due", {})
    assert failure.value.code == "rate_limited"


def test_each_fault_has_its_kind(sms: Sms, http: Http) -> None:
    for mode, kind in (("down", Unavailable), ("refuse", Rejected)):
        http.post("/faults", channel="sms", mode=mode)
        with pytest.raises(kind):
            sms.send(PHONE, "visit_due", {})
    assert http.get("/messages")["items"] == []
    http.post("/faults", channel="sms", mode="drop")
    with pytest.raises(Unknown):
        sms.send(PHONE, "visit_due", {})
    assert len(http.get("/messages")["items"]) == 1


def test_a_wrong_key_is_our_set_up(sandbox: Sandbox) -> None:
    with pytest.raises(Misconfigured):
        Sms(f"{sandbox.url}/sms", sms_module.Credentials("guess")).send(PHONE, "visit_due", {})
    with pytest.raises(Misconfigured):
        RealName(f"{sandbox.url}/realname", RealNameKeys("guess")).check("测试甲", ID_NUMBER)


def test_names_are_checked(realname: RealName) -> None:
    assert realname.check("测试甲", ID_NUMBER) is True
    assert realname.check("测试不符", ID_NUMBER) is False
    assert realname.check("测试甲", ID_NUMBER[:-2] + "00") is False


@pytest.mark.parametrize("mode", ["down", "drop"])
def test_a_check_may_always_be_asked_again(realname: RealName, http: Http, mode: str) -> None:
    http.post("/faults", channel="realname", mode=mode)
    with pytest.raises(Unavailable):
        realname.check("测试甲", ID_NUMBER)


def test_the_used_up_quota_is_our_set_up(realname: RealName, http: Http) -> None:
    http.post("/faults", channel="realname", mode="refuse")
    with pytest.raises(Misconfigured) as failure:
        realname.check("测试甲", ID_NUMBER)
    assert failure.value.code == "quota_used_up"
