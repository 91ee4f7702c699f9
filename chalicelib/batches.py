"""Batches of queue messages and stream records, one at a time, with every failure said.

Powertools' processor answers which records failed but does not say why; a function that fails silently
cannot be operated. Only functions import this module: the API's cold start does not pay for it.
"""

import traceback
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from chalicelib.logs import logger

__all__ = ["EventType", "Processor", "process_partial_response"]


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
        logger("batches").error("a record failed and comes again", extra=facts)
        return super().failure_handler(record, exception)


def _code(error: Any) -> str:
    """The error's own code: ours, or the cloud's name for it."""
    answered = getattr(error, "response", None)
    if isinstance(answered, dict):
        return f"{getattr(error, 'operation_name', '')} {answered.get('Error', {}).get('Code', '')}".strip()
    return str(getattr(error, "code", ""))
