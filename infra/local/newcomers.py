"""Newcomers who live in the local city: they sign in, bind their identity and register through the deployed API."""

import csv
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client import Client, Refused

AT_ONCE = 3
TEMPLATE = "case_state"


@dataclass(frozen=True)
class Acted:
    """What a newcomer did: the case that came of it, or why it was refused; `me` is signed in still."""

    person: str
    case: str | None
    problem: str | None = None
    me: Client | None = None


def read(path: Path) -> list[dict[str, str]]:
    """Return the newcomers of a synthetic city."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def registration(person: dict[str, str]) -> dict[str, Any]:
    """Return what this newcomer files."""
    household = [
        {
            "name": member["name"],
            "id_number": member["id_number"],
            "relation": member["relation"],
            "guardian_consent": True,
        }
        for member in json.loads(person["household"] or "[]")
    ]
    body: dict[str, Any] = {
        "address": {name: person[name] for name in ("town", "community", "line", "room")},
        "arrived_on": person["arrived_on"],
        "housing": person["housing"],
        "household": household,
    }
    return body | ({"employer_code": person["employer_code"]} if person["employer_code"] else {})


def allow_message(me: Client, sandbox: str, name: str) -> None:
    """Allow one WeChat message, on the phone (the sandbox) and to us, as the mini-program does after the tap."""
    consent = json.dumps({"citizen": name, "template": TEMPLATE, "count": 1}).encode()
    me.pool.request("POST", f"{sandbox}/consents", body=consent, headers={"Content-Type": "application/json"})
    me.post("/me/message-consents", {"template": TEMPLATE, "count": 1})


def act(api: Client, sandbox: str, person: dict[str, str]) -> Acted:
    """Sign in, bind the identity, allow a message (every fourth does), register."""
    name = f"live-{person['person']}"
    try:
        me = api.citizen(name)
        identity = {
            "name": person["name"],
            "id_number": person["id_number"],
            "phone_code": f"phone-{person['phone']}",
        }
        me.call("PUT", "/me/identity", identity)
        if int(person["id_number"][14:17]) % 4 == 0:
            allow_message(me, sandbox, name)
        case = me.post("/residence-registrations", registration(person), key=f"first-{name}")
    except Refused as refused:
        return Acted(name, None, f"{refused.status} {refused.code}")
    return Acted(name, case["id"], me=me)


def live(api: Client, sandbox: str, people: list[dict[str, str]], done: list[Acted]) -> None:
    """Let all of them act, a few at once; `done` grows as they do."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for person in people:
            pool.submit(act, api, sandbox, person).add_done_callback(
                lambda acted: done.append(acted.result())
            )


def problems(acted: list[Acted]) -> Counter[str]:
    """Return how often each problem was met."""
    return Counter(a.problem for a in acted if a.problem)
