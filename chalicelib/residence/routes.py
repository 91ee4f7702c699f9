"""HTTP views of residence."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.identity import service as identity
from chalicelib.residence import service
from chalicelib.residence.model import Departure, MyRegistrations, NewRegistration, RegistrationView

api = http.Api("residence")

SELF: http.Who = {"citizen": "own", "landlord": "own"}


@api.post(
    "/residence-registrations",
    who={
        "citizen": "own",
        "landlord": "own",
        "grid_worker": "region",
        "coordinator": "region",
        "district_officer": "region",
    },
    body=NewRegistration,
    form=forms.checker("residence_registration"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="Register where one lives",
)
def register(call: Call, body: NewRegistration) -> CaseView:
    """By the resident, by a landlord with ``tenant``, or by staff with the ``person`` present."""
    return service.register(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/residence-registrations/{id}/departure",
    who=SELF,
    body=Departure,
    form=forms.checker("residence_departure"),
    answer=CaseView,
    status=201,
    summary="Report having left",
)
def depart(call: Call, id: str, body: Departure) -> CaseView:
    """By the resident or the landlord who filed; the station confirms."""
    return service.depart(call.actor, id, body, call.now, call.once, call.language)


@api.get("/me/residence-registrations", who=SELF, answer=MyRegistrations, summary="Where I am registered")
def get_my_registrations(call: Call) -> MyRegistrations:
    """All registrations of the caller, newest first."""
    stays = service.registrations_of(identity.require_person(call.actor))
    fields = set(RegistrationView.model_fields)
    return MyRegistrations(items=[RegistrationView(**stay.model_dump(include=fields)) for stay in stays])
