"""Where a comparison breaks: whose rows it leaves apart, and which two people it takes for one."""

from typing import Any

from simulation.errors import KINDS

WHOLE = 50  # people in one cluster up to whom each two are looked at
SLIGHT = (
    "address_otherwise", "id_written_otherwise", "birth_written_otherwise", "phone_written_otherwise",
    "name_spaced", "sex_missing", "town_missing", "stale", "duplicate", "spoiled",
)  # fmt: skip
TOP = 25

_FAMILY = """
CREATE OR REPLACE TABLE family AS
SELECT person, household, role, sex, birth_date, name, employer_code, housing, in_city, moved_on,
       count(*) OVER (PARTITION BY name) AS namesakes,
       count(*) FILTER (role = 'child') OVER (PARTITION BY household, birth_date) AS born_together,
       bool_or(role = 'grandparent' AND sex = '男') OVER (PARTITION BY household) AS has_grandfather,
       bool_or(role = 'child' AND sex = '男') OVER (PARTITION BY household) AS has_son
FROM people
"""
_KINDS = {
    "twin": "role = 'child' AND born_together > 1",
    "child": "role = 'child'",
    "father_of_a_son_at_home": "sex = '男' AND role IN ('head', 'spouse') AND has_son",
    "father_and_grown_son": "sex = '男' AND ((role = 'head' AND has_grandfather) OR role = 'grandparent')",
    "dormitory": "housing = 'employer'",
    "left_the_city": "NOT in_city",
    "moved": "moved_on IS NOT NULL",
    "name_of_1": "namesakes = 1",
    "name_of_2_to_10": "namesakes BETWEEN 2 AND 10",
    "name_of_11_to_100": "namesakes BETWEEN 11 AND 100",
    "name_of_101_to_1000": "namesakes BETWEEN 101 AND 1000",
    "name_of_more_than_1000": "namesakes > 1000",
}


def recall_by_kind(connection: Any) -> dict[str, Any]:
    """True pairs of people of a kind, and the share found; a person may be of several kinds."""
    connection.execute(_FAMILY)
    tests = ", ".join(f"({test}) AS {kind}" for kind, test in _KINDS.items())
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE pairs_of AS
SELECT person, sum(n * (n - 1) // 2)::BIGINT AS found, (sum(n) * (sum(n) - 1) // 2)::BIGINT AS wanted
FROM shares GROUP BY person;
CREATE OR REPLACE TEMP TABLE kinds_of AS SELECT person, {tests} FROM family""")
    sums = ", ".join(
        f"coalesce(sum({what}) FILTER ({kind}), 0)" for kind in _KINDS for what in ("found", "wanted")
    )
    row = connection.execute(f"SELECT {sums} FROM pairs_of JOIN kinds_of USING (person)").fetchall()[0]
    return {
        kind: {
            "right": int(row[2 * place]),
            "true": int(row[2 * place + 1]),
            "recall": row[2 * place] / row[2 * place + 1] if row[2 * place + 1] else None,
        }
        for place, kind in enumerate(_KINDS)
    }


def wrong_merges(connection: Any) -> dict[str, Any]:
    """Wrong pairs of rows by what the two people are to each other; the first that fits counts."""
    other = sum(1 << KINDS.index(kind) for kind in ("swapped_number", "guardian_number"))
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE impure AS
SELECT cluster, count(*) AS persons, (sum(n) * (sum(n) - 1) // 2 - sum(n * (n - 1) // 2))::BIGINT AS wrong
FROM shares GROUP BY cluster HAVING count(*) > 1;
CREATE OR REPLACE TEMP TABLE merged AS
SELECT a.n * b.n AS wrong, CASE
  WHEN (a.bits | b.bits) & {other} <> 0 THEN 'a_row_with_the_other_ones_number'
  WHEN p.household = q.household AND p.role = 'child' AND q.role = 'child' AND p.birth_date = q.birth_date THEN 'twins'
  WHEN p.household = q.household AND p.role = 'child' AND q.role = 'child' THEN 'siblings'
  WHEN p.household = q.household AND p.role <> 'mate' AND q.role <> 'mate' AND p.sex = '男' AND q.sex = '男'
    THEN 'father_and_son'
  WHEN p.household = q.household AND p.role <> 'mate' AND q.role <> 'mate' THEN 'others_of_one_family'
  WHEN p.household = q.household THEN 'mates_of_one_room'
  WHEN p.name = q.name AND p.employer_code = q.employer_code THEN 'namesakes_of_one_firm'
  WHEN p.name = q.name AND p.birth_date = q.birth_date THEN 'namesakes_of_one_day'
  WHEN p.name = q.name THEN 'namesakes'
  WHEN p.employer_code = q.employer_code THEN 'colleagues'
  ELSE 'strangers' END AS relation
FROM impure JOIN shares a USING (cluster) JOIN shares b USING (cluster)
JOIN family p ON p.person = a.person JOIN family q ON q.person = b.person
WHERE a.person < b.person AND impure.persons <= {WHOLE}""")
    found = connection.execute(
        "SELECT relation, sum(wrong)::BIGINT, count(*) FROM merged GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    huge = connection.execute(
        f"SELECT coalesce(sum(wrong), 0)::BIGINT, count(*) FROM impure WHERE persons > {WHOLE}"
    ).fetchall()[0]
    made = {
        relation: {"pairs_of_rows": pairs, "pairs_of_people": people} for relation, pairs, people in found
    }
    if huge[1]:
        made[f"clusters_of_more_than_{WHOLE}_people"] = {"pairs_of_rows": huge[0], "clusters": huge[1]}
    return made


def missed_rows(connection: Any) -> dict[str, Any]:
    """Rows outside their person's largest cluster, by the errors in them that matter; the most frequent sets."""
    slight = sum(1 << KINDS.index(kind) for kind in SLIGHT)
    found = connection.execute(f"""
WITH ranked AS (
  SELECT person, cluster, row_number() OVER (PARTITION BY person ORDER BY n DESC, cluster) AS place FROM shares
)
SELECT bits & ~{slight}::BIGINT AS left_bits, count(*) AS missed
FROM rows JOIN ranked USING (person, cluster) WHERE place > 1 GROUP BY 1 ORDER BY 2 DESC, 1""").fetchall()
    named = [
        (";".join(kind for place, kind in enumerate(KINDS) if bits >> place & 1), n) for bits, n in found
    ]
    return {
        "rows": sum(missed for _, missed in named),
        "by_errors": [{"errors": errors, "rows": missed} for errors, missed in named[:TOP]],
        "sets_of_errors": len(named),
    }
