import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import clock, keys
from chalicelib.identity import service as identity
from chalicelib.identity.model import StaffMember
from chalicelib.identity.parts import erase
from chalicelib.sources import service as sources
from functions import rekey_sources, tend_sources
from tests.chalicelib.sources.rows import csv_text, number, row
from tests.chalicelib.sources.test_service import curated, messages
from tests.functions.test_receive_file import Notice, receive_file

EVENTS = Path(__file__).parents[2] / "events"


class Plenty:
    """A context with time enough."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture
def notice() -> Notice:
    return Notice()


def event(days: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((EVENTS / "tend_sources.json").read_text("utf-8"))
    made["time"] = clock.iso(clock.parse_iso(made["time"]) + timedelta(days=days))
    return made


def received(notice: Notice) -> None:
    notice.put(csv_text([row(1), row(2)]))
    assert receive_file.handler(notice.wrapped(), None) == {"batchItemFailures": []}


def test_a_quiet_night_does_nothing(cloud: None, notice: Notice) -> None:
    received(notice)
    told = tend_sources.handler(event(), Plenty())
    assert told == {"dropped": 0, "erased": 0, "late": 0, "odd": 0, "done": True}
    assert len(curated("lease_filings")) == 2


def test_people_who_asked_are_gone_after_the_night(cloud: None, notice: Notice) -> None:
    received(notice)
    now = clock.utc_now()
    (person_id,) = identity.people_for_keys([(keys.person_key(number(1)), number(1))], now).values()
    erase(person_id, now)
    assert tend_sources.handler(event(), Plenty())["erased"] == 1
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00002"]


def test_a_time_to_come_drops_nothing(cloud: None, notice: Notice) -> None:
    received(notice)
    assert tend_sources.handler(event(40_000), Plenty())["dropped"] == 0


def test_lateness_reaches_metrics_and_the_city_s_officers_once_a_week(
    cloud: None, notice: Notice, capsys: pytest.CaptureFixture[str]
) -> None:
    received(notice)
    identity.import_staff(
        [
            StaffMember(
                user_id="officer", name="某", roles=("city_officer",), scopes=("4406",), department="city"
            )
        ],
        clock.utc_now(),
    )
    every = sources.contract("lease_filings").expected_every_days
    late = clock.parse_iso(event(every + 3)["time"])
    assert tend_sources._watch(late) == (1, 0)
    assert '"SourcesLate":[1.0]' in capsys.readouterr().out.replace(" ", "")
    told = messages("messages")
    assert len(told) == 1
    tend_sources._watch(late)
    assert [one for one in messages("messages") if one not in told] == []
    tend_sources._watch(late + timedelta(days=7))
    assert len([one for one in messages("messages") if one not in told]) == 1


def test_rekeying_files_of_the_current_key_does_nothing(cloud: None, notice: Notice) -> None:
    received(notice)
    told = rekey_sources.handler(json.loads((EVENTS / "rekey_sources.json").read_text()), Plenty())
    assert told == {"files": 0, "rows": 0, "lost": 0, "done": True}
