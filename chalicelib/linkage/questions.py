"""From what a run could not settle to questions for people, with evidence; and the records that each is about."""

import math
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

import pyarrow as pa

from chalicelib import keys, regions
from chalicelib.linkage import cleaning, review
from chalicelib.linkage.lasting import Clustered
from chalicelib.linkage.review import MatchingPolicy, Question, Why

# Of what a run finds, so many times the places in the queue are prepared; the rest is found again.
_PREPARED: Final = 2
_BEST: Final = f"""
SELECT node, source, strftime(seen_on, '%Y-%m-%d') AS seen_on, town, name, CAST(birth AS VARCHAR) AS birth_date,
       CASE WHEN male THEN 'male' WHEN NOT male THEN 'female' END AS sex, CAST(phone AS VARCHAR) AS phone, address,
       CASE WHEN number > 0 THEN CAST(number AS VARCHAR) || {cleaning.check_character("number")} ELSE written END
         AS id_number
FROM (SELECT * FROM kept_rows UNION ALL BY NAME SELECT * FROM fresh) SEMI JOIN present USING (rid)
SEMI JOIN asked_nodes USING (node)
QUALIFY row_number() OVER (
  PARTITION BY node ORDER BY (name IS NOT NULL)::INT + (phone IS NOT NULL)::INT + (address IS NOT NULL)::INT DESC,
                             seen_on DESC NULLS LAST, source, record_id
) = 1
"""
_KEYS: Final = """
SELECT label, key FROM here JOIN (
  SELECT rid, key FROM kept_rows WHERE key IS NOT NULL AND NOT open
  UNION ALL SELECT rid, key FROM fresh WHERE key IS NOT NULL AND NOT open
) USING (rid)
"""


class Found(NamedTuple):
    """A pair to ask about, by the nodes' labels."""

    id: str
    why: Why
    left: str
    right: str
    weight: float


class Asked(NamedTuple):
    """The questions; which records each is about (id, side, label); every id that is still a question."""

    questions: tuple[Question, ...]
    groups: tuple[tuple[str, str, str], ...]
    wanted: tuple[str, ...]


def of(connection: Any, told: Clustered, model: str, link_at: float, policy: MatchingPolicy) -> Asked:
    """What to ask after a run: refused joins, grey pairs, and a sample of what was joined, the urgent first."""
    found = [
        _found(told, "two_numbers", *one[:3]) for one in told.partition.refused if one.why == "two_numbers"
    ]
    found += [_found(told, "grey", *one) for one in told.partition.grey]
    found += _samples(connection, told, link_at, policy.sample_one_in)
    found.sort(key=lambda one: (review.ASKED_FIRST.index(one.why), -one.weight, one.id))
    first = found[: policy.open_at_most * _PREPARED]
    questions = tuple(_questions(connection, told, first, model))
    return Asked(questions, tuple(_groups(told, first)), tuple(one.id for one in found))


def probability(weight: float) -> float:
    """The probability that a weight, log2 of the odds, says; four digits."""
    return round(1 / (1 + math.exp2(-max(min(weight, 60.0), -60.0))), 4)


def weight_of(chance: float) -> float:
    """The weight that says a probability."""
    return math.log2(chance / (1 - chance))


def _found(told: Clustered, why: Why, left: str, right: str, weight: float) -> Found:
    """The id is that of the nodes' first records: a node's own label may be the key of a number."""
    ends = sorted((told.labels[left][0], told.labels[right][0]))
    return Found(keys.stable_id("W", *ends), why, left, right, weight)


def _samples(connection: Any, told: Clustered, link_at: float, one_in: int) -> list[Found]:
    """Pairs that this run compared and joined, one in so many, by a hash of their records."""
    scored = connection.execute(
        "SELECT l, r, CAST(weight AS DOUBLE) FROM scored WHERE weight >= ?", [link_at]
    ).fetchall()
    place = {node: n for n, cluster in enumerate(told.partition.clusters) for node in cluster}
    named = _named(connection)
    made = [
        _found(told, "sample", named[left], named[right], weight)
        for left, right, weight in scored
        if left in named and right in named and place.get(named[left]) == place.get(named[right], -1)
    ]
    return [one for one in made if zlib.crc32(one.id.encode()) % one_in == 0]


def _named(connection: Any) -> dict[int, str]:
    rows = connection.execute(
        "SELECT DISTINCT node, CASE WHEN open THEN label ELSE '#' || node END FROM here ANTI JOIN alone USING (node)"
    ).fetchall()
    return dict(rows)


def _groups(told: Clustered, found: Iterable[Found]) -> Iterable[tuple[str, str, str]]:
    """Of two clusters all their records; of a pair inside one cluster the two nodes' own."""
    cluster_of = {node: cluster for cluster in told.partition.clusters for node in cluster}
    for one in found:
        joined = one.right in cluster_of[one.left]
        for side, node in (("left", one.left), ("right", one.right)):
            for member in (node,) if joined else cluster_of[node]:
                for label in told.labels[member]:
                    yield one.id, side, label


def _questions(connection: Any, told: Clustered, found: list[Found], model: str) -> Iterable[Question]:
    if not found:
        return
    nodes = {label: node for node, label in _named(connection).items()}
    wanted = sorted({nodes[end] for one in found for end in (one.left, one.right)})
    connection.register("asked_nodes", pa.table({"node": pa.array(wanted, pa.int64())}))
    cursor = connection.execute(_BEST)
    names = [column[0] for column in cursor.description]
    best = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    reasons = _reasons(connection)
    held = _held(connection, told)
    for one in found:
        left, right = nodes[one.left], nodes[one.right]
        yield Question(
            id=one.id,
            why=one.why,
            probability=probability(one.weight),
            model=model,
            town=_town(best[left], best[right]),
            because=_bilingual(reasons.get((min(left, right), max(left, right)), "")),
            evidence=review.evidence(best[left], best[right]),
            keys=(held.get(one.left, ()), held.get(one.right, ())),
        )


def _reasons(connection: Any) -> dict[tuple[int, int], str]:
    rows = connection.execute(
        "SELECT l, r, because FROM current_scores SEMI JOIN asked_nodes a ON a.node = l SEMI JOIN asked_nodes b ON b.node = r"
    ).fetchall()
    return {(left, right): because or "" for left, right, because in rows}


def _bilingual(because: str) -> dict[str, str]:
    """The model's reason: Chinese, a stroke, English."""
    zh, _, en = because.partition(" / ")
    return {"zh-CN": zh, "en": en or zh}


def _held(connection: Any, told: Clustered) -> dict[str, tuple[str, ...]]:
    """The person keys of each node's cluster: who is to know that somebody looked."""
    by_label: dict[str, set[str]] = {}
    for label, key in connection.execute(_KEYS).fetchall():
        by_label.setdefault(label, set()).add(key)
    made: dict[str, tuple[str, ...]] = {}
    for cluster in told.partition.clusters:
        found = {key for node in cluster for label in told.labels[node] for key in by_label.get(label, ())}
        made |= dict.fromkeys(cluster, tuple(sorted(found)))
    return made


def _town(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """Whose task the question is: the town of the newer record that names one, else the city's."""
    newer, older = sorted((left, right), key=lambda row: row["seen_on"] or "", reverse=True)
    return cast(str, newer["town"] or older["town"] or regions.CITY)
