"""A round of school places in the deployed city: planned, opened, applied for, allocated by lot, verified by anybody, refused, given out again."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from chalicelib.schooling import verification
from infra.local.client import Client
from infra.local.place import STACK
from infra.local.smoke_steps import Run, demand, somebody, wait_for

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")
SLOW = 180.0
BY_PEOPLE = "policy:education"  # No data can answer it: it is on the worklist at once.
DISTRICT, TOWN = "440605", "440605011"  # Other tests plan schools elsewhere.


def decided(run: Run, me: Client, case: str) -> None:
    """A case once machines have answered what they can and people the rest."""
    checks = wait_for(
        lambda: me.get(f"/cases/{case}")["checks"],
        lambda found: all(c["state"] != "open" or c["id"] == BY_PEOPLE for c in found),
        "the departments' answers",
        SLOW,
    )
    for check in checks:
        if check["state"] in ("open", "person"):
            decision = {"check": check["id"], "decision": "approve", "reason": "与材料一致"}
            run.api.staff(f"reviewer-{check['department']}").post(f"/cases/{case}/decisions", decision)
    wait_for(lambda: me.get(f"/cases/{case}")["state"], lambda s: s == "accepted", "the acceptance", SLOW)


def family(run: Run, address: dict[str, Any]) -> tuple[Client, dict[str, Any]]:
    """A parent who is registered in the district together with a child, and the child."""
    me, born = run.bound(somebody()), somebody(born=f"{run.today.year - 6}0301")
    child = {"name": born.name, "id_number": born.id_number, "guardian_consent": True}
    arrived = (run.today - timedelta(days=2)).isoformat()
    household = [child | {"relation": "child"}]
    body = {"address": address, "arrived_on": arrived, "housing": "rented", "household": household}
    decided(run, me, me.post("/residence-registrations", body)["id"])
    wait_for(lambda: me.get("/me/residence-registrations")["items"], bool, "the registration", SLOW)
    return me, child


def applies(me: Client, child: dict[str, Any]) -> str:
    """A policy pupil's application; the register shows whose child it is."""
    body = {"child": child, "grade": 1, "district": DISTRICT, "choices": ["e2e-a"], "policy_claim": "martyr"}
    return str(me.post("/school-applications", body)["id"])


def opens(officer: Client, round_: int, seconds: int) -> str:
    closes = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    asked = {"district": DISTRICT, "grade": 1, "round": round_, "closes_at": closes}
    return str(officer.post("/school-runs", asked, key=f"e2e-{secrets.token_hex(4)}")["id"])


def allocated(officer: Client, run_id: str) -> dict[str, Any]:
    """The round once its time is over and the function has given its places out."""
    closes = datetime.fromisoformat(officer.get(f"/school-runs/{run_id}")["closes_at"])
    wait_for(lambda: datetime.now(UTC), lambda now: now > closes, "the closing", SLOW)
    officer.post(f"/school-runs/{run_id}/closing")
    found: dict[str, Any] = wait_for(
        lambda: officer.get(f"/school-runs/{run_id}"), lambda r: r["state"] == "publicity", "the result", SLOW
    )
    return found


def school_of(me: Client, round_: int) -> str | None:
    (mine,) = me.get("/me/school-places")["items"]
    found: str | None = mine["rounds"][round_ - 1]["school"]
    return found


def test_a_place_is_drawn_verified_refused_and_given_to_the_other(run: Run) -> None:
    address = {"town": TOWN, "community": f"{TOWN}001", "line": "试验路1号", "room": "101"}
    school = {
        "id": "e2e-a",
        "name": {"zh-CN": "示范端到端小学", "en": "Demonstration End-to-End Primary School"},
        "town": TOWN,
        "classes": {"1": 1},
        "reserved": {"1": 44},
    }
    run.api.staff("policy").post("/school-plans", {"year": run.today.year, "schools": [school]})
    known = [family(run, address) for _ in range(2)]
    families = [me for me, _ in known]
    officer = run.api.staff(f"district-{DISTRICT}")
    first = opens(officer, 1, 25)  # Both file at once; departments may answer after the closing.
    promised = officer.get(f"/school-runs/{first}")["commitment"]
    cases = [applies(me, child) for me, child in known]
    for me, case in zip(families, cases, strict=True):
        decided(run, me, case)
    result = allocated(officer, first)
    assert (result["pupils"], result["placed"]) == (2, 1)
    files = [urllib3.request("GET", result["files"][name]).data for name in ("inputs", "result")]
    verdict = verification.verify(*files)
    demand(verdict.holds and promised.encode() in files[0], f"it does not hold: {verdict}")
    (winner,) = [n for n, me in enumerate(families) if school_of(me, 1) == "e2e-a"]
    loser = families[1 - winner]
    (why,) = loser.get("/me/school-places")["items"][0]["rounds"][0]["choices"]
    assert why["code"] == "lot_below"
    families[winner].post(f"/school-applications/{cases[winner]}/answer", {"answer": "refuse"})
    _publicity_passes(run, first)
    second = opens(officer, 2, 5)
    assert allocated(officer, second)["placed"] == 1
    assert school_of(loser, 2) == "e2e-a"


def _publicity_passes(run: Run, run_id: str) -> None:
    """The nightly function acts on its event's time: here a month from now."""
    month = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = run.session.client("lambda").invoke(
        FunctionName=f"{STACK}-settle-school-runs", Payload=f'{{"time": "{month}"}}'
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    found = run.api.staff("city").get(f"/school-runs/{run_id}")
    assert found["state"] == "final"
