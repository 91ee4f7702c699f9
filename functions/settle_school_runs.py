"""Daily: rounds of school places whose time is over close, and those whose publicity has passed are final.

Acts on the event's time, so that a missed day can be run again: send the event with that day's time.
"""

from typing import Any

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.schooling import service as schooling

log = logger("settle_school_runs")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Take every step that is due by the event's time; returns counts. A round that was closed and not allocated is handed on again."""
    total = schooling.settle(clock.parse_iso(event["time"]))
    log.info("school runs settled", extra=total)
    return total
