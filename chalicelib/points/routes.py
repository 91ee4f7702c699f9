"""HTTP views of points."""

from typing import Final

from chalicelib import http
from chalicelib.http import Call
from chalicelib.points import service
from chalicelib.points.model import Policy
from chalicelib.points.views import (
    Estimate,
    NewEstimate,
    NewSignature,
    NewSimulation,
    PolicyHead,
    PolicyList,
    PolicyQuery,
    PolicyView,
    SimulationView,
)

api = http.Api("points")

# Nothing is kept and nobody is seen: whoever serves somebody at a counter may ask too.
ASKING: Final[dict[str, http.Reach]] = {
    "citizen": "own",
    "landlord": "own",
    "grid_worker": "any",
    "coordinator": "any",
    "policy_officer": "any",
}
OFFICERS: Final[dict[str, http.Reach]] = {"policy_officer": "any"}


@api.post(
    "/points/estimates", who=ASKING, body=NewEstimate, answer=Estimate, summary="What points would I have?"
)
def estimate(call: Call, body: NewEstimate) -> Estimate:
    """A score with a receipt for each answer, and what would add to it; nothing is kept."""
    return service.estimate(body, call.now, call.language)


@api.get("/points/policies", who="signed_in", answer=PolicyList, summary="The points policies")
def get_policies(call: Call) -> PolicyList:
    """All editions, old ones included; drafts for policy officers alone."""
    return service.listed(call.actor, call.now, call.language)


@api.get(
    "/points/policies/{id}",
    who="signed_in",
    query=PolicyQuery,
    answer=PolicyView,
    summary="A points policy, and how a screen asks for it",
)
def get_policy(call: Call, id: str, query: PolicyQuery) -> PolicyView:
    """The edition in force, or the newest; ``version`` for another."""
    return service.shown(call.actor, id, query.version, call.now, call.language)


@api.post(
    "/points/policies",
    who=OFFICERS,
    body=Policy,
    answer=PolicyHead,
    status=201,
    summary="Upload a draft of a policy",
)
def upload(call: Call, body: Policy) -> PolicyHead:
    """Checked at once; what is unsound is named by its place. A draft of the same version is replaced."""
    return service.upload(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/points/policies/{id}/{version}/signatures",
    who=OFFICERS,
    body=NewSignature,
    answer=PolicyHead,
    status=201,
    summary="Sign a policy",
)
def sign(call: Call, id: str, version: str, body: NewSignature) -> PolicyHead:
    """Two officers sign the text that they read; then it is in force from its day, and never changed."""
    return service.sign(call.actor, id, version, body.hash, call.now, call.once, call.language)


@api.delete("/points/policies/{id}/{version}", who=OFFICERS, summary="Withdraw a draft of a policy")
def withdraw(call: Call, id: str, version: str) -> None:
    """Not once it is signed."""
    service.withdraw(call.actor, id, version, call.now)


@api.post(
    "/points/policies/{id}/{version}/simulations",
    who=OFFICERS,
    body=NewSimulation,
    answer=SimulationView,
    status=202,
    summary="Try an edition on a pool of applicants",
)
def simulate(call: Call, id: str, version: str, body: NewSimulation) -> SimulationView:
    """Whom it would lift and whom it would drop, as groups; done in a moment."""
    return service.ask_simulation(call.actor, id, version, body, call.now, call.once)


@api.get("/points/simulations/{id}", who=OFFICERS, answer=SimulationView, summary="What came of a simulation")
def get_simulation(call: Call, id: str) -> SimulationView:
    """Counts of ten and more by group and region, and cut-offs before and after."""
    return service.simulation(id, call.now)
