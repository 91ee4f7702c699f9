"""Batches of queue messages and stream records, one at a time, with every failure said.

Powertools' processor answers which records failed but does not say why; a function that fails silently
cannot be operated. Only functions import this module: the API's cold start does not pay for it.

A queue hides what failed for its whole visibility, six times the function's timeout. That is meant for functions
that died and can say nothing; a passing fault is told here, and its message comes back after a short pause that
grows with each try.
"""

import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import batched
from typing import Any, Final

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws, config
from chalicelib.logs import logger

__all__ = ["EventType", "Processor", "coming_back", "pause", "process_partial_response"]

FIRST_PAUSE: Final = 5
LONGEST_PAUSE: Final = 900
log = logger("batches")


class Processor(BatchProcessor):
    """Processes record by record; a failed one is logged by kind and place, without its text, and comes again."""

    def __init__(self, event_type: EventType) -> None:
        super().__init__(event_type=event_type, raise_on_entire_batch_failure=False)

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Log what went wrong and hand the record back for another delivery."""
        error = exception[1]
        frames = traceback.extract_tb(exception[2])[-6:]
        places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
        facts = {"error": type(error).__name__, "code": _code(error), "places": places}
        log.error("a record failed and comes again", extra=facts)
        return super().failure_handler(record, exception)

    def _clean(self) -> None:
        """Report what failed, and let what came from a queue come back soon."""
        super()._clean()  # type: ignore[no-untyped-call]
        if self.event_type is EventType.SQS:
            failed = (record for record in self.fail_messages if isinstance(record, SQSRecord))
            _put_back([record.raw_event for record in failed])


@contextmanager
def coming_back(records: list[dict[str, Any]]) -> Iterator[None]:
    """Let all of a queue's batch come back soon when what is done with it as a whole fails; the error goes on."""
    try:
        yield
    except Exception:
        _put_back(records)
        raise


def pause(tries: int) -> float:
    """Seconds until a message that failed for the ``tries``-th time comes back: doubling, at most 15 minutes.

    The half of it is chance, so that what failed together does not come back together.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10))
    return random.uniform(longest / 2, longest)


def _put_back(records: list[dict[str, Any]]) -> None:
    """Show messages again after their pause; one that cannot be told so waits for its queue's visibility."""
    for some in batched(records, 10):
        entries = [
            {
                "Id": str(place),
                "ReceiptHandle": record["receiptHandle"],
                "VisibilityTimeout": round(pause(int(record["attributes"]["ApproximateReceiveCount"]))),
            }
            for place, record in enumerate(some)
        ]
        queue = config.queue(some[0]["eventSourceARN"].rsplit("-", 1)[-1].rsplit(":", 1)[-1])
        try:
            refused = aws.client("sqs").change_message_visibility_batch(QueueUrl=queue, Entries=entries)
            kinds = sorted({one["Code"] for one in refused.get("Failed", [])})
        except (BotoCoreError, ClientError) as error:
            kinds = [type(error).__name__]
        if kinds:
            log.warning("messages come back only after their queue's visibility", extra={"kinds": kinds})


def _code(error: Any) -> str:
    """The error's own code: ours, or the cloud's name for it."""
    answered = getattr(error, "response", None)
    if isinstance(answered, dict):
        return f"{getattr(error, 'operation_name', '')} {answered.get('Error', {}).get('Code', '')}".strip()
    return str(getattr(error, "code", ""))
