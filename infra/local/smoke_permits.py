"""What a running city can be shown to do with residence permits, step by step."""

import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.permits.verifying import verify
from infra.local.client import Client
from infra.local.smoke_steps import Run, demand, refusal, registration, somebody, wait_for


def decided(run: Run, me: Client, case: str) -> dict[str, Any]:
    """Let machines answer what they can and reviewers the rest; returns the accepted case."""
    states = wait_for(
        lambda: [c["state"] for c in me.get(f"/cases/{case}")["checks"]],
        lambda found: "open" not in found,
        "the departments' answers",
        120,
    )
    for check in me.get(f"/cases/{case}")["checks"]:
        if check["state"] == "person":
            answer = {"check": check["department"], "decision": "approve", "reason": "与材料一致"}
            run.api.staff(f"reviewer-{check['department']}").post(f"/cases/{case}/decisions", answer)
    return wait_for(
        lambda: me.get(f"/cases/{case}"), lambda c: c["state"] == "accepted", f"an acceptance after {states}"
    )


def tells_when_a_permit(run: Run) -> str:
    """Before applying one is told what is missing and from when it will be there."""
    me = run.bound(somebody())
    unknown = me.get("/me/permit")["eligibility"]
    demand(not unknown["eligible"] and unknown["from_day"] is None, f"unregistered, told {unknown}")
    decided(run, me, me.post("/residence-registrations", registration(run))["id"])
    told = wait_for(lambda: me.get("/me/permit")["eligibility"], lambda e: e["from_day"], "the day")
    days = (date.fromisoformat(told["from_day"]) - run.today).days
    demand(180 <= days <= 185, f"half a year is told as {days} days")
    early = refusal(lambda: me.post("/permit-applications", {"ground": "home"}))
    demand(early.code == "permit_not_yet", f"too early gave {early.code}")
    return f"from {told['from_day']}; too early gives {early.status} with the day"


def issues_a_permit(run: Run) -> str:
    """Registered for eight months and insured: accepted by data alone, made, handed out."""
    person, place, tag = somebody(), run.found["address"], secrets.token_hex(4)
    since = (run.today - timedelta(days=240)).isoformat()
    _drop(
        run,
        "registrations",
        {
            "record_id": tag,
            "name": person.name,
            "id_number": person.id_number,
            "town": place["town"],
            "address": place["line"],
            "community": place["community"],
            "arrived_on": since,
            "registered_on": since,
            "housing": "rented",
            "status": "active",
        },
    )
    _drop(
        run,
        "employment",
        {"record_id": tag, "name": person.name, "id_number": person.id_number, "seen_on": str(run.today)},
    )
    me = run.found["holder"] = run.bound(person)
    wait_for(lambda: me.get("/me/permit")["eligibility"], lambda e: e["eligible"], "the imported stay", 120)
    case = me.post("/permit-applications", {"ground": "work"}, key=f"smoke-{tag}")
    done = decided(run, me, case["id"])
    permit = wait_for(lambda: me.get("/me/permit")["permit"], bool, "the permit")
    demand(permit["state"] == "in_production", f"it is {permit['state']}")
    run.api.staff(f"coordinator-{place['town']}").post(f"/permit-cards/{case['id']}/issuance")
    rules = sorted(receipt["rule"] for receipt in done["receipts"])
    return f"by {', '.join(rules)}; the card is due {permit['card_due_on']}, handed out today"


def verifies_a_permit_offline(run: Run) -> str:
    """The code on the phone is verified with the published keys alone, and is over soon."""
    keys, me = run.api.get("/.well-known/jwks.json"), run.found["holder"]
    token, now = me.get("/me/permit/code")["token"], datetime.now(UTC)
    fresh, old = verify(token, keys, now), verify(token, keys, now + timedelta(minutes=10))
    forged = verify(token[:-8] + "AAAAAAAA", keys, now)
    verdicts = [fresh.verdict, old.verdict, forged.verdict]
    demand(verdicts == ["valid", "expired", "forged"], f"got {verdicts}")
    return f"{fresh.name} through {fresh.through}; ten minutes later {old.verdict}, changed {forged.verdict}"


def _drop(run: Run, source: str, row: dict[str, str]) -> None:
    content = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    report = run.report(run.drop(source, f"{row['record_id']}.csv", content))
    demand(report["accepted"] == 1, f"{source}: {report['reasons']}")


STEPS: list[Callable[[Run], str]] = [tells_when_a_permit, issues_a_permit, verifies_a_permit_offline]
