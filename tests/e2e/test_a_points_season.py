"""A season in the deployed city: families and 12 schools, from the form to the second round.

Everybody acts through the API; departments' data comes as files. What would take weeks is brought by the
functions of the calendar, which act on their event's time.
"""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from chalicelib.schooling import verification
from infra.local.client import Client
from infra.local.place import STACK
from infra.local.smoke_steps import Run, demand, refusal, wait_for
from tests.e2e.season_families import (
    DISTRICT,
    POLICY,
    Family,
    apply_for_points,
    apply_for_school,
    department_files,
    each,
    families,
)

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")
SLOW = 180.0
# More take as much longer: SEASON_FAMILIES=300 is for a machine with time (the others here share one city and 20 minutes).
FAMILIES, SCHOOLS = int(os.environ.get("SEASON_FAMILIES", "48")), 12
MONTH = timedelta(days=30)


def the_month_passes(run: Run, function: str) -> None:
    """A nightly function acts on its event's time: here a month from now."""
    event = {"time": (datetime.now(UTC) + MONTH).strftime("%Y-%m-%dT%H:%M:%SZ")}
    name = f"{STACK}-{function.replace('_', '-')}"
    answer = run.session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()


def places_of(run: Run) -> list[tuple[str, str]]:
    """Four towns of the district with a community of each."""
    towns = run.api.staff("city").get("/divisions", parent=DISTRICT)["items"][:4]
    return [
        (town["code"], run.api.staff("city").get("/divisions", parent=town["code"])["items"][0]["code"])
        for town in towns
    ]


