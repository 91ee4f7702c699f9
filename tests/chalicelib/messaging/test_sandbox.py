"""Delivery against the real local WeCom: down, slow, dropping answers, and its silent limits."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from chalicelib.messaging import model, service, store
from chalicelib.outside.wecom import Credentials, WeCom
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import Http, MovingClock

pytestmark = pytest.mark.usefixtures("cloud")
WORKER = "grid-440604010001"


@pytest.fixture
def clock() -> MovingClock:
    made = MovingClock()
    made.forward(300)
    return made


@pytest.fixture
def http(tmp_path: Path, clock: MovingClock) -> Iterator[Http]:
    with Sandbox(tmp_path, now=clock) as sandbox:
        yield Http(sandbox.url)


@pytest.fixture
def senders(http: Http, clock: MovingClock) -> model.Senders:
    """The real client, impatient, so that a slow answer is soon a lost one."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=0.3), retries=False)
    client = WeCom(f"{http.url}/wecom", Credentials(**PUBLISHED.secrets()["wecom"]), pool=pool, now=clock)

    def none() -> Any:
        raise AssertionError("only WeCom is asked here")

    return model.Senders(wechat=none, wecom=lambda: client, sms=none)


def ask(clock: MovingClock, event: str = "visits:B1", to: str = WORKER) -> str:
    data = {"visits": 3, "buildings": 2, "most": 2, "first_day": "2026-11-24"}
    return service.request("wecom", to, "visit_digest", data, event, clock())


def kept(http: Http) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/messages")["items"]
    return found


def deliver_all(ids: list[str], clock: MovingClock, senders: model.Senders) -> None:
    """Deliver each when it is due, moving the clock, until nothing waits."""
    queue = [(clock(), message_id) for message_id in ids]
    while queue:
        queue.sort()
        at, message_id = queue.pop(0)
        clock.time = max(clock.time, at)
        answer = service.deliver(message_id, clock(), senders)
        if answer.again_in is not None:
            queue.append((clock() + answer.again_in, message_id))


def test_a_digest_arrives_as_a_card(http: Http, clock: MovingClock, senders: model.Senders) -> None:
    assert service.deliver(ask(clock), clock(), senders).state == "sent"
    (message,) = kept(http)
    assert (message["channel"], message["to"], message["status"]) == ("wecom", WORKER, "delivered")
    assert message["data"]["title"] == "新增走访 3 户"


def test_when_wecom_was_down_every_message_arrives_once(
    http: Http, clock: MovingClock, senders: model.Senders
) -> None:
    ids = [ask(clock, f"visits:B{n}", f"grid-{n}") for n in range(4)]
    http.post("/faults", channel="wecom", mode="down")
    end, waits = clock() + timedelta(hours=1), dict.fromkeys(ids, clock())
    while clock() < end:
        for message_id, due in waits.items():
            if due <= clock():
                answer = service.deliver(message_id, clock(), senders)
                assert answer.state == "queued" and answer.again_in is not None
                waits[message_id] = clock() + answer.again_in
        clock.time = min(waits.values())
    assert kept(http) == []
    http.ask("DELETE", "/faults")
    deliver_all(ids, clock, senders)
    assert sorted(message["to"] for message in kept(http)) == [f"grid-{n}" for n in range(4)]


@pytest.mark.parametrize("mode", ["drop", "slow"])
def test_when_the_answer_is_lost_the_message_is_unknown_and_not_sent_again(
    http: Http, clock: MovingClock, senders: model.Senders, mode: str
) -> None:
    senders.wecom().send_text([WORKER], "so that the token is there already")
    http.post("/faults", channel="wecom", mode=mode, seconds=2)
    message_id = ask(clock)
    assert service.deliver(message_id, clock(), senders).state == "unknown"
    http.ask("DELETE", "/faults")
    clock.forward(7200)
    assert service.deliver(message_id, clock(), senders).state == "unknown"
    assert len(kept(http)) == 2


def test_a_connection_that_closes_without_a_word_is_unknown(
    http: Http, clock: MovingClock, senders: model.Senders
) -> None:
    senders.wecom().send_text([WORKER], "so that the token is there already")
    http.post("/faults", channel="wecom", mode="down", close=True)
    assert service.deliver(ask(clock), clock(), senders).state == "unknown"


def test_an_unknown_member_is_refused(http: Http, clock: MovingClock, senders: model.Senders) -> None:
    message_id = ask(clock, to="nobody-1")
    assert service.deliver(message_id, clock(), senders).state == "rejected"
    row = store.message(message_id)
    assert row is not None and row.reason == "81013"


def test_wecom_never_drops_what_we_send(http: Http, clock: MovingClock, senders: model.Senders) -> None:
    deliver_all([ask(clock, f"visits:B{n}") for n in range(36)], clock, senders)
    assert [message["status"] for message in kept(http)] == ["delivered"] * 36
