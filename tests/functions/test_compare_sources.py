import json
from datetime import timedelta
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


def test_while_one_run_compares_the_next_leaves_its_files_to_a_message_of_later(
    register: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    empty_comparisons()
    turn = linkage.take_turn(clock.utc_now(), 900)
    assert compare_sources.handler(event, None) == {"batchItemFailures": []}
    assert visits() == []
    assert delayed_comparisons() == 1  # One for both messages of the batch: one run answers them all.
    linkage.end_turn(turn or "")
    compare_sources.handler(event, None)
    assert len(visits()) == 1


def delayed_comparisons() -> int:
    name = "ApproximateNumberOfMessagesDelayed"
    url = config.queue("comparisons")
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def empty_comparisons() -> None:
    aws.client("sqs").purge_queue(QueueUrl=config.queue("comparisons"))


def test_a_run_that_was_killed_holds_the_turn_no_longer_than_its_function_may_last(
    register: None, event: dict[str, Any], tmp_path: Path
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    killed = linkage.take_turn(clock.utc_now() - timedelta(seconds=60), 50)
    compare_sources.handler(event, None)
    assert len(visits()) == 1
    assert linkage.take_turn(clock.utc_now(), 50) is not None
    linkage.end_turn(killed or "")  # Whose turn is over takes nobody else's.
    assert linkage.take_turn(clock.utc_now(), 50) is None


def test_a_run_that_fails_gives_its_turn_back(
    register: None, event: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, "lease_filings", csv_text([row(2)]))
    monkeypatch.setenv("QUEUE_VISITS", config.queue("visits").replace("visits", "visits-of-elsewhere"))
    with pytest.raises(ClientError):
        compare_sources.handler(event, None)
    assert linkage.take_turn(clock.utc_now(), 50) is not None
