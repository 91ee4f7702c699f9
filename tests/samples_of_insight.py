"""Working requests for the routes of statistics and of lists of names."""

from typing import Any

from chalicelib.actors import Actor
from chalicelib.insight import service
from tests.chalicelib.insight import asking
from tests.route_shapes import Asked, Sample
from tests.town import COMMUNITY, TOWN, Town, staff

_DEPARTMENT = "education"


def _waiting(town: Town, body: Any) -> Asked:
    asker = staff("reviewer", department=_DEPARTMENT)
    made = service.ask_for_list(asker, asking.asked_for(), town.tick())
    return Asked(path={"id": made.id}, body=body)


def _people(town: Town, actor: Actor) -> Asked:
    """Of their own request; of another's for staff of elsewhere."""
    near = actor.covers(TOWN)
    asker = actor if near else staff("coordinator")
    return Asked(path={"id": asking.approved(town, asker, staff("district_officer")).id})


SAMPLES: dict[str, Sample] = {
    "GET /insight/cohorts": Sample(lambda town, actor: Asked(query={"region": COMMUNITY})),
    "POST /insight/cohort-lists": Sample(
        lambda town, actor: Asked(body=asking.asked_for().model_dump()), department=_DEPARTMENT
    ),
    "GET /insight/cohort-lists": Sample(lambda town, actor: Asked(query={"town": TOWN})),
    "POST /insight/cohort-lists/{id}/decision": Sample(
        lambda town, actor: _waiting(town, {"approve": True, "reason": "needed"})
    ),
    # Without the header Purpose nobody is shown anything: tests/chalicelib/insight/test_routes.py sends it.
    "GET /insight/cohort-lists/{id}/people": Sample(_people, statuses=(400,), department=_DEPARTMENT),
}
