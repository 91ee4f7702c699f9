"""The nightly comparison acts on the event's day and tells how many counters differ."""

import json
from pathlib import Path

import pytest

from chalicelib import aws, config
from functions.rebuild_counters import handler

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/rebuild_counters.json").read_text("utf-8"))


def test_the_night_compares_the_days_before_the_events_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = handler(EVENT, None)
    assert (found["day"], found["differences"], found["repaired"]) == ("2026-11-23", 0, 0)
    stored = aws.client("s3").get_object(
        Bucket=config.bucket("published"), Key="counters/differences/2026-11-23.json"
    )
    assert json.loads(stored["Body"].read())["differences"] == []
    assert '"CounterDifferences":[0.0]' in capsys.readouterr().out.replace(" ", "")
