"""The queue of messages: sent, delayed, parked; each record on its own."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, clock, config
from chalicelib.messaging import service, store
from functions import send_messages
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import Http

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/send_messages.json").read_text("utf-8"))
DIGEST = {"visits": 1, "buildings": 1, "most": 1, "first_day": "2026-11-24"}


class Context:
    """What Lambda tells of the invocation."""

    function_name = "send_messages"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:send-messages"
    aws_request_id = "1"

    def __init__(self, left: int = 60_000) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    """The real local WeChat, where this function is told that WeChat is."""
    with Sandbox(tmp_path) as running:
        for name in ("wechat", "wecom", "sms"):
            monkeypatch.setenv(f"URL_{name.upper()}", f"{running.url}/{name}")
            secret = json.dumps(PUBLISHED.secrets()[name])
            aws.client("secretsmanager").put_secret_value(
                SecretId=config.secret_name(name),
                SecretString=secret,  # type: ignore[arg-type]
            )
        aws._secrets.clear()
        yield Http(running.url)


def records(*bodies: str) -> dict[str, Any]:
    made = []
    for number, body in enumerate(bodies):
        record = deepcopy(EVENT["Records"][0])
        made.append(record | {"messageId": f"m{number}", "body": body})
    return {"Records": made}


def ask_for_sms(person: str, event: str = "C1") -> str:
    data = {"kind": "residence_registration", "state": "accepted", "receipt": "R1"}
    return service.request("sms", person, "case_state", data, event, clock.utc_now())


def person() -> str:
    from chalicelib import keys
    from chalicelib.identity import service as identity
    from chalicelib.identity.model import KnownPerson
    from tests.chalicelib.identity.outsiders import id_number

    number = id_number()
    key = keys.person_key(number)
    told = {key: KnownPerson(name="测试甲", phone="13800000001")}
    return identity.people_for_keys([(key, number)], clock.utc_now(), told)[key]


def taken_from_the_queue() -> list[dict[str, Any]]:
    """What can be seen on the queue, which this takes off."""
    where = {"QueueUrl": config.queue("messages")}
    found = aws.client("sqs").receive_message(**where, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        aws.client("sqs").delete_message(**where, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def state(message_id: str) -> str:
    row = store.message(message_id)
    assert row is not None
    return row.state


def test_a_message_is_sent_and_counted(sandbox: Http, capsys: pytest.CaptureFixture[str]) -> None:
    message_id = ask_for_sms(person())
    event = records(json.dumps({"message": message_id}))
    assert send_messages.handler(event, Context()) == {"batchItemFailures": []}
    assert state(message_id) == "sent"
    (kept,) = sandbox.get("/messages")["items"]
    assert kept["to"] == "13800000001"
    said = capsys.readouterr().out
    assert "MessagesSent" in said and "13800000001" not in said


def test_a_batch_delivered_twice_sends_once(sandbox: Http) -> None:
    body = json.dumps({"message": ask_for_sms(person())})
    for _ in range(2):
        send_messages.handler(records(body, body), Context())
    assert len(sandbox.get("/messages")["items"]) == 1


def test_a_message_that_has_to_wait_goes_back_with_its_delay(
    sandbox: Http, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.post("/faults", channel="sms", mode="down")
    message_id = ask_for_sms(person())
    assert taken_from_the_queue() == [{"message": message_id}]
    answer = send_messages.handler(records(json.dumps({"message": message_id})), Context())
    assert answer == {"batchItemFailures": []}
    assert state(message_id) == "queued"
    assert taken_from_the_queue() == []  # There, but not to be seen yet.
    waiting = aws.client("sqs").get_queue_attributes(
        QueueUrl=config.queue("messages"), AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )["Attributes"]
    assert waiting["ApproximateNumberOfMessagesDelayed"] == "1"
    assert "MessagesDelayed" in capsys.readouterr().out


def test_a_lost_answer_is_counted_as_unknown(sandbox: Http, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.post("/faults", channel="sms", mode="drop")
    message_id = ask_for_sms(person())
    send_messages.handler(records(json.dumps({"message": message_id})), Context())
    assert state(message_id) == "unknown"
    assert "MessagesUnknown" in capsys.readouterr().out


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"message": 1}', '{"message": "M-none"}'])
def test_what_makes_no_sense_is_parked_with_its_reason_and_holds_nobody_up(body: str) -> None:
    assert send_messages.handler(records(body), Context()) == {"batchItemFailures": []}
    (kept,) = store.parked(clock.local_date(clock.utc_now()).isoformat())
    assert (kept.body, kept.reason) == (body, "message_not_found" if "M-none" in body else "unreadable")


def test_the_sample_event_is_parked_where_its_message_does_not_exist() -> None:
    assert send_messages.handler(EVENT, Context()) == {"batchItemFailures": []}
    (kept,) = store.parked(clock.local_date(clock.utc_now()).isoformat())
    assert kept.reason == "message_not_found"


def test_without_time_for_a_slow_other_side_the_message_waits_untouched(sandbox: Http) -> None:
    message_id = ask_for_sms(person())
    assert taken_from_the_queue() == [{"message": message_id}]
    send_messages.handler(records(json.dumps({"message": message_id})), Context(left=5_000))
    assert (state(message_id), sandbox.get("/messages")["items"]) == ("queued", [])
    assert taken_from_the_queue() == [{"message": message_id}]


def test_a_function_without_its_settings_hands_the_message_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("URL_SMS", raising=False)
    message_id = ask_for_sms(person())
    answer = send_messages.handler(records(json.dumps({"message": message_id})), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert state(message_id) == "queued"
