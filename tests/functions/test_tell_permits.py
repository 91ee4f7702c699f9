"""The holder is told of what happened to the permit: once, and not of what a case has told already."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.messaging import service as messaging
from chalicelib.messaging.model import InboxQuery
from functions.tell_permits import TOLD, handler
from tests.town import Town, outside_systems

TEXT = Path("events/tell_permits.json").read_text("utf-8")
HOLDER = json.loads(TEXT)["Records"][0]["dynamodb"]["NewImage"]["person_id"]["S"]


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def event(town: Town) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TEXT.replace(HOLDER, town.owner.id))
    return loaded


def inbox(town: Town) -> list[str]:
    return [item.title for item in messaging.inbox(town.owner, InboxQuery(), "en", clock.utc_now()).items]


def test_the_window_is_told_once_however_often_the_record_comes(town: Town) -> None:
    for _ in range(3):
        assert handler(event(town), None) == {"batchItemFailures": []}
    assert inbox(town) == ["Residence permit: The year can be endorsed"]


def test_every_step_of_the_calendar_has_its_words(town: Town) -> None:
    for what in sorted(TOLD):
        again = deepcopy(event(town))
        again["Records"][0]["dynamodb"]["NewImage"]["what"]["S"] = what
        handler(again, None)
    assert len(set(inbox(town))) == len(TOLD)
    assert not [title for title in inbox(town) if "permit_event" in title]


def test_what_a_case_has_told_and_the_permit_itself_are_not_told(town: Town) -> None:
    for place in (1, 2):
        handler({"Records": [event(town)["Records"][place]]}, None)
    assert inbox(town) == []
