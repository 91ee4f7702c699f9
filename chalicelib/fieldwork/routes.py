"""HTTP views of fieldwork."""

from chalicelib import http
from chalicelib.fieldwork import service
from chalicelib.fieldwork.model import (
    BuildingView,
    OutcomeReport,
    OutcomeView,
    Overview,
    OverviewQuery,
    Precision,
    PrecisionQuery,
    VisitQuery,
)
from chalicelib.http import Call
from chalicelib.shapes import Page

api = http.Api("fieldwork")

OFFICERS: dict[str, http.Reach] = {
    "coordinator": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.get(
    "/visits",
    who={"grid_worker": "region", **OFFICERS},
    query=VisitQuery,
    answer=Page[BuildingView],
    purpose="visit",
    summary="Visits by building, within the caller's scope",
)
def get_visits(call: Call, query: VisitQuery) -> Page[BuildingView]:
    """Name, masked phone and address, nothing more; each person sees who looked."""
    return service.visits(call.actor, query, call.now, call.language, call.purpose or "visit")


@api.get(
    "/visits/overview",
    who=OFFICERS,
    query=OverviewQuery,
    answer=Overview,
    summary="A town's visits, counted by community",
)
def get_overview(call: Call, query: OverviewQuery) -> Overview:
    """Counts of work: exact, nobody is named."""
    return service.overview(call.actor, query.town)


@api.get(
    "/visits/precision",
    who={"city_officer": "any", "policy_officer": "any"},
    query=PrecisionQuery,
    answer=Page[Precision],
    summary="How often sources were right by what visits found: combinations, each source, or months",
)
def get_precision(call: Call, query: PrecisionQuery) -> Page[Precision]:
    """Counts of outcomes over the whole city; nobody and no place is named."""
    return Page(items=service.precision(query.by), next=None)


@api.post(
    "/visits/{id}/outcome",
    who={"grid_worker": "region", **OFFICERS},
    body=OutcomeReport,
    answer=OutcomeView,
    summary="Record what the visit found",
)
def record_outcome(call: Call, id: str, body: OutcomeReport) -> OutcomeView:
    """Once; the same outcome again is a success without effect. Refusal has no consequence."""
    return service.record_outcome(call.actor, id, body, call.now, call.once)
