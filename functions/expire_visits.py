"""Daily: visits whose last day has passed end, and forget whom they were for.

Acts on the event's time, so that a missed day can be run again: send the event with that day's time.
"""

from datetime import timedelta
from typing import Any, Final

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.fieldwork import service as fieldwork
from chalicelib.logs import logger

log = logger("expire_visits")
LOOK_BACK_DAYS: Final = 14


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """End what ran out up to the day before the event; returns how many visits.

    Two weeks back, so that missed runs heal themselves; a visit ends once.
    """
    now = clock.parse_iso(event["time"])
    today = clock.local_date(now)
    days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, 0, -1)]
    total = {"expired": sum(fieldwork.expire(day, now) for day in days)}
    metrics = Metrics(service="expire_visits")
    metrics.add_metric("VisitsExpired", MetricUnit.Count, total["expired"])
    metrics.flush_metrics()
    log.info("visits expired", extra=total)
    return total
