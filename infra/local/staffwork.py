"""A day of the local city's staff: reviewers answer open checks, coordinators decide, grid workers visit."""

from collections import Counter
from itertools import cycle

from infra.local.client import Client, Refused
from infra.local.newcomers import Acted

REVIEWERS = ("housing", "public_security")
ANSWERS = cycle(["approve", "approve", "approve", "approve", "refuse"])
OUTCOMES = cycle(["registered", "not_here", "already_registered", "wrong_address", "refused"])
CHECKS, VISITS, DEPARTURES = 40, 12, 3


def work(api: Client, acted: list[Acted]) -> dict[str, int]:
    """Let each role do some of its work; returns what was done, by kind."""
    done: Counter[str] = Counter()
    for department in REVIEWERS:
        _review(api, department, done)
    _depart(api, acted, done)
    _coordinate(api, done)
    _visit(api, done)
    return dict(done)


def _review(api: Client, department: str, done: Counter[str]) -> None:
    reviewer = api.staff(f"reviewer-{department}")
    for item in reviewer.get("/worklist", limit=CHECKS)["items"]:
        answer = next(ANSWERS)
        reason = "与登记材料一致" if answer == "approve" else "未查到该住所"
        decision = {"check": department, "decision": answer, "reason": reason}
        reviewer.post(f"/cases/{item['case']}/decisions", decision)
        done[f"check {answer}d" if answer.endswith("e") else f"check {answer}ed"] += 1


def _depart(api: Client, acted: list[Acted], done: Counter[str]) -> None:
    """A few of those already registered leave the city again; the station will confirm."""
    for one in acted:
        if done["departures reported"] >= DEPARTURES or one.case is None:
            continue
        me = api.citizen(one.person)
        stay = next(iter(me.get("/me/residence-registrations")["items"]), None)
        if stay is None or stay["status"] != "active":
            continue
        me.post(f"/residence-registrations/{one.case}/departure", {"left_on": stay["arrived_on"]})
        done["departures reported"] += 1


def _coordinate(api: Client, done: Counter[str]) -> None:
    city = api.staff("city")
    towns = [
        t["code"]
        for d in city.get("/divisions")["items"]
        for t in city.get("/divisions", parent=d["code"])["items"]
    ]
    for town in towns:
        coordinator = api.staff(f"coordinator-{town}")
        for item in coordinator.get("/worklist", limit=5)["items"]:
            decision = {"decision": "approve", "reason": "已核实"}
            try:
                coordinator.post(f"/cases/{item['case']}/decisions", decision)
                done["cases approved"] += 1
            except Refused as refused:
                done[f"cases refused with {refused.code}"] += 1


def _visit(api: Client, done: Counter[str]) -> None:
    """Grid workers of the first few buildings go there."""
    city = api.staff("city")
    for building in city.get("/visits", status="due")["items"][:VISITS]:
        worker = api.staff(f"grid-{building['community']}")
        outcome = next(OUTCOMES)
        for visit in building["visits"][:1]:
            worker.post(f"/visits/{visit['id']}/outcome", {"outcome": outcome})
            done[f"visits: {outcome}"] += 1
