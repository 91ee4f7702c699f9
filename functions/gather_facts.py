"""Queue ``facts`` → what departments' files say of a person who asked for it, kept sealed for filling in forms."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock, keys
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.forms import service as forms
from chalicelib.identity import service as identity
from chalicelib.sources import service as sources

processor = Processor(EventType.SQS)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Gather for a batch of people; the answer names the messages to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=gather,
        processor=processor,
        context=context,
    )


def gather(record: SQSRecord) -> None:
    """One person: ``{"person": id}``. Gathering again renews; nothing is done for who is gone."""
    settle(record.json_body["person"], clock.utc_now())


def settle(person: str, now: datetime) -> int:
    """Read and keep; returns how many facts."""
    return forms.gather(person, read, now)


def read(source: str, person: str) -> list[dict[str, Any]]:
    """A person's records in a source's curated data, under every readable person key."""
    number = identity.profile(person).id_number
    return sources.facts(source, list(keys.person_keys(number)))
