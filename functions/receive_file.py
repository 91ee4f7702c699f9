"""Bucket ``inbox``, prefix ``inbox/`` → queue ``arrivals`` → a department file is checked, kept, reported on.

The queue stands between, so that a hundred files at once are read a few at a time and a failing one is kept.

What can never work (an unknown source, a path without a date) is parked with its reason and done; a
passing fault of the cloud is raised, so that the event comes again. Doing an event again is harmless.
"""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.logs import logger
from chalicelib.sources import service as sources

processor = Processor(EventType.SQS)
log = logger("receive_file")


def handler(event: dict[str, Any], context: Any) -> Any:
    """Receive the files that S3's notices name; the answer names the notices to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=take,
        processor=processor,
        context=context,
    )


def take(record: SQSRecord) -> None:
    """One notice of S3: a few objects at the most, or S3's test message without any."""
    for created in record.json_body.get("Records", []):
        receive(created)


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
        sources.refuse_key(delivery.key, problem.code, now)
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
