"""The case engine with 1,000, 100,000 and (asked for) 1,000,000 cases in the table: requests, units, times, lifecycles.

`BENCH_CASES=1000,100000,1000000` chooses the sizes. What fills the table are headers of decided cases, each
tenth waiting for a coordinator of the same town: one item a case, written straight to DynamoDB Local.
"""

import http.client
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench import dynamo, routes
from bench.figures import Figure, Missing, NotMeasured, say
from chalicelib import config
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from tests import town as towns
from tests.route_samples import SAMPLES, Asked, ask, name
from tests.route_samples import routes as declared

SIZES = (1_000, 100_000)
MEASURED = (
    "POST /residence-registrations",
    "GET /cases/{id}",
    "GET /me/cases",
    "GET /worklist",
    "POST /cases/{id}/decisions",
)
ROUNDS = 40
LIFECYCLES = 60
BATCH = 25
SAY_SECONDS = 10
# What others say of themselves: DIGIT's lifecycles a second with a million records, on 16 vCPU.
DIGIT = 6.3


def sizes() -> tuple[int, ...]:
    """The sizes asked for."""
    asked = os.environ.get("BENCH_CASES")
    return tuple(sorted(int(size) for size in asked.split(","))) if asked else SIZES


def run(levels: tuple[int, ...] | None = None, rounds: int = ROUNDS) -> Iterator[Figure | str]:
    """Counts and times at each size, then lifecycles at the largest; left out without DynamoDB Local."""
    if reason := dynamo.missing():
        raise Missing(reason)
    levels = levels or sizes()
    found: list[dict[str, routes.Account]] = []
    with dynamo.running() as client, routes._outside():
        header = _header(client, towns.Town(routes.NOW))
        there = 0
        for number, size in enumerate(levels, start=1):
            began = time.monotonic()
            fill(client, header, there, size)
            there = size
            say(f"cases: {size:,} cases after {time.monotonic() - began:.0f} s more")
            town = towns.Town(routes.NOW, number)  # An owner of one's own for each size: nobody's list grows.
            found.append({title: routes.account(client, town, title) for title in MEASURED})
            yield from _times(client, town, size, rounds)
        yield from _counts(found, levels)
        yield from _lifecycles(town, levels[-1])


def _header(client: Any, town: towns.Town) -> dict[str, Any]:
    """The header of a case that waits for a coordinator, as it lies in the table."""
    case_id = town.case(state="review")
    key = {"pk": {"S": f"CASE#{case_id}"}, "sk": {"S": "CASE"}}
    item: dict[str, Any] = client.get_item(TableName=config.table("cases"), Key=key)["Item"]
    return item


def fill(client: Any, header: dict[str, Any], first: int, last: int, hands: int = 4) -> None:
    """Write headers number ``first`` to ``last`` in batches of 25, with several connections."""
    address = urlsplit(client.meta.endpoint_url)
    step = BATCH * 200
    with ThreadPoolExecutor(hands) as pool:
        tasks = [
            pool.submit(_write, address.netloc, header, start, min(start + step, last))
            for start in range(first, last, step)
        ]
        told = time.monotonic()
        for number, task in enumerate(tasks):
            task.result()
            if time.monotonic() - told > SAY_SECONDS:
                told = time.monotonic()
                say(f"cases: {first + (number + 1) * step:,} of {last:,} cases are there")


def _write(netloc: str, header: dict[str, Any], first: int, last: int) -> None:
    """Plain HTTP: a client that signs and validates would take longer than the table."""
    connection = http.client.HTTPConnection(netloc, timeout=60)
    waiting, decided = _templates(header)
    for start in range(first, last, BATCH):
        numbers = range(start, min(start + BATCH, last))
        puts = ",".join((decided if n % 10 else waiting).replace("@@@@@@@@", f"{n:08d}") for n in numbers)
        body = f'{{"RequestItems":{{"{config.table("cases")}":[{puts}]}}}}'
        connection.request("POST", "/", body.encode(), _HEADERS)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.status != 200 or said["UnprocessedItems"]:
            raise NotMeasured(f"filling failed: {answer.status} {str(said)[:200]}")
    connection.close()


_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20261123/cn-north-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=none",
}


def _templates(header: dict[str, Any]) -> tuple[str, str]:
    """A waiting and a decided header as text, with a mark where each has a number of its own."""
    case_id = header["pk"]["S"].removeprefix("CASE#")
    owner = header["owner"]["S"]
    text = json.dumps({"PutRequest": {"Item": header}}, ensure_ascii=False)
    waiting = text.replace(case_id, f"{case_id[:-8]}@@@@@@@@").replace(owner, f"{owner[:-8]}@@@@@@@@")
    item = json.loads(waiting)
    for gone in ("by_work_pk", "by_work_sk", "by_due_pk", "by_due_sk", "due", "queue"):
        item["PutRequest"]["Item"].pop(gone, None)
    item["PutRequest"]["Item"] |= {
        "state": {"S": "accepted"},
        "decided_at": item["PutRequest"]["Item"]["since"],
    }
    return waiting, json.dumps(item, ensure_ascii=False)


