"""Working requests for the routes of leases and feedback."""

from typing import Any

from chalicelib.actors import Actor
from chalicelib.rentals import certificates
from tests.chalicelib.feedback import reports
from tests.chalicelib.rentals import leases
from tests.route_shapes import Asked, Make, Sample
from tests.town import TOWN, Town


def _near(town: Town, actor: Actor) -> Asked:
    return Asked(query={"category": "litter", "lon": "113.12", "lat": "23.02"})


def _map(town: Town, actor: Actor) -> Asked:
    return Asked(query={"town": TOWN})


def _report(body: Any = None, *acts: str) -> Make:
    return lambda town, actor: Asked(path={"id": reports.of_housing(town, *acts)}, body=body)


def _me_too(town: Town, actor: Actor) -> Asked:
    return Asked(path={"item": reports.of_another(town, actor)})


def _lease(body: Any = None) -> Make:
    def make(town: Town, actor: Actor) -> Asked:
        said = leases.of_owners(town, actor, body) if body else None
        return Asked(path={"id": leases.owners(town).id}, body=said)

    return make


def _my_leases(town: Town, actor: Actor) -> Asked:
    leases.owners(town)
    return Asked()


def _certificate(town: Town, actor: Actor) -> Asked:
    return Asked(path={"token": certificates.token(leases.owners(town), town.now)})


SAMPLES: dict[str, Sample] = {
    "POST /leases": Sample(lambda town, actor: Asked(body=leases.filing(town, actor)), "unseen"),
    "POST /leases/{id}/changes": Sample(_lease({"from_day": "2026-12-01", "terms": leases.TERMS})),
    "POST /leases/{id}/end": Sample(_lease({"ended_on": "2026-11-30"})),
    "GET /me/leases": Sample(_my_leases, "unseen"),
    "GET /leases/{id}/certificate.svg": Sample(_lease()),
    "GET /lease-certificates/{token}": Sample(_certificate),
    "GET /feedback/categories": Sample(lambda town, actor: Asked()),
    "POST /feedback": Sample(lambda town, actor: Asked(body=reports.filing(town, actor)), "unseen"),
    "GET /feedback/nearby": Sample(_near),
    "POST /feedback/nearby/{item}/me-too": Sample(_me_too, "unseen"),
    "GET /feedback/map": Sample(_map),
    "GET /feedback/{id}": Sample(_report()),
    "POST /feedback/{id}/acceptance": Sample(_report({"public_text": None})),
    "POST /feedback/{id}/transfer": Sample(_report({"category": "rental_dispute", "reason": "theirs"})),
    "POST /feedback/{id}/answer": Sample(_report({"text": "it is done"}, "take_on")),
    "POST /feedback/{id}/rating": Sample(_report({"stars": 4}, "take_on", "answer")),
    "POST /feedback/{id}/not-fixed": Sample(_report({"reason": "it is not"}, "take_on", "answer")),
}
