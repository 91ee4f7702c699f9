"""Daily: what ran out yesterday. Silent checks go to a person's worklist, late cases are marked.

Acts on the event's time, so that a missed day can be run again: send the event with that day's time.
"""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.cases import deadlines
from chalicelib.logs import logger

log = logger("chase_deadlines")
LOOK_BACK_DAYS = 7


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Chase the last week's deadlines up to the day before the event; returns counts.

    A week, so that one missed run heals itself; chasing twice is harmless.
    """
    now = clock.parse_iso(event["time"])
    today = clock.local_date(now)
    total = {"checks": 0, "cases": 0}
    for back in range(LOOK_BACK_DAYS, 0, -1):
        done = deadlines.chase(today - timedelta(days=back), now)
        total = {kind: total[kind] + done[kind] for kind in total}
    log.info("deadlines chased", extra=total)
    return total
