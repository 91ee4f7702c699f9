"""Daily: what the calendar brings to permits. Windows open, last weeks begin, late ones are suspended, cards are late.

Acts on the event's time, so that a missed day can be run again: send the event with that day's time.
"""

from datetime import timedelta
from typing import Any, Final

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.permits import service as permits

log = logger("keep_permits")
LOOK_BACK_DAYS: Final = 31


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Take every step that is due by the event's day; returns counts.

    A month back, so that missed runs heal themselves; a step is taken once.
    """
    now = clock.parse_iso(event["time"])
    today = clock.local_date(now)
    total: dict[str, int] = {}
    for back in range(LOOK_BACK_DAYS, -1, -1):
        done = permits.keep(today - timedelta(days=back), today, now)
        total = {name: total.get(name, 0) + count for name, count in done.items()}
    metrics = Metrics(service="keep_permits")
    metrics.add_metric("PermitsSuspended", MetricUnit.Count, total["suspended"])
    metrics.add_metric("PermitCardsLate", MetricUnit.Count, total["late"])
    metrics.flush_metrics()
    log.info("permits kept", extra=total)
    return total
