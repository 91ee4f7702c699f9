"""Each main route against the same DynamoDB requests from bare boto3, with its requests and capacity units.

The handler's requests are recorded, what they changed is put back, and the bare client asks the very
same again: the ratio is what validation, rights, rules, sealing and PynamoDB add. Who pays for what is
shown apart: the authorizer, the entries of audit and disclosure, and the route itself.
"""

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import dynamo
from bench.counters import changes
from bench.figures import Figure, NotMeasured, say
from chalicelib import config, http, sealing
from chalicelib.actors import Actor
from chalicelib.identity import service as identity
from chalicelib.monitoring import service as monitoring
from tests import town as towns
from tests.chalicelib.identity.outsiders import Wechat, Wecom
from tests.route_samples import SAMPLES, ask, name, routes

# Route and who asks; the owner is a citizen.
MAIN = {
    "POST /residence-registrations": "owner",
    "GET /cases/{id}": "owner",
    "GET /me/cases": "owner",
    "POST /cases/{id}/decisions": "coordinator",
    "GET /worklist": "coordinator",
    "GET /visits": "coordinator",
    "POST /visits/{id}/outcome": "grid_worker",
    "GET /counters": "coordinator",
    "GET /me": "owner",
    "GET /me/disclosures": "owner",
    "GET /divisions": "owner",
    "GET /audit/verify": "auditor",
}
CASES = (1, 1_000, 10_000)
ROUNDS = 25
WARM = 3
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
PARTS = ("authorizer", "route", "audit", "disclosures")


@dataclass
class Account:
    """Requests and units by part, and requests by operation."""

    requests: dict[str, float]
    units: dict[str, float]
    operations: dict[str, int]


def run(cases: tuple[int, ...] = CASES, rounds: int = ROUNDS) -> Iterator[Figure | str]:
    """Counts at growing numbers of cases, then times at the largest; on moto requests only, and fewer cases."""
    if reason := dynamo.missing():
        yield f"# routes: {reason}. Counted on moto: requests only, no capacity units, no times."
        with dynamo.counting() as client, _outside():
            found = [_accounts(client, count)[1] for count in cases[:2]]
            yield from (figure for route in MAIN for figure in _counts(route, found, cases[:2], units=False))
        return
    with dynamo.running() as client, _outside():
        levels = [_accounts(client, count) for count in cases]
        for route in MAIN:
            yield from _counts(route, [found for _, found in levels], cases)
        for route in MAIN:
            yield from _time(client, levels[-1][0], route, rounds)


@contextmanager
def _outside() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, towns.outside_systems(Path(folder), NOW):
        yield


def _accounts(client: Any, count: int) -> tuple[towns.Town, dict[str, Account]]:
    """A new town with so many cases, and what each route costs there."""
    say(f"routes: counting with {count:,} cases in the table")
    dynamo.empty(client)
    town = towns.Town(NOW)
    fill(client, town, count)
    _furnish(town)
    return town, {route: account(client, town, route) for route in MAIN}


def fill(client: Any, town: towns.Town, count: int) -> None:
    """Copy one case that waits for a coordinator to so many in the same community, each another owner's."""
    case_id, owner, table = town.case(state="review"), town.owner.id, config.table("cases")
    rows = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"CASE#{case_id}"}},
        ConsistentRead=True,
    )["Items"]
    waiting: list[dict[str, Any]] = []
    for number in range(1, count):
        other = f"{case_id[:-7]}{number:07d}"
        waiting += [
            {"PutRequest": {"Item": _moved(row, {case_id: other, owner: f"P{number:026d}"})}} for row in rows
        ]
        while len(waiting) >= 25 or (number == count - 1 and waiting):
            client.batch_write_item(RequestItems={table: waiting[:25]})
            waiting = waiting[25:]


def _furnish(town: towns.Town) -> None:
    """Something to find for the routes that would otherwise read nothing: a disclosure, a counter."""
    identity.record_disclosures(
        towns.staff("coordinator"), [town.owner.id], "case_handling", "case", town.now
    )
    monitoring.count(changes(1, shuffled=False, community=towns.COMMUNITY), town.now)


def _moved(row: dict[str, Any], changes: dict[str, str]) -> dict[str, Any]:
    def text(value: str) -> str:
        for old, new in changes.items():
            value = value.replace(old, new)
        return value

    return {n: {"S": text(v["S"])} if "S" in v else v for n, v in row.items()}


def _actor(town: towns.Town, who: str) -> Actor:
    return town.owner if who == "owner" else towns.staff(who)


