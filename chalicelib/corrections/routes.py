"""HTTP views of corrections."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.corrections import service
from chalicelib.corrections.model import Correction, NewCorrection
from chalicelib.forms import service as forms
from chalicelib.http import Call

api = http.Api("corrections")

SELF: dict[str, http.Reach] = {"citizen": "own", "landlord": "own"}
STAFF: dict[str, http.Reach] = {
    "reviewer": "region",
    "coordinator": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.post(
    "/corrections",
    who=SELF,
    body=NewCorrection,
    form=forms.checker("correction"),
    answer=CaseView,
    status=201,
    summary="Say that what is known of me is wrong",
)
def ask(call: Call, body: NewCorrection) -> CaseView:
    """The department that owns the fact looks at it; its data are corrected there."""
    return service.ask(call.actor, body, call.now, call.once, call.language)


@api.get(
    "/corrections/{id}",
    who={**SELF, **STAFF},
    answer=Correction,
    purpose="case_handling",
    summary="A correction, with what was said",
)
def look(call: Call, id: str) -> Correction:
    """The person; staff whose part it is, which the person sees."""
    return service.look(call.actor, id, call.purpose, call.now, call.language)
