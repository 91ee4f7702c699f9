"""HTTP views of school places."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.schooling import service
from chalicelib.schooling.model import NewSchoolApplication, Plan
from chalicelib.schooling.views import (
    AnswerView,
    ChoicesView,
    MyPlaces,
    NewAnswer,
    NewChoices,
    NewRun,
    PlacesQuery,
    PlanView,
    PolicyList,
    PublicPlace,
    RunCounts,
    RunList,
    RunsQuery,
    RunView,
    SchoolList,
    SchoolsQuery,
)
from chalicelib.shapes import Page

api = http.Api("schooling")

SELF: dict[str, http.Reach] = {"citizen": "own"}
# The child is under 14: at the counter it is for those who may see children's data.
COUNTER: dict[str, http.Reach] = {"coordinator": "region", "district_officer": "region"}
OFFICERS: dict[str, http.Reach] = {"district_officer": "region", "city_officer": "region"}


@api.get("/school-policies", who="signed_in", answer=PolicyList, summary="The rules of school places")
def get_policies(call: Call) -> PolicyList:
    """Every edition as its file says: mechanism, classes, lot, grades, rounds, calendar, and what is assumed."""
    return service.policies()


@api.post(
    "/school-plans",
    who={"policy_officer": "any"},
    body=Plan,
    answer=PlanView,
    summary="A year's schools and classes",
)
def post_plan(call: Call, body: Plan) -> PlanView:
    """Replaces the schools of the districts that it names, until a run of one of them is opened; a district or two a request."""
    return service.bring_in(call.actor, body, call.now)


@api.get("/schools", who="signed_in", query=SchoolsQuery, answer=SchoolList, summary="Schools of a district")
def get_schools(call: Call, query: SchoolsQuery) -> SchoolList:
    """With their zones and places; this year's unless ``year`` says otherwise."""
    return service.schools(query, call.now, call.language)


@api.post(
    "/school-applications",
    who={**SELF, **COUNTER},
    body=NewSchoolApplication,
    form=forms.checker("school_application"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Apply for a school place",
)
def apply(call: Call, body: NewSchoolApplication) -> CaseView:
    """For grade 1 or 7, by one parent or by staff with the ``person`` present, while the first round is open; the wishes are ranked."""
    return service.file(call.actor, body, call.now, call.once, call.language)


@api.put(
    "/school-applications/{id}/choices",
    who=SELF,
    body=NewChoices,
    answer=ChoicesView,
    summary="Change my wishes",
)
def put_choices(call: Call, id: str, body: NewChoices) -> ChoicesView:
    """As often as one likes until the round closes, and again while a second round is open."""
    return service.change_choices(call.actor, id, body, call.now)


@api.post(
    "/school-applications/{id}/answer",
    who=SELF,
    body=NewAnswer,
    answer=AnswerView,
    summary="Take or refuse the place",
)
def post_answer(call: Call, id: str, body: NewAnswer) -> AnswerView:
    """Refusing is giving up: the place goes into the next round, the child does not."""
    return service.answer(call.actor, id, body, call.now, call.once)


@api.get("/me/school-places", who=SELF, answer=MyPlaces, summary="My children's school places")
def get_my_places(call: Call) -> MyPlaces:
    """For each round why this school, the last points admitted at each wish, and what was missing for those above."""
    return service.my_places(call.actor)


@api.post("/school-runs", who=OFFICERS, body=NewRun, answer=RunView, status=201, summary="Open a round")
def post_run(call: Call, body: NewRun) -> RunView:
    """Publishes the commitment to the lot's seed before anybody has applied. The rankings must be of this year's school admission and of the district."""
    return service.open_run(call.actor, body, call.now, call.once)


@api.post("/school-runs/{id}/closing", who=OFFICERS, answer=RunView, summary="Close a round")
def post_closing(call: Call, id: str) -> RunView:
    """After its time; it is then sealed, allocated, checked and made public by a function, which waits for applications that the city has not decided (``waiting``)."""
    return service.close_run(call.actor, id, call.now, call.once)


@api.get("/school-runs", who="signed_in", query=RunsQuery, answer=RunList, summary="A district's rounds")
def get_runs(call: Call, query: RunsQuery) -> RunList:
    """This year's unless ``year`` says otherwise."""
    return service.runs(query, call.now)


@api.get("/school-runs/{id}", who="signed_in", answer=RunView, summary="A round")
def get_run(call: Call, id: str) -> RunView:
    """With its digests, and links to the two files that anybody can verify it by."""
    return service.run(id)


@api.get("/school-runs/{id}/schools", who=OFFICERS, answer=RunCounts, summary="What a round gave, by school")
def get_counts(call: Call, id: str) -> RunCounts:
    """Counts of fewer than ten children are taken out."""
    return service.counts(call.actor, id, call.language)


@api.get(
    "/school-runs/{id}/places",
    who="signed_in",
    query=PlacesQuery,
    answer=Page[PublicPlace],
    summary="The public list of a round",
)
def get_places(call: Call, id: str, query: PlacesQuery) -> Page[PublicPlace]:
    """Masked names and schools, from the publicity on."""
    return service.public_list(id, query)
