"""Which pairs are worth comparing: rows that are still open, against each other and against settled people.

A *node* is what is compared: a person whose rows are settled by number (the node's id is the number's key), or
one open row (the node's id is the row's). Every rule joins nodes on one key. A key that too many nodes share
tells nobody from anybody and is left out, so that pairs grow with the rows and not with their square, whatever
the files hold.

Tables: ``entries`` is ``rows`` with each row's node and comparable values; ``pairs(join_key_l, join_key_r, match_key)`` is what
Splink takes as blocked pairs, the smaller node on the left.
"""

from typing import Any, Final

from chalicelib.linkage import cleaning

# At most so many nodes may share a key. Larger blocks are left to the other rules.
MOST_IN_BLOCK: Final = 40

_ENTRIES: Final = """
CREATE OR REPLACE TABLE entries AS
WITH bared AS (
  SELECT rowid AS rid, *, {bare} AS bare FROM rows
), placed AS (
  SELECT *, {place} AS p FROM bared
), known AS (
  SELECT placed.* EXCLUDE (bare, p, number, written),
         CASE WHEN rejected.rid IS NULL THEN number END AS number,
         CASE WHEN rejected.rid IS NULL THEN written WHEN NOT other_name THEN {text} END AS written,
         CASE WHEN coalesce(bare, '') = '' THEN NULL WHEN p.number = '' THEN hash(bare) ELSE hash(p.road, p.number, p.building)
              END AS building,
         CASE WHEN p.number <> '' AND p.room <> '' THEN hash(p.road, p.number, p.building, p.room) END AS room
  FROM placed LEFT JOIN rejected ON rejected.rid = placed.rid
)
SELECT known.* EXCLUDE (number, name), number IS NULL AS open, coalesce(number, rid) AS node,
       names.plain, names.sound, names.look, names.surname,
       coalesce(number, CASE WHEN regexp_full_match(written, '[0-9]{{17}}[0-9X]')
                             THEN CAST(substr(written, 1, 17) AS BIGINT) END) AS claim,
       CASE WHEN number IS NULL THEN TRY_CAST(substr(written, 15, 3) AS INTEGER) ELSE number % 1000 END AS tail
FROM known LEFT JOIN names ON names.name = known.name
"""
# Each rule's key as columns of ``entries``; a row takes part where all are there. A mistyped number is compared
# in three parts, since a slip seldom touches two; a masked one by the digits before its last.
RULES: Final = {
    "name_birth": ("sound", "birth"),
    "phone_surname": ("phone", "surname"),
    "phone_birth": ("phone", "birth"),
    "room_surname": ("room", "surname"),
    "room_birth": ("room", "birth"),
    "building_name": ("building", "sound"),
    "building_birth": ("building", "birth"),
    "number_front": ("claim // 1000",),
    "number_back": ("claim % 100000000000",),
    "number_sides": ("claim // 100000000000", "claim % 1000"),
    "name_tail": ("sound", "tail"),
}
_BLOCKED: Final = """
INSERT INTO blocked
WITH wanted AS (
  SELECT {columns}, node FROM entries WHERE open AND {there} GROUP BY ALL
), block AS (
  SELECT {columns}, node FROM entries WHERE {there} GROUP BY ALL
), small AS (
  SELECT {names} FROM block SEMI JOIN wanted USING ({names}) GROUP BY ALL HAVING count(*) BETWEEN 2 AND {most}
), kept AS (
  SELECT wanted.* FROM wanted SEMI JOIN small USING ({names})
)
SELECT least(kept.node, block.node), greatest(kept.node, block.node), '{rule}'
FROM kept JOIN block USING ({names}) WHERE kept.node <> block.node
"""


def enter(connection: Any) -> None:
    """Make table ``entries`` of ``rows``, ``names`` and ``rejected``; nothing else is needed of them afterwards."""
    text = f"(CAST(number AS VARCHAR) || {cleaning.check_character('number')})"
    connection.execute(
        _ENTRIES.format(bare=cleaning.bare_address("address"), place=cleaning.place("bare"), text=text)
    )


def block(connection: Any, most: int = MOST_IN_BLOCK) -> int:
    """Make table ``pairs`` of ``entries``; returns how many pairs are to be compared."""
    connection.execute("CREATE OR REPLACE TEMP TABLE blocked (l BIGINT, r BIGINT, rule VARCHAR)")
    for rule, columns in RULES.items():
        named = [f"k{place}" for place in range(len(columns))]
        connection.execute(
            _BLOCKED.format(
                columns=", ".join(f"{c} AS {n}" for c, n in zip(columns, named, strict=True)),
                there=" AND ".join(f"{column} IS NOT NULL" for column in columns),
                names=", ".join(named),
                most=most,
                rule=rule,
            )
        )
    connection.execute(
        "CREATE OR REPLACE TABLE pairs AS"
        " SELECT l AS join_key_l, r AS join_key_r, min(rule) AS match_key FROM blocked GROUP BY l, r"
    )
    connection.execute("DROP TABLE blocked")
    return int(connection.execute("SELECT count(*) FROM pairs").fetchone()[0])
