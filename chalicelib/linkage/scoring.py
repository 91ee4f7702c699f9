"""How probable it is that two nodes are one person: a stored model, applied by Splink to the pairs of a run.

m and most u come from the stored model. What depends on the size of the city is counted in the run itself: how
often two people share a phone, a room or a building by chance, how frequent each name is, and how many of all
possible pairs are of one person. So one model serves towns and cities.
"""

import copy
import math
from typing import Any, Final

from splink import DuckDBAPI, Linker

# Pairs below this weight (log2 of the odds) are not kept; a reviewer would dismiss them at a glance.
LEAST_WEIGHT: Final = -3.0
# Splink compares so many pairs at once: what a pass holds in memory does not grow with the city.
PAIRS_A_PASS: Final = 2_000_000
_SAMPLED: Final = 16

# In few rows every name and every coincidence looks frequent: so many rows and pairs of a usual city are added.
_ROWS_ADDED: Final = 20_000
_PAIRS_ADDED: Final = 1e6
_SHARED_ADDED: Final = 100.0
_TERMS: Final = f"""
CREATE OR REPLACE TABLE {{column}}_terms AS
SELECT {{column}}, (count(*) + 1) / (sum(count(*)) OVER () + {_ROWS_ADDED}) AS tf_{{column}}
FROM entries WHERE {{column}} IS NOT NULL GROUP BY {{column}}
"""
FREQUENCIES: Final = ("plain", "birth")
# Pairs of different settled people who share what a list of columns tells: of a sixteenth of all phones, by their
# digits, and of all places. A sample by a hash would be another one on another engine.
_COLLISIONS: Final = """
WITH held AS (
  SELECT DISTINCT {columns}, node FROM entries
  WHERE NOT open AND {first} IS NOT NULL AND {sample} AND {condition}
), shared AS (
  SELECT count(*) AS n FROM held WHERE {there} GROUP BY {columns}
)
SELECT coalesce(sum(n * (n - 1) / 2.0), 0) FROM shared
"""
_PRIVATE: Final = "phone NOT IN (SELECT phone FROM busy)"
_LINE: Final = "phone IN (SELECT phone FROM busy)"
# What is counted, by comparison and level, and of which pairs it is a share: of all, or of those that share a phone.
_COUNTED: Final = {
    ("phone", "same"): (("phone",), _PRIVATE),
    ("phone", "line"): (("phone",), _LINE),
    ("address", "room_same"): (("phone", "room"), _PRIVATE),
    ("address", "neighbour_same"): (("phone", "building"), _PRIVATE),
    ("address", "room_line"): (("phone", "room"), _LINE),
    ("address", "neighbour_line"): (("phone", "building"), _LINE),
    ("address", "room_other"): (("room",), "true"),
    ("address", "neighbour_other"): (("building",), "room IS NOT NULL"),
}


def fitted(connection: Any, model: dict[str, Any]) -> dict[str, Any]:
    """The model's settings for the rows of this run; makes the tables of how frequent names and birth dates are."""
    for column in FREQUENCIES:
        connection.execute(_TERMS.format(column=column))
    settled, open_ = connection.execute(
        "SELECT count(DISTINCT node) FILTER (NOT open), count(DISTINCT node) FILTER (open) FROM entries"
    ).fetchone()
    settings: dict[str, Any] = copy.deepcopy(model["settings"])
    # Nearly every open row has its person once among the others.
    settings["probability_two_random_records_match"] = 1 / (settled + open_ / 2 + _ROWS_ADDED)
    _set_chances(connection, settings, settled * (settled - 1) / 2)
    return settings


