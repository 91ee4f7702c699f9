"""Queue ``messages`` → one attempt to deliver each; what has to wait comes back with its delay.

A waiting message is put onto the queue anew instead of being returned to it, so that an outage of
hours uses up neither its receive count nor its retention. What makes no sense is parked.
"""

import json
from datetime import timedelta
from math import ceil
from typing import Any, Final

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import aws, clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.errors import NotFound
from chalicelib.logs import logger
from chalicelib.messaging import service as messaging
from chalicelib.messaging.service import Delivery, Senders
from chalicelib.outside import sms, wechat, wecom

log = logger("send_messages")
processor = Processor(EventType.SQS)
SENDERS: Final = Senders(wechat=wechat.from_config, wecom=wecom.from_config, sms=sms.from_config)
LONGEST_DELAY: Final = 900
# A slow other side may take ten seconds for one message: without that much left, the next one waits.
NEEDED_MILLISECONDS: Final = 20_000
COUNTED: Final = {
    "sent": "MessagesSent",
    "rejected": "MessagesRejected",
    "unknown": "MessagesUnknown",
    "failed": "MessagesFailed",
    "queued": "MessagesDelayed",
    "sending": "MessagesDelayed",
    "parked": "MessagesParked",
}


def handler(event: dict[str, Any], context: Any) -> Any:
    """Deliver a batch; the answer names the messages to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=send,
        processor=processor,
        context=context,
    )


def send(record: SQSRecord, lambda_context: Any = None) -> None:
    """One message: ``{"message": id}``."""
    message_id = _message_id(record.body)
    if message_id is None:
        return _park(record, "unreadable")
    if lambda_context is not None and lambda_context.get_remaining_time_in_millis() < NEEDED_MILLISECONDS:
        return _come_back(message_id, Delivery("queued", "no_time", timedelta()))
    try:
        delivery = messaging.deliver(message_id, clock.utc_now(), SENDERS)
    except NotFound:
        return _park(record, "message_not_found")
    if delivery.again_in is not None:
        return _come_back(message_id, delivery)
    count(delivery.state)
    if delivery.state != "sent":
        log.warning("not sent", extra={"id": message_id, "state": delivery.state, "reason": delivery.reason})
    return None


def _message_id(body: str) -> str | None:
    try:
        found = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _park(record: SQSRecord, reason: str) -> None:
    messaging.park(record.message_id, record.body, reason, clock.utc_now())
    log.error("a message was parked", extra={"reason": reason})
    count("parked")


def _come_back(message_id: str, delivery: Delivery) -> None:
    wait = delivery.again_in or timedelta()
    aws.send("messages", [{"message": message_id}], min(LONGEST_DELAY, ceil(wait.total_seconds())))
    count(delivery.state)


def count(state: str) -> None:
    """One more message in this state, as a metric."""
    metrics = Metrics(service="send_messages")
    metrics.add_metric(COUNTED[state], MetricUnit.Count, 1)
    metrics.flush_metrics()
