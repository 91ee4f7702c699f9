"""The operators' redrive: bounded, and nothing leaves the dead-letter queue before it is handed over."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.redrive import NotTaken, _call_again, _read_again, redrive, waiting


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A cloud with a work queue and its dead-letter queue."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = boto3.Session(region_name="cn-north-1")
        for name in ("t-checks", "t-checks-dead"):
            made.client("sqs").create_queue(QueueName=name)
        yield made


def _put(session: boto3.Session, queue: str, bodies: list[str]) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)


def _bodies(session: boto3.Session, queue: str) -> list[str]:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return sorted(message["Body"] for message in got)


def test_what_waited_is_on_the_work_queue_again_and_waits_no_more(session: boto3.Session) -> None:
    _put(session, "t-checks-dead", ["a", "b", "c"])
    assert waiting(session, "t", "checks") == 3
    assert redrive(session, "t", "checks", most=100) == (3, 0)
    assert _bodies(session, "t-checks") == ["a", "b", "c"]
    assert _bodies(session, "t-checks-dead") == []


def test_no_more_is_moved_than_was_asked_for(session: boto3.Session) -> None:
    _put(session, "t-checks-dead", [str(n) for n in range(15)])
    assert redrive(session, "t", "checks", most=12) == (12, 0)
    assert waiting(session, "t", "checks") == 3


class _Functions:
    """Takes calls and answers as told."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.calls: list[dict[str, Any]] = []
        self.answer = answer

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}


class _Streams:
    """A stream with the records 10, 11 and 12."""

    def get_shard_iterator(self, **asked: Any) -> dict[str, str]:
        return {"ShardIterator": asked["SequenceNumber"]}

    def get_records(self, **_: Any) -> dict[str, Any]:
        return {"Records": [{"dynamodb": {"SequenceNumber": str(n)}} for n in (10, 11, 12)]}


class _Session:
    def client(self, name: str) -> _Streams:
        assert name == "dynamodbstreams"
        return _Streams()


def _failed(**told: Any) -> dict[str, str]:
    arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:t-count-changes:$LATEST"
    return {"Body": json.dumps({"requestContext": {"functionArn": arn}, **told})}


_BATCH = {
    "shardId": "s",
    "startSequenceNumber": "10",
    "endSequenceNumber": "11",
    "batchSize": 2,
    "streamArn": "arn",
}


def test_a_failed_upload_calls_its_function_again_with_the_same_event() -> None:
    functions = _Functions({})
    _call_again(functions, _failed(requestPayload={"Records": [1]}))
    (call,) = functions.calls
    assert call["FunctionName"] == "t-count-changes"
    assert json.loads(call["Payload"]) == {"Records": [1]}


def test_failed_changes_are_read_from_the_stream_again_and_no_others() -> None:
    functions = _Functions({"batchItemFailures": []})
    _read_again(_Session(), functions, _failed(DDBStreamBatchInfo=_BATCH))  # type: ignore[arg-type]
    sent = json.loads(functions.calls[0]["Payload"])["Records"]
    assert [record["dynamodb"]["SequenceNumber"] for record in sent] == ["10", "11"]


def test_changes_that_fail_again_stay_where_they_wait() -> None:
    functions = _Functions({"batchItemFailures": [{"itemIdentifier": "10"}]})
    with pytest.raises(NotTaken):
        _read_again(_Session(), functions, _failed(DDBStreamBatchInfo=_BATCH))  # type: ignore[arg-type]
