"""Bucket ``inbox``, prefix ``inbox/`` → a department file is checked, kept and reported on.

What can never work (an unknown source, a path without a date) is parked with its reason and done; a
passing fault of the cloud is raised, so that the event comes again. Doing an event again is harmless.
"""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.sources import service as sources

log = logger("receive_file")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Receive every file of an S3 event, one after the other; says how many there were."""
    records = event.get("Records", [])
    for record in records:
        receive(record)
    return {"files": len(records)}


def receive(record: dict[str, Any]) -> None:
    """One object that was created. S3 encodes its key as in a URL."""
    held = record["s3"]["object"]
    delivery = sources.Delivery(
        record["s3"]["bucket"]["name"], unquote_plus(held["key"]), held.get("sequencer", "")
    )
    now = clock.utc_now()
    try:
        with tempfile.TemporaryDirectory(prefix="file-") as scratch:
            report = sources.receive(delivery, now, Path(scratch))
    except sources.Unreadable as problem:
        sources.park("receive_file", delivery.key, problem.code, now)
        log.error("a file was parked: %s", problem.code)
        return
    _say(report)


def _say(report: sources.Report) -> None:
    log.info(
        "a file of %s was received",
        report.source,
        extra={
            "source": report.source,
            "file_date": report.date,
            "received": report.received,
            "accepted": report.accepted,
            "rejected": report.rejected,
            "problem": report.problem,
            "alarms": [alarm.code for alarm in report.alarms],
            "repeat": report.repeat_of is not None,
        },
    )
    metrics = Metrics(service="receive_file")
    metrics.add_metric("RowsReceived", MetricUnit.Count, report.received)
    metrics.add_metric("RowsRejected", MetricUnit.Count, report.rejected)
    metrics.add_metric("FilesWithProblem", MetricUnit.Count, int(report.problem is not None))
    metrics.flush_metrics()
