"""Nightly schedule → the counters compared with the records, for the day the event names.

By hand: invoke with ``{"time": "2026-11-24T03:00:00Z", "id": "repair-1", "repair": true}`` to set
right what differs.
"""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.monitoring.rebuild import rebuild

log = logger("rebuild_counters")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Compare every day before the event's; the answer is the report without its list."""
    moment = clock.parse_iso(event["time"])
    report = rebuild(
        clock.local_date(moment), event["id"], clock.utc_now(), repair=event.get("repair") is True
    )
    metrics = Metrics(service="rebuild_counters")
    metrics.add_metric("CounterDifferences", MetricUnit.Count, len(report.differences))
    metrics.add_metric("RecordsUnreadable", MetricUnit.Count, report.unreadable)
    metrics.flush_metrics()
    summary = report.model_dump(exclude={"differences"}) | {"differences": len(report.differences)}
    log.info("counters compared", extra=summary)
    return summary
