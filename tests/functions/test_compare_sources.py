import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import aws, clock, config, keys
from chalicelib.identity import service as identity
from chalicelib.linkage import service as linkage
from chalicelib.linkage import store
from chalicelib.sources import service as sources
from chalicelib.sources import store as source_store
from functions import compare_sources
from tests.chalicelib.sources.rows import csv_text, number, row

EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture
def event() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / "compare_sources.json").read_text("utf-8"))
    return loaded


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def deliver(tmp_path: Path, source: str, body: str) -> None:
    key = f"inbox/{source}/2026-11-23/a.csv"
    aws.client("s3").put_object(Bucket=config.bucket("inbox"), Key=key, Body=body.encode())
    folder = tmp_path / source
    folder.mkdir()
    sources.receive(sources.Delivery(config.bucket("inbox"), key), clock.utc_now(), folder)


@pytest.fixture
def register(cloud: None, tmp_path: Path) -> None:
    deliver(tmp_path, "registrations", csv_text([row(1)]))


def test_nobody_is_looked_for_before_the_register_has_arrived(
    cloud: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(1), row(2)]))
    assert compare_sources.handler(event, None) == {"batchItemFailures": []}
    assert visits() == []


def visits() -> list[str]:
    got = aws.client("sqs").receive_message(QueueUrl=config.queue("visits"), MaxNumberOfMessages=10)
    return [i for m in got.get("Messages", []) for i in json.loads(m["Body"])["findings"]]


def test_a_batch_of_arrivals_makes_one_comparison_and_its_visits(
    register: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(1), row(2)]))
    assert compare_sources.handler(event, None) == {"batchItemFailures": []}
    (found,) = linkage.findings(visits())
    person = identity.person_ids([keys.person_key(number(2))])[keys.person_key(number(2))]
    assert (found.person_id, found.name) == (person, "测试某")


def test_a_batch_delivered_twice_finds_nobody_twice(
    register: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    compare_sources.handler(event, None)
    compare_sources.handler(event, None)
    assert len(list(store.in_state("open"))) == 1
    assert len(visits()) == 1


def test_a_message_that_is_none_is_parked_and_the_others_are_done(
    register: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    event["Records"][0]["body"] = "no json"
    assert compare_sources.handler(event, None) == {"batchItemFailures": []}
    assert [p.code for p in source_store.parked(clock.utc_now())] == ["message_not_understood"]
    assert len(visits()) == 1


def test_a_passing_fault_brings_the_batch_again_and_loses_no_finding(
    register: None, event: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    whole = config.queue("visits")
    monkeypatch.setenv("QUEUE_VISITS", whole.replace("visits", "visits-of-elsewhere"))
    with pytest.raises(ClientError):
        compare_sources.handler(event, None)
    monkeypatch.setenv("QUEUE_VISITS", whole)
    compare_sources.handler(event, None)
    assert len(visits()) == 1
