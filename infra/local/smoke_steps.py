"""What a running city can be shown to do, step by step, through its public doors: the API, the inbox, the sandbox."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import urllib3

from chalicelib.idnumbers import check_character
from infra.local.client import Client, Refused

WAIT = 60.0


class NotShown(AssertionError):
    """A step did not show what it should; the message says what came instead."""


def demand(fact: bool, otherwise: str) -> None:
    """Raise `NotShown` unless the fact holds."""
    if not fact:
        raise NotShown(otherwise)


def wait_for[T](ask: Callable[[], T], good: Callable[[T], bool], what: str, limit: float = WAIT) -> T:
    """Ask until the answer is good; raises `NotShown` after `limit` seconds."""
    ends = time.monotonic() + limit
    while not good(answer := ask()):
        if time.monotonic() > ends:
            raise NotShown(f"{what} did not come within {limit:.0f} s; last: {str(answer)[:200]}")
        time.sleep(0.5)
    return answer


@dataclass
class Person:
    """A synthetic person who exists in this run only."""

    name: str
    id_number: str
    phone: str
    code: str

    @property
    def named(self) -> dict[str, str]:
        """Return what a form asks of somebody else."""
        return {"name": self.name, "id_number": self.id_number, "phone": self.phone}


def somebody(born: str = "19900101") -> Person:
    """Make a person with a valid number that nobody else has: division 450000 stands for no county."""
    tag = secrets.token_hex(5)
    number = f"450000{int(born) + secrets.randbelow(28):08d}{secrets.randbelow(1000):03d}"
    surname, given = secrets.choice("赵钱孙李周吴郑王"), secrets.choice("一二三四五六七八九")
    phone = f"142{secrets.randbelow(10**8):08d}"
    return Person(f"{surname}试{given}", number + check_character(number), phone, f"smoke-{tag}")


@dataclass
class Run:
    """One run: whom it speaks to, and what earlier steps found."""

    api: Client
    sandbox: str
    session: boto3.Session
    inbox: str
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """Return the day in Foshan."""
        return datetime.now(ZoneInfo("Asia/Shanghai")).date()

    def bound(self, person: Person) -> Client:
        """Return a client of this person, signed in and with the identity bound."""
        me = self.api.citizen(person.code)
        body = {
            "name": person.name,
            "id_number": person.id_number,
            "phone_code": f"phone-{person.phone}",
        }
        masked = me.call("PUT", "/me/identity", body)
        demand(person.id_number not in str(masked), "the ID number came back in the clear")
        return me

    def counter(self, metric: str, region: str) -> int:
        """Return today's value of a live counter."""
        day = self.today.isoformat()
        query = {"metric": metric, "region": region, "by": "day", "from": day, "to": day}
        items = self.api.staff("city").get("/counters", **query)["items"]
        return int(sum(item["value"] for item in items))

    def messages(self, to: str) -> list[dict[str, Any]]:
        """Return what the sandbox was sent for a receiver."""
        answer = urllib3.request("GET", f"{self.sandbox}/messages", fields={"to": to}, timeout=20)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def drop(self, source: str, name: str, content: bytes) -> str:
        """Put a department file into the inbox; returns the key of its report."""
        stem = name.split(".")[0]
        key = f"inbox/{source}/{self.today}/{name}"
        self.session.client("s3").put_object(Bucket=self.inbox, Key=key, Body=content)
        return f"reports/{source}/{self.today}/{stem}.json"

    def report(self, key: str) -> dict[str, Any]:
        """Wait for a quality report and return it."""
        s3 = self.session.client("s3")

        def ask() -> Any:
            try:
                return s3.get_object(Bucket=self.inbox, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                return None

        parsed: dict[str, Any] = json.loads(wait_for(ask, bool, f"the report {key}", 120))
        return parsed


def refusal(act: Callable[[], Any]) -> Refused:
    """Return how the API refused; raises `NotShown` when it did not."""
    try:
        answer = act()
    except Refused as refused:
        return refused
    raise NotShown(f"it was not refused: {str(answer)[:100]}")


def describes_itself(run: Run) -> str:
    """Every route says who may call it."""
    paths = run.api.get("/openapi.json")["paths"]
    routes = [(p, m, o) for p, methods in paths.items() for m, o in methods.items()]
    silent = [f"{m} {p}" for p, m, o in routes if o.get("security") != [] and not o.get("x-who")]
    demand(not silent, f"routes that do not say who: {silent}")
    return f"{len(routes)} routes, each says who may call it"


def finds_an_address(run: Run) -> str:
    """The address list answers a typed text."""
    run.found["me"] = somebody()
    me = run.found["client"] = run.bound(run.found["me"])
    districts = me.get("/divisions", parent="440600")["items"]
    hits = me.get("/addresses", q="季华五路")["items"]
    demand(bool(hits), "no address was found: is the index published?")
    run.found["hit"] = hit = hits[0]
    run.found["address"] = {
        "town": hit["town"],
        "community": hit["community"],
        "line": hit["line"],
        "room": "502",
    }
    return f"{len(districts)} districts; 季华五路 finds {hit['line']}"


def registration(run: Run, **more: Any) -> dict[str, Any]:
    """Return a registration to file, at the address found."""
    arrived = (run.today - timedelta(days=2)).isoformat()
    return {"address": run.found["address"], "arrived_on": arrived, "housing": "rented", **more}


def registers_once(run: Run) -> str:
    """A repeated request gets the first answer; the counter moves by one."""
    community = run.found["address"]["community"]
    before = run.counter("residence_registrations", community)
    me, body, key = run.found["client"], registration(run), f"smoke-{secrets.token_hex(6)}"
    first = me.raw("POST", "/residence-registrations", body, Idempotency_Key=key)
    again = me.raw("POST", "/residence-registrations", body, Idempotency_Key=key)
    demand(first.status == 201, f"it was not taken: {first.status} {first.data[:200]!r}")
    demand((first.status, first.data) == (again.status, again.data), "the repeat got another answer")
    run.found["case"] = first.json()
    wait_for(lambda: run.counter("residence_registrations", community), lambda n: n > before, "the counter")
    demand(
        run.counter("residence_registrations", community) == before + 1, "the counter moved by more than one"
    )
    return f"case {first.json()['receipt_number']}, sent twice, filed once, counted once"


def proves_the_receipt(run: Run) -> str:
    """The QR code leads to a proof without personal data; a made-up one proves nothing."""
    case = run.found["case"]
    svg = run.found["client"].raw("GET", f"/cases/{case['id']}/receipt.svg")
    demand(svg.status == 200 and b"<svg" in svg.data, f"no QR code: {svg.status}")
    forged = refusal(lambda: run.api.get("/receipts/not-a-receipt"))
    demand(forged.status == 404, f"a forged receipt gave {forged.status}")
    return f"QR code of {len(svg.data)} bytes; a forged receipt gives 404"


def decides_by_departments(run: Run) -> str:
    """Machines agree or hand over to reviewers; the last answer accepts the case and enacts it."""
    me, case = run.found["client"], run.found["case"]["id"]
    community = run.found["address"]["community"]
    before = run.counter("residence_registrations_active", community)

    def open_checks() -> list[str]:
        return [c["state"] for c in me.get(f"/cases/{case}")["checks"]]

    wait_for(open_checks, lambda states: "open" not in states, "the departments' answers", 120)
    by_hand = [c["department"] for c in me.get(f"/cases/{case}")["checks"] if c["state"] == "person"]
    for department in by_hand:
        reviewer = run.api.staff(f"reviewer-{department}")
        waiting = reviewer.get("/worklist", town=community[:9], limit=100)["items"]
        demand(any(i["case"] == case for i in waiting), f"the check is not on {department}'s worklist")
        decision = {"check": department, "decision": "approve", "reason": "与材料一致"}
        reviewer.post(f"/cases/{case}/decisions", decision)
    stays = wait_for(
        lambda: me.get("/me/residence-registrations")["items"],
        lambda items: any(i["status"] == "active" for i in items),
        "the registration",
    )
    wait_for(
        lambda: run.counter("residence_registrations_active", community), lambda n: n > before, "the counter"
    )
    return (
        f"{len(by_hand)} checks by hand, the rest by comparison; in force since {stays[0]['registered_on']}"
    )


def shows_who_looked(run: Run) -> str:
    """A member of staff who looks at the case appears in the person's own list."""
    run.api.staff("city").get(f"/cases/{run.found['case']['id']}")
    looked = run.found["client"].get("/me/disclosures")["items"]
    demand(bool(looked), "nobody is listed as having looked")
    return f"{len(looked)} looks listed, the last for {looked[0]['purpose']}"


def keeps_strangers_out(run: Run) -> str:
    """Another citizen, another region, another role, a forged token, a large body: each is refused plainly."""
    case = run.found["case"]["id"]
    stranger = run.bound(somebody())
    far = "440608" if not run.found["address"]["town"].startswith("440608") else "440604"
    refused = {
        "stranger": refusal(lambda: stranger.get(f"/cases/{case}")).status,
        "far officer": refusal(lambda: run.api.staff(f"district-{far}").get(f"/cases/{case}")).status,
        "wrong role": refusal(lambda: stranger.get("/worklist")).status,
        "forged token": refusal(lambda: Client(run.api.api, "forged.token.here").get("/me")).status,
        "no token": refusal(lambda: run.api.get("/me")).status,
        "large body": stranger.raw("POST", "/residence-registrations", b"x" * 200_000).status,
        "broken JSON": stranger.raw("POST", "/residence-registrations", b"{").status,
    }
    wanted = [404, 404, 403, 401, 401, 413, 400]
    demand(list(refused.values()) == wanted, f"expected {wanted}, got {refused}")
    return ", ".join(f"{who} {status}" for who, status in refused.items())


def asks_the_tenant(run: Run) -> str:
    """What a landlord files waits until the tenant confirms."""
    tenant = somebody()
    landlord = run.found["client"]
    case = landlord.post("/residence-registrations", registration(run, tenant=tenant.named))
    demand(case["state"] == "confirming", f"it is {case['state']}")
    confirmed = run.bound(tenant).post(f"/cases/{case['id']}/confirm")
    demand(confirmed["state"] == "checking", f"after the tenant's word it is {confirmed['state']}")
    return "filed by a landlord, confirmed by the tenant, then checked"


def serves_at_the_counter(run: Run) -> str:
    """Staff register a person who is present; out of scope they may not."""
    town = run.found["address"]["town"]
    coordinator = run.api.staff(f"coordinator-{town}")
    case = coordinator.post("/residence-registrations", registration(run, person=somebody().named))
    other = next(
        t["code"] for t in coordinator.get("/divisions", parent=town[:6])["items"] if t["code"] != town
    )
    elsewhere = run.api.staff(f"coordinator-{other}")
    status = refusal(
        lambda: elsewhere.post("/residence-registrations", registration(run, person=somebody().named))
    ).status
    demand(status == 403, f"out of scope gave {status}")
    return f"case {case['receipt_number']} at the counter; the next town's coordinator gets 403"


def finds_the_unregistered(run: Run) -> str:
    """Two departments know somebody who is not registered: a visit, and a message to the grid worker."""
    person, place = somebody(), run.found["address"]
    head = "record_id,name,id_number,birth_date,sex,phone,town,address,seen_on"
    line = f"{run.found['hit']['line']}502"
    row = f"{person.name},{person.id_number},,,{person.phone},{place['town']},{line},{run.today}"
    tag = secrets.token_hex(4)
    keys = [
        run.drop(source, f"{tag}.csv", f"{columns}\n{tag},{row}{more}\n".encode())
        for source, columns, more in (
            ("health_service", head, ""),
            ("volunteering", head, ""),
        )
    ]
    reports = [run.report(key) for key in keys]
    demand(all(r["received"] == r["accepted"] + r["rejected"] == 1 for r in reports), f"{reports}")
    demand(all(r["accepted"] == 1 for r in reports), f"rejected: {[r['reasons'] for r in reports]}")
    worker = f"grid-{place['community']}"
    client = run.api.staff(worker)

    def mine() -> list[dict[str, Any]]:
        groups = client.pages("/visits", status="due")
        return [v for g in groups for v in g["visits"] if v.get("name") == person.name]

    started = time.monotonic()
    visit = wait_for(mine, bool, "the visit")[0]
    seconds = time.monotonic() - started
    demand(person.phone not in str(visit) and person.id_number not in str(visit), "the visit shows too much")
    run.found["visit"], run.found["worker"] = visit, client
    told = wait_for(lambda: run.messages(worker), bool, "the WeCom message", 120)
    return f"listed after {seconds:.0f} s with a masked phone; {len(told)} WeCom messages to {worker}"


def records_the_outcome(run: Run) -> str:
    """An outcome is recorded once; another one afterwards is a conflict."""
    worker, visit = run.found["worker"], run.found["visit"]["id"]
    worker.post(f"/visits/{visit}/outcome", {"outcome": "not_here"})
    status = refusal(lambda: worker.post(f"/visits/{visit}/outcome", {"outcome": "registered"})).status
    demand(status == 409, f"a second outcome gave {status}")
    return "not here; a different second outcome gives 409"


def takes_the_same_file_once(run: Run) -> str:
    """A file with a bad row loses nothing: it is reported, and the row comes back for repair."""
    tag = secrets.token_hex(4)
    head = "record_id,name,id_number,birth_date,sex,phone,town,address,seen_on"
    good = f"{tag},,,,,,{run.found['address']['town']},,{run.today}"
    report = run.report(run.drop("volunteering", f"{tag}.csv", f"{head}\n{good}\n,,,,,,,,\n".encode()))
    demand(report["received"] == 2 and report["accepted"] + report["rejected"] == 2, f"{report}")
    demand(report["rejected"] >= 1, f"the row without a record_id was taken: {report}")
    repair = f"repairs/volunteering/{run.today}/{tag}.csv"
    body = run.session.client("s3").get_object(Bucket=run.inbox, Key=repair)["Body"].read()
    return f"received 2, accepted {report['accepted']}, to repair {report['rejected']} ({len(body)} bytes with reasons)"


def departs(run: Run) -> str:
    """The resident reports leaving; the station confirms; the registration ends."""
    me, case = run.found["client"], run.found["case"]["id"]
    left = me.post(f"/residence-registrations/{case}/departure", {"left_on": run.today.isoformat()})
    coordinator = run.api.staff(f"coordinator-{run.found['address']['town']}")
    coordinator.post(f"/cases/{left['id']}/decisions", {"decision": "approve", "reason": "已核实"})
    stays = wait_for(
        lambda: me.get("/me/residence-registrations")["items"],
        lambda items: all(i["status"] != "active" for i in items),
        "the end of the registration",
    )
    return f"confirmed by the station; the registration is {stays[0]['status']}"


def audits(run: Run) -> str:
    """Every act has its entry, and the chains are whole."""
    verdict = run.api.staff("auditor").get("/audit/verify")
    demand(verdict["intact"] is True, f"the chains are broken: {verdict['breaks']}")
    return f"{verdict['entries']} entries in {verdict['chains']} chains, intact"


STEPS: list[Callable[[Run], str]] = [
    describes_itself,
    finds_an_address,
    registers_once,
    proves_the_receipt,
    decides_by_departments,
    shows_who_looked,
    keeps_strangers_out,
    asks_the_tenant,
    serves_at_the_counter,
    finds_the_unregistered,
    records_the_outcome,
    takes_the_same_file_once,
    departs,
    audits,
]
