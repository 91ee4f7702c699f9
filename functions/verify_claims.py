"""Queue ``checks`` → one department's check compared with that department's curated data.

Agreement is recorded at once; contradiction and silence go to a person's worklist. A message for a case
that has moved on (withdrawn, decided by a person) has nothing left to do and is done.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock, keys
from chalicelib.actors import SYSTEM
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.cases import asking
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.permits import service as permits
from chalicelib.rentals import service as rentals
from chalicelib.residence import service as residence
from chalicelib.residence.model import Facts, Finding
from chalicelib.schooling import service as schooling
from chalicelib.sources import service as sources

processor = Processor(EventType.SQS)
LEASES: Final = "lease_filings"

VERIFIED_BY: Final[dict[str, Callable[[Case, str, Facts, datetime], Finding]]] = {
    residence.REGISTRATION: residence.verify,
    rentals.FILING: rentals.verify,
    rentals.FILING_BY_TENANT: rentals.verify,
    rentals.CHANGE: rentals.verify,
    permits.APPLICATION: permits.verify,
    permits.ENDORSEMENT: permits.verify,
    permits.REPLACEMENT: permits.verify,
    schooling.KIND: schooling.verify,
}


def handler(event: dict[str, Any], context: Any) -> Any:
    """Verify a batch; the answer names the messages to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=verify,
        processor=processor,
        context=context,
    )


def verify(record: SQSRecord) -> None:
    """One check: ``{"case": id, "department": code}``."""
    message = record.json_body
    settle(message["case"], message["department"], clock.utc_now())


def settle(case_id: str, department: str, now: datetime) -> None:
    """Compare and record; when no machine has anything more to say, the papers that are missing are named.

    Harmless when the check was settled before.
    """
    case = cases.case(case_id)
    if case.state == "checking" and case.check(department).state == "open":
        _answer(case, department, now)
    asking.name_papers(case, now)


def _answer(case: Case, department: str, now: datetime) -> None:
    finding = VERIFIED_BY[case.kind](case, department, facts, now)
    if finding.result == "person":
        cases.to_person(case.id, department, finding.reason, now, finding.receipt)
        return
    try:
        cases.record_check(
            case.id, department, "passed", SYSTEM, now, reason=finding.reason, receipt=finding.receipt
        )
    except Conflict:
        return  # Answered or withdrawn between reading and writing: somebody else's word stands.


def facts(source: str, person_id: str) -> list[dict[str, Any]]:
    """A person's records in a source's curated data, under every readable person key.

    Of ``lease_filings`` also the leases that were filed here: nobody has to prove what is on file.
    """
    number = identity.profile(person_id).id_number
    found = sources.facts(source, list(keys.person_keys(number)))
    if source != LEASES:
        return found
    return [*found, *rentals.records_of(person_id, clock.local_date(clock.utc_now()))]
