"""Stream of fieldwork → findings that a visit has answered: the same person and place are not found again.

Whatever the outcome is, the finding is settled: going there again would help nobody. A finding that was
closed meanwhile stays closed, so a record that comes twice changes nothing.
"""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.linkage import service as linkage

processor = Processor(EventType.DynamoDBStreams)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Settle a batch's findings; the answer names the records to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=settle,
        processor=processor,
        context=context,
    )


def settle(record: DynamoDBRecord) -> bool:
    """One change of an item of table ``fieldwork``; whether it ended a finding."""
    change = record.dynamodb
    new = (change.new_image if change else None) or {}
    old = (change.old_image if change else None) or {}
    finding_id = new.get("finding_id")
    if not finding_id or not new.get("outcome") or old.get("outcome"):
        return False
    return linkage.settle(str(finding_id), "visited", clock.utc_now())
