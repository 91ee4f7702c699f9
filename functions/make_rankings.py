"""Queue ``rankings`` → the list of a ranking that was opened, or that is settled after objections."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.seasons import service as seasons

processor = Processor(EventType.SQS)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Make each list; the answer names the messages to deliver again."""
    return process_partial_response(event=event, record_handler=make, processor=processor, context=context)


def make(record: SQSRecord) -> None:
    """One ranking: ``{"ranking": id}``. Harmless for one whose list is made."""
    seasons.make(record.json_body["ranking"], clock.utc_now())
