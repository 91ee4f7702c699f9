"""HTTP views of feedback."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.feedback import service
from chalicelib.feedback.model import Clearing, FeedbackAnswer, NewReport, NotFixed, Rating, Transfer
from chalicelib.feedback.views import (
    CategoryList,
    MapQuery,
    MatterView,
    NearbyList,
    NearbyQuery,
    ReportView,
)
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.shapes import Page

api = http.Api("feedback")

SELF: dict[str, http.Reach] = {"citizen": "own", "landlord": "own"}
COUNTER: dict[str, http.Reach] = {
    "grid_worker": "region",
    "coordinator": "region",
    "district_officer": "region",
}
HANDLERS: dict[str, http.Reach] = {
    "coordinator": "region",
    "reviewer": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.get("/feedback/categories", who="public", answer=CategoryList, summary="What may be reported")
def get_categories(call: Call) -> CategoryList:
    """With owner and working days to an answer."""
    return service.categories(call.now, call.language)


@api.post(
    "/feedback",
    who={**SELF, **COUNTER},
    body=NewReport,
    form=forms.checker("feedback"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Report something",
)
def report(call: Call, body: NewReport) -> CaseView:
    """A case; pictures are added as its papers. Staff report for the ``person`` present. ``anonymous`` (the default) keeps one unnamed to whoever handles it."""
    return service.report(call.actor, body, call.now, call.once, call.language)


@api.get(
    "/feedback/nearby",
    who="signed_in",
    query=NearbyQuery,
    answer=NearbyList,
    summary="Was it reported already?",
)
def get_nearby(call: Call, query: NearbyQuery) -> NearbyList:
    """Matters of the category near a point that are not done yet, to be offered before one reports."""
    return service.nearby(query, call.now, call.language)


@api.post("/feedback/nearby/{item}/me-too", who=SELF, answer=MatterView, summary="Me too")
def support(call: Call, item: str) -> MatterView:
    """Instead of reporting the same again; counts once a person."""
    return service.support(call.actor, item, call.now, call.once, call.language)


@api.get(
    "/feedback/map",
    who="public",
    query=MapQuery,
    answer=Page[MatterView],
    summary="What is being done in a town",
)
def get_map(call: Call, query: MapQuery) -> Page[MatterView]:
    """Matters that concern everybody, once taken on; nobody's name, about where, the staff's words."""
    return service.town_map(query, call.now, call.language)


@api.get(
    "/feedback/{id}",
    who={**SELF, **HANDLERS},
    answer=ReportView,
    purpose="case_handling",
    summary="One report in full",
)
def get_report(call: Call, id: str) -> ReportView:
    """For the reporter and for staff whose it is; what staff see, the reporter finds in the disclosures."""
    return service.report_for(call.actor, id, call.purpose or "case_handling", call.now, call.language)


@api.post("/feedback/{id}/acceptance", who=HANDLERS, body=Clearing, answer=CaseView, summary="Take it on")
def take_on(call: Call, id: str, body: Clearing) -> CaseView:
    """With the words, if any, that the map may show."""
    return service.take_on(call.actor, id, body, call.now, call.once, call.language)


@api.post("/feedback/{id}/transfer", who=HANDLERS, body=Transfer, answer=CaseView, summary="Hand it on")
def hand_on(call: Call, id: str, body: Transfer) -> CaseView:
    """To the owner of another category."""
    return service.hand_on(call.actor, id, body, call.now, call.once, call.language)


@api.post("/feedback/{id}/answer", who=HANDLERS, body=FeedbackAnswer, answer=CaseView, summary="Answer it")
def answer(call: Call, id: str, body: FeedbackAnswer) -> CaseView:
    """What was done; the reporter is told."""
    return service.answer(call.actor, id, body, call.now, call.once, call.language)


@api.post("/feedback/{id}/rating", who=SELF, body=Rating, answer=CaseView, summary="Rate the answer")
def rate(call: Call, id: str, body: Rating) -> CaseView:
    """One to five stars; the report is settled."""
    return service.rate(call.actor, id, body, call.now, call.once, call.language)


@api.post("/feedback/{id}/not-fixed", who=SELF, body=NotFixed, answer=CaseView, summary="It is not fixed")
def reopen(call: Call, id: str, body: NotFixed) -> CaseView:
    """Back to whoever handles it; a limited number of times, and in time."""
    return service.reopen(call.actor, id, body, call.now, call.once, call.language)
