"""The outcome of a visit ends its finding, once, and nothing else does."""

import json
import os
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.linkage import service, store
from chalicelib.linkage.model import Finding
from functions.settle_findings import handler
from infra.template.reading import declared
from tests.chalicelib.fieldwork.people import TOWN, people

EVENT = json.loads(Path("events/settle_findings.json").read_text("utf-8"))
VISITED, WITHDRAWN = (record["dynamodb"]["NewImage"]["finding_id"]["S"] for record in EVENT["Records"])
NOTHING_AGAIN: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def findings(cloud: None, now: datetime) -> None:
    """The two findings that the sample's visits came from."""
    made = [
        Finding(
            id=finding_id,
            person_id=person_id,
            person_key="1:00",
            state="open",
            town=TOWN,
            address="季华五路1号",
            sources=("lease_filings",),
            confidence=0.9,
            because={},
            seen_on=None,
        )
        for finding_id, person_id in zip((VISITED, WITHDRAWN), people(2, now), strict=True)
    ]
    assert store.add(made, now) == 2


def in_state(state: Any) -> list[str]:
    return [row.finding_id for row in store.in_state(state)]


def test_an_outcome_settles_its_finding_and_a_visit_without_one_does_not() -> None:
    assert handler(EVENT, None) == NOTHING_AGAIN
    assert (in_state("visited"), in_state("open")) == ([VISITED], [WITHDRAWN])


def test_the_record_delivered_again_changes_nothing() -> None:
    handler(EVENT, None)
    (before,) = store.in_state("visited")
    assert handler(EVENT, None) == NOTHING_AGAIN
    (after,) = store.in_state("visited")
    assert after.changed_at == before.changed_at


def test_a_finding_that_was_closed_meanwhile_stays_closed(now: datetime) -> None:
    assert service.settle(VISITED, "closed", now)
    assert handler(EVENT, None) == NOTHING_AGAIN
    assert in_state("closed") == [VISITED]


def test_a_later_change_of_a_visit_with_an_outcome_settles_nothing() -> None:
    event = deepcopy(EVENT)
    event["Records"][0]["dynamodb"]["OldImage"]["outcome"] = {"S": "refused"}
    assert handler(event, None) == NOTHING_AGAIN
    assert set(in_state("open")) == {VISITED, WITHDRAWN}


def test_a_visit_that_has_forgotten_its_finding_is_no_failure() -> None:
    event = deepcopy(EVENT)
    del event["Records"][0]["dynamodb"]["NewImage"]["finding_id"]
    assert handler(event, None) == NOTHING_AGAIN


def test_a_table_that_is_away_names_the_record_to_deliver_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_LINKAGE", "test-away")
    failures = handler(EVENT, None)["batchItemFailures"]
    assert failures == [{"itemIdentifier": EVENT["Records"][0]["dynamodb"]["SequenceNumber"]}]


def test_it_needs_no_more_than_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with the variables alone that its entry gives it."""
    needs = declared("functions")["settle_findings"]["needs"]
    assert needs == {"tables": {"linkage": ["write"]}}
    for name in [n for n in os.environ if n.startswith(("TABLE_", "BUCKET_", "QUEUE_", "SECRET_", "KEY_"))]:
        if name != "TABLE_LINKAGE":
            monkeypatch.delenv(name)
    assert handler(EVENT, None) == NOTHING_AGAIN
