"""Identity numbers with one wrong character, mended where the check character proves the mending. Pure.

Any number whose check character does not fit could be made to fit at almost every place, so fitting alone
proves nothing. Two things beside it do:

- one character is a letter that is read for a digit (``O`` for ``0``), and with that digit the check fits;
- the birth part differs from the birth date beside it in one digit, and with that digit the check fits.

Where the row also says the sex, the mended number must say the same. Everything else stays as it is.
"""

from datetime import date
from typing import Final

from chalicelib import idnumbers

# Letters and signs that optical readers and typists put where a digit was.
READ_FOR: Final = {
    "O": "0", "Q": "0", "D": "0", "〇": "0", "○": "0", "I": "1", "L": "1", "|": "1", "!": "1", "丨": "1",
    "Z": "2", "S": "5", "$": "5", "G": "6", "B": "8",
}  # fmt: skip
_BIRTH: Final = slice(6, 14)


def mended(number: str, born: date | None, sex: str | None) -> str | None:
    """The number that was meant, in normal form, or None where nothing proves one.

    ``number`` is in normal form and not valid; ``born`` and ``sex`` (``male``, ``female``) are what the row says.
    """
    if len(number) != 18:
        return None
    found = _with_digit(number) or _with_birth(number, born)
    if found is None or not _fits(found, born, sex):
        return None
    return found


def _with_digit(number: str) -> str | None:
    """One letter read for a digit. The last place may be ``X`` besides."""
    wrong = [i for i, c in enumerate(number) if not ("0" <= c <= "9" or (c == "X" and i == 17))]
    digit = READ_FOR.get(number[wrong[0]]) if len(wrong) == 1 else None
    return number[: wrong[0]] + digit + number[wrong[0] + 1 :] if digit else None


def _with_birth(number: str, born: date | None) -> str | None:
    """One digit of the birth part as the row's birth date has it."""
    if born is None:
        return None
    said = f"{born:%Y%m%d}"
    differing = sum(a != b for a, b in zip(number[_BIRTH], said, strict=True))
    return number[:6] + said + number[14:] if differing == 1 else None


def _fits(number: str, born: date | None, sex: str | None) -> bool:
    try:
        read = idnumbers.parse(number)
    except idnumbers.InvalidIdNumber:
        return False
    return (born is None or read.birth_date == born) and (sex is None or read.sex == sex)
