"""How good the search for unregistered residents is: whom it named rightly, whom wrongly and why, whom it missed.

Wanted is who lives in the city, has no row in the register, and would be named by the rules in force (signals not older
than the horizon, two independent ones or a strong one) if the true person behind every row were known. Who left the city
is told apart by whether a department's file says that work or insurance ended there.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from chalicelib.linkage import finder, model

ENDED = {
    "social_security": "insured_to IS NOT NULL",
    "employment": "left_on IS NOT NULL",
    "housing_fund": "status = 'sealed'",
}


def measure(connection: Any, source: Path, target: Path) -> dict[str, Any]:
    """Precision and recall, wrong findings by reason, and both by the signals and numbers behind them."""
    _wanted(connection, source)
    _named(connection, target)
    verdicts = _counts(connection, "SELECT verdict, count(*) FROM verdicts GROUP BY 1 ORDER BY 1")
    findings, right = sum(verdicts.values()), verdicts.get("right", 0)
    left = verdicts.get("left_unsaid", 0)
    wanted = _counts(connection, "SELECT 'all', count(*) FROM wanted").get("all", 0)
    met = _counts(connection, f"SELECT 'met', count(*) FROM wanted SEMI JOIN ({_RIGHT}) USING (person)")[
        "met"
    ]
    return {
        "findings": findings,
        "right": right,
        "precision": right / findings if findings else None,
        "precision_but_for_those_who_left": right / (findings - left) if findings > left else None,
        "wanted": wanted,
        "met": met,
        "recall": met / wanted if wanted else None,
        "wrong": {verdict: n for verdict, n in verdicts.items() if verdict != "right"},
        "by_confidence": _by_confidence(connection),
        "by_sources": _by_sources(connection),
        "by_numbers": _by_numbers(connection),
        "by_numbers_of_the_named": _by_numbers_of_the_named(connection),
    }


_RIGHT = "SELECT DISTINCT person FROM verdicts WHERE verdict = 'right'"


def _counts(connection: Any, query: str) -> dict[str, int]:
    return {str(name): int(n) for name, n in connection.execute(query).fetchall()}


def _wanted(connection: Any, source: Path) -> None:
    """Signals by true person, and who would have to be named."""
    rules = finder.rules()
    files = [source / f"{name}.csv" for name in rules if (source / f"{name}.csv").is_file()]
    for number, path in enumerate(files):
        made = "INSERT INTO seen" if number else "CREATE OR REPLACE TEMP TABLE seen AS"
        ended = f"coalesce({ENDED[path.stem]}, false)" if _has_ending(path) else "false"
        connection.execute(
            f"{made} SELECT '{path.stem}' AS source, record_id, try_cast(seen_on AS DATE) AS seen_on, {ended} AS ended"
            f" FROM read_csv('{path}', header = true, all_varchar = true)"
        )
    today = connection.execute("SELECT max(seen_on) FROM seen").fetchall()[0][0] or date.min
    policy = model.policy_on(today)
    values = ", ".join(f"('{rule.source}', {rule.strong}, '{rule.group}')" for rule in rules.values())
    earliest = today - timedelta(days=policy.horizon_days)
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE signals AS
SELECT rows.person, rows.source, rules.strong, rules.grp, rows.bits FROM seen
JOIN rows USING (source, record_id) JOIN (VALUES {values}) rules(source, strong, grp) USING (source)
WHERE seen.seen_on BETWEEN DATE '{earliest}' AND DATE '{today}';
CREATE OR REPLACE TEMP TABLE ended AS
SELECT DISTINCT person FROM seen JOIN rows USING (source, record_id) WHERE ended;
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT person, sum(coalesce(number, 0)) AS numbers, count(*) AS signals FROM (
  SELECT person, grp, strong, CASE WHEN bits & {_unusable()} = 0 THEN 1 ELSE 0 END AS number FROM signals
) JOIN people USING (person) WHERE in_city AND register_status = 'none'
GROUP BY person HAVING count(DISTINCT grp) >= {policy.min_signals} OR bool_or(strong)""")


