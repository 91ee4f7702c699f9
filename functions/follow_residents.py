"""Stream of residence → permits that follow their holders: cancelled on departure, moved with a move."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.permits import service as permits

processor = Processor(EventType.DynamoDBStreams)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Follow a batch of changes; the answer names those to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=follow,
        processor=processor,
        context=context,
    )


def follow(record: DynamoDBRecord) -> bool:
    """One change of an item of table ``residence``; whether a permit changed with it."""
    change = record.dynamodb
    new = (change.new_image if change else None) or {}
    if new.get("row") != "standing":
        return False
    return permits.follow(str(new["person_id"]), clock.utc_now())
