"""The monthly schedule adds a signing key for the event's day."""

import json
from pathlib import Path

import pytest

from chalicelib import aws
from functions.rotate_signing_keys import handler

EVENT = json.loads(Path("events/rotate_signing_keys.json").read_text("utf-8"))


@pytest.mark.usefixtures("cloud")
def test_a_delivery_and_its_repeat_make_one_key_for_the_event_s_day() -> None:
    assert handler(EVENT, None) == {"added": "k20261202"}
    assert handler(EVENT, None) == {"added": None}
    assert sorted(aws.secret("signing")["keys"]) == ["1", "k20261202"]


@pytest.mark.usefixtures("cloud")
def test_a_day_can_be_run_again_later_than_it_was() -> None:
    handler(EVENT, None)
    assert handler({**EVENT, "time": "2027-01-01T17:00:00Z"}, None) == {"added": "k20270102"}
    assert handler(EVENT, None) == {"added": None}
