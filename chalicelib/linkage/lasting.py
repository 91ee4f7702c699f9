"""Persons who last: which of them a run concerns, their clusters by the rules, and what changed.

Only connected parts are clustered that a touched node, a changed judgement or a row that went belongs to: by
sure scores, by shared persons of before, by judged groups. Nodes that nothing connects keep or get their id in SQL.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa

from chalicelib.linkage import clusters, nodes, persons
from chalicelib.linkage.clusters import Judgement, Pair, Partition, Record
from chalicelib.linkage.persons import Event
from chalicelib.linkage.state import State

_SETUP: Final = """
CREATE OR REPLACE VIEW present AS
SELECT rid, node, open, source, record_id FROM kept_rows ANTI JOIN gone_now USING (rid)
UNION ALL SELECT rid, node, open, source, record_id FROM fresh
"""
# A row that took the place of another of the same record has that one's person until now.
_INHERITED: Final = """
CREATE OR REPLACE TABLE inherited AS
SELECT fresh.rid, any_value(person) AS person FROM fresh
JOIN (SELECT rid AS was, source, record_id FROM kept_rows SEMI JOIN gone_now USING (rid)) AS old USING (source, record_id)
JOIN kept_persons ON kept_persons.rid = old.was GROUP BY fresh.rid
"""
_HELD: Final = """
CREATE OR REPLACE VIEW held AS
SELECT rid, person FROM kept_persons ANTI JOIN gone_now USING (rid) UNION ALL SELECT rid, person FROM inherited
"""
_SCORES: Final = """
CREATE OR REPLACE VIEW current_scores AS
SELECT l, r, weight, because FROM kept_scores
ANTI JOIN touched_now tl ON tl.node = l ANTI JOIN touched_now tr ON tr.node = r
UNION ALL SELECT l, r, CAST(weight AS DOUBLE), because FROM scored
"""
# A row that fits two settled people alike joins neither, and is no bridge between them.
_TORN: Final = f"""
CREATE OR REPLACE TABLE torn AS
WITH ends AS (
  SELECT l AS node, r AS person, weight FROM current_scores WHERE {nodes.SETTLED.replace("node", "r")}
  UNION ALL SELECT r, l, weight FROM current_scores WHERE {nodes.SETTLED.replace("node", "l")}
), ranked AS (
  SELECT node, weight, row_number() OVER (PARTITION BY node ORDER BY weight DESC, person) AS place,
         weight - lead(weight) OVER (PARTITION BY node ORDER BY weight DESC, person) AS ahead
  FROM ends SEMI JOIN concerned USING (node)
)
SELECT node FROM ranked WHERE place = 1 AND weight >= $link_at AND ahead < $margin
"""
_ASKED: Final = """
CREATE OR REPLACE TABLE scored_here AS
SELECT l, r, CASE WHEN tl.node IS NULL AND tr.node IS NULL THEN weight ELSE least(weight, $below) END AS weight
FROM current_scores LEFT JOIN torn tl ON tl.node = l LEFT JOIN torn tr ON tr.node = r
SEMI JOIN concerned a ON a.node = l SEMI JOIN concerned b ON b.node = r WHERE weight >= $asked_from
"""
_SURE: Final = """
CREATE OR REPLACE TABLE sure AS
SELECT l, r FROM current_scores WHERE weight >= $link_at
UNION ALL SELECT r, l FROM current_scores WHERE weight >= $link_at
"""
_JUDGED: Final = """
CREATE OR REPLACE TABLE judged_nodes AS
SELECT judged_groups.id, present.node FROM present
JOIN judged_groups ON judged_groups.source = present.source AND judged_groups.record_id = present.record_id
"""
_LOST: Final = """
CREATE OR REPLACE TABLE persons_known AS
SELECT DISTINCT person FROM kept_persons SEMI JOIN gone_now USING (rid)
"""
_SEEDS: Final = """
CREATE OR REPLACE TABLE concerned AS
SELECT DISTINCT node FROM touched_now SEMI JOIN present USING (node)
UNION SELECT node FROM judged_nodes SEMI JOIN given_changed USING (id)
UNION SELECT l FROM scored WHERE weight >= $asked_from
UNION SELECT r FROM scored WHERE weight >= $asked_from
"""
# Three steps, again and again until nothing is found: whose rows these are, whose else, who is surely the same.
_PERSONS: Final = """
INSERT INTO persons_known
SELECT DISTINCT person FROM held SEMI JOIN (SELECT rid FROM present SEMI JOIN concerned USING (node)) USING (rid)
ANTI JOIN persons_known USING (person)
"""
_WIDEN: Final = """
INSERT INTO concerned
WITH found AS (
  SELECT sure.r AS node FROM sure SEMI JOIN concerned ON concerned.node = sure.l
  UNION SELECT node FROM present SEMI JOIN (SELECT rid FROM held SEMI JOIN persons_known USING (person)) USING (rid)
  UNION SELECT node FROM judged_nodes SEMI JOIN (SELECT id FROM judged_nodes SEMI JOIN concerned USING (node)) USING (id)
)
SELECT node FROM found ANTI JOIN concerned USING (node)
"""
_HERE: Final = """
CREATE OR REPLACE TABLE here AS
SELECT rid, node, open, source || chr(31) || record_id AS label, person
FROM present SEMI JOIN concerned USING (node) LEFT JOIN held USING (rid)
"""
# Alone: nothing is like the node, and its rows have one person or none. It needs no rules.
_ALONE: Final = """
CREATE OR REPLACE TABLE alone AS
WITH had AS (
  SELECT node, min(label) AS first, min(person) AS person, count(DISTINCT person) AS many FROM here GROUP BY node
), spread AS (
  SELECT person FROM here WHERE person IS NOT NULL GROUP BY person HAVING count(DISTINCT node) > 1
)
SELECT node, first, person FROM had
WHERE many <= 1 AND node NOT IN (SELECT l FROM scored_here UNION ALL SELECT r FROM scored_here)
  AND node NOT IN (SELECT node FROM judged_nodes)
  AND (person IS NULL OR person NOT IN (SELECT person FROM spread))
