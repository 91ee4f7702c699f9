"""Rows whose number says who they are: settled first, so that only what is left is compared.

Table ``rows`` in, table ``rejected`` out: rows that carry a valid number which is not theirs. Two colleagues'
numbers are exchanged now and then, or one form is copied from another: then name and birth date both
disagree with the number's other rows. Such a row goes to the comparison without the number; a row that only
disagrees with the birth date inside its own number, and that nothing confirms, goes there with it.
"""

from typing import Any, Final

from chalicelib.linkage.cleaning import born
from chalicelib.linkage.comparing import differing

# Two spellings of one name: heard or seen the same, one character of three, or the parts in another order.
SIMILAR: Final = f"""(
  a.sound = b.sound OR a.look = b.look OR (length(b.plain) >= 3 AND {differing("a.sound", "b.sound")} <= 1)
  OR list_sort(string_split(a.sound, '')) = list_sort(string_split(b.sound, ''))
)"""
_DOUBTFUL: Final = f"""
CREATE OR REPLACE TEMP TABLE doubtful AS
SELECT number FROM rows WHERE number IS NOT NULL GROUP BY number
HAVING min(name) <> max(name) OR bool_or(birth <> {born("number")})
"""
_EXAMINED: Final = f"""
CREATE OR REPLACE TEMP TABLE examined AS
SELECT rows.rowid AS rid, rows.number, rows.birth = {born("rows.number")} AS right_day,
       names.plain, names.sound, names.look
FROM rows JOIN doubtful ON doubtful.number = rows.number LEFT JOIN names ON names.name = rows.name
"""
# The name that a number's rows agree on: first that of rows whose birth date fits, then the most frequent.
_OWNERS: Final = """
CREATE OR REPLACE TEMP TABLE owners AS
SELECT number, plain, sound, look, fits FROM (
  SELECT number, plain, sound, look, count(*) FILTER (right_day) AS fits,
         row_number() OVER (PARTITION BY number ORDER BY count(*) FILTER (right_day) DESC, count(*) DESC, plain) AS place
  FROM examined WHERE plain IS NOT NULL GROUP BY number, plain, sound, look
) WHERE place = 1
"""
_REJECTED: Final = f"""
CREATE OR REPLACE TABLE rejected AS
SELECT a.rid, coalesce(NOT {SIMILAR}, false) AS other_name
FROM examined a LEFT JOIN owners b ON b.number = a.number
WHERE right_day IS DISTINCT FROM true
  AND (coalesce(NOT {SIMILAR}, false) OR (right_day IS false AND coalesce(b.fits, 0) = 0))
"""


def settle(connection: Any) -> dict[str, int]:
    """Make table ``rejected(rid, other_name)``; returns how many rows have a number and how many lost it."""
    for query in (_DOUBTFUL, _EXAMINED, _OWNERS, _REJECTED):
        connection.execute(query)
    numbered, rejected = connection.execute(
        "SELECT (SELECT count(number) FROM rows), (SELECT count(*) FROM rejected)"
    ).fetchone()
    for table in ("doubtful", "examined", "owners"):
        connection.execute(f"DROP TABLE {table}")
    return {"numbered": int(numbered), "rejected": int(rejected)}
