"""The queue of findings: visits, one digest a worker and batch, and nothing twice."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, clock, config
from chalicelib.fieldwork import store
from chalicelib.linkage import model as linkage
from chalicelib.linkage import store as findings
from chalicelib.messaging import store as messages
from functions import plan_visits
from tests.chalicelib.fieldwork.people import COMMUNITY, TOWN, WORKER, finding, people, staff

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/plan_visits.json").read_text("utf-8"))
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def found(count: int, address: str = "季华五路{n}号502房") -> list[str]:
    """Open findings of the comparison; their ids."""
    made = [
        linkage.Finding(
            **finding(person).model_dump(include={"id", "person_id", "name", "phone", "town", "community"})
            | {
                "person_key": f"1:{person}",
                "state": "open",
                "address": address.format(n=number // 2 + 1),
                "sources": ("health_service", "social_security"),
                "confidence": 0.84,
                "because": {"zh-CN": "两个部门", "en": "two departments"},
                "seen_on": None,
            }
        )
        for number, person in enumerate(people(count, NOW))
    ]
    findings.add(made, NOW)
    return [one.id for one in made]


def records(*bodies: Any) -> dict[str, Any]:
    made = []
    for number, body in enumerate(bodies):
        text = body if isinstance(body, str) else json.dumps(body)
        made.append(deepcopy(EVENT["Records"][0]) | {"messageId": f"m{number}", "body": text})
    return {"Records": made}


def due() -> list[store.VisitRow]:
    return store.visits_in("due", [TOWN], 1000, None)[0]


def test_findings_become_visits_and_the_worker_hears_of_them_once(capsys: pytest.CaptureFixture[str]) -> None:
    staff(NOW)
    event = records({"findings": found(5)})
    for _ in range(3):
        assert plan_visits.handler(event, None) == {"batchItemFailures": []}
    assert len(due()) == 5
    (message,) = messages.all_to(WORKER.id)
    assert (message.channel, message.state) == ("wecom", "queued")
    assert {k: v for k, v in json.loads(message.data).items() if k != "first_day"} == {
        "visits": 5, "buildings": 3, "most": 2,
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "VisitsPlanned" in said and "测试" not in said and "季华" not in said


def test_another_batch_brings_another_digest_with_its_own_visits_alone() -> None:
    staff(NOW)
    ids = found(4)
    plan_visits.handler(records({"findings": ids[:3]}), None)
    plan_visits.handler(records({"findings": ids[2:]}), None)
    told = sorted(json.loads(message.data)["visits"] for message in messages.all_to(WORKER.id))
    assert (len(due()), told) == (4, [1, 3])


def test_messages_out_of_order_and_twice_in_one_batch_plan_each_visit_once() -> None:
    staff(NOW)
    ids = found(6)
    first, second = {"findings": ids[:3]}, {"findings": ids[3:]}
    plan_visits.handler(records(second, first, second, first), None)
    assert len(due()) == 6
    assert [(row.sk, int(row.due)) for row in store.counts(TOWN)] == [(COMMUNITY, 6)]
    assert len(messages.all_to(WORKER.id)) == 2


@pytest.mark.parametrize("body", ["{", "[]", '{"findings": "F1"}', '{"findings": [1]}'])
def test_what_makes_no_sense_is_parked_with_its_reason_and_holds_nobody_up(body: str) -> None:
    staff(NOW)
    good = {"findings": found(1)}
    assert plan_visits.handler(records(body, good), None) == {"batchItemFailures": []}
    (kept,) = store.parked(clock.local_date(clock.utc_now()).isoformat())
    assert (kept.body, kept.reason, len(due())) == (body, "unreadable", 1)


def test_the_sample_event_of_unknown_findings_plans_nothing() -> None:
    assert plan_visits.handler(EVENT, None) == {"batchItemFailures": []}
    assert due() == []


def test_a_function_killed_before_it_told_the_worker_tells_on_the_next_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff(NOW)
    event = records({"findings": found(2)})
    queue = config.queue("messages")
    monkeypatch.setenv("QUEUE_MESSAGES", f"{queue}-gone")
    assert plan_visits.handler(event, None)["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    assert len(due()) == 2
    monkeypatch.setenv("QUEUE_MESSAGES", queue)
    assert plan_visits.handler(event, None) == {"batchItemFailures": []}
    answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert len(answer["Messages"]) == len(messages.all_to(WORKER.id)) == 1
