"""A day of the local city's staff: reviewers answer open checks, coordinators decide, grid workers visit."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.local.client import Client, Refused
from infra.local.newcomers import AT_ONCE, Acted

REVIEWERS = ("housing", "public_security")
ANSWERS = ("approve", "approve", "approve", "approve", "refuse")
OUTCOMES = ("registered", "not_here", "already_registered", "wrong_address", "refused")
CHECKS, VISITS, DEPARTURES = 40, 12, 3


def work(api: Client, acted: list[Acted]) -> dict[str, int]:
    """Let each role do some of its work, a few people at once; returns what was done, by kind."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [what for part in pool.map(lambda name: list(_review(api, name)), REVIEWERS) for what in part]
        done += _depart(acted)
        done += [what for part in pool.map(lambda town: _coordinate(api, town), _towns(api)) for what in part]
        buildings = api.staff("city").get("/visits", status="due")["items"][:VISITS]
        done += pool.map(
            lambda n: _visit(api, buildings[n], OUTCOMES[n % len(OUTCOMES)]), range(len(buildings))
        )
    return dict(Counter(done))


def _review(api: Client, department: str) -> Iterator[str]:
    reviewer = api.staff(f"reviewer-{department}")
    for n, item in enumerate(reviewer.get("/worklist", limit=CHECKS)["items"]):
        answer = ANSWERS[n % len(ANSWERS)]
        reason = "与登记材料一致" if answer == "approve" else "未查到该住所"
        decision = {"check": department, "decision": answer, "reason": reason}
        reviewer.post(f"/cases/{item['case']}/decisions", decision)
        yield f"check {answer}d"


def _depart(acted: list[Acted]) -> list[str]:
    """A few of those already registered leave the city again; the station will confirm."""
    done: list[str] = []
    for one in acted:
        if len(done) >= DEPARTURES or one.me is None:
            continue
        me = one.me
        stay = next(iter(me.get("/me/residence-registrations")["items"]), None)
        if stay is None or stay["status"] != "active":
            continue
        me.post(f"/residence-registrations/{one.case}/departure", {"left_on": stay["arrived_on"]})
        done.append("departures reported")
    return done


def _towns(api: Client) -> list[str]:
    city = api.staff("city")
    return [
        town["code"]
        for district in city.get("/divisions")["items"]
        for town in city.get("/divisions", parent=district["code"])["items"]
    ]


def _coordinate(api: Client, town: str) -> list[str]:
    """A town's coordinator decides what waits for a person."""
    done = []
    coordinator = api.staff(f"coordinator-{town}")
    for item in coordinator.get("/worklist", limit=5)["items"]:
        try:
            coordinator.post(f"/cases/{item['case']}/decisions", {"decision": "approve", "reason": "已核实"})
            done.append("cases approved")
        except Refused as refused:
            done.append(f"cases refused with {refused.code}")
    return done


def _visit(api: Client, building: dict[str, Any], outcome: str) -> str:
    """A grid worker goes to a building and says what was found at the first door."""
    worker = api.staff(f"grid-{building['community']}")
    worker.post(f"/visits/{building['visits'][0]['id']}/outcome", {"outcome": outcome})
    return f"visits: {outcome}"
