"""The streams' batches reach the counters, and what cannot be taken is named."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import Actor
from chalicelib.monitoring import service
from functions.count_changes import handler
from tests.chalicelib.monitoring.city import busy

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/count_changes.json").read_text("utf-8"))
OFFICER = Actor("city", "staff", frozenset({"city_officer"}), ("440600",))
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def today(metric: str) -> int:
    page = service.counters(OFFICER, metric, "440604", "day", "2026-11-23", "2026-11-23", NOW)
    return page.items[0].value


def test_the_sample_batch_moves_every_counter_it_should_and_no_other() -> None:
    assert handler(EVENT, None) == {"batchItemFailures": []}
    assert {code: today(code) for code in service.METRICS} == {
        "residence_registrations": 1,
        "residence_registrations_active": 1,
        "cases_submitted": 1,
        "cases_accepted": 1,
        "cases_refused": 0,
        "visits_planned": 1,
        "visits_done": 1,
        "visits_registered": 1,
        "departures": 0,
        "permit_applications": 0,
        "permits_granted": 0,
    }


def test_the_batch_delivered_again_and_in_parts_counts_once() -> None:
    handler(EVENT, None)
    handler(EVENT, None)
    for record in reversed(EVENT["Records"]):
        assert handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert today("cases_submitted") == 1
    assert today("visits_registered") == 1


def test_a_busy_table_names_the_records_to_deliver_again() -> None:
    with busy(1000):
        failures = handler({"Records": EVENT["Records"][:1]}, None)["batchItemFailures"]
    assert failures == [{"itemIdentifier": EVENT["Records"][0]["dynamodb"]["SequenceNumber"]}]


def test_a_poisoned_record_is_parked_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    event: dict[str, Any] = deepcopy(EVENT)
    event["Records"][0]["dynamodb"]["NewImage"]["region"] = {"S": "nowhere"}
    event["Records"] = [event["Records"][0], event["Records"][4]]
    assert handler(event, None) == {"batchItemFailures": []}
    assert today("visits_planned") == 1
    assert today("cases_submitted") == 0
    written = capsys.readouterr().out
    assert '"ChangesParked":[1.0]' in written.replace(" ", "")
    assert "nowhere" not in written


def test_the_stream_of_another_table_is_refused() -> None:
    event: dict[str, Any] = deepcopy(EVENT)
    event["Records"][0]["eventSourceARN"] = "arn:aws-cn:dynamodb:cn-north-1:1:table/other/stream/x"
    with pytest.raises(ValueError, match="not counted"):
        handler(event, None)
