"""What became of the messages about a case, for those who handle it."""

from datetime import datetime
from typing import Final

from chalicelib import clock
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.identity import service as identity
from chalicelib.messaging import store
from chalicelib.messaging.model import Receipts, ReceiptView
from chalicelib.messaging.service import receipt_of

_PURPOSE: Final = "case_handling"


def of_case(actor: Actor, case_id: str, now: datetime) -> Receipts:
    """Whether owner and filer were told of each state, which way, and when; the owner sees that somebody looked.

    Raises ``NotFound("case_not_found")`` for a case that is not the caller's work.
    """
    case = cases.case_for(actor, case_id)
    identity.record_disclosures(actor, [case.owner], _PURPOSE, "messages", now)
    begun = clock.iso(case.submitted_at)
    rows = [
        row
        for receiver in dict.fromkeys((case.owner, case.filer))
        for row in store.since(receiver, begun)
        if row.event_id.startswith(f"{case_id}:")
    ]
    rows.sort(key=lambda row: row.created_at)
    return Receipts(items=[ReceiptView(**receipt_of(row)) for row in rows])
