"""The results of a comparison as CSV: every row's person, and every pair that was found to be one person, with why."""

import math
from pathlib import Path
from typing import Any, Final

from chalicelib.linkage import scoring
from chalicelib.linkage.cleaning import quoted
from chalicelib.linkage.comparing import COMPARISONS

# All pairs of a person's rows up to so many rows; beyond, each row with the first.
PAIRED_AT_MOST: Final = 20
_SAME_NUMBER: Final = "证件号码相同 / same identity number"
_BY_OTHERS: Final = "经由此人的其他记录 / by way of the person's other records"

# A person's id comes from the first of its rows, so that it stays while that row is there.
_PEOPLE: Final = """
CREATE OR REPLACE TABLE people AS
WITH firsts AS (
  SELECT cluster, min(source || chr(31) || record_id) AS first FROM clustered GROUP BY cluster
), told AS (
  SELECT cluster, first, row_number() OVER (PARTITION BY first ORDER BY cluster) AS again FROM firsts
)
SELECT cluster, 'P' || substr(md5(first || chr(31) || again), 1, 20) AS person_id FROM told
"""
_CLUSTERED: Final = """
CREATE OR REPLACE VIEW clustered AS
SELECT entries.*, coalesce(assigned.person, entries.node) AS cluster
FROM entries LEFT JOIN assigned ON assigned.node = entries.node
"""
_CLUSTERS: Final = "SELECT source, record_id, person_id FROM clustered JOIN people USING (cluster)"
_PAIRS: Final = """
WITH counted AS (
  SELECT cluster FROM clustered GROUP BY cluster HAVING count(*) > 1
), ranked AS (
  SELECT c.cluster, c.source, c.record_id, c.node, c.open,
         row_number() OVER (PARTITION BY c.cluster ORDER BY c.open, c.source, c.record_id, c.rid) AS place
  FROM clustered c SEMI JOIN counted ON counted.cluster = c.cluster
), paired AS (
  SELECT a.source AS left_source, a.record_id AS left_id, b.source AS right_source, b.record_id AS right_id,
         a.node = b.node AS same, least(a.node, b.node) AS l, greatest(a.node, b.node) AS r
  FROM ranked a JOIN ranked b
  ON a.cluster = b.cluster AND a.place < b.place AND (b.place <= {most} OR a.place = 1)
)
SELECT left_source, left_id, right_source, right_id, '1.0' AS probability, {same_number} AS because
FROM paired WHERE same
UNION ALL
SELECT left_source, left_id, right_source, right_id,
       CASE WHEN weight IS NULL THEN '' ELSE printf('%.6f', probability) END,
       CASE WHEN weight IS NULL THEN {by_others} ELSE {because} END
FROM paired LEFT JOIN scored ON scored.l = paired.l AND scored.r = paired.r WHERE NOT same
"""


def name_people(connection: Any) -> int:
    """Make view ``clustered`` (entries and their ``cluster``) and table ``people``; returns how many people."""
    connection.execute(_CLUSTERED)
    connection.execute(_PEOPLE)
    return int(connection.execute("SELECT count(*) FROM people").fetchone()[0])


def write_clusters(connection: Any, path: Path) -> int:
    """Write every row's person; returns the rows."""
    return _copy(connection, _CLUSTERS, path)


def write_pairs(connection: Any, path: Path, settings: dict[str, Any]) -> int:
    """Write the pairs of rows that are one person; returns how many."""
    query = _PAIRS.format(
        most=PAIRED_AT_MOST,
        same_number=quoted(_SAME_NUMBER),
        by_others=quoted(_BY_OTHERS),
        because=because(settings),
    )
    return _copy(connection, query, path)


def because(settings: dict[str, Any]) -> str:
    """Why two nodes are one person, in words, as SQL over ``scored``: what agrees or not, and its weight.

    A weight is log2 of how much more often that is seen within one person than between two.
    """
    weighed = scoring.weighed(settings)
    parts = [
        _words(c["output_column_name"], _weights(c), c["output_column_name"] in weighed)
        for c in settings["comparisons"]
    ]
    languages = (
        f"concat_ws({quoted(sign)}, {', '.join(part[place] for part in parts)})"
        for place, sign in enumerate(("；", "; "))
    )
    return " || ' / ' || ".join(languages)


def _weights(comparison: dict[str, Any]) -> list[float]:
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    return [math.log2(level["m_probability"] / level["u_probability"]) for level in levels]


def _words(name: str, weights: list[float], weighed: bool) -> tuple[str, str]:
    """The level's words and weight as SQL, in Chinese and in English; null where nothing was compared."""
    levels = COMPARISONS[name][1]
    made = []
    for place in (2, 3):
        cases = []
        for number, (level, weight) in enumerate(zip(levels, weights, strict=True)):
            told = quoted(f"{level[place]} {weight:+.1f}")
            if weighed:
                told = f"{quoted(level[place] + ' ')} || printf('%+.1f', {name}_weight)"
            cases.append(f"WHEN {number} THEN {told}")
        made.append(f"CASE {name} {' '.join(cases)} END")
    return made[0], made[1]


def _copy(connection: Any, query: str, path: Path) -> int:
    made = connection.execute(f"COPY ({query}) TO {quoted(str(path))} (HEADER, DELIMITER ',')").fetchone()
    return int(made[0])