def _call(
    client: Any, town: towns.Town, title: str, *, cold: bool = False
) -> tuple[dynamo.Heard, dynamo.Took]:
    """Ask the route once; what was heard, and the time that was not spent on listening."""
    route = next(r for r in routes() if name(r) == title)
    actor = _actor(town, MAIN[title])
    asked = SAMPLES[title].make(town, actor)
    headers = {"idempotency_key": f"bench-{time.monotonic_ns()}"} if route.method == "POST" else {}
    if cold:
        sealing.forget_cached()
    with dynamo.listening(client) as heard:
        began = dynamo.Took.now()
        answer: http.Answer = ask(route, asked, actor, town, **headers)
        took = dynamo.Took.now() - began - heard.listening
    if answer.status >= 300:
        raise NotMeasured(f"{title} answered {answer.status}: {answer.body[:200]}")
    if json.loads(answer.body).get("items") == []:
        raise NotMeasured(f"{title} found nothing: its cost would say nothing")
    return heard, took


def _authorizer(client: Any, town: towns.Town, who: str) -> dynamo.Heard:
    if who == "owner":
        session = identity.sign_in_citizen("citizen-owner0", "192.0.2.1", town.now, Wechat())
    else:
        session = identity.sign_in_staff(f"staff-{who}-near", "192.0.2.1", town.now, Wecom())
    with dynamo.listening(client) as heard:
        identity.actor_for(session.token, town.now)
    return heard


def account(client: Any, town: towns.Town, title: str) -> Account:
    """What one call costs a function that has just started, its authorizer included.

    Keys of people stay in memory for a minute. Here they were made a moment ago, in this process: left there,
    they would hide reads that a real call makes, or not, by how long the tables took to fill.
    """
    found = Account(defaultdict(float), defaultdict(float), defaultdict(int))
    for request in _authorizer(client, town, MAIN[title]).requests:
        found.requests["authorizer"] += 1
        found.units["authorizer"] += sum(request.units.values())
    heard, _ = _call(client, town, title, cold=True)
    for request in heard.requests:
        found.operations[request.operation] += 1
        found.requests["route"] += 1
        for part, units in shares(request).items():
            found.units[part] += units
    return found


def shares(request: dynamo.Request) -> dict[str, float]:
    """A request's units by part: a table's units are spread evenly over the items written there."""
    found: dict[str, float] = defaultdict(float)
    items = dynamo.written(request)
    for table, units in request.units.items():
        parts = [_part(table, item) for where, item in items if where == table] or ["route"]
        for part in parts:
            found[part] += units / len(parts)
    return found


def _part(table: str, item: dict[str, Any]) -> str:
    if table == config.table("audit"):
        return "audit"
    if item["sk"]["S"].startswith("DISCLOSURE#"):
        return "disclosures"
    return "route"


def _slug(title: str) -> str:
    return title.replace(" /", " ").replace("/", ".").replace(" ", ".")


def _counts(
    title: str, levels: list[dict[str, Account]], cases: tuple[int, ...], *, units: bool = True
) -> Iterator[Figure]:
    """Requests and units at the most cases beside those at fewer, then who and what they are for."""
    slug, last = f"routes.{_slug(title)}", levels[-1][title]
    kinds = ("requests", "units") if units else ("requests",)
    whole = {kind: sum(getattr(last, kind).values()) for kind in kinds}
    for level, count in zip(levels[:-1], cases[:-1], strict=True):
        for kind in kinds:
            fewer = sum(getattr(level[title], kind).values())
            yield Figure(f"{slug}.{kind}", whole[kind], kind, f"at {count} cases", fewer)
    yield Figure(
        f"{slug}.requests.authorizer", last.requests["authorizer"], "requests", "all", whole["requests"]
    )
    for operation, count in sorted(last.operations.items()):
        yield Figure(f"{slug}.requests.{operation}", count, "requests", "all", whole["requests"])
    for part in PARTS if units else ():
        if last.units[part]:
            yield Figure(f"{slug}.units.{part}", last.units[part], "units", "all", whole["units"])


def _time(client: Any, town: towns.Town, title: str, rounds: int) -> Iterator[Figure]:
    say(f"routes: timing {title}")
    ours, bare = [], []
    for number in range(rounds + WARM):
        heard, took = _call(client, town, title)
        heard.put_back(client)
        plain = heard.replay(client)
        if number >= WARM:
            ours.append(took)
            bare.append(plain if heard.requests else dynamo.Took(0, 0))
    slug, baseline = f"routes.{_slug(title)}", "same requests by bare boto3"
    for what in ("clock", "cpu"):
        mine, least = (median(getattr(t, what) * 1000 for t in each) for each in (ours, bare))
        yield Figure(f"{slug}.{'time' if what == 'clock' else 'cpu'}", mine, "ms", baseline, least)
