"""Single values as departments write them, brought to one form. Pure, and fast enough for millions.

A *judged* value is the pair of what is kept (``None``: nothing) and the code of what was wrong
(``None``: nothing). An empty text is never given to these functions.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache, partial
from operator import mul
from typing import Final, NamedTuple

from chalicelib import idnumbers
from chalicelib.sources import names
from chalicelib.sources.model import Column

Value = str | int | float | date | None
Judged = tuple[Value, str | None]
Judge = Callable[[str], Judged]

LONGEST: Final = 500
EARLIEST, LATEST = 1850, 2100
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028\u2029\ufeff]+")
_NEUTRALISED = re.compile(r"^'(?=[=+\-@])")
_FORCED_TEXT = re.compile(r'="([^"]*)"')
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号])"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_COMPACT = re.compile(r"\d{8}")
_SERIAL = re.compile(r"([1-7]\d{4})(?:\.\d+)?")
_SERIAL_ZERO = date(1899, 12, 30)  # Right from March 1900 on: spreadsheets believe in 1900-02-29.
_NUMERALS = str.maketrans("〇○零一二三四五六七八九元", "0001234567891")
_TENS = re.compile(r"([一二三四五六七八九]?)十([一二三四五六七八九]?)")
_MONTH = re.compile(r"(\d{4})[-/.年]?(\d{1,2})月?")
_PHONE_NOISE = re.compile(r"[\s\-()]")
_PLAIN_PHONE = re.compile(r"1[3-9][0-9]{9}")
_PLAIN_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))
_CHECKS = "10X98765432"
_MOBILE = re.compile(r"1[3-9]\d{9}")
_ONE_OF_SEVERAL = re.compile(r"(?<!\d)(?:\+?86|0)?(1[3-9]\d{9})(?!\d)", re.ASCII)
_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+?1[47]|[1-9]\d{14}000", re.ASCII)
_CODE = re.compile(r"\d{9}|\d{12}")
_SEX: Final = {
    "男": "male",
    "女": "female",
    "1": "male",
    "2": "female",
    "m": "male",
    "f": "female",
    "male": "male",
    "female": "female",
    "男性": "male",
    "女性": "female",
}
_NOTHING: Final = frozenset({"-", "--", "/", "无", "不详", "未知", "null", "none", "nan", "n/a"})


class Regions(NamedTuple):
    """The codes that exist, statistics-bureau scheme."""

    towns: frozenset[str]
    communities: frozenset[str]


def clean(text: str) -> str:
    """Half-width, without control characters, outer spaces and the mark of a neutralised formula."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    text = text.strip()
    if text[:1] == "=" and (forced := _FORCED_TEXT.fullmatch(text)):
        return forced[1].strip()
    return _NEUTRALISED.sub("", text) if text[:1] == "'" else text


def text(raw: str) -> Judged:
    """Free text: cleaned, single spaces; a word for nothing is nothing."""
    made = " ".join(clean(raw).split())
    if made.lower() in _NOTHING:
        return None, None
    return (made, None) if len(made) <= LONGEST else (made[:LONGEST], "value_too_long")


def record_id(raw: str) -> Judged:
    """The department's id: never shortened, since another row's could look the same."""
    made = clean(raw)
    return (made or None, None) if len(made) <= 128 else (None, "value_too_long")


def name(raw: str) -> Judged:
    """A person's name as it was written, without titles, notes and blanks (``names.written``)."""
    made, code = text(raw)
    return (names.written(made), code) if isinstance(made, str) else (made, code)


def id_number(raw: str) -> Judged:
    """The number in its normal form. A wrong one is kept for fuzzy comparison and counted.

    The plain form of most numbers is judged here, as ``idnumbers.parse`` does but several times faster.
    """
    if _PLAIN_NUMBER.fullmatch(raw) and _exists(raw[6:14]):
        right = _CHECKS[sum(map(mul, map(int, raw[:17]), _WEIGHTS)) % 11] == raw[17]
        return raw, None if right else _what_is_wrong(raw, "id_number_check")
    made = idnumbers.normalise(clean(raw))
    if not made or made.lower() in _NOTHING:
        return None, None
    try:
        return idnumbers.parse(made).number, None
    except idnumbers.InvalidIdNumber as problem:
        return made[:64], _what_is_wrong(made, problem.code)


def _what_is_wrong(made: str, code: str) -> str:
    """Spreadsheets keep 15 digits of a number: the rest of an identity number is lost for good."""
    return "id_number_rounded" if _ROUNDED.fullmatch(made) else code


@lru_cache(maxsize=50_000)
def _exists(born: str) -> bool:
    made, _ = day(born)
    return made is not None


def phone(raw: str) -> Judged:
    """A mainland mobile number of 11 digits: without country code, trunk zero, spaces and hyphens.

    Of several in one cell the first.
    """
    if _PLAIN_PHONE.fullmatch(raw):
        return raw, None
    made = clean(raw).removesuffix(".0")  # Spreadsheets that took it for a number.
    plain = _PHONE_NOISE.sub("", made)
    for prefix in ("+86", "0086", "86", "0"):
        if plain.startswith(prefix) and len(plain) > 11:
            plain = plain[len(prefix) :]
            break
    if _MOBILE.fullmatch(plain) and plain.isascii():
        return plain, None
    if several := _ONE_OF_SEVERAL.search(made) or _ONE_OF_SEVERAL.search(plain):
        return several[1], None
    return None, None if plain.lower() in _NOTHING else "phone_invalid"


