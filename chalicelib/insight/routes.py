"""Statistics about people for staff, and lists of names for the officer whose duty a service is."""

from pydantic import Field

from chalicelib.actors import STAFF_ROLES
from chalicelib.http import Api, Call, Reach
from chalicelib.insight import service
from chalicelib.insight.model import CohortCell, ListRequest, NamedPerson, NewList, Verdict
from chalicelib.shapes import Page, Shape

api = Api("insight")

# Work with a single grid or building needs no statistics about people; all others see those of their regions.
READERS: dict[str, Reach] = {role: "region" for role in STAFF_ROLES if role != "grid_worker"}
ASKERS: dict[str, Reach] = {"coordinator": "region", "reviewer": "region"}
APPROVERS: dict[str, Reach] = {
    "coordinator": "region",
    "district_officer": "region",
    "city_officer": "region",
}


class CohortQuery(Shape):
    """Of which region: the city, a district, a town or a community."""

    region: str = Field(pattern=r"^\d{6}(\d{3}){0,2}$")
    next: str | None = Field(None, max_length=600)


class ListQuery(Shape):
    """The requests of a town."""

    town: str = Field(pattern=r"^\d{9}$")
    next: str | None = Field(None, max_length=600)


class NamesQuery(Shape):
    """Which page."""

    next: str | None = Field(None, max_length=600)


@api.get(
    "/insight/cohorts",
    who=READERS,
    query=CohortQuery,
    answer=Page[CohortCell],
    summary="School intakes and people of 60 and 65, now and projected, of a region and those inside it",
)
def get_cohorts(call: Call, query: CohortQuery) -> Page[CohortCell]:
    """From the newest release, through disclosure control; who is not registered is estimated and shown apart."""
    return service.cohorts_of(call.actor, query.region, query.next)


@api.post(
    "/insight/cohort-lists",
    who=ASKERS,
    body=NewList,
    answer=ListRequest,
    status=201,
    summary="Ask for the names of a cohort, with a purpose; of children a second officer decides",
)
def ask_for_list(call: Call, body: NewList) -> ListRequest:
    """Only for whose duty the service is, in their own region."""
    return service.ask_for_list(call.actor, body, call.now, call.once)


@api.get(
    "/insight/cohort-lists",
    who=APPROVERS,
    query=ListQuery,
    answer=Page[ListRequest],
    summary="Requests for names in a town, the newest first",
)
def get_lists(call: Call, query: ListQuery) -> Page[ListRequest]:
    """Who asked for which names, what for, and who decided; nobody on a list is named."""
    return service.asked_lists(call.actor, query.town, query.next)


@api.post(
    "/insight/cohort-lists/{id}/decision",
    who=APPROVERS,
    body=Verdict,
    answer=ListRequest,
    summary="Approve or refuse a request for names of children",
)
def decide_list(call: Call, id: str, body: Verdict) -> ListRequest:
    """Once, by somebody else than who asked."""
    return service.decide_list(call.actor, id, body, call.now, call.once)


@api.get(
    "/insight/cohort-lists/{id}/people",
    who=ASKERS,
    query=NamesQuery,
    answer=Page[NamedPerson],
    summary="The names asked for; the header Purpose must name the request's purpose",
)
def get_names(call: Call, id: str, query: NamesQuery) -> Page[NamedPerson]:
    """For who asked alone, while it is allowed; each person sees who looked."""
    return service.names(call.actor, id, call.purpose, query.next, call.now)
