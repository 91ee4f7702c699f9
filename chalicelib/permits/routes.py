"""HTTP views of permits."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.identity import service as identity
from chalicelib.permits import service
from chalicelib.permits.model import (
    Card,
    CardQuery,
    Code,
    MyPermit,
    NewApplication,
    NewEndorsement,
    NewReplacement,
    Particulars,
    PermitView,
)
from chalicelib.shapes import Page

api = http.Api("permits")

SELF: http.Who = {"citizen": "own"}
FILERS: http.Who = {
    "citizen": "own",
    "grid_worker": "region",
    "coordinator": "region",
    "district_officer": "region",
}
STATION: dict[str, http.Reach] = {
    "coordinator": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.post(
    "/permit-applications",
    who=FILERS,
    body=NewApplication,
    form=forms.checker("permit_application"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Apply for a residence permit",
)
def apply(call: Call, body: NewApplication) -> CaseView:
    """For oneself, for a ``ward`` as guardian or relative, or by staff with the ``person`` present."""
    return service.apply(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/permit-endorsements",
    who=FILERS,
    body=NewEndorsement,
    form=forms.checker("permit_endorsement"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Have the year endorsed, or make up for one missed",
)
def endorse(call: Call, body: NewEndorsement) -> CaseView:
    """Within the month before the year is full; later it restores the permit and joins the years."""
    return service.endorse(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/permit-replacements",
    who=FILERS,
    body=NewReplacement,
    form=forms.checker("permit_replacement"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Ask for a new card",
)
def replace(call: Call, body: NewReplacement) -> CaseView:
    """For a card that is lost or can no longer be read; the permit itself goes on."""
    return service.replace(call.actor, body, call.now, call.once, call.language)


@api.get("/me/permit", who=SELF, answer=MyPermit, summary="My permit, or what is missing for one")
def get_my_permit(call: Call) -> MyPermit:
    """State, history, and whether one may apply: what is missing and from when it will be there."""
    return service.mine(identity.require_person(call.actor), call.now, call.language)


@api.get("/me/permit/code", who=SELF, answer=Code, summary="A fresh code that a verifier reads offline")
def get_my_code(call: Call) -> Code:
    """A signed token of two minutes; verified with the keys of ``GET /.well-known/jwks.json``."""
    return service.code(identity.require_person(call.actor), call.now)


@api.get("/me/permit/code.svg", who=SELF, media_type="image/svg+xml", summary="The code as a QR picture")
def get_my_code_picture(call: Call) -> str:
    """The same token, to be shown on the phone."""
    return service.picture(identity.require_person(call.actor), call.now)


@api.get(
    "/permit-cards",
    who=STATION,
    query=CardQuery,
    answer=Page[Card],
    purpose="case_handling",
    summary="Cards being made in a town",
)
def get_cards(call: Call, query: CardQuery) -> Page[Card]:
    """The most urgent first, with the last day of each."""
    return service.cards(call.actor, query, call.now)


@api.post(
    "/permit-cards/{id}/issuance",
    who=STATION,
    answer=PermitView,
    status=201,
    purpose="case_handling",
    summary="Hand out the card that a case ordered",
)
def issue_card(call: Call, id: str) -> PermitView:
    """``id`` is the case; the first card puts the permit in force."""
    return service.issue(call.actor, id, call.now, call.once, call.language)


@api.get(
    "/permit-filings/{id}",
    who={**STATION, "reviewer": "region"},
    answer=Particulars,
    purpose="case_handling",
    summary="What was filed about a permit, for whoever decides",
)
def get_particulars(call: Call, id: str) -> Particulars:
    """Masked; who acts for whom and why, and the applicant's objection. The person sees who looked."""
    return service.particulars(call.actor, id, call.purpose or "case_handling", call.now)
