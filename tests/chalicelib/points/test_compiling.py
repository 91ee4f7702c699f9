"""The two executors of one policy are equal, to the last place, for random policies and random people."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.points import compiling, service
from chalicelib.points.model import Policy
from tests.chalicelib.points import random_policies
from tests.chalicelib.points.random_policies import AS_OF


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def in_bulk(
    engine: duckdb.DuckDBPyConnection, policy: Policy, folk: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What DuckDB makes of the people."""
    kinds = compiling.columns(policy, "school")
    table = {"applicant": pa.array([str(n) for n in range(len(folk))])}
    table["region"] = pa.array([each["region"] for each in folk], pa.string())
    for code, kind in kinds.items():
        table[code] = random_policies.column([each["answers"].get(code) for each in folk], kind)
    answers = pa.table(table)
    with engine.cursor() as cursor:
        cursor.register("answers", answers)
        sql = compiling.statement(policy, "school", AS_OF, answers.column_names)
        found = cursor.sql(sql).to_arrow_table()
        cursor.unregister("answers")
    return sorted(found.to_pylist(), key=lambda row: int(row["applicant"]))


def one_by_one(policy: Policy, person: dict[str, Any]) -> dict[str, Any]:
    """What the explaining executor makes of one, in the same words."""
    try:
        found = service.score(policy, "school", person["answers"], AS_OF, region=person["region"])
    except Invalid as error:
        return {"wrong": sorted({field.path.split("/")[2] for field in error.fields})}
    assert sum(line.points for line in found.lines) == found.total
    groups = {f"g:{each.group}": each.points for each in found.groups}
    return {"total": found.total, "eligible": found.eligible, **groups}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data())
def test_both_executors_say_the_same_of_everybody(
    engine: duckdb.DuckDBPyConnection, data: st.DataObject
) -> None:
    policy = data.draw(random_policies.policies())
    folk = data.draw(random_policies.people(policy))
    for row, person in zip(in_bulk(engine, policy, folk), folk, strict=True):
        alone = one_by_one(policy, person)
        if row["wrong"] is not None:
            assert alone == {"wrong": sorted(row["wrong"])}
            assert row["eligible"] is False
        else:
            assert {key: Decimal(row[key]) / compiling.SCALE for key in alone if key != "eligible"} == {
                key: value for key, value in alone.items() if key != "eligible"
            }
            assert row["eligible"] == alone["eligible"]
