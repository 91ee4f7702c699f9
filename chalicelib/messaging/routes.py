"""HTTP views of messaging."""

from chalicelib import http
from chalicelib.http import Call
from chalicelib.messaging import receipts, service
from chalicelib.messaging.model import (
    Consents,
    ConsentView,
    InboxQuery,
    MessageView,
    NewConsent,
    Receipts,
    TroubleQuery,
    TroubleView,
)
from chalicelib.shapes import Page

api = http.Api("messaging")

SELF: dict[str, http.Reach] = {"citizen": "own", "landlord": "own"}
HANDLING: dict[str, http.Reach] = {
    "grid_worker": "region",
    "coordinator": "region",
    "reviewer": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.get(
    "/me/messages", who=SELF, query=InboxQuery, answer=Page[MessageView], summary="My messages, newest first"
)
def get_messages(call: Call, query: InboxQuery) -> Page[MessageView]:
    """Everything that was said to the caller, whether or not it reached the phone."""
    return service.inbox(call.actor, query, call.language, call.now)


@api.get("/me/message-consents", who=SELF, answer=Consents, summary="How many messages I still allow")
def get_consents(call: Call) -> Consents:
    """One line for each template that goes to WeChat."""
    return service.consents(call.actor.id)


@api.post(
    "/me/message-consents",
    who=SELF,
    body=NewConsent,
    answer=ConsentView,
    status=201,
    summary="Report that I allowed messages on the phone",
)
def add_consent(call: Call, body: NewConsent) -> ConsentView:
    """A one-time consent is exactly one later message."""
    return service.grant_consent(call.actor.id, body.template, body.count, call.now, call.once)


@api.get(
    "/messages/troubles",
    who={"city_officer": "any"},
    query=TroubleQuery,
    answer=Page[TroubleView],
    summary="Messages that did not arrive, or of which nobody knows",
)
def get_troubles(call: Call, query: TroubleQuery) -> Page[TroubleView]:
    """A day's, by state; whom they were for is not shown."""
    return service.troubles(query)


@api.get(
    "/cases/{id}/messages",
    who=HANDLING,
    answer=Receipts,
    purpose="case_handling",
    summary="What became of the messages about a case",
)
def get_receipts(call: Call, id: str) -> Receipts:
    """For staff whose region and part it is; the person sees that somebody looked."""
    return receipts.of_case(call.actor, id, call.now)
