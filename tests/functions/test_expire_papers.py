"""Papers go on their day, on the event's time, and missed days heal themselves."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from chalicelib.cases import papers
from functions import expire_papers
from tests.chalicelib.cases.test_papers import bytes_there, uploaded

EVENT = json.loads((Path(__file__).parents[2] / "events" / "expire_papers.json").read_text("utf-8"))


def test_papers_go_by_the_events_time_once_and_after_a_missed_day_too(cloud: None, now: datetime) -> None:
    uploaded(now)
    goes = now + timedelta(days=papers.policy().unclaimed_days)
    early = EVENT | {"time": (goes - timedelta(days=1)).isoformat()}
    late = EVENT | {"time": (goes + timedelta(days=3)).isoformat()}
    assert [expire_papers.handler(event, None)["papers"] for event in (early, late, late)] == [0, 1, 0]
    assert bytes_there() == set()


def test_the_sample_event_is_understood(cloud: None) -> None:
    assert expire_papers.handler(EVENT, None) == {"papers": 0}