def _set_chances(connection: Any, settings: dict[str, Any], pairs: float) -> None:
    met = {key: _met(connection, *what) for key, what in _COUNTED.items()}
    for (comparison, name), count in met.items():
        kind = name.rsplit("_", 1)[-1]
        whole, added = pairs, _PAIRS_ADDED
        if comparison == "address" and kind != "other":
            whole, added = met["phone", kind], _SHARED_ADDED
        level = _level(settings, comparison, name)
        level["u_probability"] = (count + level["u_probability"] * added) / (whole + added)
    # A room is missing in one row or both: all who share a building but those whose rooms are both known.
    for name, which in (("hall", ""), ("building", "NOT")):
        inside = f"building {which} IN (SELECT building FROM halls)"
        all_, both = (
            _met(connection, ("building",), f"{inside}{more}") for more in ("", " AND room IS NOT NULL")
        )
        level = _level(settings, "address", f"{name}_other")
        count = max(all_ - both, 0.0) + level["u_probability"] * _PAIRS_ADDED
        level["u_probability"] = count / (pairs + _PAIRS_ADDED)
    for kind in ("same", "line"):
        # Who shares a building shares the room or not; the count of buildings has both.
        room, near = (_level(settings, "address", f"{place}_{kind}") for place in ("room", "neighbour"))
        near["u_probability"] = max(near["u_probability"] - room["u_probability"], 1e-4)


def _met(connection: Any, columns: tuple[str, ...], condition: str) -> float:
    by_phone = columns[0] == "phone"
    query = _COLLISIONS.format(
        columns=", ".join(columns),
        first=columns[0],
        there=" AND ".join(f"{column} IS NOT NULL" for column in columns),
        condition=condition,
        sample=f"phone % {_SAMPLED} = 0" if by_phone else "true",
    )
    return float(connection.execute(query).fetchone()[0]) * (_SAMPLED if by_phone else 1)


def _level(settings: dict[str, Any], comparison: str, name: str) -> dict[str, Any]:
    (found,) = (c for c in settings["comparisons"] if c["output_column_name"] == comparison)
    (level,) = (one for one in found["comparison_levels"] if one["label_for_charts"] == name)
    assert isinstance(level, dict)
    return level


def score(connection: Any, settings: dict[str, Any], pairs: str = "pairs", api: Any = None) -> int:
    """Append to ``scored`` what Splink says of the pairs in a table; returns how many pairs were kept.

    ``api`` is Splink's backend for the connection, DuckDB's by default; the settings' conditions are in its SQL.

    The comparisons' columns tell the level, counted from 0 for the most alike; null where one side is unknown.
    """
    api = api or DuckDBAPI(connection)
    linker = Linker(api.register("nodes"), settings, log_level=None)
    for column in FREQUENCIES:
        linker.table_management.register_term_frequency_lookup(api.register(f"{column}_terms"), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
    made = linker.inference.predict(threshold_match_weight=LEAST_WEIGHT)
    levels = ", ".join(_told(comparison) for comparison in settings["comparisons"])
    weights = ", ".join(f"mw_{name} + mw_tf_adj_{name}" for name in weighed(settings))
    kept = connection.execute(
        "INSERT INTO scored SELECT least(node_l, node_r), greatest(node_l, node_r), match_weight,"
        f" match_probability, {levels}, {weights} FROM {made.physical_name}"
    ).fetchone()[0]
    made.drop_table_from_database_and_remove_from_cache()
    return int(kept)


def weighed(settings: dict[str, Any]) -> list[str]:
    """The comparisons whose weight depends on how frequent the value is, and not on the level alone."""
    return [
        c["output_column_name"]
        for c in settings["comparisons"]
        if any(level.get("tf_adjustment_column") for level in c["comparison_levels"])
    ]


def _told(comparison: dict[str, Any]) -> str:
    """Which level a comparison found, from its weight: Splink keeps weights, and every level has its own."""
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    column = f"mw_{comparison['output_column_name']}"
    cases = (
        f"WHEN abs({column} - ({math.log2(level['m_probability'] / level['u_probability'])!r})) < 1e-9 THEN {place}"
        for place, level in enumerate(levels)
    )
    return f"CASE {' '.join(cases)} END"


def create(connection: Any, settings: dict[str, Any]) -> None:
    """Make table ``scored``, empty.

    ``l, r, weight, probability``, each comparison's level, and ``{comparison}_weight`` of the ``weighed`` ones.
    """
    levels = ", ".join(f"{c['output_column_name']} INTEGER" for c in settings["comparisons"])
    weights = ", ".join(f"{name}_weight REAL" for name in weighed(settings))
    connection.execute(
        "CREATE OR REPLACE TABLE scored"
        f" (l BIGINT, r BIGINT, weight DOUBLE, probability DOUBLE, {levels}, {weights})"
    )