def plan(run: Run, places: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Twelve schools, three a town, with a place for three of four children; the schools of each town."""
    seats = FAMILIES * 3 // 4 // SCHOOLS
    schools, of_town = [], dict[str, list[str]]()
    for number in range(SCHOOLS):
        town = places[number % len(places)][0]
        school = f"season-{number:02d}"
        of_town.setdefault(town, []).append(school)
        title = {"zh-CN": f"示范季节{number}小学", "en": f"Demonstration Season {number}"}
        schools.append(
            {"id": school, "name": title, "town": town, "classes": {"1": 1}, "reserved": {"1": 45 - seats}}
        )
    run.api.staff("policy").post("/school-plans", {"year": run.today.year, "schools": schools})
    return of_town


def checks_are(client: Client, case: str) -> list[str]:
    return [check["state"] for check in client.get(f"/cases/{case}")["checks"]]


def verified(run: Run, everybody: list[Family]) -> None:
    """Records answer; the permit's half year, and homes that no register shows, are for reviewers."""
    for one in reversed(everybody):
        wait_for(
            lambda one=one: checks_are(one.me, one.points),
            lambda states: "open" not in states,
            "the departments' answers",
            SLOW,
        )
    reviewers = {name: run.api.staff(f"reviewer-{name}") for name in ("public_security", "housing")}

    def decide(one: Family) -> None:
        for check in one.me.get(f"/cases/{one.points}")["checks"]:
            if check["state"] == "person":
                said = "approve" if check["department"] == "public_security" else "refuse"
                decision = {"check": check["id"], "decision": said, "reason": "与登记一致与否已核对"}
                reviewers[check["department"]].post(f"/cases/{one.points}/decisions", decision)

    each(everybody, decide)
    coordinators = {town: run.api.staff(f"coordinator-{town}") for town in {one.town for one in everybody}}

    def conclude(one: Family) -> None:
        if one.me.get(f"/cases/{one.points}")["state"] == "review":
            decision = {"decision": "approve", "reason": "按已核对的结果计分"}
            coordinators[one.town].post(f"/cases/{one.points}/decisions", decision)

    each(everybody, conclude)


def scored(one: Family) -> dict[str, Any]:
    mine: dict[str, Any] = wait_for(
        lambda: one.me.get("/me/points")["items"][0], lambda m: m["total"] is not None, "the points", SLOW
    )
    return mine


def ranked(run: Run, towns: set[str]) -> dict[str, str]:
    """A public list for each town."""
    officer, found = run.api.staff("policy"), {}
    for town in sorted(towns):
        period = str(run.today.year + (run.today.month >= 9))
        body = {"policy": POLICY, "scope": "school", "area": town, "period": period}
        found[town] = officer.post("/points/rankings", body)["id"]
    for ranking in found.values():
        state(officer, ranking, "made")
        officer.post(f"/points/rankings/{ranking}/publicity")
    return found


def state(client: Client, ranking: str, wanted: str) -> dict[str, Any]:
    found: dict[str, Any] = wait_for(
        lambda: client.get(f"/points/rankings/{ranking}"), lambda r: r["state"] == wanted, wanted, SLOW
    )
    return found


def rank_of(one: Family) -> int:
    (standing,) = one.me.get("/me/points")["items"][0]["standings"]
    return int(standing["rank"])


def objected(run: Run, one: Family, ranking: str) -> None:
    """The home that was not found is found when looked for again."""
    body = {"ranking": ranking, "case": one.points, "department": "housing", "reason": "房产证已补办，请复核"}
    case = one.me.post("/points-objections", body)["id"]
    forward = {"decision": "forward", "reason": "请部门复核"}
    run.api.staff(f"coordinator-{one.town}").post(f"/cases/{case}/decisions", forward)
    again = {"answers": {"A3.2": True}, "reason": "登记簿中有该房产"}
    run.api.staff("reviewer-housing").post(f"/points-objections/{case}/recheck", again)
    upheld = {"decision": "uphold", "reason": "部门复核属实"}
    run.api.staff("city").post(f"/cases/{case}/decisions", upheld)
    wait_for(lambda: float(scored(one)["total"]), lambda t: t > float(one.total), "the correction", SLOW)


def settled(run: Run, rankings: dict[str, str]) -> None:
    """A month later the lists are ranked again by the calendar; a person makes them final."""
    the_month_passes(run, "keep_rankings")
    city = run.api.staff("city")
    for ranking in rankings.values():
        state(city, ranking, "settled")
        city.post(f"/points/rankings/{ranking}/finality")


def opens(officer: Client, round_: int, rankings: list[str], seconds: float) -> tuple[str, datetime]:
    closes = datetime.now(UTC) + timedelta(seconds=seconds)
    body = {
        "district": DISTRICT,
        "grade": 1,
        "round": round_,
        "closes_at": closes.isoformat(),
        "rankings": rankings,
    }
    return officer.post("/school-runs", body)["id"], closes


def allocated(officer: Client, run_id: str, closes: datetime) -> dict[str, Any]:
    wait_for(lambda: datetime.now(UTC), lambda now: now > closes, "the closing", SLOW)
    officer.post(f"/school-runs/{run_id}/closing")
    found: dict[str, Any] = wait_for(
        lambda: officer.get(f"/school-runs/{run_id}"), lambda r: r["state"] == "publicity", "the result", SLOW
    )
    files = [urllib3.request("GET", found["files"][name]).data for name in ("inputs", "result")]
    verdict = verification.verify(*files)
    demand(verdict.holds, f"it does not hold: {verdict}")
    return found


def school_of(one: Family, round_: int) -> str | None:
    rounds = one.me.get("/me/school-places")["items"][0]["rounds"]
    found: str | None = rounds[round_ - 1]["school"] if len(rounds) >= round_ else None
    return found


def test_a_season_from_the_form_to_the_second_round(run: Run) -> None:
    began = time.monotonic()

    def told(what: str) -> None:
        print(f"{what}: {time.monotonic() - began:.0f} s")

    places = places_of(run)
    schools = plan(run, places)
    everybody = families(run, FAMILIES, places)
    department_files(run, everybody)
    told("files")
    starting = time.monotonic()
    each(everybody, lambda one: apply_for_points(run, one))
    pace = time.monotonic() - starting
    told("applied")
    verified(run, everybody)
    told("verified")
    for one in everybody:
        one.total = scored(one)["total"]
    told("scored")
    rankings = ranked(run, set(schools))
    shown = everybody[0].me.get(f"/points/rankings/{rankings[everybody[0].town]}", limit=100)
    totals = [float(line["total"]) for line in shown["items"]]
    assert totals == sorted(totals, reverse=True) and all("*" in line["name"] for line in shown["items"])
    early = refusal(lambda: run.api.staff("city").post(f"/points/rankings/{shown['id']}/settlement"))
    assert early.code == "ranking_still_public"
    objector = everybody[10]  # A degree and insurance on record; a home that no register showed.
    before = rank_of(objector)
    objected(run, objector, rankings[objector.town])
    settled(run, rankings)
    assert rank_of(objector) < before
    told("final")
    _school(run, everybody, schools, sorted(rankings.values()), pace)
    told("second round")


def _school(
    run: Run, everybody: list[Family], schools: dict[str, list[str]], lists: list[str], pace: float
) -> None:
    """Two rounds: wishes in the own town first, a place that is refused, and what is left district-wide.

    ``pace``: how many seconds everybody took for three requests; one takes less.
    """
    officer = run.api.staff(f"district-{DISTRICT}")
    first, closes = opens(officer, 1, lists, pace + 5)
    rest = [school for of_town in schools.values() for school in of_town]

    def wish(one: Family) -> None:
        own = schools[one.town]
        others = [school for school in rest if school not in own]
        apply_for_school(one, [*own[one.number % 3 :], *own[: one.number % 3], *others[:7]])

    each(everybody, wish)
    for one in reversed(everybody):
        wait_for(
            lambda one=one: one.me.get(f"/cases/{one.school}")["state"],
            lambda s: s == "accepted",
            "the acceptance",
            SLOW,
        )
    result = allocated(officer, first, closes)
    # In the first round one wishes within the own town: a place for each of its list, as far as there are any.
    seats = FAMILIES * 3 // 4 // SCHOOLS * SCHOOLS // len(lists)
    counts = [officer.get(f"/points/rankings/{ranking}", limit=1)["count"] for ranking in lists]
    assert result["placed"] == sum(min(count, seats) for count in counts)
    placed = next(one for one in everybody if school_of(one, 1))
    placed.me.post(f"/school-applications/{placed.school}/answer", {"answer": "refuse"})
    the_month_passes(run, "settle_school_runs")
    second, closes = opens(officer, 2, lists, 5)
    assert allocated(officer, second, closes)["placed"] >= 1
    assert school_of(placed, 2) is None
