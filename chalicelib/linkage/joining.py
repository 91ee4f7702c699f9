"""From scored pairs to people: every open row to the person it most surely belongs to, or to a person of its own.

A settled person never joins another settled one: two different valid numbers are two people (Law on Resident
Identity Cards, art. 3). An open row joins the one settled person that it fits best, and none where two fit it
nearly as well. Rows left over join each other, the surest pairs first.
"""

from typing import Any, Final

from chalicelib.linkage.nodes import SETTLED

# log2 of the odds from which a pair joins, and by how much it must beat the next best person.
JOINS_FROM: Final = 7.0
BEATS_BY: Final = 3.0

_FITS: Final = f"""
CREATE OR REPLACE TEMP TABLE fits AS
SELECT open, person, weight, row_number() OVER (PARTITION BY open ORDER BY weight DESC, person) AS place,
       weight - lead(weight) OVER (PARTITION BY open ORDER BY weight DESC, person) AS ahead
FROM (
  SELECT CASE WHEN {SETTLED.replace("node", "l")} THEN r ELSE l END AS open,
         CASE WHEN {SETTLED.replace("node", "l")} THEN l ELSE r END AS person, weight
  FROM scored WHERE {SETTLED.replace("node", "l")} OR {SETTLED.replace("node", "r")}
)
"""
_ASSIGNED: Final = """
CREATE OR REPLACE TABLE assigned AS
SELECT open AS node, person, weight FROM fits
WHERE place = 1 AND weight >= {least} AND (ahead IS NULL OR ahead >= {margin})
"""
# Rows that fit two settled people alike: for a person to look at, and no bridge between the two.
_TORN: Final = """
CREATE OR REPLACE TABLE torn AS
SELECT DISTINCT open AS node FROM fits WHERE place = 1 AND weight >= {least} AND ahead < {margin}
"""
_LOOSE: Final = f"""
SELECT l, r, a.person, b.person, scored.weight FROM scored
LEFT JOIN assigned a ON a.node = l LEFT JOIN assigned b ON b.node = r
WHERE scored.weight >= {{least}} AND NOT {SETTLED.replace("node", "l")} AND NOT {SETTLED.replace("node", "r")}
  AND (a.person IS NULL OR b.person IS NULL)
  AND l NOT IN (SELECT node FROM torn) AND r NOT IN (SELECT node FROM torn)
ORDER BY scored.weight DESC, l, r
"""


def join(connection: Any, least: float = JOINS_FROM, margin: float = BEATS_BY) -> dict[str, int]:
    """Make table ``assigned(node, person, weight)`` of the open rows that belong to somebody else's cluster.

    ``person`` is a settled person's node or the smallest row of the cluster. Returns counts for the report.
    """
    connection.execute(_FITS)
    connection.execute(_ASSIGNED.format(least=least, margin=margin))
    connection.execute(_TORN.format(least=least, margin=margin))
    loose = connection.execute(_LOOSE.format(least=least)).fetchall()
    found, refused = _united(loose)
    if found:
        _insert(connection, found)
    joined, torn = connection.execute(
        "SELECT (SELECT count(*) FROM assigned), (SELECT count(*) FROM torn)"
    ).fetchone()
    connection.execute("DROP TABLE fits")
    return {"joined": int(joined), "torn": int(torn), "refused": refused}


def _united(
    loose: list[tuple[int, int, int | None, int | None, float]],
) -> tuple[dict[int, tuple[int, float]], int]:
    """The clusters of the remaining rows, the surest pair first; refuses to join two settled people."""
    above: dict[int, int] = {}
    person: dict[int, int] = {}
    weights: dict[int, float] = {}
    refused = 0

    def root(node: int) -> int:
        while above.setdefault(node, node) != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for left, right, of_left, of_right, weight in loose:
        known = ((left, of_left), (right, of_right))
        person |= {node: settled for node, settled in known if settled is not None and node not in above}
        one, other = root(left), root(right)
        if one == other:
            continue
        if one in person and other in person and person[one] != person[other]:
            refused += 1
            continue
        first, second = min(one, other), max(one, other)
        above[second] = first
        if second in person:
            person.setdefault(first, person.pop(second))
        for node in (left, right):
            weights.setdefault(node, weight)
    found = {node: (person.get(root(node), root(node)), weights.get(node, 0.0)) for node in above}
    return found, refused


def _insert(connection: Any, found: dict[int, tuple[int, float]]) -> None:
    import pyarrow as pa

    table = pa.table(
        {
            "node": pa.array(found.keys(), pa.int64()),
            "person": pa.array([person for person, _ in found.values()], pa.int64()),
            "weight": pa.array([weight for _, weight in found.values()], pa.float64()),
        }
    )
    connection.register("found", table)
    connection.execute("INSERT INTO assigned SELECT found.* FROM found ANTI JOIN assigned USING (node)")
    connection.unregister("found")
