"""Stream of permits → a message to the holder for each line of the history that matters to them.

The line was written with the change itself; its key is the message's event, so each is told once however
often the record comes.
"""

from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.messaging import service as messaging

processor = Processor(EventType.DynamoDBStreams)
# What a case's own messages have said already (accepted, endorsed, restored, replaced) is not said twice.
TOLD: Final = frozenset({"issued", "window", "week", "suspended", "cancelled", "card_late"})


def handler(event: dict[str, Any], context: Any) -> Any:
    """Tell a batch; the answer names the records to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=tell,
        processor=processor,
        context=context,
    )


def tell(record: DynamoDBRecord) -> bool:
    """One new item of table ``permits``; whether there was something to tell."""
    change = record.dynamodb
    new = (change.new_image if change else None) or {}
    if new.get("row") != "event" or new["what"] not in TOLD:
        return False
    what, day = str(new["what"]), str(new["day"])
    event_id = f"{new['permit_id']}:{what}:{day}"
    data = {"event": what, "day": day}
    messaging.request("wechat", str(new["person_id"]), "permit_notice", data, event_id, clock.utc_now())
    return True
