"""What SQLGlot and our rules make of the comparison's SQL; the values are compared in ``test_spark``."""

from datetime import date

import pytest

from chalicelib.linkage import spark_sql, training
from chalicelib.linkage.spark_engine import carried

CARRIED = {
    "a // 1000": "a DIV 1000",
    "regexp_full_match(x, '[0-9]{3}')": r"x RLIKE '\\A(?:[0-9]{3})\\z'",
    r"regexp_replace(x, '^([zcs])h', '\1')": "REGEXP_REPLACE(x, '^([zcs])h', '$1')",
    "regexp_extract(x, '^(.)(.)', ['road', 'room'])": "NAMED_STRUCT('road', REGEXP_EXTRACT(x, '^(.)(.)', 1),"
    " 'room', REGEXP_EXTRACT(x, '^(.)(.)', 2))",
    "phones[1]": "phones[0]",
    "mode(plain ORDER BY plain)": "MODE(plain, TRUE)",
    "list_has_any(a, b)": "ARRAYS_OVERLAP(a, b)",
    "hash(a, b)": "XXHASH64(a, b)",
    "TRY_STRPTIME(d, '%Y%m%d')": "TRY_TO_TIMESTAMP(d, 'yyyyMMdd')",
    "string_split(a, '')": "SPLIT(a, '')",
    "list({'a': a, 'b': b} ORDER BY a)": "SORT_ARRAY(COLLECT_LIST(STRUCT(a AS a, b AS b)))",
    "count(*) FILTER (x)": "COUNT(*) FILTER(WHERE x)",
}


@pytest.mark.parametrize("sql", CARRIED)
def test_what_sqlglot_does_not_carry_over_is_carried_by_a_rule(sql: str) -> None:
    assert spark_sql.condition(sql) == CARRIED[sql]


def test_a_list_of_nothing_stays_null() -> None:
    made = spark_sql.condition("list(DISTINCT p) FILTER (p > 0)")
    assert made.startswith("CASE WHEN SIZE(COLLECT_LIST(DISTINCT p) FILTER(WHERE p > 0)) > 0 THEN")


def test_values_come_where_their_marks_are() -> None:
    (by_place,) = spark_sql.statements("SELECT ?, ? + 1", ["it's", 7])
    (by_name,) = spark_sql.statements("SELECT $b, $a", {"a": date(2026, 11, 28), "b": True})
    assert spark_sql.text(by_place) == r"SELECT 'it\'s', 7 + 1"
    assert spark_sql.text(by_name) == "SELECT TRUE, CAST('2026-11-28' AS DATE)"


def test_the_stored_model_keeps_its_weights_and_gets_sparks_conditions() -> None:
    settings = training.load()["settings"]
    made = carried(settings)
    levels = [(a, b) for one, other in zip(settings["comparisons"], made["comparisons"], strict=True)
              for a, b in zip(one["comparison_levels"], other["comparison_levels"], strict=True)]  # fmt: skip
    assert all(a.get("m_probability") == b.get("m_probability") for a, b in levels)
    assert not any("list_has_any" in b["sql_condition"] or "//" in b["sql_condition"] for _, b in levels)
    assert any("ARRAYS_OVERLAP" in b["sql_condition"] for _, b in levels)
