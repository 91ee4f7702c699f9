"""Staff see whether a case's people were told, and how; the person sees that they looked."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.actors import Actor
from chalicelib.errors import NotFound
from chalicelib.identity import service as identity
from chalicelib.messaging import receipts, service
from tests.chalicelib.messaging.outsiders import Outsider, senders
from tests.town import Town, outside_systems, staff

NEAR, FAR = staff("coordinator"), staff("coordinator", near=False)


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def tell(who: Actor, case_id: str, state: str, now: datetime) -> str:
    facts = {"kind": "residence_registration", "state": state, "receipt": "R-1"}
    return service.request("wechat", who.id, "case_state", facts, f"{case_id}:{state}:{now}", now)


def test_each_attempt_of_each_message_about_the_case_is_told_and_of_no_other(
    town: Town, now: datetime
) -> None:
    case_id, other = town.case(), town.case()
    message = tell(town.owner, case_id, "review", now)
    tell(town.owner, other, "review", now)
    service.deliver(message, now, senders(Outsider()))  # No consent: it turns to SMS.
    service.deliver(message, now, senders(Outsider()))
    waiting = tell(town.owner, case_id, "accepted", now + timedelta(minutes=5))
    told = receipts.of_case(NEAR, case_id, now).items
    assert [(one.id, one.channel, one.state) for one in told] == [
        (message, "sms", "sent"),
        (waiting, "wechat", "queued"),
    ]
    assert [(one.state, one.code) for one in told[0].attempts] == [("rejected", "no_consent"), ("sent", None)]


def test_who_filed_for_another_is_told_of_too(town: Town, now: datetime) -> None:
    case_id = town.case(tenant=True)
    both = {tell(who, case_id, "submitted", now) for who in (town.owner, town.stranger)}
    assert {one.id for one in receipts.of_case(NEAR, case_id, now).items} == both


def test_the_person_sees_who_looked_and_another_town_learns_nothing(town: Town, now: datetime) -> None:
    case_id = town.case()
    with pytest.raises(NotFound):
        receipts.of_case(FAR, case_id, now)
    assert identity.disclosures(town.owner.id, None, now).items == []
    receipts.of_case(NEAR, case_id, now)
    (seen,) = identity.disclosures(town.owner.id, None, now).items
    assert seen.purpose == "case_handling"
