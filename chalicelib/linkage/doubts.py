"""How probable it is that somebody whom nobody registered is in the register all the same, in a row kept apart.

Two signs say so. A pair of rows that was too weak to join on: what it weighed. And a name: a register row without a usable number
says little more than a name, so that whoever bears a rare one may be that row's person; of frequent names there are such
rows by chance. Both are weighed against what is usual, from the rules (``model.Doubts``): nothing here decides.

Expected beside ``seen`` and ``registered`` (see ``comparison``): ``seen`` with ``sound, birth, male, open``, ``suspects(key)``,
and ``met(l, r, weight)``, the compared pairs by key. Plain SQL that SQLGlot carries over.
"""

import math
from typing import Any, Final

from chalicelib.linkage.model import Doubts

# Of names that more people bear, one more in the register says nothing.
MOST_NAMESAKES: Final = 64
# What a name that only two rows bear says of how frequent it is: as if a seventh of a person more bore it.
_UNSEEN: Final = 0.15

_NAMES: Final = """
CREATE OR REPLACE TEMP TABLE suspect_names AS
WITH told AS (
  SELECT seen.key, max(CASE WHEN open THEN 0 ELSE 1 END) AS numbered, min(birth) AS birth, bool_and(male) AS male
  FROM seen SEMI JOIN suspects ON suspects.key = seen.key GROUP BY seen.key
), named AS (
  SELECT DISTINCT seen.key, sound FROM seen SEMI JOIN suspects ON suspects.key = seen.key WHERE sound IS NOT NULL
)
SELECT named.key, named.sound, told.numbered, told.birth, told.male FROM named JOIN told ON told.key = named.key
"""
_NAMESAKES: Final = f"""
CREATE OR REPLACE TEMP TABLE namesakes AS
SELECT seen.sound, count(DISTINCT seen.key) AS bearers
FROM seen SEMI JOIN suspect_names ON suspect_names.sound = seen.sound
GROUP BY seen.sound HAVING count(DISTINCT seen.key) <= {MOST_NAMESAKES}
"""
# Registered people none of whose rows has a usable number: whoever has one may be any of them.
_BARE: Final = """
CREATE OR REPLACE TEMP TABLE bare_registered AS
WITH numbered AS (
  SELECT key FROM seen WHERE NOT open
)
SELECT seen.key, min(birth) AS birth, bool_and(male) AS male
FROM seen SEMI JOIN registered ON registered.key = seen.key ANTI JOIN numbered ON numbered.key = seen.key
GROUP BY seen.key
"""
# Those of a suspect's name; people with numbers are asked only about suspects who have none.
_POOL: Final = """
CREATE OR REPLACE TEMP TABLE pool AS
WITH asked AS (
  SELECT namesakes.sound, min(numbered) AS numbered FROM suspect_names
  JOIN namesakes ON namesakes.sound = suspect_names.sound GROUP BY namesakes.sound
), near AS (
  SELECT DISTINCT seen.key, seen.sound FROM seen JOIN asked ON asked.sound = seen.sound
  SEMI JOIN registered ON registered.key = seen.key WHERE asked.numbered = 0
), told AS (
  SELECT seen.key, max(CASE WHEN open THEN 0 ELSE 1 END) AS numbered, min(birth) AS birth, bool_and(male) AS male
  FROM seen SEMI JOIN near ON near.key = seen.key GROUP BY seen.key
), bare AS (
  SELECT DISTINCT seen.key, seen.sound, bare_registered.birth, bare_registered.male FROM seen
  JOIN bare_registered ON bare_registered.key = seen.key SEMI JOIN asked ON asked.sound = seen.sound
)
SELECT key, sound, 0 AS numbered, birth, male FROM bare
UNION ALL
SELECT near.key, near.sound, told.numbered, told.birth, told.male FROM near JOIN told ON told.key = near.key
WHERE told.numbered = 1
"""
# How many people of the register there are of each kind, so that it can be told how many of a name there are by chance.
_KINDS: Final = """
CREATE OR REPLACE TEMP TABLE kinds AS
SELECT 0 AS numbered, male, birth IS NULL AS dayless, count(*) AS people FROM bare_registered
GROUP BY male, birth IS NULL
UNION ALL
SELECT 1 AS numbered, male, birth IS NULL AS dayless, count(*) AS people FROM seen
WHERE source = 'registrations' AND NOT open GROUP BY male, birth IS NULL
"""
_MAY_BE: Final = (
    """(a.numbered = 0 OR b.numbered = 0) AND (a.male IS NULL OR b.male IS NULL OR a.male = b.male)"""
)
_BY_NAME: Final = f"""
CREATE OR REPLACE TEMP TABLE by_name AS
WITH found AS (
  SELECT a.key, a.sound, count(*) AS found FROM suspect_names a JOIN pool b ON b.sound = a.sound
  WHERE {_MAY_BE} AND (a.birth IS NULL OR b.birth IS NULL OR a.birth = b.birth) GROUP BY a.key, a.sound
), usual AS (
  SELECT a.key, a.sound, sum(b.people) AS people FROM suspect_names a
  SEMI JOIN found ON found.key = a.key AND found.sound = a.sound JOIN kinds b
  ON {_MAY_BE} AND (a.birth IS NULL OR b.dayless) GROUP BY a.key, a.sound
), weighed AS (
  SELECT found.key, found.found * CASE WHEN a.numbered = 1 THEN $numbered ELSE $bare END AS one,
         (bearers - 1 + {_UNSEEN}) * coalesce(usual.people, 1) / $people
         * (1 - CASE WHEN a.numbered = 1 THEN $numbered ELSE $bare END) AS other
  FROM found JOIN namesakes ON namesakes.sound = found.sound
  JOIN suspect_names a ON a.key = found.key AND a.sound = found.sound
  LEFT JOIN usual ON usual.key = found.key AND usual.sound = found.sound
)
SELECT key, max(one / (one + other)) AS chance FROM weighed GROUP BY key
"""
_DOUBTED: Final = """
CREATE OR REPLACE TEMP TABLE doubted AS
WITH near AS (
  SELECT met.l AS key, weight FROM met SEMI JOIN suspects ON suspects.key = met.l
  SEMI JOIN registered ON registered.key = met.r
  UNION ALL
  SELECT met.r AS key, weight FROM met SEMI JOIN suspects ON suspects.key = met.r
  SEMI JOIN registered ON registered.key = met.l
), surest AS (
  SELECT near.key, max(weight) AS weight FROM near GROUP BY near.key
), told AS (
  SELECT key, max(numbered) AS numbered FROM suspect_names GROUP BY key
), by_pair AS (
  SELECT surest.key, $most / (1 + power(2.0, CASE WHEN told.numbered = 1 THEN $even_numbered ELSE $even_bare END
                                             - least(weight, 60))) AS chance
  FROM surest LEFT JOIN told ON told.key = surest.key
)
SELECT key, max(chance) AS chance FROM (
  SELECT key, least(chance, $most) AS chance FROM by_name UNION ALL SELECT key, chance FROM by_pair
) GROUP BY key
"""


