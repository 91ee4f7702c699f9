"""The re-key function walks while there is time and goes on when it is invoked again."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import keys
from chalicelib.identity import rekey, service
from functions.rekey_people import handler
from tests.chalicelib.identity.outsiders import id_number

EVENT = json.loads(Path("events/rekey_people.json").read_text("utf-8"))


class Time:
    """A context whose time is what the test says."""

    def __init__(self, left: int) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


@pytest.mark.usefixtures("cloud")
def test_it_stops_when_time_is_short_and_goes_on_until_done(now: datetime) -> None:
    make = keys.person_key_maker()
    service.people_for_keys([(make(n), n) for n in (id_number(i) for i in range(40))], now)
    rekey.begin(now)
    rekey.switch(now)
    first = handler(EVENT, Time(10_000))
    assert (first["done"], first["reports"][0]["walked"]) == (False, 25)
    second = handler(EVENT, Time(600_000))
    assert (second["done"], second["reports"][0]["walked"]) == (True, 40)
    rekey.finish(now)
    cleaned = handler({"step": "clean", "version": "1"}, Time(600_000))
    assert (cleaned["done"], cleaned["reports"][0]["changed"]) == (True, 40)


@pytest.mark.usefixtures("cloud")
def test_with_one_version_there_is_nothing_to_do() -> None:
    assert handler(EVENT, Time(600_000)) == {"done": True, "reports": []}
