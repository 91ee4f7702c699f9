"""What is compared: one row for each settled person and each open row, with everything known of them.

Table ``nodes``: ``node``, the name in its forms (``plain, sound, look, surname``), ``birth`` as ``yyyymmdd``, ``male``,
``phone1`` and ``room1`` (one of them, to block on in training), ``phones``, ``lines`` (phones that many people give:
a firm's, a landlord's), ``rooms``, ``buildings`` (lists of integers, null where nothing is known), ``digits`` (an
identity number as text, perhaps mistyped or with stars), ``halls`` (those of the buildings where very many live), ``lists`` (a bit for each source that knows the node and
has few people twice).
"""

from typing import Any, Final

from chalicelib.linkage import cleaning

# A phone that more people than a household give is a firm's: it tells little of who somebody is.
MOST_ON_A_PHONE: Final = 6

_BUSY: Final = f"""
CREATE OR REPLACE TABLE busy AS
WITH many AS (
  SELECT phone FROM entries WHERE phone IS NOT NULL GROUP BY phone HAVING count(*) > {MOST_ON_A_PHONE}
)
SELECT phone FROM entries SEMI JOIN many USING (phone)
GROUP BY phone HAVING count(DISTINCT plain) > {MOST_ON_A_PHONE}
"""
# Where more people than this live under one address, being there tells little: a dormitory, a tower.
MOST_IN_A_HOUSE: Final = 40

HALLS: Final = f"""
CREATE OR REPLACE TABLE halls AS
WITH many AS (
  SELECT building FROM {{entries}} WHERE building IS NOT NULL GROUP BY building HAVING count(*) > {MOST_IN_A_HOUSE}
)
SELECT building FROM {{entries}} SEMI JOIN many USING (building)
GROUP BY building HAVING count(DISTINCT node) > {MOST_IN_A_HOUSE}
"""
# A source is a list of people, each once, when so few settled people have two rows in it.
MOST_TWICE: Final = 0.05
_LISTS: Final = f"""
CREATE OR REPLACE TABLE lists AS
WITH counted AS (
  SELECT source, node, count(*) AS n FROM entries WHERE NOT open GROUP BY source, node
), twice AS (
  SELECT source, avg(CAST(n > 1 AS INTEGER)) AS share FROM counted GROUP BY source
)
SELECT source, CAST(1 AS BIGINT) << CAST(row_number() OVER (ORDER BY source) - 1 AS INTEGER) AS bit
FROM twice WHERE share <= {MOST_TWICE} ORDER BY source LIMIT 62
"""
_NODES: Final = """
CREATE OR REPLACE TABLE nodes AS
WITH chosen AS (
  SELECT entries.*, busy.phone AS line, coalesce(lists.bit, 0) AS bit,
         halls.building AS hall FROM entries SEMI JOIN {wanted} AS wanted ON wanted.node = entries.node
  LEFT JOIN busy ON busy.phone = entries.phone LEFT JOIN lists ON lists.source = entries.source
  LEFT JOIN halls ON halls.building = entries.building
), gathered AS (
  SELECT node, mode(plain ORDER BY plain) AS plain, min(birth) AS birth, bool_and(male) AS male, min(written) AS written,
         list(DISTINCT phone) FILTER (phone IS NOT NULL AND line IS NULL) AS phones,
         list(DISTINCT line) FILTER (line IS NOT NULL) AS lines,
         list(DISTINCT room) FILTER (room IS NOT NULL) AS rooms,
         list(DISTINCT building) FILTER (building IS NOT NULL) AS buildings,
         list(DISTINCT hall) FILTER (hall IS NOT NULL) AS halls, bit_or(bit) AS lists
  FROM chosen WHERE NOT open GROUP BY node
  UNION ALL
  SELECT node, plain, birth, male, written, CASE WHEN phone IS NOT NULL AND line IS NULL THEN [phone] END,
         CASE WHEN line IS NOT NULL THEN [line] END, CASE WHEN room IS NOT NULL THEN [room] END,
         CASE WHEN building IS NOT NULL THEN [building] END, CASE WHEN hall IS NOT NULL THEN [hall] END, bit
  FROM chosen WHERE open
), forms AS (
  SELECT plain, min(sound) AS sound, min(look) AS look, min(surname) AS surname
  FROM names GROUP BY plain
)
SELECT node, gathered.plain, sound, look, surname,
       CASE WHEN {settled} THEN coalesce({born}, birth) ELSE birth END AS birth,
       CASE WHEN {settled} THEN coalesce({male}, male) ELSE male END AS male,
       phones[1] AS phone1, rooms[1] AS room1, phones, lines, rooms, buildings, halls,
       CASE WHEN {settled} THEN CASE WHEN node > 0 THEN {text} END ELSE written END AS digits, lists
FROM gathered LEFT JOIN forms ON forms.plain = gathered.plain
"""
# Settled people's ids are keys of numbers; rows' ids are smaller than any of them.
SETTLED: Final = "(node < 0 OR node >= 10000000000000000)"


def find_busy(connection: Any) -> int:
    """Make tables ``busy`` (phones that many people give), ``halls`` and ``lists``; returns how many phones."""
    for query in (_BUSY, HALLS.format(entries="entries"), _LISTS):
        connection.execute(query)
    return int(connection.execute("SELECT count(*) FROM busy").fetchone()[0])


def gather(connection: Any, wanted: str) -> int:
    """Make table ``nodes`` for the nodes that a query names in column ``node``; returns how many.

    Looks at ``entries``, ``names``, ``busy``, ``lists`` and ``halls``, which is empty where nobody made it.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS halls (building UBIGINT)")
    query = _NODES.format(
        wanted=f"({wanted})",
        settled=SETTLED,
        born=cleaning.born("node"),
        male=cleaning.male("node"),
        text=f"CAST(node AS VARCHAR) || {cleaning.check_character('node')}",
    )
    connection.execute(query)
    return int(connection.execute("SELECT count(*) FROM nodes").fetchone()[0])


PAIRED: Final = "SELECT join_key_l AS node FROM pairs UNION SELECT join_key_r FROM pairs"