def day(raw: str) -> Judged:
    """A date in any common form, Chinese numerals and the day numbers of spreadsheets included.

    1900-01-00, the 30th of February and year 9 are impossible.
    """
    made = clean(raw)
    if made.lower() in _NOTHING:
        return None, None
    try:
        found = _parts(made)
    except ValueError:
        return None, "date_impossible"
    return (found, None) if EARLIEST <= found.year <= LATEST else (None, "date_impossible")


def _parts(made: str) -> date:
    if len(made) == 10 and made[4] == "-" == made[7]:
        return date.fromisoformat(made)
    made = made.removesuffix(".0")
    if _COMPACT.fullmatch(made):
        return date(int(made[:4]), int(made[4:6]), int(made[6:]))
    if serial := _SERIAL.fullmatch(made):
        return _SERIAL_ZERO + timedelta(days=int(serial[1]))
    if (match := _DATE.fullmatch(_digits(made) if "月" in made else made)) is None:
        raise ValueError("no date")
    year, month, number = (part for part in match.groups() if part is not None)
    return date(int(year), int(month), int(number))


def _digits(made: str) -> str:
    """Chinese numerals of a date as digits: ``二〇二六年十一月二十三日``."""
    tens = _TENS.sub(lambda found: (found[1] or "一") + (found[2] or "〇"), made)
    return tens.translate(_NUMERALS)


def month(raw: str) -> Judged:
    """``YYYY-MM``."""
    match = _MONTH.fullmatch(clean(raw))
    if match is None or not 1 <= int(match[2]) <= 12 or not EARLIEST <= int(match[1]) <= LATEST:
        return None, "month_impossible"
    return f"{match[1]}-{int(match[2]):02d}", None


def sex(raw: str) -> Judged:
    """``male`` or ``female``; anything else is unknown."""
    made = _SEX.get(clean(raw).lower())
    return made, None if made else "sex_unknown"


def integer(raw: str, column: Column) -> Judged:
    """A whole number within the column's bounds; thousands separators are dropped."""
    made = clean(raw).replace(",", "").removesuffix(".0")
    if not re.fullmatch(r"-?\d{1,15}", made):
        return None, "number_invalid"
    return _bounded(int(made), column)


def decimal(raw: str, column: Column) -> Judged:
    """A number with a point, within the column's bounds."""
    made = clean(raw).replace(",", "")
    if not re.fullmatch(r"-?\d{1,15}(?:\.\d{1,9})?", made):
        return None, "number_invalid"
    return _bounded(float(made), column)


def _bounded(value: int | float, column: Column) -> Judged:
    too_small = column.minimum is not None and value < column.minimum
    too_large = column.maximum is not None and value > column.maximum
    return (None, "number_out_of_range") if too_small or too_large else (value, None)


def choice(raw: str, allowed: frozenset[str]) -> Judged:
    """One of the contract's words."""
    made = clean(raw)
    return (made, None) if made in allowed else (None, "value_unknown")


def listed(raw: str, allowed: frozenset[str]) -> Judged:
    """Words joined by ``;`` (also ``；，、,``); unknown ones are left out and counted."""
    parts = [p for p in (part.strip() for part in re.split(r"[;,、|]", clean(raw))) if p]
    known = [p for p in parts if not allowed or p in allowed]
    return ";".join(known) or None, None if len(known) == len(parts) else "value_unknown"


def matching(raw: str, pattern: re.Pattern[str]) -> Judged:
    """A text of the contract's form."""
    made = clean(raw)
    return (made, None) if pattern.fullmatch(made) else (None, "value_unknown")


def region(raw: str, known: frozenset[str], length: int, code: str) -> Judged:
    """A region's code; a longer one (a community for a town) is cut to the level asked for."""
    made = clean(raw).removesuffix(".0")
    if _CODE.fullmatch(made) and made[:length] in known:
        return made[:length], None
    return None, code


PLAIN: Final[dict[str, Judge]] = {
    "record_id": record_id,
    "name": name,
    "id_number": id_number,
    "birth_date": day,
    "date": day,
    "month": month,
    "sex": sex,
    "phone": phone,
    "address": text,
    "text": text,
}
REPEATING: Final = frozenset(
    {
        "birth_date",
        "date",
        "month",
        "sex",
        "town",
        "community",
        "text",
        "integer",
        "decimal",
        "choice",
        "list",
    }
)


def judge_for(column: Column, regions: Regions) -> Judge:
    """The function that reads a column's values."""
    match column.type:
        case "town":
            return partial(region, known=regions.towns, length=9, code="town_unknown")
        case "community":
            return partial(region, known=regions.communities, length=12, code="community_unknown")
        case "integer":
            return partial(integer, column=column)
        case "decimal":
            return partial(decimal, column=column)
        case "choice":
            return partial(choice, allowed=frozenset(column.allowed))
        case "list":
            return partial(listed, allowed=frozenset(column.allowed))
        case "text" if column.pattern:
            return partial(matching, pattern=re.compile(column.pattern))
        case other:
            return PLAIN[other]