"""


_JUST_BELOW: Final = 0.01


class Clustered(NamedTuple):
    """What the rules made of the connected parts: the partition over nodes, events over records."""

    partition: Partition
    labels: dict[str, tuple[str, ...]]
    person_of: dict[str, str]
    born: tuple[str, ...]
    events: tuple[Event, ...]
    nodes: int


def concern(
    connection: Any,
    groups: Iterable[tuple[str, str, str]],
    changed: Iterable[str],
    link_at: float,
    review_from: float,
    margin: float,
) -> int:
    """Make ``concerned``, the nodes of every connected part that something happened to; returns how many.

    ``groups`` are the records of judgements: id, source, record id. ``changed`` are the ids of those that are new.
    """
    columns = list(zip(*groups, strict=True)) or [(), (), ()]
    names = ("id", "source", "record_id")
    given = {name: pa.array(values, pa.string()) for name, values in zip(names, columns, strict=True)}
    connection.register("judged_groups", pa.table(given))
    connection.register("given_changed", pa.table({"id": pa.array(list(changed), pa.string())}))
    asked_from = {"asked_from": min(link_at, review_from)}
    for query in (_SETUP, _INHERITED, _HELD, _SCORES, _JUDGED, _LOST):
        connection.execute(query)
    connection.execute(_SEEDS, asked_from)
    connection.execute(_SURE, {"link_at": link_at})
    while True:
        connection.execute(_PERSONS)
        if not connection.execute(_WIDEN).fetchall()[0][0]:
            break
    connection.execute(_HERE)
    connection.execute(_TORN, {"link_at": link_at, "margin": margin})
    connection.execute(_ASKED, asked_from | {"below": link_at - _JUST_BELOW})
    return int(connection.execute("SELECT count(*) FROM concerned").fetchall()[0][0])


def settle_alone(connection: Any, state: State) -> int:
    """Give an id to nodes that nothing connects and that have none; returns how many are new.

    Those whose first record once gave its id to somebody are left to the rules.
    """
    new = f"'{persons.PREFIX}' || upper(substr(md5(first), 1, 20))"
    connection.execute(f"DELETE FROM alone WHERE person IS NULL AND {new} IN (SELECT person FROM kept_born)")
    connection.execute(
        f"CREATE OR REPLACE TABLE alone_now AS SELECT node, coalesce(person, {new}) AS person FROM alone"
    )
    return state.add(
        connection, "born", f"SELECT {new} AS person, {state.run} AS run FROM alone WHERE person IS NULL"
    )


def cluster(
    connection: Any, state: State, judgements: Iterable[Judgement], link_at: float, review_from: float
) -> Clustered:
    """Cluster the connected parts by the rules of ``clusters`` and name them by those of ``persons``.

    The new persons are added to the state; the caller writes the events.
    """
    connection.execute(_ALONE)
    settle_alone(connection, state)
    rows = connection.execute(
        "SELECT node, open, label, person FROM here ANTI JOIN alone USING (node)"
    ).fetchall()
    labels = _labels(rows)
    told = _partition(connection, labels, rows, judgements, link_at, review_from)
    before = {label: person for _, _, label, person in rows if person is not None}
    since = _since(connection, set(before.values()))
    grown = [tuple(sorted(x for node in one for x in labels[node])) for one in told.clusters]
    assigned = persons.assign(grown, before, since, _Taken(connection, grown))
    _write(connection, state, assigned.person_of, assigned.born)
    return Clustered(told, labels, assigned.person_of, assigned.born, assigned.events, len(labels))


def _labels(rows: Iterable[tuple[int, bool, str, str | None]]) -> dict[str, tuple[str, ...]]:
    """The records of each node, by the node's own label: that of an open row, or ``#`` and the number's key."""
    found: dict[str, list[str]] = {}
    for node, open_, label, _ in rows:
        found.setdefault(label if open_ else f"#{node}", []).append(label)
    return {node: tuple(sorted(held)) for node, held in found.items()}


def _partition(
    connection: Any,
    labels: Mapping[str, tuple[str, ...]],
    rows: Iterable[tuple[int, bool, str, str | None]],
    judgements: Iterable[Judgement],
    link_at: float,
    review_from: float,
) -> Partition:
    named = {node: label if open_ else f"#{node}" for node, open_, label, _ in rows}
    scored = connection.execute("SELECT l, r, weight FROM scored_here").fetchall()
    node_of = {label: node for node, held in labels.items() for label in held}
    judged = [
        Judgement(j.id, j.kind, _nodes(j.left, node_of), _nodes(j.right, node_of), j.at) for j in judgements
    ]
    return clusters.partition(
        [Record(node, node if node.startswith("#") else None) for node in labels],
        [Pair(named[left], named[right], weight) for left, right, weight in scored],
        judged,
        link_at=link_at,
        review_from=review_from,
    )


def _nodes(held: Iterable[str], node_of: Mapping[str, str]) -> frozenset[str]:
    return frozenset(node_of[label] for label in held if label in node_of)


def _since(connection: Any, wanted: set[str]) -> dict[str, int]:
    connection.register("wanted_persons", pa.table({"person": pa.array(sorted(wanted), pa.string())}))
    return dict(
        connection.execute(
            "SELECT person, min(run) FROM kept_born SEMI JOIN wanted_persons USING (person) GROUP BY person"
        ).fetchall()
    )


class _Taken:
    """Whether an id was ever given: of the clusters' first choices asked at once, of further ones one by one."""

    def __init__(self, connection: Any, grown: Iterable[tuple[str, ...]]) -> None:
        self._connection = connection
        self._first = {persons.person_id(cluster[0]) for cluster in grown}
        connection.register("first_choices", pa.table({"person": pa.array(sorted(self._first), pa.string())}))
        found = connection.execute(
            "SELECT person FROM all_born SEMI JOIN first_choices USING (person)"
        ).fetchall()
        self._given = {person for (person,) in found}

    def __contains__(self, person: object) -> bool:
        if person in self._first:
            return person in self._given
        query = "SELECT count(*) FROM all_born WHERE person = ?"
        return bool(self._connection.execute(query, [person]).fetchall()[0][0])


def _write(connection: Any, state: State, person_of: Mapping[str, str], born: Iterable[str]) -> None:
    given = pa.table(
        {
            "label": pa.array(list(person_of), pa.string()),
            "person": pa.array(list(person_of.values()), pa.string()),
        }
    )
    connection.register("assigned", given)
    state.add(
        connection,
        "persons",
        f"""
        WITH now AS (
          SELECT here.rid, here.person AS was, assigned.person FROM here JOIN assigned USING (label)
          UNION ALL SELECT here.rid, here.person, alone_now.person FROM here JOIN alone_now USING (node)
        )
        SELECT rid, now.person, {state.run} AS run FROM now LEFT JOIN kept_persons USING (rid)
        WHERE kept_persons.person IS DISTINCT FROM now.person
        """,
    )
    connection.register("newborn", pa.table({"person": pa.array(list(born), pa.string())}))
    state.add(connection, "born", f"SELECT person, {state.run} AS run FROM newborn")
