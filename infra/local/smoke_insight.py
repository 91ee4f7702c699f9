"""What a running city can be shown to do with statistics about people: a release, read by staff of a town and of a district."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.client import Client
from infra.local.place import STACK
from infra.local.smoke_steps import Run, demand, refusal, somebody, wait_for

CITY = "440600"
ACTIVE = "residence_registrations_active"
FIRST_FORMERS = 14  # The noise is at most four either way.
FEWEST = 10
ENOUGH = 15_000  # With fewer, a year's children of a district are rightly too few to be shown.


def counts_school_age_children(run: Run) -> str:
    """First-formers join the register and are in the next release; nothing under ten, out of scope refused."""
    _first_formers_move_in(run)
    event = {"time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    answer = run.session.client("lambda").invoke(
        FunctionName=f"{STACK}-release-cohorts", Payload=json.dumps(event)
    )
    told = json.loads(answer["Payload"].read())
    demand("FunctionError" not in answer, f"the release failed: {told}")
    town = run.found["address"]["town"]
    district = town[:6]
    of_district = _cohorts(run.api.staff(f"district-{district}"), district)
    of_town = _cohorts(run.api.staff(f"coordinator-{town}"), town)
    for cell in of_district + of_town:
        for name in ("registered", "unregistered_estimate"):
            value = cell[name]
            demand(value is None or value >= FEWEST, f"{name} of {cell['region']} is {value}")
    far = "440608" if district != "440608" else "440604"
    status = refusal(lambda: run.api.staff(f"district-{far}").get("/insight/cohorts", region=district)).status
    demand(status == 403, f"another district's officer got {status}")
    of_city = _shown(_cohorts(run.api.staff("city"), CITY), CITY)
    began = _school_year(run)
    first = next((c["registered"] for c in of_city if (c["cohort"], c["year"]) == ("grade_1", began)), 0)
    demand(first >= FIRST_FORMERS - 4, f"{first} first-formers of {began} in the city: {told}")
    in_district = _shown(of_district, district)
    demand(bool(in_district) or told["people"] < ENOUGH, f"nothing is shown of the district: {told}")
    inside = {cell["region"] for cell in of_town} - {town}
    shown = sum(bool(_shown(of_town, community)) for community in inside)
    first_forms = [f"{c['registered']} in {c['year']}" for c in of_city if c["cohort"] == "grade_1"]
    return (
        f"{told['people']} people; figures shown: {len(of_city)} of the city, {len(in_district)} of {district}, some of "
        f"{shown} of {len(inside)} communities of {town}; the city's first forms: {', '.join(first_forms) or 'too few'}"
    )


def _school_year(run: Run) -> int:
    return run.today.year - (run.today.month < 9)


def _first_formers_move_in(run: Run) -> None:
    """A file of the old register with children who began school this school year, all in one community."""
    place, tag = run.found["address"], secrets.token_hex(4)
    since = (run.today - timedelta(days=30)).isoformat()
    head = "record_id,name,id_number,birth_date,sex,phone,town,address,seen_on,community,arrived_on,registered_on,housing,status"
    lines = []
    for number in range(FIRST_FORMERS):
        child = somebody(f"{_school_year(run) - 6}0301")
        who = f"{tag}{number},{child.name},{child.id_number},,,,{place['town']},{place['line']}"
        lines.append(f"{who},{run.today},{place['community']},{since},{since},rented,active")
    before = run.counter(ACTIVE, place["community"])
    report = run.report(run.drop("registrations", f"{tag}.csv", "\n".join([head, *lines, ""]).encode()))
    demand(report["accepted"] == FIRST_FORMERS, f"{report}")
    wait_for(
        lambda: run.counter(ACTIVE, place["community"]) - before,
        lambda more: more >= FIRST_FORMERS,
        "the first-formers' registrations",
        120,
    )


def _shown(cells: list[dict[str, Any]], region: str) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["region"] == region and not cell["registered_suppressed"]]


def _cohorts(client: Client, region: str) -> list[dict[str, Any]]:
    return client.pages("/insight/cohorts", region=region)


def lists_names_by_duty(run: Run) -> str:
    """Names of first-formers: not before another officer's word, not without the purpose, and never for a stranger."""
    town = run.found["address"]["town"]
    asker, officer = run.api.staff(f"coordinator-{town}"), run.api.staff(f"district-{town[:6]}")
    wanted = {"cohort": "grade_1", "year": _school_year(run), "region": run.found["address"]["community"]}
    asked = asker.post("/insight/cohort-lists", wanted | {"purpose": "case_handling", "reason": "学位预安排"})
    people = f"/insight/cohort-lists/{asked['id']}/people"
    early = asker.raw("GET", people, None, Purpose="case_handling").status
    verdict = {"approve": True, "reason": "同意"}
    own = refusal(lambda: asker.post(f"/insight/cohort-lists/{asked['id']}/decision", verdict)).status
    officer.post(f"/insight/cohort-lists/{asked['id']}/decision", verdict)
    silent = refusal(lambda: asker.get(people)).status
    foreign = officer.raw("GET", people, None, Purpose="case_handling").status
    shown = asker.raw("GET", people, None, Purpose="case_handling")
    demand(shown.status == 200, f"the list gave {shown.status} {shown.data[:200]!r}")
    names = shown.json()["items"]
    demand(len(names) >= FIRST_FORMERS, f"{len(names)} names")
    refused = [early, own, silent, foreign]
    demand(refused == [409, 403, 400, 403], f"refusals were {refused}")
    return f"{len(names)} names for {asked['purpose']} until approval ends; too early 409, own approval 403, no purpose 400"


STEPS: list[Callable[[Run], str]] = [counts_school_age_children, lists_names_by_duty]
