"""The dictionary of names: each spelling once, with the forms in which names are compared.

Table ``names(name, plain, sound, look, surname)``: the plain form; the form in which characters of one sound
are one character (without tones, and without the differences that southern speakers do not make: zh/z, ch/c,
sh/s, n/l, ng/n); the form in which characters that look alike are one; and the surname in plain form. The
tables of characters are those that arriving files are cleaned with.
"""

from typing import Any, Final

from chalicelib.linkage.cleaning import half_width, quoted
from chalicelib.sources import service as sources

_USUAL: Final = "regexp_full_match(name, '[\\x{4E00}-\\x{9FFF}]{2,4}')"
_SHORT: Final = 4
_NOTE: Final = "[(\\[{【〔（].*?(?:[)\\]}】〕）]|$)"

_CHARACTERS: Final = """
CREATE OR REPLACE TEMP TABLE characters AS
WITH readings AS (
  SELECT character, part, split_part(readings, ' ', 1) AS reading FROM read_csv({readings}, all_varchar = true)
), heard AS (
  SELECT character, nullif(part, '') AS part,
         regexp_replace(regexp_replace(regexp_replace(reading, '^([zcs])h', '\\1'), '^n', 'l'), 'ng$', 'n') AS sound
  FROM readings
), voiced AS (
  SELECT character, min(character) OVER (PARTITION BY sound) AS sound,
         CASE WHEN part IS NULL THEN character ELSE min(character) OVER (PARTITION BY part) END AS look
  FROM heard
), plain AS (
  SELECT character, plain FROM read_csv({plain}, all_varchar = true)
)
SELECT coalesce(plain.character, voiced.character) AS written, coalesce(plain.plain, voiced.character) AS plain,
       coalesce(same.sound, voiced.sound, plain.plain) AS sound, coalesce(same.look, voiced.look, plain.plain) AS look
FROM voiced FULL JOIN plain ON plain.character = voiced.character
LEFT JOIN voiced AS same ON same.character = plain.plain
"""
_NAMES: Final = """
CREATE OR REPLACE TABLE names AS
WITH spelled AS (
  SELECT DISTINCT name FROM {rows} WHERE name IS NOT NULL
), bare AS (
  SELECT name, CASE WHEN {usual} AND NOT {titled} THEN name ELSE {stripped} END AS bare FROM spelled
), short AS (
  SELECT name, {short_plain} AS plain, {short_sound} AS sound, {short_look} AS look
  FROM bare {short_joins} WHERE length(bare) BETWEEN 1 AND {short}
), single AS (
  SELECT name, place, substr(bare, place, 1) AS letter
  FROM (SELECT name, bare, unnest(range(1, length(bare) + 1)) AS place FROM bare WHERE length(bare) > {short})
), folded AS (
  FROM short
  UNION ALL
  SELECT name, string_agg(coalesce(c.plain, letter), '' ORDER BY place),
         string_agg(coalesce(c.sound, letter), '' ORDER BY place),
         string_agg(coalesce(c.look, letter), '' ORDER BY place)
  FROM single LEFT JOIN characters c ON c.written = letter GROUP BY name
)
SELECT name, plain, sound, look,
       CASE WHEN length(plain) > 2 AND substr(plain, 1, 2) IN ({compound}) THEN substr(plain, 1, 2)
            ELSE substr(plain, 1, 1) END AS surname
FROM folded
"""


def _titles() -> str:
    return "|".join(sources.name_tables().titles)


def _stripped() -> str:
    """The name half-width, in capitals, without notes in brackets, signs, counts and titles; stars hide characters."""
    letters = (
        f"regexp_replace(regexp_replace({half_width('name')}, '{_NOTE}', '', 'g'), '[^\\pL\\pN*]+', '', 'g')"
    )
    counted = f"regexp_replace(upper({letters}), '([\\x{{2E80}}-\\x{{9FFF}}])[0-9]{{1,3}}$', '\\1')"
    return f"regexp_replace({counted}, '^(.{{2,}}?)(?:{_titles()})$', '\\1')"


def _letters(form: str) -> str:
    """The first characters of ``bare`` in a form; most names are no longer, and joins are faster than lists."""
    return " || ".join(f"coalesce(c{i}.{form}, substr(bare, {i}, 1))" for i in range(1, _SHORT + 1))


def build(connection: Any, rows: str = "rows") -> None:
    """Make table ``names`` from the spellings in column ``name`` of a table."""
    tables = sources.name_tables()
    connection.execute(
        _CHARACTERS.format(readings=quoted(str(tables.readings)), plain=quoted(str(tables.plain)))
    )
    connection.execute(
        _NAMES.format(
            rows=rows,
            usual=_USUAL,
            titled=f"regexp_matches(name, '(?:{_titles()})$')",
            stripped=_stripped(),
            short=_SHORT,
            short_joins=" ".join(
                f"LEFT JOIN characters c{i} ON c{i}.written = substr(bare, {i}, 1)"
                for i in range(1, _SHORT + 1)
            ),
            short_plain=_letters("plain"),
            short_sound=_letters("sound"),
            short_look=_letters("look"),
            compound=", ".join(quoted(name) for name in sorted(tables.compound_surnames)),
        )
    )
