"""relay_changes, verify_claims and chase_deadlines for reports and leases: followed, verified, enacted, lapsed."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import aws, config
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import Decision
from chalicelib.feedback import store
from chalicelib.rentals import service as rentals
from chalicelib.residence import service as residence
from chalicelib.residence.model import NewRegistration
from functions import chase_deadlines, relay_changes, verify_claims
from tests.chalicelib.feedback.reports import answered, item_of, reported
from tests.chalicelib.rentals.leases import filed, on_file
from tests.functions.case_events import CASE, event
from tests.functions.test_the_life_of_a_case import OWNER
from tests.town import COMMUNITY, TOWN, Town, outside_systems, staff


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def relay(case: Case) -> None:
    sample = event("relay_changes", **{CASE: case.id, OWNER: case.owner})
    assert relay_changes.handler(sample, None) == {"batchItemFailures": []}


def verify(case_id: str, department: str) -> None:
    sample = event("verify_claims", **{CASE: case_id, "public_security": department})
    assert verify_claims.handler(sample, None) == {"batchItemFailures": []}


def told() -> set[str]:
    got = aws.client("sqs").receive_message(QueueUrl=config.queue("messages"), MaxNumberOfMessages=10)
    return {json.loads(message["Body"])["message"] for message in got.get("Messages", [])}


def checks(case_id: str) -> dict[str, str]:
    return {check.department: check.state for check in cases.case(case_id).checks}


def test_a_withdrawn_report_takes_its_matter_with_it_however_often_it_is_relayed(
    town: Town, now: datetime
) -> None:
    case_id = reported(town.owner, now)
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    for _ in range(2):
        relay(cases.case(case_id))
        matter = store.matter(item_of(case_id))
        assert matter and matter.state == "withdrawn"


def test_an_answer_that_nobody_rates_is_settled_by_the_night_and_followed(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    chase_deadlines.handler({"time": "2026-12-07T16:05:00Z"}, None)
    assert cases.case(case_id).state == "settled"
    relay(cases.case(case_id))
    matter = store.matter(item_of(case_id))
    assert matter and matter.state == "settled"


def test_each_answer_is_told_and_none_twice(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    for since in (
        "2026-11-23T09:30:00.000+08:00",
        "2026-11-23T09:30:00.000+08:00",
        "2026-11-25T10:00:00.000+08:00",
    ):
        sample = event("relay_changes", **{CASE: case_id, OWNER: town.owner.id})
        sample["Records"][1]["dynamodb"]["NewImage"] |= {"state": {"S": "answered"}, "since": {"S": since}}
        assert relay_changes.handler(sample, None) == {"batchItemFailures": []}
    assert len(told()) == 2


def test_a_lease_is_verified_decided_and_on_file_once(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now)
    cases.act(cases.case(case_id), "confirm", town.stranger, now)
    verify(case_id, "public_security")
    verify(case_id, "housing")
    assert checks(case_id) == {"public_security": "passed", "housing": "person"}
    reviewed = Decision(check="housing", decision="approve", reason="房产证属实")
    cases.decide(staff("reviewer"), case_id, reviewed, now)
    assert cases.case(case_id).state == "accepted"
    for _ in range(2):
        relay(cases.case(case_id))
    assert [lease.case for lease in rentals.leases_of(town.stranger.id)] == [case_id]
    assert len(told()) == 2  # Both parties, once each.


def test_a_silent_landlord_does_not_stop_a_tenants_filing(town: Town, now: datetime) -> None:
    case_id = filed(town, town.owner, now, side="tenant")
    chase_deadlines.handler({"time": "2026-11-30T16:05:00Z"}, None)
    assert cases.case(case_id).state == "review"
    cases.decide(staff("coordinator"), case_id, Decision(decision="approve", reason="合同属实"), now)
    relay(cases.case(case_id))
    (lease,) = rentals.leases_of(town.owner.id)
    assert (lease.side_of(town.owner.id), lease.filed_by) == ("tenant", "tenant")


def test_a_lease_on_file_proves_the_tenants_home_and_nobody_elses(town: Town, now: datetime) -> None:
    lease = on_file(town, town.owner, now)
    address = {"town": TOWN, "community": COMMUNITY, "line": "试验路1号", "room": "502"}
    said = NewRegistration.model_validate(
        {"address": address, "arrived_on": "2026-11-20", "housing": "rented"}
    )
    for actor, expected in ((town.stranger, "passed"), (town.owner, "person")):
        case_id = residence.register(actor, said, now).id
        verify(case_id, "housing")
        assert checks(case_id)["housing"] == expected
    assert lease.tenant == town.stranger.id
