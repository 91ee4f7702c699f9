"""Stream of cases → verification of checks, enactment of decisions, messages to the owner.

The stream is the outbox: whatever a case's write promised happens from here, and happens once, because
each receiver meets its own repetition (a check is answered once, a case enacted once, an event told once).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from chalicelib import aws, clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.cases import model as cases_model
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.feedback import service as feedback
from chalicelib.messaging import service as messaging
from chalicelib.permits import service as permits
from chalicelib.rentals import service as rentals
from chalicelib.residence import service as residence
from chalicelib.schooling import service as schooling
from chalicelib.seasons import service as seasons

processor = Processor(EventType.DynamoDBStreams)

ENACTED_BY: Final[dict[str, Callable[[Case, datetime], bool]]] = {
    residence.REGISTRATION: residence.enact,
    residence.DEPARTURE: residence.enact,
    rentals.FILING: rentals.enact,
    rentals.FILING_BY_TENANT: rentals.enact,
    rentals.CHANGE: rentals.enact,
    rentals.END: rentals.enact,
    permits.APPLICATION: permits.enact,
    permits.ENDORSEMENT: permits.enact,
    permits.REPLACEMENT: permits.enact,
    schooling.KIND: schooling.enact,
    seasons.APPLICATION: seasons.enact,
    seasons.OBJECTION: seasons.enact,
}

# Contexts that keep something in step with every state of their cases.
FOLLOWED_BY: Final[dict[str, Callable[[Case, datetime], bool]]] = {
    feedback.KIND: feedback.follow,
    schooling.KIND: schooling.follow,
    seasons.APPLICATION: seasons.follow,
    seasons.OBJECTION: seasons.follow,
}


def handler(event: dict[str, Any], context: Any) -> Any:
    """Relay a batch of changes; the answer names those to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=relay,
        processor=processor,
        context=context,
    )


def relay(record: DynamoDBRecord) -> None:
    """One change of an item of table ``cases``."""
    change = record.dynamodb
    new = change.new_image if change else None
    if not new:
        return
    kind = new.get("row")
    old = (change.old_image if change else None) or {}
    if kind == "check" and new["automatic"] and new.get("opened_at") != old.get("opened_at"):
        _ask(new)
    elif kind == "case" and new["state"] != old.get("state"):
        _state_changed(_case_id(new), str(new["state"]), str(new.get("since", "")), clock.utc_now())


def _ask(check: dict[str, Any]) -> None:
    """Ask for an open check: those of points together with many others, the rest one by one."""
    asked = {"case": _case_id(check), "department": str(check["sk"]).removeprefix("CHECK#")}
    if check["case_kind"] == seasons.APPLICATION:
        aws.send("evidence", [{"checks": [asked | {"at": check["opened_at"]}]}])
    else:
        aws.send("checks", [asked])


def _case_id(image: dict[str, Any]) -> str:
    return str(image["pk"]).removeprefix("CASE#")


def _state_changed(case_id: str, state: str, since: str, now: datetime) -> None:
    case = cases.case(case_id)
    cases.settle_rest(case)
    cases.settle_papers(case)
    if case.kind in FOLLOWED_BY:
        FOLLOWED_BY[case.kind](case, now)
    if state == "accepted" and case.kind in ENACTED_BY:
        ENACTED_BY[case.kind](case, now)
    if case.kind == seasons.OBJECTION and state == "received":
        _tell_whom_it_is_about(case, now)
    if state in cases_model.kind_of(case).told:
        facts = {"kind": case.kind, "state": state, "receipt": case.receipt_number}
        if case.state == state:
            facts |= cases.told_later(case, clock.local_date(now))
        for receiver in _told(case, state):
            # A state may come again (answered, not fixed, answered): its time tells one event from the other.
            messaging.request("wechat", receiver, "case_state", facts, f"{case_id}:{state}:{since}", now)


def _tell_whom_it_is_about(case: Case, now: datetime) -> None:
    """An objection about somebody else's line is not kept from them; who objects is not told."""
    if receiver := seasons.objected_to(case):
        data = {"event": "objection"}
        messaging.request("wechat", receiver, "points_notice", data, f"{case.id}:about", now)


def _told(case: Case, state: str) -> list[str]:
    """The owner, and who filed it for the owner; whoever files needs not be told that somebody else shall confirm."""
    if case.filer == case.owner or state == "confirming" or not case.filer.startswith("P"):
        return [case.owner]
    return [case.owner, case.filer]
