"""relay_changes, verify_claims, chase_deadlines, check_document: what happens to a case outside HTTP."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import aws, clock, config
from chalicelib.actors import SYSTEM
from chalicelib.cases import documents
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import NewDocument, view
from chalicelib.identity import service as identity
from chalicelib.messaging import service as messaging
from chalicelib.messaging.model import InboxQuery
from chalicelib.residence import service as residence
from chalicelib.residence.model import NewRegistration
from functions import chase_deadlines, check_document, relay_changes, verify_claims
from tests.functions.case_events import CASE, event
from tests.town import ARRIVED, COMMUNITY, TOWN, Town, outside_systems

OWNER = "P01M830CDE0WSVZAP4MTHX79K9K"
DOCUMENT = "D01M830CDE0WSVZAP4MTHX79K9K"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


@pytest.fixture
def case(town: Town, now: datetime) -> Case:
    address = {"town": TOWN, "community": COMMUNITY, "line": "试验路1号", "room": "502"}
    body = {"address": address, "arrived_on": ARRIVED, "housing": "rented"}
    filed = residence.register(town.owner, NewRegistration.model_validate(body), now)
    return cases.case(filed.id)


def queued(queue: config.Queue) -> list[dict[str, str]]:
    got = aws.client("sqs").receive_message(QueueUrl=config.queue(queue), MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in got.get("Messages", [])]


def relay(case: Case) -> None:
    sample = event("relay_changes", **{CASE: case.id, OWNER: case.owner})
    assert relay_changes.handler(sample, None) == {"batchItemFailures": []}


def verify(case: Case, department: str) -> None:
    sample = event("verify_claims", **{CASE: case.id, "public_security": department})
    assert verify_claims.handler(sample, None) == {"batchItemFailures": []}


def accept(case: Case, now: datetime) -> None:
    for department in ("public_security", "housing"):
        cases.record_check(case.id, department, "passed", SYSTEM, now)


def test_an_opened_check_is_put_onto_the_queue(case: Case, now: datetime) -> None:
    accept(case, now)
    relay(case)
    assert queued("checks") == [{"case": case.id, "department": "housing"}]


def test_an_accepted_case_is_enacted_and_told_once_however_often_it_is_relayed(
    case: Case, now: datetime
) -> None:
    accept(case, now)
    for _ in range(3):
        relay(case)
    stays = residence.registrations_of(case.owner)
    assert [(stay.id, stay.status, stay.region) for stay in stays] == [(case.id, "active", COMMUNITY)]
    assert len({body["message"] for body in queued("messages")}) == 1


def test_a_verified_identity_agrees_by_itself(case: Case) -> None:
    verify(case, "public_security")
    check = cases.case(case.id).check("public_security")
    assert check.state == "passed"
    assert check.receipt is not None
    assert check.receipt.rule == "real_name"


def test_a_home_that_no_department_knows_goes_to_a_person_and_is_not_refused(case: Case) -> None:
    verify(case, "housing")
    verify(case, "housing")
    found = cases.case(case.id)
    assert (found.state, found.check("housing").state, found.check("housing").reason) == (
        "checking",
        "person",
        "no_record",
    )


def test_a_withdrawn_case_has_nothing_left_to_verify(town: Town, case: Case, now: datetime) -> None:
    cases.act(case, "withdraw", town.owner, now)
    verify(case, "public_security")
    assert cases.case(case.id).check("public_security").state == "open"


def test_deadlines_are_chased_on_the_events_time_and_a_second_run_changes_nothing(case: Case) -> None:
    sample = event("chase_deadlines")
    assert chase_deadlines.handler(sample, None)["checks"] == 2
    assert {c.state for c in cases.case(case.id).checks} == {"person"}
    assert chase_deadlines.handler(sample, None)["checks"] == 0


def announced(town: Town, case: Case, now: datetime, size: int = len(PNG)) -> str:
    wanted = NewDocument(kind="identity_card", media_type="image/png", size=size)
    return documents.announce(case, wanted, town.owner, now).document.id


def arrive(case: Case, document: str, body: bytes) -> list[str]:
    key = documents.object_key(case.id, document)
    aws.client("s3").put_object(Bucket=config.bucket("documents"), Key=key, Body=body)
    return check_document.handler(event("check_document", **{CASE: case.id, DOCUMENT: document}), None)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (PNG, "clean"),
        (b"%PDF-" + b"0" * (len(PNG) - 5), "refused"),
        (PNG + b"more", "refused"),
        (PNG[:-1], "refused"),
    ],
    ids=["as announced", "another type", "too long", "cut off"],
)
def test_a_paper_is_opened_only_when_it_is_what_was_announced(
    town: Town, case: Case, now: datetime, body: bytes, state: str
) -> None:
    document = announced(town, case, now)
    assert arrive(case, document, body) == [state]
    (paper,) = cases.case(case.id).documents
    assert paper.state == state


def test_a_paper_with_the_antivirus_test_file_is_refused_and_its_bytes_deleted(
    town: Town, case: Case, now: datetime
) -> None:
    body = PNG + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
    document = announced(town, case, now, len(body))
    assert arrive(case, document, body) == ["refused"]
    left = aws.client("s3").list_objects_v2(Bucket=config.bucket("documents"))
    assert left.get("KeyCount", 0) == 0


def test_bytes_that_nobody_announced_are_left_alone(case: Case) -> None:
    assert arrive(case, "D00000000000000000000000000", PNG) == ["unknown"]


def test_the_owner_finds_the_news_in_the_inbox(town: Town, case: Case, now: datetime) -> None:
    accept(case, now)
    relay(case)
    items = messaging.inbox(town.owner, InboxQuery(), "en", clock.utc_now()).items
    assert len(items) == 1
    assert case.receipt_number in items[0].body


def test_the_message_says_what_is_next_as_the_timeline_does(town: Town, case: Case, now: datetime) -> None:
    cases.record_check(case.id, "public_security", "passed", SYSTEM, now)
    cases.record_check(case.id, "housing", "failed", SYSTEM, now)
    sample = event("relay_changes", **{CASE: case.id, OWNER: case.owner, '"accepted"': '"review"'})
    assert relay_changes.handler(sample, None) == {"batchItemFailures": []}
    (message,) = messaging.inbox(town.owner, InboxQuery(), "en", clock.utc_now()).items
    shown = view(cases.case(case.id), "en").next
    assert shown is not None and shown.who == "coordinator"
    assert shown.what in message.body


def test_identity_and_clock_are_what_the_samples_need(case: Case) -> None:
    assert identity.profile(case.owner).verified
    assert clock.local_date(case.submitted_at) + timedelta(days=4) <= clock.local_date(
        clock.parse_iso(event("chase_deadlines")["time"])
    )
