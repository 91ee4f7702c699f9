"""Working requests for the routes of seasons of points."""

from datetime import timedelta
from typing import Any

from chalicelib import tables
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.points import service as points
from chalicelib.seasons import service as seasons
from chalicelib.seasons import store
from chalicelib.seasons.model import Ranking
from chalicelib.seasons.views import NewObjection
from tests.chalicelib.seasons import season
from tests.route_shapes import Asked, Make, Sample
from tests.town import TOWN, Town, staff


def _applied(town: Town) -> str:
    """An application of the owner's for a child of its own each time, with housing's check at a person."""
    case = season.applied(
        town,
        town.owner,
        town.now,
        child=season.pupil(town.number() % 400),
        claims=[{"indicator": "A3.3", "amount": 2}],
    )
    season.verified({}, town.now, case)
    return case


def _new_ranking(town: Town) -> str:
    """A list with an id of its own: there is one of a scope, area and period, and every sample needs another."""
    policy = points.policy("demo-2026")
    made = Ranking(
        id=f"RK{town.number():026d}",
        policy=policy.id,
        policy_version=policy.version,
        policy_digest=policy.hash,
        scope="school",
        area=TOWN,
        period="2027",
        round=1,
        state="making",
        opened_by="policy",
    )
    tables.transact(store.ranking_put(made, None))
    assert seasons.make(made.id, town.now)
    return made.id


def _ranked(town: Town, *steps: str, days_ago: int = 0) -> tuple[str, str]:
    """A list of a period of its own with the owner in it, and the owner's case."""
    case = season.accepted(town, town.owner, town.now, child=season.pupil(town.number() % 400))
    made = _new_ranking(town)
    acts = {"publish": seasons.publish, "settle": seasons.settle, "finalise": seasons.finalise}
    for step in steps:
        when = town.now - timedelta(days=days_ago) if step == "publish" else town.now
        acts[step](staff("city_officer"), made, when, None, "en")
        seasons.make(made, when)
    return made, case


def _ranking(*steps: str) -> Make:
    """A list whose time for objections is over."""
    return lambda town, actor: Asked(path={"id": _ranked(town, *steps, days_ago=60)[0]})


def _case(body: Any = None) -> Make:
    return lambda town, actor: Asked(path={"id": _applied(town)}, body=body)


def _open(town: Town, actor: Actor) -> Asked:
    year = 2100 + town.number()
    return Asked(
        body={"policy": "demo-2026", "scope": "school", "area": TOWN, "period": str(year), "quota": 5}
    )


def _objection(town: Town, actor: Actor) -> Asked:
    ranking, _ = _ranked(town, "publish")
    body = {"ranking": ranking, "rank": 1, "department": "housing", "reason": "unlike what I know"}
    return Asked(body=body)


def _recheck(town: Town, actor: Actor) -> Asked:
    ranking, case = _ranked(town, "publish")
    said = NewObjection(ranking=ranking, case=case, department="housing", reason="a home was left out")
    made = seasons.object_to(town.owner, said, town.now, None, "en").id
    cases.act(cases.case(made), "forward", staff("coordinator"), town.now, reason="to be looked at")
    return Asked(path={"id": made}, body={"answers": {"A3.2": True}, "reason": "the title is there"})


SAMPLES: dict[str, Sample] = {
    "POST /points-applications": Sample(
        lambda town, actor: Asked(body=season.body(town, actor, child=season.pupil(town.number() % 400))),
        "unseen",
    ),
    "GET /points-applications/{id}": Sample(_case()),
    "POST /points-applications/{id}/answers": Sample(
        _case({"answers": {"A3.3": 2}, "reason": "two leases on file"})
    ),
    "GET /me/points": Sample(lambda town, actor: Asked(), "unseen"),
    "GET /points/rankings": Sample(lambda town, actor: Asked()),
    "POST /points/rankings": Sample(_open),
    "GET /points/rankings/{id}": Sample(_ranking("publish"), "unseen"),
    "POST /points/rankings/{id}/publicity": Sample(_ranking()),
    "POST /points/rankings/{id}/settlement": Sample(_ranking("publish")),
    "POST /points/rankings/{id}/finality": Sample(_ranking("publish", "settle")),
    "POST /points/rankings/{id}/refusal": Sample(_ranking("publish", "settle", "finalise")),
    "POST /points-objections": Sample(_objection, "unseen"),
    "POST /points-objections/{id}/recheck": Sample(_recheck),
}
