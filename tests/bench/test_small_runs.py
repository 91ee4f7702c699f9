"""Each benchmark once, as small as it goes: that it measures what it says, not how fast."""

from typing import Any

import pytest

from bench import dynamo
from bench.apart import spent
from bench.routes import MAIN
from tests.conformance import engine

needs_dynamodb = pytest.mark.skipif(bool(engine.missing()), reason=engine.missing() or "there")
pytestmark = pytest.mark.slow


def figures(call: str, first: str = "") -> dict[str, Any]:
    work = f"{first}\nfrom bench import {call.partition('.')[0]}; answer = [str(f) for f in {call}]"
    return {line.split()[0]: line.split() for line in spent(work).answer}


@needs_dynamodb
@pytest.mark.dynamodb_local
def test_the_routes_are_counted_by_part_and_timed() -> None:
    found = figures("routes.run((1, 60), 1)")
    assert len([name for name in found if name.endswith(".time")]) == len(MAIN)
    assert found["routes.GET.visits.units.disclosures"][1] != "0"
    parts = [float(line[1]) for name, line in found.items() if name.startswith("routes.GET.visits.units.")]
    assert sum(parts) == float(found["routes.GET.visits.units"][1])
    assert found["routes.GET.worklist.units"][4] == "at_1_cases=1.5"
    assert float(found["routes.GET.worklist.units"][1]) > 1.5, "the copied cases are on the list"
    assert found["routes.GET.divisions.requests"][1] == "1", "only the authorizer reads"


def test_without_java_only_requests_are_counted() -> None:
    found = figures("routes.run((1, 2), 1)", 'import os; os.environ["PATH"] = ""')
    assert found["#"][1] == "routes:" and "Java" in found["#"]
    assert found["routes.GET.cases.{id}.requests"][1] == "2"
    assert not [name for name in found if ".units" in name or name.endswith(".time")]


@needs_dynamodb
@pytest.mark.dynamodb_local
def test_cases_cost_the_same_however_many_there_are() -> None:
    found = figures("cases.run((600, 2000), 1)", "import bench.cases; bench.cases.LIFECYCLES = 2")
    levels = {name: line for name, line in found.items() if name.endswith((".at_600", ".at_2000"))}
    kinds = {n: v[1] for n, v in levels.items() if ".requests." in n or ".units." in n}
    assert len(kinds) == 20
    assert all(kinds[n] == kinds[n.replace("at_2000", "at_600")] for n in kinds)
    assert float(found["cases.lifecycle.at_2000"][1]) > 0


@needs_dynamodb
@pytest.mark.dynamodb_local
def test_counting_is_compared_with_bare_puts() -> None:
    found = figures("counters.run(20, 1)")
    assert found["counters.sorted.shared"][1] == "20" and float(found["counters.random.rate"][1]) > 0


def test_files_are_checked_and_compared() -> None:
    assert float(figures("sources.run(100, 300)")["sources.100.rows"][1]) > 0
    compared = figures("linkage.run((300,))")
    assert float(compared["linkage.300.rows"][1]) > 0 and float(compared["linkage.300.precision"][1]) > 0.9
    assert not [name for name in compared if "beside_plain" in name], (
        "too few people to estimate a model from"
    )


def test_what_a_transaction_writes_is_attributed_item_by_item() -> None:
    items = [{"pk": {"S": "A"}, "sk": {"S": sk}} for sk in ("ONE", "TWO")]
    asked = {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": items[0]}},
            {"ConditionCheck": {"TableName": "u", "Key": items[1]}},
        ]
    }
    request = dynamo.Request("TransactWriteItems", asked)
    assert dynamo.written(request) == [("t", items[0]), ("u", items[1])]
    assert dynamo.written(dynamo.Request("Query", {"TableName": "t"})) == []


def test_a_register_is_counted_in_memory_that_does_not_grow_with_it() -> None:
    found = figures("insight.run(2_000, 40_000)")
    assert float(found["insight.40000.memory"][-1]) < 1.2
    assert 0 < float(found["insight.40000.suppressed"][-1]) < 1


def test_points_in_bulk_and_by_hand_are_compared_on_the_same_table() -> None:
    found = figures("points.run(400)", "import bench.points; bench.points.TURNS = 1")
    assert float(found["points.estimates"][1]) > 0
    assert {"points.bulk.seconds", "points.bulk.cpu", "points.bulk.peak_mb"} <= found.keys()


def test_a_departments_checks_of_points_are_all_answered() -> None:
    found = figures("seasons.run(300, 3_000)")
    assert float(found["seasons.bulk_verification.300.cpu"][1]) > 0
    assert float(found["seasons.bulk_verification.300.seconds"][1]) < 60