def _has_ending(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    return path.stem in ENDED and ENDED[path.stem].split()[0] in header


def _unusable() -> int:
    from simulation.errors import KINDS

    kinds = ("id_missing", "id_wrong_check", "id_transposed", "id_one_digit", "id_masked")
    return sum(1 << KINDS.index(kind) for kind in (*kinds, "swapped_number", "guardian_number"))


def _named(connection: Any, target: Path) -> None:
    """Each finding with the person that most rows of its cluster belong to, and what it is."""
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE verdicts AS
WITH named AS (
  SELECT row_number() OVER () AS finding, hash(person_id) AS cluster, sources,
         TRY_CAST(confidence AS DOUBLE) AS confidence
  FROM read_csv('{target}/unregistered.csv', header = true, all_varchar = true)
), most AS (
  SELECT cluster, arg_max(person, n) AS person, count(*) AS persons FROM shares
  SEMI JOIN named USING (cluster) GROUP BY cluster
), judged AS (
  SELECT finding, cluster, sources, confidence, person, persons, in_city, register_status,
         row_number() OVER (PARTITION BY person ORDER BY finding) AS time
  FROM named LEFT JOIN most USING (cluster) LEFT JOIN people USING (person)
)
SELECT finding, cluster, sources, confidence, person, CASE
  WHEN person IS NULL THEN 'of_no_row'
  WHEN register_status = 'active' AND persons > 1 THEN 'registered_and_taken_for_another'
  WHEN register_status = 'active' THEN 'registered_but_kept_apart'
  WHEN NOT in_city AND person IN (FROM ended) THEN 'left_and_a_file_says_so'
  WHEN NOT in_city THEN 'left_unsaid'
  WHEN time > 1 THEN 'named_twice'
  ELSE 'right' END AS verdict
FROM judged""")


def _by_confidence(connection: Any) -> list[dict[str, Any]]:
    """Tenths of the findings from the least sure on: what was promised, and how many were right."""
    found = connection.execute("""
WITH placed AS (SELECT *, ntile(10) OVER (ORDER BY confidence, cluster) AS tenth FROM verdicts)
SELECT min(confidence), max(confidence), avg(confidence), count(*) FILTER (verdict = 'right'), count(*)
FROM placed GROUP BY tenth ORDER BY tenth""").fetchall()
    return [
        {"least": least, "most": most, "promised": promised, "findings": n, "precision": right / n}
        for least, most, promised, right, n in found
    ]


def _by_sources(connection: Any) -> dict[str, Any]:
    """Precision by the sources that a finding names; the most frequent sets."""
    found = connection.execute(
        "SELECT sources, count(*) FILTER (verdict = 'right'), count(*) FROM verdicts GROUP BY 1"
        " ORDER BY 3 DESC, 1 LIMIT 12"
    ).fetchall()
    return {sources: {"right": right, "findings": n, "precision": right / n} for sources, right, n in found}


def _by_numbers(connection: Any) -> dict[str, Any]:
    """Recall by how many of a wanted person's signals carry the person's own usable number."""
    found = connection.execute(f"""
SELECT CASE WHEN numbers = 0 THEN 'none' WHEN numbers < signals THEN 'some' ELSE 'all' END AS carry,
       count(*) FILTER (person IN ({_RIGHT})), count(*) FROM wanted GROUP BY 1 ORDER BY 1""").fetchall()
    return {carry: {"met": met, "wanted": n, "recall": met / n} for carry, met, n in found}


def _by_numbers_of_the_named(connection: Any) -> dict[str, Any]:
    """Precision by how many rows of a finding's cluster carry a usable number."""
    found = connection.execute(f"""
WITH carried AS (
  SELECT cluster, count(*) AS n, count(*) FILTER (bits & {_unusable()} = 0) AS numbers
  FROM rows SEMI JOIN verdicts USING (cluster) GROUP BY cluster
)
SELECT CASE WHEN numbers > 0 AND numbers = n THEN 'all' WHEN numbers > 0 THEN 'some'
            WHEN n = 1 THEN 'none, one row alone' ELSE 'none' END AS carry,
       count(*) FILTER (verdict = 'right'), count(*)
FROM verdicts JOIN carried USING (cluster) GROUP BY 1 ORDER BY 1""").fetchall()
    return {carry: {"right": right, "findings": n, "precision": right / n} for carry, right, n in found}