def find(connection: Any, doubts: Doubts) -> None:
    """Make table ``doubted(key, chance)``: of those suspects about whom anything is to be said, how probable it is."""
    for query in (_NAMES, _NAMESAKES, _BARE, _POOL, _KINDS):
        connection.execute(query)
    people, registered, suspects = (
        connection.execute(query).fetchall()[0][0]
        for query in (
            "SELECT count(DISTINCT key) FROM seen",
            "SELECT count(*) FROM registered",
            "SELECT count(*) FROM suspects",
        )
    )
    more = fuller(registered, suspects, doubts)
    usual = {"numbered": min(doubts.apart.numbered * more, 0.5), "bare": min(doubts.apart.bare * more, 0.5)}
    connection.execute(_BY_NAME, usual | {"people": float(max(people, 1))})
    even = {
        "even_numbered": doubts.even_weight.numbered - math.log2(more),
        "even_bare": doubts.even_weight.bare - math.log2(more),
    }
    connection.execute(_DOUBTED, even | {"most": doubts.at_most})


def fuller(registered: int, suspects: int, doubts: Doubts) -> float:
    """How many times as many registered people there are for each suspect as where the rules were read off; at least 1.

    The fewer people are not registered, the more of those who look so are registered all the same.
    """
    return max(1.0, registered / max(suspects, 1) / doubts.registered_a_suspect)
