"""Clients made from the function's settings and secrets."""

import json
import os
from types import ModuleType
from typing import Any

import pytest

from chalicelib import aws, config
from chalicelib.outside import realname, sms, wechat, wecom
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import ID_NUMBER, PHONE, Http

pytestmark = pytest.mark.usefixtures("cloud")


def keep(name: str, value: dict[str, Any]) -> None:
    secret = os.environ[f"SECRET_{name.upper()}"]
    aws.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(value))
    aws.forget_all()


@pytest.fixture
def configured(cloud: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PUBLISHED.secrets().items():
        monkeypatch.setenv(f"URL_{name.upper()}", f"{sandbox.url}/{name}/")
        keep(name, value)


@pytest.mark.usefixtures("configured")
def test_each_client_finds_its_system(http: Http) -> None:
    assert wechat.from_config().session("citizen-anna").openid
    assert wecom.from_config().user("staff-city") == "city"
    assert sms.from_config().send(PHONE, "visit_due", {}) == "S1"
    assert realname.from_config().check("测试甲", ID_NUMBER) is True


@pytest.mark.usefixtures("configured")
def test_a_warm_function_keeps_its_client_until_the_secret_changes() -> None:
    first = wechat.from_config()
    assert wechat.from_config() is first
    keep("wechat", {**PUBLISHED.secrets()["wechat"], "secret": "rotated"})
    assert wechat.from_config() is not first


@pytest.mark.parametrize("client", [wechat, wecom, sms, realname])
def test_a_missing_address_is_named(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PUBLISHED.secrets().items():
        keep(name, value)
    name = f"URL_{client.CHANNEL.upper()}"
    monkeypatch.delenv(name, raising=False)
    with pytest.raises(config.NotConfigured, match=name):
        client.from_config()
