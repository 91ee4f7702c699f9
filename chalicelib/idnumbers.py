"""Identity numbers of natural persons: GB 11643-1999 and its neighbours.

18 characters: 6 of division, 8 of birth date, 3 of order (odd is male), one check character by
ISO 7064 MOD 11-2. Old 15-digit numbers become 18 by ``19`` after digit 6. Permits of Hong Kong,
Macao and Taiwan residents start 810000, 820000, 830000. Foreigners' permanent-residence numbers are
three letters and twelve digits until 2023-11, since then 18 characters that start with 9.
The division part is the code of first issue and may have been abolished since, so it is not looked
up: a list of today's codes would refuse people of 三水县 (440621) and others.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["mainland", "hong_kong", "macao", "taiwan", "foreigner"]

_EIGHTEEN = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_FIFTEEN = re.compile(r"[1-8]\d{14}", re.ASCII)
_FOREIGNER_OLD = re.compile(r"[A-Z]{3}\d{12}", re.ASCII)
_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))
_CHECKS = "10X98765432"
_KINDS: dict[str, Kind] = {"810000": "hong_kong", "820000": "macao", "830000": "taiwan"}


class InvalidIdNumber(ValueError):
    """The text is no valid identity number; ``code`` says why and the text is not repeated."""

    def __init__(self, code: Literal["id_number_form", "id_number_birth_date", "id_number_check"]) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A valid number in its normal form, and what it says."""

    number: str
    kind: Kind
    birth_date: date | None
    sex: Literal["male", "female"] | None

    @property
    def masked(self) -> str:
        """The number as people may see it: the first three and last two characters."""
        return mask(self.number)


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def mask(number: str) -> str:
    """Stars for all but the first three and last two characters."""
    return number[:3] + "*" * (len(number) - 5) + number[-2:] if len(number) > 5 else "*" * len(number)


def normalise(text: str) -> str:
    """Half-width, without spaces and hyphens, ``X`` in upper case, 15 digits made 18.

    Does not judge: what is no number comes back cleaned and ``parse`` refuses it.
    """
    clean = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if _FIFTEEN.fullmatch(clean):
        first17 = clean[:6] + "19" + clean[6:]
        return first17 + check_character(first17)
    return clean


def parse(text: str) -> IdNumber:
    """The number in normal form with what it says; raises ``InvalidIdNumber``."""
    number = normalise(text)
    if _FOREIGNER_OLD.fullmatch(number):
        return IdNumber(number, "foreigner", _old_foreigner_birth(number), None)
    if not _EIGHTEEN.fullmatch(number) or not number.isascii():
        raise InvalidIdNumber("id_number_form")
    born = _birth_date(number)
    if check_character(number[:17]) != number[17]:
        raise InvalidIdNumber("id_number_check")
    kind: Kind = "foreigner" if number[0] == "9" else _KINDS.get(number[:6], "mainland")
    return IdNumber(number, kind, born, "male" if int(number[16]) % 2 else "female")


def is_valid(text: str) -> bool:
    """Whether ``parse`` would take it."""
    try:
        parse(text)
    except InvalidIdNumber:
        return False
    return True


def _birth_date(number: str) -> date:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdNumber("id_number_birth_date") from None
    if not 1850 <= born.year <= 2100:
        raise InvalidIdNumber("id_number_birth_date")
    return born


def _old_foreigner_birth(number: str) -> date | None:
    """Letters (3), issuing place (4), birth date (6, two-digit year), order (1), check (1)."""
    year, month, day = int(number[7:9]), int(number[9:11]), int(number[11:13])
    century = 1900 if year > 25 else 2000
    try:
        return date(century + year, month, day)
    except ValueError:
        raise InvalidIdNumber("id_number_birth_date") from None
