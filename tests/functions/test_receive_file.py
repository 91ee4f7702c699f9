import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from chalicelib import aws, clock, config
from chalicelib.sources import store
from functions import receive_file
from tests.chalicelib.sources.rows import csv_text, row

EVENTS = Path(__file__).parents[2] / "events"
DONE = {"batchItemFailures": []}


class Notice:
    """The sample event, with S3's notice inside its message within reach."""

    def __init__(self) -> None:
        self.event: dict[str, Any] = json.loads((EVENTS / "receive_file.json").read_text("utf-8"))
        self.inner: dict[str, Any] = json.loads(self.event["Records"][0]["body"])
        self.created = self.inner["Records"][0]["s3"]

    def wrapped(self) -> dict[str, Any]:
        self.event["Records"][0]["body"] = json.dumps(self.inner)
        return self.event

    def put(self, body: str) -> str:
        key = unquote_plus(self.created["object"]["key"])
        self.created["bucket"]["name"] = config.bucket("inbox")
        aws.client("s3").put_object(Bucket=config.bucket("inbox"), Key=key, Body=body.encode())
        return key


@pytest.fixture
def notice() -> Notice:
    return Notice()


def test_a_file_whose_key_came_encoded_is_received(cloud: None, notice: Notice) -> None:
    assert notice.put(csv_text([row(1)])).endswith("租赁 十一月.csv")
    assert receive_file.handler(notice.wrapped(), None) == DONE
    answer = aws.client("s3").get_object(
        Bucket=config.bucket("inbox"), Key="reports/lease_filings/2026-11-23/租赁 十一月.json"
    )
    assert json.loads(answer["Body"].read())["accepted"] == 1


def test_an_event_delivered_twice_is_harmless(cloud: None, notice: Notice) -> None:
    notice.put(csv_text([row(1)]))
    receive_file.handler(notice.wrapped(), None)
    receive_file.handler(notice.wrapped(), None)
    wanted = ["ApproximateNumberOfMessages"]
    about = aws.client("sqs").get_queue_attributes(
        QueueUrl=config.queue("comparisons"), AttributeNames=wanted
    )
    assert about["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_a_key_that_is_none_is_parked_with_its_reason_and_done(cloud: None, notice: Notice) -> None:
    notice.created["object"]["key"] = "inbox/lease_filings/someday/a.csv"
    assert receive_file.handler(notice.wrapped(), None) == DONE
    assert [p.code for p in store.parked(clock.utc_now())] == ["key_not_understood"]


def test_a_file_of_an_unknown_sort_is_reported_on_where_its_department_looks(
    cloud: None, notice: Notice
) -> None:
    notice.created["object"]["key"] = "inbox/lease_filings/2026-11-23/november.doc"
    assert receive_file.handler(notice.wrapped(), None) == DONE
    answer = aws.client("s3").get_object(
        Bucket=config.bucket("inbox"), Key="reports/lease_filings/2026-11-23/november.json"
    )
    assert json.loads(answer["Body"].read())["problem"] == "key_not_understood"


def test_a_passing_fault_brings_the_event_again(
    cloud: None, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice.put(csv_text([row(1)]))
    whole = config.queue("comparisons")
    monkeypatch.setenv("QUEUE_COMPARISONS", whole.replace("comparisons", "comparisons-of-elsewhere"))
    failed = receive_file.handler(notice.wrapped(), None)["batchItemFailures"]
    assert [f["itemIdentifier"] for f in failed] == [notice.event["Records"][0]["messageId"]]
    monkeypatch.setenv("QUEUE_COMPARISONS", whole)
    assert receive_file.handler(notice.wrapped(), None) == DONE
    got = aws.client("sqs").receive_message(QueueUrl=whole, MaxNumberOfMessages=10)["Messages"]
    assert len(got) == 1


def test_nothing_of_a_row_is_logged(cloud: None, notice: Notice, capsys: pytest.CaptureFixture[str]) -> None:
    notice.put(csv_text([row(1)]))
    receive_file.handler(notice.wrapped(), None)
    logged = capsys.readouterr().out
    assert "测试某" not in logged and "19900000001" not in logged and row(1)[2] not in logged


def test_the_test_message_of_s3_is_no_file(cloud: None, notice: Notice) -> None:
    notice.event["Records"][0]["body"] = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    assert receive_file.handler(notice.event, None) == DONE
