"""One whole life in the deployed city: arrive, register, permit, endorse late, restore, lose the card, move, report a
broken lamp, depart, export, delete. Everything through the public API; only time is helped along."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.permits.lifetime import months_after
from chalicelib.permits.verifying import Verified, verify
from infra.local.client import Client, Refused
from infra.local.smoke_steps import Run, demand, refusal, registration, somebody, wait_for
from tests.e2e.passing_time import let_days_pass, run_today

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")
SLOW = 180.0


class Life:
    """Somebody in the city, and what they and their city have done so far."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.person = somebody()
        self.me: Client = run.bound(self.person)
        self.id = self.me.get("/me")["id"]
        self.found: dict[str, Any] = {}

    @property
    def permit(self) -> dict[str, Any]:
        """The permit as its holder sees it."""
        found: dict[str, Any] = self.me.get("/me/permit")["permit"]
        return found

    @property
    def history(self) -> list[str]:
        """What happened to the permit, newest first."""
        return [line["what"] for line in self.me.get("/me/permit")["history"]]

    @property
    def station(self) -> Client:
        """The coordinator of the town where the person lives."""
        return self.run.api.staff(f"coordinator-{self.found['address']['town']}")

    def days(self, count: int) -> None:
        """Let days pass."""
        let_days_pass(self.run.session, self.id, count)

    def decided(self, case: str) -> dict[str, Any]:
        """The case once machines have answered what they can and departments' reviewers the rest."""
        town = self.found["address"]["town"]
        wait_for(
            lambda: [c["state"] for c in self.me.get(f"/cases/{case}")["checks"]],
            lambda states: "open" not in states,
            "the departments' answers",
            SLOW,
        )
        for check in self.me.get(f"/cases/{case}")["checks"]:
            if check["state"] == "person":
                reviewer = self.run.api.staff(f"reviewer-{check['department']}")
                waiting = reviewer.pages("/worklist", town=town, limit=100)
                demand(any(i["case"] == case for i in waiting), "the check is on nobody's worklist")
                decision = {"check": check["department"], "decision": "approve", "reason": "与材料一致"}
                reviewer.post(f"/cases/{case}/decisions", decision)
        found: dict[str, Any] = wait_for(
            lambda: self.me.get(f"/cases/{case}"), lambda c: c["state"] == "accepted", "the acceptance", SLOW
        )
        return found

    def shown(self, at: datetime | None = None) -> Verified:
        """What a verifier without a network reads from the code on the phone."""
        token = self.me.get("/me/permit/code")["token"]
        return verify(token, self.run.api.get("/.well-known/jwks.json"), at or datetime.now(UTC))


def arrives_and_registers(life: Life) -> None:
    hit = life.me.get("/addresses", q="季华五路")["items"][0]
    life.found["address"] = {**{k: hit[k] for k in ("town", "community", "line")}, "room": "502"}
    life.run.found["address"] = life.found["address"]
    case = life.me.post("/residence-registrations", registration(life.run))
    life.decided(case["id"])
    stays = wait_for(
        lambda: life.me.get("/me/residence-registrations")["items"], bool, "the registration", SLOW
    )
    assert [stay["status"] for stay in stays] == ["active"]


def is_told_before_applying_what_is_missing_and_when_it_will_be_there(life: Life) -> None:
    told = life.me.get("/me/permit")
    assert told["permit"] is None and told["eligibility"]["eligible"] is False
    assert told["eligibility"]["from_day"] == months_after(life.run.today, 6).isoformat()
    too_early = refusal(lambda: life.me.post("/permit-applications", {"ground": "work"}))
    assert (too_early.status, too_early.code) == (409, "permit_not_yet")


def after_half_a_year_work_on_record_is_proof_enough(life: Life) -> None:
    life.days(200)
    assert life.me.get("/me/permit")["eligibility"]["eligible"] is True
    head = "record_id,name,id_number,birth_date,sex,phone,town,address,seen_on,hired_on"
    row = f"life-1,{life.person.name},{life.person.id_number},,,,,,{life.run.today},2026-01-05"
    report = life.run.report(life.run.drop("employment", "life.csv", f"{head}\n{row}\n".encode()))
    assert report["accepted"] == 1, report
    filed = life.me.post("/permit-applications", {"ground": "work"}, key="life-permit")
    again = life.me.post("/permit-applications", {"ground": "work"}, key="life-permit")
    assert filed == again
    done = life.decided(filed["id"])
    assert {check["department"] for check in done["checks"]} == {"public_security", "human_resources"}
    assert [receipt["rule"] for receipt in done["receipts"]].count("permit_proven") == 1
    wait_for(lambda: life.permit, lambda permit: permit is not None, "the permit", SLOW)
    assert life.permit["state"] == "in_production"
    assert date.fromisoformat(life.permit["card_due_on"]) == life.run.today + timedelta(days=15)
    life.found["application"] = filed["id"]


def gets_the_card_and_shows_the_permit_where_there_is_no_network(life: Life) -> None:
    town = life.found["address"]["town"]
    cards = life.station.pages("/permit-cards", town=town)
    assert life.found["application"] in [card["case"] for card in cards]
    life.station.post(f"/permit-cards/{life.found['application']}/issuance")
    assert life.permit["state"] == "active"
    now = life.shown()
    assert now.valid and now.through == months_after(life.run.today, 12)
    assert life.person.name not in str(now) and now.name is not None and "*" in now.name
    assert life.shown(datetime.now(UTC) + timedelta(minutes=10)).verdict == "expired"


