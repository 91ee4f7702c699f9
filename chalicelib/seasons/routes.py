"""HTTP views of seasons: applying, looking at one's points, rankings and objections."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.identity import service as identity
from chalicelib.seasons import service, telling  # noqa: F401  # telling takes part in prefilling.
from chalicelib.seasons.model import NewApplication
from chalicelib.seasons.views import (
    Answers,
    MyPoints,
    NewObjection,
    NewRanking,
    Particulars,
    PlaceQuery,
    RankingList,
    RankingPage,
    RankingView,
)

api = http.Api("seasons")

SELF: http.Who = {"citizen": "own"}
FILERS: http.Who = {
    "citizen": "own",
    "grid_worker": "region",
    "coordinator": "region",
    "district_officer": "region",
}
OFFICERS: dict[str, http.Reach] = {
    "coordinator": "region",
    "district_officer": "region",
    "city_officer": "region",
}
MAKERS: http.Who = {"policy_officer": "region", "city_officer": "region"}


@api.post(
    "/points-applications",
    who=FILERS,
    body=NewApplication,
    form=forms.checker("points_application"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Apply for points",
)
def apply(call: Call, body: NewApplication) -> CaseView:
    """One form for all departments; by staff with the ``person`` present. The case keeps its policy."""
    return service.apply(call.actor, body, call.now, call.once, call.language)


@api.get(
    "/points-applications/{id}",
    who={**OFFICERS, "reviewer": "region"},
    answer=Particulars,
    purpose="case_handling",
    summary="What was filed for points, for whoever decides",
)
def get_particulars(call: Call, id: str) -> Particulars:
    """Masked: claims, and what each department established. The person sees who looked."""
    return service.particulars(call.actor, id, call.purpose or "case_handling", call.now)


@api.post(
    "/points-applications/{id}/answers",
    who={"reviewer": "region"},
    body=Answers,
    answer=CaseView,
    purpose="case_handling",
    summary="Answer a department's check of points",
)
def answer(call: Call, id: str, body: Answers) -> CaseView:
    """Where agreeing or not is too little: what holds, indicator by indicator."""
    return service.answer(call.actor, id, body, call.now, call.once, call.language)


@api.get("/me/points", who=SELF, answer=MyPoints, summary="My applications for points")
def get_my_points(call: Call) -> MyPoints:
    """Each point with its receipt, rank and cut-off."""
    return service.mine(identity.require_person(call.actor), call.now, call.language)


@api.get("/points/rankings", who="signed_in", answer=RankingList, summary="Rankings, the latest first")
def get_rankings(call: Call) -> RankingList:
    """Those that are or were public; who makes them sees all."""
    return service.rankings(call.actor, call.language)


@api.post(
    "/points/rankings",
    who=MAKERS,
    body=NewRanking,
    answer=RankingView,
    status=201,
    summary="Open a ranking",
)
def open_ranking(call: Call, body: NewRanking) -> RankingView:
    """Of a scope, area and period; its list is made in a moment."""
    return service.open_ranking(call.actor, body, call.now, call.once, call.language)


@api.get(
    "/points/rankings/{id}",
    who="signed_in",
    query=PlaceQuery,
    answer=RankingPage,
    summary="A ranking with a page of its list",
)
def get_ranking(call: Call, id: str, query: PlaceQuery) -> RankingPage:
    """Names are masked; ``mine`` marks the caller's line."""
    return service.page(call.actor, id, query, call.language)


@api.post(
    "/points/rankings/{id}/publicity",
    who=MAKERS,
    answer=RankingView,
    status=201,
    summary="Show a list in public",
)
def publish(call: Call, id: str) -> RankingView:
    """At least 5 working days, as the policy says; objections may be made from now on."""
    return service.publish(call.actor, id, call.now, call.once, call.language)


@api.post(
    "/points/rankings/{id}/settlement",
    who=MAKERS,
    answer=RankingView,
    status=201,
    summary="Rank again after objections",
)
def settle(call: Call, id: str) -> RankingView:
    """When the time for objections is over and all are answered; shown again where somebody in it was accepted since."""
    return service.settle(call.actor, id, call.now, call.once, call.language)


@api.post(
    "/points/rankings/{id}/finality",
    who={"city_officer": "region"},
    answer=RankingView,
    status=201,
    summary="Make a settled list final",
)
def finalise(call: Call, id: str) -> RankingView:
    """A person's act, never the calendar's."""
    return service.finalise(call.actor, id, call.now, call.once, call.language)


@api.post(
    "/points/rankings/{id}/refusal",
    who=SELF,
    answer=RankingView,
    status=201,
    summary="Give up my line of a final list",
)
def give_up(call: Call, id: str) -> RankingView:
    """It is not ranked again in a later round."""
    return service.give_up(
        identity.require_person(call.actor), call.actor, id, call.now, call.once, call.language
    )


@api.post(
    "/points-objections",
    who=SELF,
    body=NewObjection,
    answer=CaseView,
    status=201,
    summary="Object to a public list",
)
def object_to(call: Call, body: NewObjection) -> CaseView:
    """About my own ``case``, or the line at a ``rank``; a case with the policy's clocks."""
    return service.object_to(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/points-objections/{id}/recheck",
    who={"reviewer": "region"},
    body=Answers,
    answer=CaseView,
    purpose="case_handling",
    summary="Say what an objection comes to when looked at again",
)
def recheck(call: Call, id: str, body: Answers) -> CaseView:
    """By the department that it is about; it counts when the city upholds the objection."""
    return service.recheck(call.actor, id, body, call.now, call.once, call.language)
