"""What departments wrote, brought to comparable values: one SQL expression for each kind of column.

Near to plain SQL, so that SQLGlot carries it over. Every expression tries the usual spelling first: nearly
all values are written so, and the rest of the expression then costs nothing. Numbers, dates and phones become
integers, which join and group several times faster than text.
"""

from typing import Final

_FULL_WIDTH: Final = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_HALF_WIDTH: Final = "".join(map(chr, range(0x21, 0x7F))) + " "
_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))
_CHECKS: Final = "10X98765432"
_DIVISIONS: Final = r"(?:中国)?(?:广东省?)?(?:佛山市?)?(?:\pL{2,4}?区)?(?:[^0-9路街巷道区]{2,5}?(?:镇街道|街道|镇)(?:办事处)?)?"
_DAY: Final = r"^\s*([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?"
_PLACE: Final = (
    r"^(.*?[^0-9\-])-?([0-9]+)(?:号|-)(?:([0-9a-z甲乙丙丁]+)(?:号楼|栋|幢|座|#))?"
    r"-?(?:[0-9]+(?:单元|梯))?-?(?:[0-9]+[层楼])?-?([a-z]?[0-9]{1,5}[a-z]?)?(?:号?房|室)?([^0-9]*)$"
)


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def half_width(column: str) -> str:
    """Full-width letters, digits, signs and blanks as half-width ones."""
    wide = f"regexp_matches({column}, '[\\x{{FF01}}-\\x{{FF5E}}\\x{{3000}}]')"
    changed = f"translate({column}, {quoted(_FULL_WIDTH)}, {quoted(_HALF_WIDTH)})"
    return f"CASE WHEN {wide} THEN {changed} ELSE {column} END"


def check_character(digits: str) -> str:
    """The check character that belongs to 17 digits given as an integer (ISO 7064 MOD 11-2, GB 11643)."""
    total = " + ".join(f"(({digits} // {10 ** (16 - i)}) % 10) * {w}" for i, w in enumerate(_WEIGHTS))
    return f"substr('{_CHECKS}', CAST(({total}) % 11 + 1 AS INTEGER), 1)"


def is_day(value: str) -> str:
    """Whether an integer ``yyyymmdd`` is a day of the years 1850 to 2100."""
    exists = f"TRY_STRPTIME(CAST({value} AS VARCHAR), '%Y%m%d') IS NOT NULL"
    return (
        f"({value} // 10000 BETWEEN 1850 AND 2100 AND ({value} // 100) % 100 BETWEEN 1 AND 12"
        f" AND ({value} % 100 BETWEEN 1 AND 28 OR {exists}))"
    )


def plain_number(column: str) -> str:
    """An identity number half-width, without blanks and hyphens, in capitals, 15 digits made 18; not judged."""
    usual = f"length({column}) = 18 AND regexp_full_match({column}, '[1-9][0-9]{{16}}[0-9X]')"
    clean = f"upper(regexp_replace({half_width(column)}, '[\\s\\-]', '', 'g'))"
    digits = f"(substr({clean}, 1, 6) || '19' || substr({clean}, 7))"
    long = f"{digits} || {check_character(f'CAST({digits} AS BIGINT)')}"
    old = f"regexp_full_match({clean}, '[1-8][0-9]{{14}}')"
    return f"CASE WHEN {usual} THEN {column} WHEN {old} THEN {long} ELSE {clean} END"


def digits(plain: str) -> str:
    """The first 17 characters of a plain number as an integer, or null: what ``number`` wants to be given."""
    return f"CASE WHEN length({plain}) = 18 THEN TRY_CAST(substr({plain}, 1, 17) AS BIGINT) END"


def number(plain: str, digits: str) -> str:
    """The key of a plain number that is valid, else null: its first 17 digits as an integer.

    The check character follows from them. Old permits of foreigners (three letters and twelve digits) become
    negative integers. Agrees with ``idnumbers.parse``. Both arguments are columns.
    """
    whole = f"{digits} >= 10000000000000000 AND regexp_full_match({plain}, '[0-9]{{17}}[0-9X]')"
    right = f"{check_character(digits)} = substr({plain}, 18, 1) AND {is_day(f'(({digits} // 1000) % 100000000)')}"
    foreign = f"length({plain}) = 15 AND regexp_full_match({plain}, '[A-Z]{{3}}[0-9]{{12}}')"
    century = f"CASE WHEN substr({plain}, 8, 2) > '25' THEN 19000000 ELSE 20000000 END"
    old_born = f"({century} + CAST(substr({plain}, 8, 6) AS INTEGER))"
    return (
        f"CASE WHEN {whole} THEN CASE WHEN {right} THEN {digits} END"
        f" WHEN {foreign} THEN CASE WHEN {is_day(old_born)} THEN {_permit(plain)} END END"
    )


