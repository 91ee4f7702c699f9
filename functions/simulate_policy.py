"""Queue ``simulations`` → what a change of points policy would do to a pool of applicants."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.points import service as points

processor = Processor(EventType.SQS)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Do each simulation; the answer names the messages to deliver again."""
    return process_partial_response(
        event=event, record_handler=simulate, processor=processor, context=context
    )


def simulate(record: SQSRecord) -> None:
    """One simulation: ``{"simulation": id}``. Harmless for one that is done; what can never work is kept with its reason."""
    points.run_simulation(record.json_body["simulation"], clock.utc_now())
