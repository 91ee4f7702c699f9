"""Leases and reports in the deployed city: the other party confirms, departments answer, neighbours support."""

from typing import Any

import pytest

from infra.local.client import Client
from infra.local.smoke_steps import Person, Run, demand, refusal, somebody, wait_for

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")
SLOW = 180.0
LAMP = {"lon": 113.12, "lat": 23.01, "crs": "WGS-84"}
PNG = b"\x89PNG\r\n\x1a\n" + b"-" * 92


@pytest.fixture
def address(run: Run) -> dict[str, Any]:
    hit = run.api.staff("city").get("/addresses", q="季华五路")["items"][0]
    line = hit["line"]
    return {"town": hit["town"], "community": hit["community"], "line": line, "room": "101"}


def someone(run: Run) -> tuple[Person, Client]:
    person = somebody()
    return person, run.bound(person)


def confirmed(run: Run, client: Client, case: str) -> None:
    mine = client.get("/me/cases")["items"]
    demand(any(one["id"] == case and one["state"] == "confirming" for one in mine), "nobody was asked")
    client.post(f"/cases/{case}/confirm")


def state_of(client: Client, case: str) -> str:
    return str(client.get(f"/cases/{case}")["state"])


def test_a_lease_from_filing_to_its_end(run: Run, address: dict[str, Any]) -> None:
    (_, landlord), (tenant, lodger) = someone(run), someone(run)
    today = run.today.isoformat()
    terms = {"rent_fen": 150_000, "deposit_fen": 450_001, "signed_on": today, "starts_on": today}
    body = {
        "side": "landlord",
        "other": tenant.named,
        "address": address,
        "terms": terms | {"area_m2": 20, "occupants": 2},
    }
    unlawful = refusal(lambda: landlord.post("/leases", body))
    assert (unlawful.status, unlawful.code) == (422, "lease_terms_unlawful")
    body["terms"]["deposit_fen"] = 450_000  # type: ignore[index]
    case = landlord.post("/leases", body, key="lease-of-the-end-to-end-test")["id"]
    again = landlord.post("/leases", body, key="lease-of-the-end-to-end-test")["id"]
    assert case == again
    confirmed(run, lodger, case)
    wait_for(
        lambda: [check["state"] for check in lodger.get(f"/cases/{case}")["checks"]],
        lambda states: bool(states) and "open" not in states,
        "the departments' answers",
        SLOW,
    )
    for check in lodger.get(f"/cases/{case}")["checks"]:
        if check["state"] == "person":
            decision = {"check": check["department"], "decision": "approve", "reason": "与合同一致"}
            run.api.staff(f"reviewer-{check['department']}").post(f"/cases/{case}/decisions", decision)
    leases = wait_for(lambda: lodger.get("/me/leases")["items"], bool, "the lease", SLOW)
    assert [(lease["side"], lease["status"], lease["rent_fen"]) for lease in leases] == [
        ("tenant", "active", 150_000)
    ]
    path = f"/leases/{leases[0]['id']}/certificate.svg"
    assert landlord.raw("GET", path).data.startswith(b"<?xml")
    assert someone(run)[1].raw("GET", path).status == 404
    end = landlord.post(f"/leases/{leases[0]['id']}/end", {"ended_on": today, "because": "moved_out"})
    confirmed(run, lodger, end["id"])
    wait_for(
        lambda: landlord.get("/me/leases")["items"][0]["status"], lambda s: s == "ended", "the end", SLOW
    )
    assert lodger.get("/me/export")["others"]["rentals"][0]["side"] == "tenant"


def photographed(client: Client, case: str) -> str:
    announced = client.post(
        f"/cases/{case}/documents", {"kind": "photo", "media_type": "image/png", "size": len(PNG)}
    )
    sent = client.pool.request("PUT", announced["url"], body=PNG, headers=announced["headers"])
    demand(sent.status == 200, f"the photo was not taken: {sent.status}")
    wait_for(
        lambda: [d["state"] for d in client.get(f"/cases/{case}")["documents"]],
        lambda states: states == ["clean"],
        "the look at the photo",
        SLOW,
    )
    return str(announced["document"]["id"])


def test_a_report_from_near_by_to_the_stars(run: Run, address: dict[str, Any]) -> None:
    (_, reporter), (_, neighbour) = someone(run), someone(run)
    lights = run.api.staff("reviewer-urban_management")
    near = {"category": "street_lighting", **LAMP}
    report = {
        "category": "street_lighting",
        "text": "路口的路灯不亮已经三天了",
        "position": LAMP,
        "town": address["town"],
        "community": address["community"],
    }
    case = reporter.post("/feedback", report)["id"]
    photo = photographed(reporter, case)
    (offered,) = [m for m in neighbour.get("/feedback/nearby", **near)["items"] if m["metres"] == 0]
    assert neighbour.post(f"/feedback/nearby/{offered['item']}/me-too")["supporters"] == 1
    waiting = lights.pages("/worklist", town=address["town"], limit=100)
    demand(any(item["case"] == case for item in waiting), "the report is on nobody's worklist")
    seen = lights.get(f"/feedback/{case}")
    assert (seen["reporter"], seen["supporters"], seen["text"]) == (None, 1, report["text"])
    assert lights.get(f"/cases/{case}/documents/{photo}")["url"].startswith("http")
    lights.post(f"/feedback/{case}/acceptance", {"public_text": "路口路灯不亮，已派工"})
    shown = run.api.get("/feedback/map", town=address["town"])["items"]
    assert [m["public_text"] for m in shown if m["item"] == offered["item"]] == ["路口路灯不亮，已派工"]
    lights.post(f"/feedback/{case}/answer", {"text": "已更换灯泡"})
    reporter.post(f"/feedback/{case}/not-fixed", {"reason": "还是不亮"})
    assert state_of(reporter, case) == "handling"
    lights.post(f"/feedback/{case}/answer", {"text": "已更换线路"})
    assert reporter.post(f"/feedback/{case}/rating", {"stars": 4})["state"] == "settled"
    looks = reporter.get("/me/disclosures")["items"]
    assert {look["staff"] for look in looks} == {"reviewer-urban_management"}
    wait_for(
        lambda: [m["metres"] for m in neighbour.get("/feedback/nearby", **near)["items"]],
        lambda metres: metres == [],
        "the end of what is offered",
        SLOW,
    )
