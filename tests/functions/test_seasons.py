"""relay_changes, verify_points_in_bulk, make_rankings and keep_rankings: a season as the cloud drives it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, clock, config, keys, sealing, tables
from chalicelib.cases import service as cases
from chalicelib.identity import service as identity
from chalicelib.messaging import service as messaging
from chalicelib.messaging.model import InboxQuery
from chalicelib.points import service as points
from chalicelib.seasons import service as seasons
from chalicelib.seasons import store, verifying
from chalicelib.seasons.model import Application
from chalicelib.seasons.views import NewObjection
from functions import keep_rankings, make_rankings, relay_changes, verify_points_in_bulk
from tests.chalicelib.seasons.season import agreed, applied, ranking, verified
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.conftest import deliver as deliver
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row
from tests.functions.case_events import CASE, event
from tests.functions.test_the_life_of_a_case import OWNER
from tests.town import TOWN, Town, outside_systems, staff

PEOPLE = 30


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def received(queue: config.Queue) -> list[dict[str, Any]]:
    got = aws.client("sqs").receive_message(QueueUrl=config.queue(queue), MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in got.get("Messages", [])]


def test_a_check_of_points_is_asked_for_with_others_and_answered_in_bulk(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    changes = {CASE: case_id, OWNER: town.owner.id, "residence_registration": "points_application"}
    sample = event("relay_changes", **changes)
    opened = {"Records": [each for each in sample["Records"] if each["eventName"] == "INSERT"]}
    assert relay_changes.handler(opened, None) == {"batchItemFailures": []}
    asked = [check for body in received("evidence") for check in body["checks"]]
    assert asked and {check["case"] for check in asked} == {case_id}
    sample = event("verify_points_in_bulk", **{CASE: case_id})
    for _ in range(2):  # A message may come twice.
        assert verify_points_in_bulk.handler(sample, None) == {"batchItemFailures": []}
    (part,) = [part for part in cases.case(case_id).checks if part.department == "education"]
    assert (part.state, part.reason) == ("person", "silent")


def test_of_a_batch_only_the_message_that_cannot_be_read_comes_again(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    sample = event("verify_points_in_bulk", **{CASE: case_id})
    bad = dict(sample["Records"][0], messageId="bad", body='{"checks": [{"case": "C1"}]}')
    sample["Records"].append(bad)
    assert verify_points_in_bulk.handler(sample, None) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert "person" in {part.state for part in cases.case(case_id).checks}


def test_a_list_is_made_when_asked_for_and_settled_by_the_calendar(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now, claims=[{"indicator": "A3.2", "yes": True}])
    verified({}, now, case_id)
    agreed(now, case_id)
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    assert keep_rankings.handler(event("keep_rankings", **{"2027-06-23": "2026-12-06"}), None)["settled"] == 0
    assert keep_rankings.handler(event("keep_rankings", **{"2027-06-23": "2026-12-07"}), None)["settled"] == 1
    sample = event("make_rankings", **{"RK01M830CDE0WSVZAP4MTHX79K9K": made})
    for _ in range(2):
        assert make_rankings.handler(sample, None) == {"batchItemFailures": []}
    found = seasons.get(made)
    assert (found.state, found.list_number, found.count) == ("settled", 2, 1)


def test_whom_an_objection_is_about_gets_a_message_that_does_not_say_whose_it_is(
    town: Town, now: datetime
) -> None:
    case_id = applied(town, town.owner, now, claims=[{"indicator": "A3.2", "yes": True}])
    verified({}, now, case_id)
    agreed(now, case_id)
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    about = NewObjection(ranking=made, rank=1, department="housing", reason="unlike what I know")
    objection = seasons.object_to(town.stranger, about, now, None, "en").id
    sample = event("relay_changes", **{CASE: objection, OWNER: town.stranger.id})
    (head,) = [each for each in sample["Records"] if each["dynamodb"]["NewImage"]["row"] == {"S": "case"}][:1]
    head["dynamodb"]["NewImage"]["state"] = {"S": "received"}
    for _ in range(2):  # A stream tells things twice.
        assert relay_changes.handler({"Records": [head]}, None) == {"batchItemFailures": []}
    (message,) = messaging.inbox(town.owner, InboxQuery(), "en", clock.utc_now()).items
    assert message.title == "Somebody objected to your points; it is being looked at"
    assert objection not in message.body and town.stranger.id not in message.body


EXTRA = {
    "social_security": ("insured_from", "insured_to", "kinds"),
    "skills": ("certificate",),
    "employment": ("hired_on", "left_on"),
}


def files(deliver: Deliver) -> None:
    """Three departments' files, in two deliveries: jobs that overlap, people of whom nothing is known, rows that are replaced."""
    for source, extra in EXTRA.items():
        for part, people in enumerate((range(PEOPLE), range(0, PEOPLE, 3))):
            lines = []
            for person in people:
                values = {
                    "social_security": [f"20{10 + person % 9}-0{part + 1}-01", "", "养老;医疗"],
                    "skills": [("初级工", "高级工", "技师")[person % 3]],
                    "employment": ["2019-01-01", "2021-06-30" if part else ""],
                }[source]
                if person % 7:
                    lines.append([*row(person), *values])
            header = (*HEADER, *extra)
            deliver(f"inbox/{source}/2026-11-0{part + 1}/f.csv", csv_text(lines, header))


def test_in_bulk_is_one_by_one(town: Town, now: datetime, deliver: Deliver) -> None:
    """Every answer, record and doubt is the same whether sources are joined or each person is read alone."""
    files(deliver)
    pairs = [(keys.person_key(number(each)), number(each)) for each in range(PEOPLE)]
    people = sorted(identity.people_for_keys(pairs, now).values())
    policy = points.policy("demo-2026")
    asked = []
    for place, person in enumerate(people):
        made = Application(
            case=f"C{place:026d}",
            person=person,
            child=None,
            scope="hukou",
            area="440600",
            town=TOWN,
            period="2026Q4",
            policy=policy.id,
            policy_version=policy.version,
            policy_digest=policy.hash,
            filed_at=now,
        )
        claims = '[{"indicator": "A1.2", "label": "四级"}, {"indicator": "A2.1", "amount": "9"}]'
        sealed = sealing.seal(person, claims, "points_claims")
        tables.transact(*store.application_writes(made, sealed, [], [], None))
        asked.append(seasons.Asked(made.case, "human_resources", now))
    joined = verifying.judge_all(asked, verify_points_in_bulk.curated)
    verify_points_in_bulk.FEW, few = PEOPLE + 1, verify_points_in_bulk.FEW  # type: ignore[misc]
    try:
        alone = verifying.judge_all(asked, verify_points_in_bulk.curated)
    finally:
        verify_points_in_bulk.FEW = few  # type: ignore[misc]
    assert joined == alone
    doubts = {code for each in joined for _, code in each.judged.doubts}
    assert doubts == {"condition", "silent", "differs"}
    assert len({str(each.judged.established.answers) for each in joined}) > 5
