"""A simulation that an officer asked for is done once, as groups, and what can never work says why."""

import copy
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from chalicelib import aws, clock, config
from chalicelib.actors import Actor
from chalicelib.errors import Invalid, NotFound
from chalicelib.points import editions, service, store
from chalicelib.points.views import NewSimulation, SimulationView
from functions.simulate_policy import handler
from simulation import applicants

EVENT = json.loads(Path("events/simulate_policy.json").read_text("utf-8"))
OFFICER = Actor("policy-1", "staff", frozenset({"policy_officer"}), ("440600",))
PEOPLE = 400


@pytest.fixture
def today() -> datetime:
    """The function reads the clock itself; what it is about lies before."""
    return clock.utc_now()


def draft(now: datetime) -> str:
    document = applicants.document("demo-2026")
    document |= {
        "version": "2",
        "status": "draft",
        "supersedes": "demo-2026@1",
        "effective_from": "2099-01-01",
    }
    document["scopes"]["school"]["threshold"] = 90
    service.upload(OFFICER, editions.read(json.dumps(document)), now, None, "en")
    return "2"


def pool(name: str) -> None:
    body = io.BytesIO()
    pq.write_table(applicants.pool(applicants.document("demo-2026"), PEOPLE, 5, date(2026, 5, 30)), body)
    aws.client("s3").put_object(
        Bucket=config.bucket("curated"), Key=f"pools/{name}.parquet", Body=body.getvalue()
    )


def ask(now: datetime, **more: Any) -> SimulationView:
    body = NewSimulation(**{"scope": "school", "pool": "2025", "against": "demo-2026@1", **more})
    return service.ask_simulation(OFFICER, "demo-2026", "2", body, now, None)


def deliver(simulation: str) -> Any:
    event = copy.deepcopy(EVENT)
    event["Records"][0]["body"] = json.dumps({"simulation": simulation})
    return handler(event, None)


def test_a_draft_is_tried_on_last_years_pool_and_told_as_groups(cloud: None, today: datetime) -> None:
    draft(today)
    pool("2025")
    asked = ask(today, as_of=date(2026, 5, 30))
    assert asked.state == "waiting"
    assert deliver(asked.id) == {"batchItemFailures": []}
    found = service.simulation(asked.id, today)
    assert found.state == "done" and found.result is not None
    assert [(each.at, each.after) for each in found.result.changes] == [("/scopes/school/threshold", "90")]
    everybody = next(
        each for each in found.result.effects if (each.region, each.outcome) == ("440600", "all")
    )
    assert everybody.people is not None and abs(everybody.people - PEOPLE) <= 4
    assert any(each.outcome == "drops_out" and (each.people or 0) >= 10 for each in found.result.effects)
    assert "A0000" not in found.model_dump_json()


def test_the_same_message_twice_changes_nothing(cloud: None, today: datetime) -> None:
    draft(today)
    pool("2025")
    asked = ask(today)
    deliver(asked.id)
    first = service.simulation(asked.id, today)
    aws.client("s3").delete_object(Bucket=config.bucket("curated"), Key="pools/2025.parquet")
    assert deliver(asked.id) == {"batchItemFailures": []}
    assert service.simulation(asked.id, today) == first


def test_a_pool_that_is_not_there_or_cannot_be_read_is_told(cloud: None, today: datetime) -> None:
    draft(today)
    for name, reason in (("missing", "simulation_pool_unknown"), ("broken", "answers_unreadable")):
        aws.client("s3").put_object(Bucket=config.bucket("curated"), Key="pools/broken.parquet", Body=b"no")
        asked = ask(today, pool=name)
        assert deliver(asked.id) == {"batchItemFailures": []}
        found = service.simulation(asked.id, today)
        assert (found.state, found.reason, found.result) == ("refused", reason, None)


def test_what_was_never_asked_for_or_is_over_is_not_there(cloud: None, today: datetime) -> None:
    assert deliver("PS-never") == {"batchItemFailures": []}
    with pytest.raises(NotFound):
        service.simulation("PS-never", today)
    draft(today)
    asked = ask(today)
    with pytest.raises(NotFound):
        service.simulation(asked.id, datetime(2099, 1, 1, tzinfo=UTC))


def test_a_message_that_says_nothing_comes_again(cloud: None) -> None:
    event = copy.deepcopy(EVENT)
    event["Records"][0]["body"] = "{}"
    assert handler(event, None)["batchItemFailures"]


def test_two_editions_that_share_no_scope_are_not_compared(cloud: None, today: datetime) -> None:
    document = applicants.document("demo-2026")
    document |= {"id": "hukou-only", "status": "draft", "effective_from": "2099-01-01"}
    del document["scopes"]["school"]
    document["indicators"] = [each for each in document["indicators"] if each.get("scopes") != ["school"]]
    for each in document["indicators"]:
        each.pop("scopes", None)
        if "effect" in each:
            each["effect"]["stops"] = ["hukou"]
    document["exclusives"] = document["exclusives"][:1]
    service.upload(OFFICER, editions.read(json.dumps(document)), today, None, "en")
    body = NewSimulation(scope="school", pool="2025", against="demo-2026@1")
    with pytest.raises(Invalid):
        service.ask_simulation(OFFICER, "hukou-only", "1", body, today, None)
    assert [head.policy_id for head in store.heads()] == ["hukou-only"]
