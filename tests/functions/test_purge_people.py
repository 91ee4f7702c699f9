"""Each night: whom a law kept until yesterday is deleted for good. In a year gone by, as the clock is never put forward."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import audit, sealing
from chalicelib.identity import model, service
from functions.purge_people import handler
from infra.template.reading import declared
from tests.chalicelib.identity.outsiders import RealName, Wechat, id_number

EVENT = json.loads(Path("events/purge_people.json").read_text("utf-8"))
DELETED = datetime(2023, 5, 8, 1, 30, tzinfo=UTC)
LAST_DAY = date(2024, 1, 31)
ON_THE_LAST_DAY = EVENT | {"time": "2024-01-30T16:40:00Z"}
THE_DAY_AFTER = EVENT | {"time": "2024-01-31T16:40:00Z"}


@pytest.fixture
def kept(cloud: None) -> Iterator[str]:
    """The id of somebody who is deleted and whose name and number a law keeps until 2024-01-31."""
    yield from _kept_until(LAST_DAY)


def _kept_until(last_day: date) -> Iterator[str]:
    law = model.Kept(what="registration", law="居住登记办法", until=last_day, needs_identity=True)
    service.contribute(service.Part("test", erase=lambda person_id, now: [law]))
    session = service.sign_in_citizen("citizen-one", "192.0.2.1", DELETED, Wechat())
    actor = service.actor_for(session.token, DELETED + timedelta(milliseconds=1))
    told = model.Binding(name="林小溪", id_number=id_number(), phone_code="phone-13800001234")
    person_id = service.bind(actor, told, DELETED, Wechat(), RealName()).id
    service.delete(service.actor_for(session.token, DELETED + timedelta(seconds=1)), DELETED)
    yield person_id
    service.withdraw("test")


def data_keys() -> list[str]:
    return [row.pk for row in sealing.DataKeyRow.scan() if row.sk == "DATA_KEY"]


def test_through_its_last_day_the_person_stays(kept: str) -> None:
    assert handler(ON_THE_LAST_DAY, None) == {"purged": 0}
    assert service.profile(kept).id_number == id_number()


def test_the_day_after_the_last_one_the_person_is_gone_for_good_and_once(kept: str) -> None:
    assert data_keys() == [kept]
    assert [handler(THE_DAY_AFTER, None) for _ in range(2)] == [{"purged": 1}, {"purged": 0}]
    assert data_keys() == []
    assert [row.target for row in audit.EntryRow.scan() if row.act == "person.purged"] == [kept]


def test_a_missed_night_is_made_up_for_by_the_next(kept: str) -> None:
    assert handler(EVENT | {"time": "2024-03-01T16:40:00Z"}, None) == {"purged": 1}


def test_an_event_that_names_a_time_to_come_deletes_nobody_before_their_day(cloud: None) -> None:
    for person_id in _kept_until(date(2990, 1, 31)):
        assert handler(EVENT | {"time": "2999-01-01T16:40:00Z"}, None) == {"purged": 0}
        assert data_keys() == [person_id]


def test_it_needs_no_more_than_it_is_given(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with the variables alone that its entry gives it."""
    needs = declared("functions")["purge_people"]["needs"]
    given = {
        f"{kind}_{name.upper()}"
        for kind, plural in (("TABLE", "tables"), ("SECRET", "secrets"), ("KEY", "keys"))
        for name in needs[plural]
    }
    for name in [n for n in os.environ if n.startswith(("TABLE_", "BUCKET_", "QUEUE_", "SECRET_", "KEY_"))]:
        if name not in given:
            monkeypatch.delenv(name)
    assert handler(THE_DAY_AFTER, None) == {"purged": 1}
