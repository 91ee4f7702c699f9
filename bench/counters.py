"""Stream records to counters, sorted by region and in random order, against bare puts of as many items.

A bare put is the least that counting could cost: one request a record, no marker, no sums, no neighbours.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import batched, count
from statistics import median
from typing import Any

from bench import dynamo
from bench.figures import Figure, NotMeasured, say
from chalicelib import config
from chalicelib.monitoring import service
from chalicelib.monitoring.model import Change
from chalicelib.places import service as places

RECORDS = 1_000
BATCH = 500  # As the streams deliver: infra/resources/functions.yaml.
ROUNDS = 3
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
_numbers = count(1)


def run(records: int = RECORDS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Records a second both ways by turns, and records that share a transaction."""
    found: dict[str, list[float]] = {"sorted": [], "random": [], "bare": []}
    shared: dict[str, list[float]] = {"sorted": [], "random": []}
    with dynamo.running() as client:
        for number in range(rounds):
            say(f"counters: {records:,} records, round {number + 1} of {rounds}")
            found["bare"].append(_rate(records, lambda: _put(client, records)))
            for order in shared:
                spent: list[float] = []
                ready = changes(records, order == "random")
                found[order].append(
                    _rate(records, lambda ready=ready, spent=spent: spent.append(_count(ready)))
                )
                shared[order].append(records / spent[0])
    for order in shared:
        yield Figure(
            f"counters.{order}.rate",
            median(found[order]),
            "records/s",
            "bare put_item",
            median(found["bare"]),
        )
        yield Figure(
            f"counters.{order}.shared", median(shared[order]), "records/transaction", "a transaction each", 1
        )


def changes(records: int, shuffled: bool, community: str = "") -> list[Change]:
    """New cases, ten in a community before the next (or all in one), each an event never counted before."""
    towns = places.towns_in("440600")
    communities = [community] if community else [c.code for t in towns for c in places.divisions_under(t)]
    made = [_change(next(_numbers), communities[place // 10 % len(communities)]) for place in range(records)]
    if shuffled:
        random.Random(7).shuffle(made)
    return made


def _change(number: int, region: str) -> Change:
    row = {"pk": f"CASE#C{number}", "sk": "CASE", "case_kind": "residence_registration", "state": "submitted"}
    row |= {"region": region, "submitted_at": "2026-11-23T09:30:00.000+08:00"}
    return Change(f"e{number}", f"{number:021d}", "cases", NOW, None, row)


def _count(ready: list[Change]) -> int:
    """Count in batches as the stream delivers them; returns the transactions used."""
    transactions = 0
    for batch in batched(ready, BATCH, strict=False):
        result = service.count(batch, NOW)
        if result.counted != len(batch):
            raise NotMeasured(f"{result.counted} of {len(batch)} records were counted")
        transactions += result.transactions
    return transactions


def _put(client: Any, records: int) -> None:
    for _ in range(records):
        item = {"pk": {"S": f"BARE#{next(_numbers)}"}, "sk": {"S": "BARE"}, "value": {"N": "1"}}
        client.put_item(TableName=config.table("monitoring"), Item=item)


def _rate(records: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return records / (time.perf_counter() - began)
