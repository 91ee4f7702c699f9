"""Working requests for the routes of points."""

from typing import Any

from chalicelib.actors import Actor
from chalicelib.points import service
from chalicelib.points.views import NewSimulation, PolicyHead
from tests.chalicelib.points import documents
from tests.route_shapes import Asked, Sample
from tests.town import Town, staff


def _fresh(town: Town) -> dict[str, Any]:
    return documents.document(id=f"walked-{town.number()}")


def _uploaded(town: Town) -> PolicyHead:
    document = documents.policy(_fresh(town))
    return service.upload(staff("policy_officer"), document, town.tick(), None, "en")


def _estimate(town: Town, actor: Actor) -> Asked:
    answers = {"A1.1": "大专", "A2.1": 4, "A3.2": {"full": 2, "months": 9}}
    return Asked(body={"policy": "foshan-2016", "scope": "school", "answers": answers})


def _nothing(town: Town, actor: Actor) -> Asked:
    return Asked()


def _policy(town: Town, actor: Actor) -> Asked:
    return Asked(path={"id": "demo-2026"}, query={"version": "1"})


def _draft(town: Town, actor: Actor) -> Asked:
    return Asked(body=_fresh(town))


def _signature(town: Town, actor: Actor) -> Asked:
    head = _uploaded(town)
    return Asked(path={"id": head.id, "version": head.version}, body={"hash": head.hash})


def _withdrawal(town: Town, actor: Actor) -> Asked:
    head = _uploaded(town)
    return Asked(path={"id": head.id, "version": head.version})


def _simulation(town: Town, actor: Actor) -> Asked:
    return Asked(path={"id": "demo-2026", "version": "1"}, body={"scope": "school", "pool": "2025"})


def _simulated(town: Town, actor: Actor) -> Asked:
    body = NewSimulation(scope="school", pool="2025")
    found = service.ask_simulation(staff("policy_officer"), "demo-2026", "1", body, town.tick(), None)
    return Asked(path={"id": found.id})


SAMPLES: dict[str, Sample] = {
    "POST /points/estimates": Sample(_estimate, "unseen"),
    "GET /points/policies": Sample(_nothing),
    "GET /points/policies/{id}": Sample(_policy),
    "POST /points/policies": Sample(_draft),
    "POST /points/policies/{id}/{version}/signatures": Sample(_signature),
    "POST /points/policies/{id}/{version}/simulations": Sample(_simulation),
    "GET /points/simulations/{id}": Sample(_simulated),
    "DELETE /points/policies/{id}/{version}": Sample(_withdrawal),
}
