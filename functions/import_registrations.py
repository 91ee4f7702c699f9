"""Queue ``imports`` → a piece of the city's old register becomes registrations.

A piece is a JSON-lines object in the linkage zone, at most a thousand rows. Importing it again changes
nothing: people are found by their keys and a stay has one id.
"""

import json
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import aws, clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.logs import logger
from chalicelib.residence import service as residence

processor = Processor(EventType.SQS)
log = logger("import_registrations")


def handler(event: dict[str, Any], context: Any) -> Any:
    """Import a batch of pieces; the answer names those to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=take,
        processor=processor,
        context=context,
    )


def take(record: SQSRecord) -> None:
    """One piece: ``{"bucket", "key", "piece", "of", "source_file"}``."""
    message = record.json_body
    body = aws.client("s3").get_object(Bucket=message["bucket"], Key=message["key"])["Body"]
    rows = [json.loads(line) for line in body.iter_lines() if line]
    done = residence.import_rows(rows, message["source_file"], clock.utc_now())
    metrics = Metrics(service="import_registrations")
    metrics.add_metric("RegistrationsImported", MetricUnit.Count, done["imported"])
    metrics.flush_metrics()
    log.info("piece %s of %s imported", message["piece"], message["of"], extra=done)
