"""Exact decimals: points are never binary fractions. Pure."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PLACES: Final = 4
LIMIT: Final = Decimal(10_000_000_000)
_FORM: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,4})?")
ZERO: Final = Decimal(0)


class NotExact(ValueError):
    """A number that is no exact decimal of at most four places; ``code`` is what the caller is told."""

    code = "points_inexact"


def exact(given: Any) -> Decimal:
    """An integer, or a decimal as text, as Decimal; raises ``NotExact`` for binary fractions and what is too large."""
    if isinstance(given, bool) or not isinstance(given, int | str | Decimal):
        raise NotExact("points are integers, or decimals as text")
    text = format(given, "f") if isinstance(given, Decimal) else str(given)
    if not _FORM.fullmatch(text):
        raise NotExact("below ten thousand million, at most four places")
    return Decimal(text)


def plain(value: Decimal) -> str:
    """The shortest decimal text: ``80``, ``7.5``, ``-0.2``; never an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(numerator: Decimal, denominator: int, places: int) -> Decimal:
    """``numerator / denominator`` rounded half up to so many places, from integers, so that no rounding comes twice.

    Takes a numerator that is not negative and has at most ``PLACES`` places.
    """
    scale = 10**PLACES
    top = int(numerator * scale) * 10**places
    bottom = denominator * scale
    return Decimal((2 * top + bottom) // (2 * bottom)).scaleb(-places)


Exact = Annotated[
    Decimal,
    BeforeValidator(exact),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?\d{1,10}(\.\d{1,4})?$"}]},
        mode="validation",
    ),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, mode="serialization"),
]
