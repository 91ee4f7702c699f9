"""Queue ``evidence`` → departments' checks of points, all of a batch together.

Every source that the batch needs is read once: each bucket of its files is joined with everybody who is asked
about (DuckDB). A few checks are cheaper one person at a time. Agreement is recorded; whatever is in doubt goes
to a person's worklist.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock, keys
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.identity import service as identity
from chalicelib.logs import logger
from chalicelib.rentals import service as rentals
from chalicelib.seasons import service as seasons
from chalicelib.sources import service as sources

log = logger("verify_points_in_bulk")
processor = Processor(EventType.SQS)
# Below so many people their own buckets are read, above it all buckets once.
FEW: Final = 20
LEASES: Final = "lease_filings"


def handler(event: dict[str, Any], context: Any) -> Any:
    """Verify a batch at once; where that fails, message by message, so that the answer names only those that do."""
    records = [SQSRecord(each) for each in event["Records"]]
    try:
        verify([check for record in records for check in asked(record)])
    except Exception as error:  # Whatever it is, it comes again below, with the one message that it is about.
        log.warning("a batch failed and is taken apart", extra={"error": type(error).__name__})
        return process_partial_response(
            event=event, record_handler=verify_message, processor=processor, context=context
        )
    return {"batchItemFailures": []}


def verify_message(record: SQSRecord) -> None:
    """The checks of one message."""
    verify(asked(record))


def asked(record: SQSRecord) -> list[seasons.Asked]:
    """A message: ``{"checks": [{"case": id, "department": code, "at": time}]}``."""
    return [
        seasons.Asked(each["case"], each["department"], clock.parse_iso(each["at"]))
        for each in record.json_body["checks"]
    ]


def verify(checks: list[seasons.Asked]) -> dict[str, int]:
    """Answer open checks; harmless for those that were answered before."""
    done = seasons.verify(checks, read, clock.utc_now())
    log.info("checks of points answered", extra={"asked": len(checks), **done})
    return done


def read(source: str, people: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Each person's records in a source's curated data; of ``lease_filings`` also the leases that were filed here."""
    found = curated(source, people)
    if source != LEASES:
        return found
    today = clock.local_date(clock.utc_now())
    return {person: [*found.get(person, ()), *rentals.records_of(person, today)] for person in people}


def curated(source: str, people: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Each person's records in the files of a source."""
    numbers = {person: found.id_number for person, found in identity.profiles(people).items()}
    if len(numbers) < FEW:
        return {
            person: sources.facts(source, list(keys.person_keys(number)))
            for person, number in numbers.items()
        }
    owners = {key: person for person, number in numbers.items() for key in keys.person_keys(number)}
    with tempfile.TemporaryDirectory() as scratch:
        return sources.facts_of_many(source, owners, Path(scratch))
