"""Whether two comparisons of the same files say the same: pair by pair, person by person, finding by finding.

Reads what ``compare`` wrote, from whatever engine. A pair agrees when both name it, whichever row comes first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from chalicelib.linkage.cleaning import quoted

# Probabilities are written with six digits, and the engines add in different orders.
ALIKE: Final = 0.00001
_PAIRS: Final = """
CREATE TABLE {name}_pairs AS
SELECT least(l, r) AS l, greatest(l, r) AS r, min(TRY_CAST(probability AS DOUBLE)) AS probability FROM (
  SELECT left_source || ' ' || left_id AS l, right_source || ' ' || right_id AS r, probability
  FROM read_csv({path}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {{
    'left_source': 'VARCHAR', 'left_id': 'VARCHAR', 'right_source': 'VARCHAR', 'right_id': 'VARCHAR',
    'probability': 'VARCHAR', 'because': 'VARCHAR'}})
) GROUP BY ALL
"""
_BOTH: Final = """
CREATE TABLE both_pairs AS
SELECT coalesce(a.l, b.l) AS l, coalesce(a.r, b.r) AS r, a.l IS NOT NULL AS in_a, b.l IS NOT NULL AS in_b,
       a.probability AS of_a, b.probability AS of_b
FROM a_pairs a FULL JOIN b_pairs b ON a.l = b.l AND a.r = b.r
"""
_CLUSTERS: Final = """
CREATE TABLE {name}_clusters AS
SELECT md5(string_agg(row, chr(31) ORDER BY row)) AS members, count(*) AS n FROM (
  SELECT person_id, source || ' ' || record_id AS row
  FROM read_csv({path}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {{
    'source': 'VARCHAR', 'record_id': 'VARCHAR', 'person_id': 'VARCHAR'}})
) GROUP BY person_id
"""
_FOUND: Final = """
CREATE TABLE {name}_found AS
SELECT DISTINCT person_id, coalesce(town, '') AS town, coalesce(address, '') AS address, confidence FROM read_csv({path}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {{
  'person_id': 'VARCHAR', 'town': 'VARCHAR', 'address': 'VARCHAR', 'sources': 'VARCHAR', 'confidence': 'VARCHAR',
  'because': 'VARCHAR'}})
"""
_COUNTED: Final = f"""
SELECT count(*), count(*) FILTER (in_a AND in_b), count(*) FILTER (NOT in_b), count(*) FILTER (NOT in_a),
       count(*) FILTER (abs(of_a - of_b) > {ALIKE}), coalesce(max(abs(of_a - of_b)), 0)
FROM both_pairs
"""
_ALONE: Final = "SELECT count(*) FROM {one}_{what} ANTI JOIN {other}_{what} USING ({by})"
_LISTED: Final = f"""
SELECT CASE WHEN NOT in_b THEN 'only in A' WHEN NOT in_a THEN 'only in B' ELSE 'other probability' END,
       l, r, coalesce(of_a::VARCHAR, '-'), coalesce(of_b::VARCHAR, '-')
FROM both_pairs WHERE NOT (in_a AND in_b) OR abs(of_a - of_b) > {ALIKE} ORDER BY ALL
"""
_TABLES: Final = {"pairs": _PAIRS, "clusters": _CLUSTERS, "found": _FOUND}
_FILES: Final = {"pairs": "pairs.csv", "clusters": "clusters.csv", "found": "unregistered.csv"}


class Agreement:
    """Two answers beside each other. Raises ``OSError`` where a file is missing."""

    def __init__(self, a: Path, b: Path) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET enable_progress_bar = false")
        for name, folder in (("a", a), ("b", b)):
            for what, query in _TABLES.items():
                path = folder / _FILES[what]
                if not path.exists():
                    raise FileNotFoundError(f"{path} is not there")
                address = str(path / "*.csv") if path.is_dir() else str(path)
                self._connection.execute(query.format(name=name, path=quoted(address)))
        self._connection.execute(_BOTH)

    def counts(self) -> dict[str, Any]:
        """Pairs of either answer, of both, of one alone; ``agreed`` is the share that both have."""
        either, both, only_a, only_b, other, most = self._connection.execute(_COUNTED).fetchall()[0]
        found = {
            "pairs": either,
            "both": both,
            "only_a": only_a,
            "only_b": only_b,
            "agreed": both / either if either else 1.0,
            "other_probability": other,
            "largest_difference": float(most),
        }
        for what, by in (("clusters", "members, n"), ("found", "person_id, town, address, confidence")):
            for one, other_name in (("a", "b"), ("b", "a")):
                query = _ALONE.format(one=one, other=other_name, what=what, by=by)
                found[f"{what}_only_{one}"] = int(self._connection.execute(query).fetchall()[0][0])
        return found

    def rest(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Every pair that is not the same: what is the matter, both rows, A's and B's probability."""
        yield from self._connection.execute(_LISTED).fetchall()