def _permit(column: str) -> str:
    first, second, third = (f"(ascii(substr({column}, {i}, 1)) - 65)" for i in (1, 2, 3))
    letters = f"CAST(({first} * 26 + {second}) * 26 + {third} AS BIGINT)"
    return f"-1 - ({letters} * 1000000000000 + CAST(substr({column}, 4) AS BIGINT))"


def born(key: str) -> str:
    """The birth date that the key of a valid number tells, as ``yyyymmdd``; null for old permits."""
    return f"CASE WHEN {key} > 0 THEN CAST(({key} // 1000) % 100000000 AS INTEGER) END"


def male(key: str) -> str:
    """Whether the key of a valid number is a man's; null for permits, which do not all say it."""
    return f"CASE WHEN {key} BETWEEN 10000000000000000 AND 89999999999999999 THEN {key} % 2 = 1 END"


def written_number(plain: str) -> str:
    """What is left of a plain number that is not valid, for comparing: at least 6 digits, perhaps stars."""
    usable = f"regexp_full_match({plain}, '[0-9*X]{{12,20}}') AND regexp_matches({plain}, '[0-9]{{4}}')"
    return f"CASE WHEN {usable} THEN {plain} END"


def mended(plain: str, birth: str) -> str:
    """The key of a number with one wrong digit, where the check digit proves which; else null.

    Only a birth date that differs from the number's in one digit is proof: with that digit the check
    character fits. Elsewhere several digits could be the wrong one, so nothing is guessed.
    """
    day = f"CAST({birth} AS VARCHAR)"
    digits = f"CAST(substr({plain}, 1, 6) || {day} || substr({plain}, 15, 3) AS BIGINT)"
    form = f"length({plain}) = 18 AND regexp_full_match({plain}, '[1-8][0-9]{{16}}[0-9X]')"
    one = f"hamming(substr({plain}, 7, 8), {day}) = 1"
    fits = f"{check_character(digits)} = substr({plain}, 18, 1)"
    return f"CASE WHEN {form} THEN CASE WHEN {one} THEN CASE WHEN {fits} THEN {digits} END END END"


def day(column: str) -> str:
    """A date as ``yyyymmdd``: ``1990-01-31``, ``1990/1/31``, ``19900131``, ``1990年1月31日``; else null."""
    usual = (
        f"length({column}) = 10 AND substr({column}, 5, 1) = '-' AND TRY_CAST({column} AS DATE) IS NOT NULL"
    )
    parts = [f"regexp_extract({half_width(column)}, '{_DAY}', {place})" for place in (1, 2, 3)]
    other = f"TRY_CAST({parts[0]} || lpad({parts[1]}, 2, '0') || lpad({parts[2]}, 2, '0') AS INTEGER)"
    plain = f"CAST(replace({column}, '-', '') AS INTEGER)"
    return f"CASE WHEN {usual} THEN {plain} WHEN {is_day(other)} THEN {other} END"


def phone(column: str) -> str:
    """A mobile number of mainland China as an integer; null for others."""
    usual = f"length({column}) = 11 AND regexp_full_match({column}, '1[3-9][0-9]{{9}}')"
    digits = f"regexp_replace({half_width(column)}, '[^0-9]', '', 'g')"
    bare = f"regexp_extract({digits}, '^(?:00)?(?:86)?(1[3-9][0-9]{{9}})$', 1)"
    return f"TRY_CAST(CASE WHEN {usual} THEN {column} ELSE {bare} END AS BIGINT)"


def is_male(column: str) -> str:
    """Whether a sex as departments write it is a man's; null when it does not say."""
    lowered = f"lower(trim({column}))"
    return (
        f"CASE WHEN {column} = '男' THEN true WHEN {column} = '女' THEN false"
        f" WHEN {lowered} IN ('1', 'm', 'male', '男性') THEN true"
        f" WHEN {lowered} IN ('2', 'f', 'female', '女性') THEN false END"
    )


def bare_address(column: str) -> str:
    """An address in lower case without signs, and without province, city, district and town in front.

    Half of all rows leave those out as well. Chinese numerals become digits, so that ``三水`` is ``3水``: for
    comparing only.
    """
    clean = f"regexp_replace(lower({half_width(column)}), '[^\\pL\\pN#\\-]+', '', 'g')"
    return f"translate(regexp_replace({clean}, '^{_DIVISIONS}', ''), '〇一二三四五六七八九', '0123456789')"


def place(bare: str) -> str:
    """A bare address as a struct ``road, number, building, room, rest`` of text, empty where it says nothing.

    All of them are empty where the address cannot be read.
    """
    return f"regexp_extract({bare}, '{_PLACE}', ['road', 'number', 'building', 'room', 'rest'])"
