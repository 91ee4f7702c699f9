"""Working requests for the routes of school places. A round is made as it is wanted: each has a year of its own."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib import tables
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.schooling import filing, store
from chalicelib.schooling.model import Application, Cutoff, Entry, Run, Wish, run_id
from tests.chalicelib.schooling import season
from tests.route_shapes import Asked, Make, Sample
from tests.town import COMMUNITY, DISTRICT, Town, id_number


def _run(town: Town, year: int, state: str, hours: int) -> Run:
    """A round of a year that closes (or has closed) so many hours from now, with its schools."""
    known = store.run(run_id(year, DISTRICT, 1, 1))
    if known is not None:
        return known[0]
    for name in ("a1", "b1"):
        school = store.School.model_validate(season.school(name, 5))
        tables.transact(store.school_put(year, school))
    run = Run.model_validate(
        {
            "id": run_id(year, DISTRICT, 1, 1),
            "year": year,
            "district": DISTRICT,
            "grade": 1,
            "round": 1,
            "policy": "demo-2026",
            "rankings": (season.RANKING,),
            "state": state,
            "commitment": "00" * 32,
            "opened_at": town.now,
            "closes_at": town.now + timedelta(hours=hours),
        }
    )
    tables.transact(*store.run_create(run, "sealed"))
    return run


def _application(town: Town, year: int) -> str:
    """The case of an application of the owner's that takes part in a year's round."""
    payload = {"year": year, "district": DISTRICT, "grade": 1, "siblings": []}
    submission = cases.Submission(
        kind=filing.KIND, owner=town.owner.id, filer=town.owner.id, region=COMMUNITY, payload=payload
    )
    case = cases.submit(submission, town.owner, town.tick()).id
    application = Application(
        case=case,
        owner=town.owner.id,
        child=f"P{case[1:]}",
        child_key=case,
        year=year,
        district=DISTRICT,
        grade=1,
        region=COMMUNITY,
        choices=("a1", "b1"),
        points_case=None,
        status="accepted",
    )
    tables.transact(*store.create_writes(application))
    return case


def _apply(town: Town, actor: Actor) -> Asked:
    _run(town, 2026, "open", 1)
    town.registration()
    child = {"name": "测试小童", "id_number": id_number(100 + town.number() % 800, season.BORN)}
    body: dict[str, Any] = {"child": child | {"guardian_consent": True}, "grade": 1, "district": DISTRICT}
    if actor.is_staff:
        body["person"] = {"name": "测试窗口", "id_number": id_number(town.order)}
    return Asked(body=body | {"choices": ["a1"], "points_case": f"C{'0' * 26}"})


def _choices(town: Town, actor: Actor) -> Asked:
    _run(town, 2026, "open", 1)
    return Asked(path={"id": _application(town, 2026)}, body={"choices": ["b1", "a1"]})


def _answer(town: Town, actor: Actor) -> Asked:
    run, case = _run(town, 2025, "publicity", -1), _application(town, 2025)
    entry = Entry(
        case=case,
        owner=town.owner.id,
        child=f"P{case[1:]}",
        ref=f"R{case}",
        rank=1,
        total=Decimal(60),
        wishes=(Wish(school="a1", cls=3),),
        school="a1",
    )
    store.keep_entries(run.id, [entry])
    store.keep_cutoffs(
        run.id, [Cutoff(school="a1", seats=5, admitted=1, last_class=3, by_class=(0, 0, 0, 1))]
    )
    return Asked(path={"id": case}, body={"answer": "accept"})


def _mine(town: Town, actor: Actor) -> Asked:
    _answer(town, actor)
    return Asked()


def _open(town: Town, actor: Actor) -> Asked:
    if not store.schools(2026, DISTRICT):
        season.planned(town.now)
    season.ranking_there(town.now)
    grade = 1 if "city_officer" in actor.roles else 7
    closes = (town.now + timedelta(days=3)).isoformat()
    return Asked(
        body={"district": DISTRICT, "grade": grade, "closes_at": closes, "rankings": [season.RANKING]}
    )


def _close(town: Town, actor: Actor) -> Asked:
    return Asked(path={"id": _run(town, 2027 + town.number() % 70, "open", -1).id})


def _public(query: dict[str, str]) -> Make:
    def make(town: Town, actor: Actor) -> Asked:
        _answer(town, actor)
        return Asked(path={"id": run_id(2025, DISTRICT, 1, 1)}, query=query)

    return make


PLAN = {"year": 2027, "schools": [season.school("a1", 5)]}

SAMPLES: dict[str, Sample] = {
    "GET /school-policies": Sample(lambda town, actor: Asked()),
    "POST /school-plans": Sample(lambda town, actor: Asked(body=PLAN)),
    "GET /schools": Sample(lambda town, actor: Asked(query={"district": DISTRICT})),
    "POST /school-applications": Sample(_apply, "unseen"),
    "PUT /school-applications/{id}/choices": Sample(_choices),
    "POST /school-applications/{id}/answer": Sample(_answer),
    "GET /me/school-places": Sample(_mine, "unseen"),
    # A round is opened once: the next who asks is told so.
    "POST /school-runs": Sample(_open, statuses=(409,)),
    "POST /school-runs/{id}/closing": Sample(_close),
    "GET /school-runs": Sample(lambda town, actor: Asked(query={"district": DISTRICT})),
    "GET /school-runs/{id}": Sample(_public({})),
    "GET /school-runs/{id}/schools": Sample(_public({})),
    "GET /school-runs/{id}/places": Sample(_public({"limit": "10"})),
}
