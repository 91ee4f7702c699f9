"""The real sandbox on a free port, and clients that call it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.outside.realname import Credentials as RealNameKeys
from chalicelib.outside.realname import RealName
from chalicelib.outside.sms import Credentials as SmsKeys
from chalicelib.outside.sms import Sms
from chalicelib.outside.wechat import Credentials as WeChatKeys
from chalicelib.outside.wechat import WeChat
from chalicelib.outside.wecom import Credentials as WeComKeys
from chalicelib.outside.wecom import WeCom
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import Http, MovingClock

KEYS = PUBLISHED.secrets()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: MovingClock) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, now=clock) as running:
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Http:
    return Http(sandbox.url)


@pytest.fixture
def wechat(sandbox: Sandbox, clock: MovingClock) -> WeChat:
    return WeChat(f"{sandbox.url}/wechat", WeChatKeys(**KEYS["wechat"]), now=clock)


@pytest.fixture
def wecom(sandbox: Sandbox, clock: MovingClock) -> WeCom:
    return WeCom(f"{sandbox.url}/wecom", WeComKeys(**KEYS["wecom"]), now=clock)


@pytest.fixture
def sms(sandbox: Sandbox) -> Sms:
    return Sms(f"{sandbox.url}/sms", SmsKeys(**KEYS["sms"]))


@pytest.fixture
def realname(sandbox: Sandbox) -> RealName:
    return RealName(f"{sandbox.url}/realname", RealNameKeys(**KEYS["realname"]))
