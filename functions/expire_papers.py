"""Daily: the bytes of papers whose day it is are deleted, unless a case that is not decided has them.

Acts on the event's time, so that a missed day can be run again: send the event with that day's time.
"""

from datetime import timedelta
from typing import Any, Final

from chalicelib import clock
from chalicelib.cases import service as cases
from chalicelib.logs import logger

log = logger("expire_papers")
LOOK_BACK_DAYS: Final = 14


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Delete what goes up to the day of the event; returns how many papers.

    Two weeks back, so that missed runs heal themselves; a paper goes once.
    """
    now = clock.parse_iso(event["time"])
    today = clock.local_date(now)
    days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, -1, -1)]
    total = {"papers": sum(cases.expire_papers(day, now) for day in days)}
    log.info("papers went", extra=total)
    return total
