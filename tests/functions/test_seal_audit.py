"""The daily event seals the day before its own, once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.trail import roots
from functions.seal_audit import handler
from tests.chalicelib.trail.acts import acts, audit_cloud

EVENT = json.loads(Path("events/seal_audit.json").read_text("utf-8"))
LONG_AGO = EVENT | {"time": "2026-01-02T16:30:00Z"}


@pytest.fixture(autouse=True)
def _audit_cloud(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    audit_cloud(monkeypatch)


def test_the_day_before_the_events_own_is_sealed_once() -> None:
    acts(4, datetime(2026, 1, 2, 3, tzinfo=UTC))
    assert handler(LONG_AGO, None) == {"day": "2026-01-02", "sealed": ["2026-01-02"]}
    assert handler(LONG_AGO, None) == {"day": "2026-01-02", "sealed": []}
    root = roots.read("2026-01-02", roots.days()["2026-01-02"]).sealed
    assert root is not None
    assert sum(head.seq for head in root.root.heads) == 4


def test_the_sample_event_means_the_city_day_that_has_just_ended() -> None:
    assert EVENT["time"] == "2026-11-23T16:30:00Z"
    with pytest.raises(ValueError, match="over"):
        handler(EVENT | {"time": "2999-01-01T00:00:00Z"}, None)
