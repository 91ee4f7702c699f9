"""Daily schedule → the signed and locked root of the day before the event's, and of days left out."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.trail import service

log = logger("seal_audit")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Seal; a day that is sealed already stays as it is, so the event may come again."""
    day = clock.local_date(clock.parse_iso(event["time"])) - timedelta(days=1)
    made = service.seal(day, clock.utc_now())
    metrics = Metrics(service="seal_audit")
    metrics.add_metric("RootsSealed", MetricUnit.Count, len(made))
    metrics.flush_metrics()
    found = {"day": day.isoformat(), "sealed": [root.date for root in made]}
    log.info("audit roots sealed", extra=found)
    return found