def is_reminded_of_the_year_and_once_of_each_step(life: Life) -> None:
    for days, step in ((340, "window"), (20, "week"), (10, "suspended")):
        life.days(days)
        for _ in range(2):
            run_today(life.run.session, "keep_permits")
        assert life.history[0] == step and life.history.count(step) == 1
    told = wait_for(
        lambda: [m["title"] for m in life.me.pages("/me/messages") if m["title"].startswith("居住证：")],
        lambda titles: len(titles) >= 4,
        "the messages",
        SLOW,
    )
    assert len(told) == len(set(told)) == 4, told  # Handed out, window, last week, suspended.
    assert life.permit["state"] == "suspended"
    assert refusal(lambda: life.me.get("/me/permit/code")).code == "permit_not_in_force"


def makes_up_for_the_endorsement_and_loses_no_year(life: Life) -> None:
    life.decided(life.me.post("/permit-endorsements")["id"])
    wait_for(lambda: life.permit["state"], lambda state: state == "active", "the restoration", SLOW)
    assert life.history[0] == "restored"
    assert life.permit["years"] == 1
    assert life.permit["endorsed_through"] == months_after(life.run.today, 12).isoformat()
    assert life.shown().valid


def loses_the_card_and_gets_another(life: Life) -> None:
    case = life.me.post("/permit-replacements", {"fault": "lost"})["id"]
    life.decided(case)
    wait_for(lambda: life.permit["serial"], lambda serial: serial == 2, "the new card", SLOW)
    assert life.shown().valid, "the right goes on without the card"
    life.station.post(f"/permit-cards/{case}/issuance")
    assert life.permit["card_due_on"] is None and life.permit["years"] == 1


def moves_and_the_permit_moves_along(life: Life) -> None:
    here = life.found["address"]["community"]
    hits = life.me.get("/addresses", q="季华")["items"] + life.me.get("/addresses", q="汾江")["items"]
    there = next(hit for hit in hits if hit["community"] != here)
    life.found["address"] = {**{k: there[k] for k in ("town", "community", "line")}, "room": "101"}
    body = {
        "address": life.found["address"],
        "arrived_on": life.run.today.isoformat(),
        "housing": "rented",
    }
    life.found["home"] = life.me.post("/residence-registrations", body)["id"]
    life.decided(life.found["home"])
    wait_for(lambda: life.permit["region"], lambda region: region == there["community"], "the move", SLOW)
    assert life.permit["state"] == "active"
    assert life.me.get("/me/permit")["eligibility"]["lived_since"] is not None


def reports_a_broken_lamp(life: Life) -> None:
    address = life.found["address"]
    report = {
        "category": "street_lighting",
        "text": "路口的路灯不亮已经三天了",
        "position": {"lon": 113.12, "lat": 23.01},
        "town": address["town"],
        "community": address["community"],
    }
    case = life.me.post("/feedback", report)
    officer = life.run.api.staff("city")
    officer.post(f"/feedback/{case['id']}/acceptance", {"public_text": "路灯故障，已安排维修"})
    officer.post(f"/feedback/{case['id']}/answer", {"text": "已更换灯泡"})
    settled = life.me.post(f"/feedback/{case['id']}/rating", {"stars": 5})
    assert settled["state"] == "settled"


def departs_and_the_permit_ends(life: Life) -> None:
    left = {"left_on": life.run.today.isoformat()}
    case = life.me.post(f"/residence-registrations/{life.found['home']}/departure", left)
    life.station.post(f"/cases/{case['id']}/decisions", {"decision": "approve", "reason": "已核实"})
    wait_for(lambda: life.permit["state"], lambda state: state == "cancelled", "the end of the permit", SLOW)
    assert life.permit["ended_on"] == life.run.today.isoformat()
    assert refusal(lambda: life.me.get("/me/permit/code")).code == "permit_not_in_force"


def takes_everything_along(life: Life) -> None:
    export = life.me.get("/me/export")
    others = export["others"]
    assert others["permits"]["permit"]["state"] == "cancelled"
    kinds = [case["kind"] for case in others["cases"]]
    for kind in ("permit_application", "permit_endorsement", "permit_replacement", "feedback"):
        assert kinds.count(kind) == 1, kinds
    assert kinds.count("residence_registration") == 2
    assert life.person.id_number in json.dumps(export, ensure_ascii=False)
    assert life.me.get("/me/disclosures")["items"], "those who handled it are named to the person"


def is_deleted_and_nothing_but_what_a_law_keeps_is_left(life: Life) -> None:
    told = life.me.call("DELETE", "/me")
    assert told["identity_deleted"] is True, told
    gone = refusal(lambda: life.me.get("/me"))
    assert gone.status == 401
    table = life.run.session.client("dynamodb").query(
        TableName="ncsl-local-permits",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": f"PERSON#{life.id}"}},
    )
    assert table["Items"] == []


STEPS: list[Callable[[Life], None]] = [
    arrives_and_registers,
    is_told_before_applying_what_is_missing_and_when_it_will_be_there,
    after_half_a_year_work_on_record_is_proof_enough,
    gets_the_card_and_shows_the_permit_where_there_is_no_network,
    is_reminded_of_the_year_and_once_of_each_step,
    makes_up_for_the_endorsement_and_loses_no_year,
    loses_the_card_and_gets_another,
    moves_and_the_permit_moves_along,
    reports_a_broken_lamp,
    departs_and_the_permit_ends,
    takes_everything_along,
    is_deleted_and_nothing_but_what_a_law_keeps_is_left,
]


def test_one_whole_life(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """In order, for each step builds on those before it; the first that fails names itself."""
    life = Life(run)
    for step in STEPS:
        started = datetime.now(UTC)
        try:
            step(life)
        except Refused as refused:
            raise AssertionError(f"{step.__name__}: {refused}") from refused
        with capsys.disabled():
            seconds = (datetime.now(UTC) - started).total_seconds()
            print(f"\n  {step.__name__.replace('_', ' ')}: {seconds:.1f} s", end="")