def _counts(found: list[dict[str, routes.Account]], levels: tuple[int, ...]) -> Iterator[Figure]:
    """Requests and units of each route at each size, beside the smallest; authorizer included."""
    for title in MEASURED:
        slug = f"cases.{routes._slug(title)}"
        least = found[0][title]
        for level, accounts in zip(levels, found, strict=True):
            for kind in ("requests", "units"):
                value = sum(getattr(accounts[title], kind).values())
                against = sum(getattr(least, kind).values())
                yield Figure(f"{slug}.{kind}.at_{level}", value, kind, f"at {levels[0]}", against)
        last = found[-1][title]
        for operation, count in sorted(last.operations.items()):
            whole = sum(last.requests.values())
            yield Figure(f"{slug}.requests.{operation}", count, "requests", "all", whole)


def _times(client: Any, town: towns.Town, size: int, rounds: int) -> Iterator[Figure]:
    """A case, a list and a submission through the handler, by turns with a bare get of a header."""
    bare: list[float] = []
    ours: dict[str, list[float]] = {
        title: [] for title in ("GET /cases/{id}", "GET /me/cases", "GET /worklist")
    }
    asked = {title: SAMPLES[title].make(town, _who(town, title)) for title in ours}
    case_id = asked["GET /cases/{id}"].path["id"]
    key = {"pk": {"S": f"CASE#{case_id}"}, "sk": {"S": "CASE"}}
    for number in range(rounds + routes.WARM):
        took = _timed(lambda: client.get_item(TableName=config.table("cases"), Key=key))
        if number >= routes.WARM:
            bare.append(took)
        for title, wanted in asked.items():
            took = _timed(lambda t=title, w=wanted: _ask(town, t, w, _who(town, t)))
            if number >= routes.WARM:
                ours[title].append(took)
    for title, taken in ours.items():
        slug = f"cases.{routes._slug(title)}.time.at_{size}"
        yield Figure(slug, median(taken) * 1000, "ms", "bare get_item of a header", median(bare) * 1000)


def _who(town: towns.Town, title: str) -> Actor:
    return routes._actor(town, routes.MAIN[title])


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ask(town: towns.Town, title: str, asked: Asked, actor: Actor) -> dict[str, Any]:
    route = next(r for r in declared() if name(r) == title)
    headers = {"idempotency_key": f"bench-{time.monotonic_ns()}"} if route.method == "POST" else {}
    answer = ask(route, asked, actor, town, **headers)
    if answer.status >= 300:
        raise NotMeasured(f"{title} answered {answer.status}: {answer.body[:200]}")
    read: dict[str, Any] = json.loads(answer.body)
    return read


def _lifecycles(town: towns.Town, size: int) -> Iterator[Figure]:
    """Create, two departments answer, assign, resolve, search twice: whole lifecycles a second, one after another."""
    for number in range(3):
        _lifecycle(town, number)
    began = time.perf_counter()
    for number in range(LIFECYCLES):
        _lifecycle(town, 100 + number)
    rate = LIFECYCLES / (time.perf_counter() - began)
    yield Figure(f"cases.lifecycle.at_{size}", rate, "lifecycles/s", "DIGIT on 16 vCPU, as published", DIGIT)


def _lifecycle(town: towns.Town, number: int) -> None:
    """One case from its submission to its end, by requests, as people send them."""
    coordinator, now = towns.staff("coordinator"), town.now + timedelta(seconds=number)
    made = SAMPLES["POST /residence-registrations"].make(town, town.owner)
    case_id = _ask(town, "POST /residence-registrations", made, town.owner)["id"]
    cases.record_check(case_id, "public_security", "passed", SYSTEM, now)
    cases.record_check(case_id, "housing", "unclear", SYSTEM, now)
    _ask(town, "POST /cases/{id}/claim", Asked(path={"id": case_id}, body={}), coordinator)
    decision = {"decision": "approve", "reason": "as the papers say"}
    decided = _ask(
        town, "POST /cases/{id}/decisions", Asked(path={"id": case_id}, body=decision), coordinator
    )
    _ask(town, "GET /me/cases", Asked(query={"limit": "10"}), town.owner)
    _ask(town, "GET /worklist", Asked(query={"town": towns.TOWN, "limit": "10"}), coordinator)
    if decided["state"] != "accepted":
        raise NotMeasured(f"a lifecycle ended {decided['state']}")
