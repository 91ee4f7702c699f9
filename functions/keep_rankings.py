"""Daily: what the calendar brings to rankings. Lists whose time for objections is over are ranked again.

Acts on the event's time, so that a missed day can be run again. Nothing becomes final by itself.
"""

from typing import Any

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.seasons import service as seasons

log = logger("keep_rankings")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Take every step that is due by the event's time; returns counts."""
    done = seasons.keep(clock.parse_iso(event["time"]))
    log.info("rankings kept", extra=done)
    return done
