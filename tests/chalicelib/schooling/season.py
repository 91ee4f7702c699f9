"""A small district with schools and families, for tests that need a round from opening to its end."""

import itertools
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import keys, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.errors import Invalid
from chalicelib.identity import service as identity
from chalicelib.residence import household
from chalicelib.residence import service as registered
from chalicelib.residence import store as residence
from chalicelib.residence.model import Registration, Standing
from chalicelib.schooling import plans, running, service
from chalicelib.schooling.model import NewSchoolApplication, Plan, PointsPlace, Run
from chalicelib.schooling.views import MyPlace, NewRun
from chalicelib.seasons import store as seasons
from chalicelib.seasons.model import Ranking
from tests.town import COMMUNITY, DISTRICT, TOWN, id_number, staff

OTHER_TOWN = "440604011"
BORN = date(2020, 5, 1)
RANKING = "2026-school-440604"
OFFICER = staff("district_officer")


def school(name: str, seats: int, town: str = TOWN, **more: Any) -> dict[str, Any]:
    """A school of grades 1 and 7 with so many places in each: one class, the rest reserved."""
    return {
        "id": name,
        "name": {"zh-CN": f"示范{name}学校", "en": f"Demonstration School {name}"},
        "town": town,
        "classes": {"1": 1, "7": 1},
        "reserved": {"1": 45 - seats, "7": 50 - seats},
        **more,
    }


def planned(now: datetime, *schools: dict[str, Any]) -> None:
    """Bring the year's schools in: ``a`` with one place, ``b`` with one, ``c`` in another town with two, unless said otherwise."""
    listed = schools or (school("a1", 1), school("b1", 1), school("c1", 2, OTHER_TOWN))
    plan = Plan.model_validate({"year": now.year, "schools": list(listed)})
    plans.bring_in(staff("policy_officer"), plan, now)
    ranking_there(now)


def ranking_there(now: datetime, name: str = RANKING, **more: Any) -> str:
    """The season's ranking of the district's points, unless it says otherwise; returns its id."""
    if seasons.ranking(name) is None:
        said = {
            "id": name,
            "policy": "demo-2026",
            "policy_version": "1",
            "policy_digest": "0" * 64,
            "scope": "school",
            "area": DISTRICT,
            "period": f"{now.year}",
            "round": 1,
            "state": "final",
            "opened_by": "policy-near",
            **more,
        }
        tables.transact(seasons.ranking_put(Ranking.model_validate(said), None))
    return name


def opened(now: datetime, *, grade: int = 1, round_: int = 1, hours: int = 1, **more: Any) -> str:
    """Open a round that closes after so many hours; returns its id."""
    asked = {
        "district": DISTRICT,
        "grade": grade,
        "round": round_,
        "closes_at": (now + timedelta(hours=hours)).isoformat(),
        "rankings": [RANKING],
        **more,
    }
    return running.open_run(OFFICER, NewRun.model_validate(asked), now).id


class Families:
    """Parents with a child each, and the points that a season found for them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.points: list[PointsPlace] = []
        self._orders = itertools.count(500)

    def parent(self, community: str = COMMUNITY) -> Actor:
        """A parent who is registered in a community."""
        number = id_number(next(self._orders))
        key = keys.person_key(number)
        known = {key: identity.KnownPerson(name="测试家长")}
        person = identity.people_for_keys([(key, number)], self.now, known)[key]
        stay = Registration(
            id=f"R{person[1:]}",
            person_id=person,
            status="active",
            region=community,
            grid=None,
            building=f"{community}00100001",
            arrived_on=date(2020, 1, 1),
            registered_on=date(2020, 1, 2),
            origin="api",
        )
        standing = Standing(
            person_id=person,
            status="active",
            registration_id=stay.id,
            region=community,
            since=date(2020, 1, 2),
        )
        tables.transact(residence.create_registration(stay), residence.put_standing(standing, None))
        return Actor(person, "citizen", frozenset({"citizen"}), session=f"U{person[1:]}")

    def body(self, *choices: str, grade: int = 1, born: date = BORN, **more: Any) -> dict[str, Any]:
        """What a parent files for a child of its own."""
        return {
            "child": {
                "name": "测试小童",
                "id_number": id_number(next(self._orders), born),
                "guardian_consent": True,
            },
            "grade": grade,
            "district": DISTRICT,
            "choices": list(choices),
            "points_case": f"C{'0' * 26}",
            **more,
        }

    def at_home(self, parent: Actor, body: dict[str, Any], relation: str = "child") -> None:
        """Have the register hold the child in the parent's household, as an accepted case brought it in."""
        child = body["child"] | {"relation": relation}
        private = json.dumps({"household": [child]}, ensure_ascii=False)
        submission = cases.Submission(
            kind=household.REGISTRATION,
            owner=parent.id,
            filer=parent.id,
            region=COMMUNITY,
            payload={
                "household": 1,
                "building": f"{COMMUNITY}00100001",
                "arrived_on": "2020-01-01",
                "housing": "rented",
            },
            sealed=sealing.seal(parent.id, private, household.REGISTRATION),
        )
        case = cases.case(cases.submit(submission, parent, self.now).id)
        for part in case.checks:
            cases.record_check(case.id, part.id, "passed", SYSTEM, self.now)
        assert registered.enact(cases.case(case.id), self.now)

    def filed(self, parent: Actor, body: dict[str, Any], points: str | None = None) -> str:
        """The case of an application; with ``points`` the season has ranked the child."""
        case = service.file(parent, NewSchoolApplication.model_validate(body), self.now).id
        if points is not None:
            key = keys.blind_index("child", body["child"]["id_number"])
            place = PointsPlace(f"CP{case}", parent.id, key, Decimal(points), (), self.now)
            self.points.append(place)
        return case

    def accepted(self, *choices: str, points: str | None = "60", **more: Any) -> tuple[Actor, str]:
        """A parent and the case of an application that is through."""
        parent = self.parent(more.pop("community", COMMUNITY))
        case = self.filed(parent, self.body(*choices, **more), points)
        self.pass_all(case)
        return parent, case

    def pass_all(self, case: str) -> None:
        """Let every check of a case pass and the application take part."""
        for part in cases.case(case).checks:
            if part.state != "passed":
                cases.record_check(case, part.id, "passed", SYSTEM, self.now)
        assert service.enact(cases.case(case), self.now)

    def read(self, ranking: str) -> list[PointsPlace]:
        """What the season says of a ranking."""
        return self.points if ranking == RANKING else []

    def allocated(self, run_id: str, later: datetime | None = None) -> Run:
        """Close a round after its time and give its places out."""
        moment = later or self.now + timedelta(hours=2)
        running.close_run(OFFICER, run_id, moment)
        return running.proceed(run_id, self.read, moment)


def final(run: Run, now: datetime) -> datetime:
    """Let the publicity pass; returns the moment after it."""
    assert run.publicity_until is not None
    after = now + timedelta(days=(run.publicity_until - now.date()).days + 2)
    assert running.settle(after)["final"] >= 1
    return after


def places(parent: Actor) -> MyPlace:
    """What a parent with one application sees."""
    (mine,) = service.my_places(parent).items
    return mine


def codes(error: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    """What was refused, by its place."""
    return {field.path: field.code for field in error.value.fields}


def sibling(kin: dict[str, str]) -> dict[str, str]:
    """A sibling's claim."""
    return kin | {"id_number": id_number(499, date(2015, 1, 1))}
