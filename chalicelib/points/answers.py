"""Answers as the contract's "Points answers" has them, read by mode; what is wrong is named and never repeated. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chalicelib.errors import Field, Invalid
from chalicelib.points.model import PERIODS, Indicator, Policy, Scope
from chalicelib.regions import covers

OLDEST: Final = 130  # Years. Nobody older has been seen.
OWNERS: Final = 1000
ITEMS: Final = 200
_CODE: Final = re.compile(r"[A-Z]{1,2}[0-9]{0,2}(\.[0-9]{1,2}){0,2}")
MONTHS: Final = {"per_full_year": 12, "per_year": 12, "per_full_year_per_insurance": 12, "per_month": 1}


class WrongValue(ValueError):
    """An answer is wrong; ``code`` names the sentence that says how."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Periods:
    """Full periods, and the months already gone of the next one."""

    full: int
    months: int = 0


@dataclass(frozen=True)
class Item:
    """One of several: its label where there are labels, how many own it, whether the person is the first of them."""

    label: str | None = None
    owners: int = 1
    first: bool = True


Read = str | bool | Periods | Decimal | date | tuple[Item, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The answers of one person to one scope: by indicator, and to the qualifications."""

    values: dict[str, Read]
    qualifications: dict[str, bool]


def read(
    policy: Policy, scope: Scope, answers: Mapping[str, Any], as_of: date, region: str | None = None
) -> Sheet:
    """The answers of one person; an answer of null is none. Raises ``Invalid`` with a field for each that is wrong.

    ``region`` is where the person lives: indicators of a district are for its people only.
    """
    indicators = policy.by_scope[scope]
    asked = {each.code for each in policy.scopes[scope].qualifications}
    values: dict[str, Read] = {}
    stated: dict[str, bool] = {}
    wrong: list[Field] = []
    for code, given in answers.items():
        try:
            if code in asked:
                if given is not None:
                    stated[code] = _flag(None, given, as_of)
            elif given is not None or code not in indicators:
                values[code] = _read(_indicator(policy, indicators, code, region), given, as_of)
        except WrongValue as error:
            wrong.append(Field(f"/answers/{_shown(code)}", error.code))
    if wrong:
        raise Invalid("values_invalid", fields=wrong)
    return Sheet(values, stated)


def _shown(code: str) -> str:
    """A code as a problem may name it: what somebody typed is not repeated unless it looks like a code."""
    return code if _CODE.fullmatch(code) else "*"


def _indicator(policy: Policy, indicators: dict[str, Indicator], code: str, region: str | None) -> Indicator:
    if code not in indicators:
        known = any(each.code == code for each in policy.indicators)
        raise WrongValue("indicator_of_other_scope" if known else "indicator_unknown")
    found = indicators[code]
    if found.regions and not any(covers(each, region or "") for each in found.regions):
        raise WrongValue("indicator_of_other_region")
    return found


def _read(indicator: Indicator, given: Any, as_of: date) -> Read:
    return _READERS[indicator.mode](indicator, given, as_of)


def number(given: Any) -> Decimal:
    """A JSON number as the decimal that was written; raises ``WrongValue`` for all else, NaN and what has no end."""
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        raise WrongValue("answer_not_number")
    if isinstance(given, float | Decimal) and not math.isfinite(given):
        raise WrongValue("answer_out_of_range")
    # A number of thousands of digits must not be worked with at all.
    if isinstance(given, int) and given.bit_length() > 64:
        raise WrongValue("answer_negative" if given < 0 else "answer_out_of_range")
    return given if isinstance(given, Decimal) else Decimal(str(given))


def _within(value: Decimal, at_most: Decimal | None) -> Decimal:
    if value < 0:
        raise WrongValue("answer_negative")
    if at_most is not None and value > at_most:
        raise WrongValue("answer_out_of_range")
    return value


def _whole(given: Any, at_most: Decimal | None) -> int:
    value = _within(number(given), at_most)
    if value != value.to_integral_value():
        raise WrongValue("answer_not_whole")
    return int(value)


def _flag(_: Indicator | None, given: Any, __: date) -> bool:
    if not isinstance(given, bool):
        raise WrongValue("answer_not_flag")
    return given


def _label(indicator: Indicator, given: Any) -> str:
    if not isinstance(given, str):
        raise WrongValue("answer_not_label")
    if given not in indicator.values:
        raise WrongValue("answer_unknown_label")
    return given


def _highest(indicator: Indicator, given: Any, _: date) -> str:
    return _label(indicator, given)


def _periods(indicator: Indicator, given: Any, _: date) -> Periods:
    """Full periods as a number, or ``{"full": 3, "months": 9}`` with the months of the next one."""
    if not isinstance(given, dict):
        return Periods(_whole(given, indicator.at_most))
    if set(given) != {"full", "months"}:
        raise WrongValue("answer_form")
    long = MONTHS[indicator.mode]
    return Periods(_whole(given["full"], indicator.at_most), _whole(given["months"], Decimal(long - 1)))


def _quantity(indicator: Indicator, given: Any, _: date) -> Decimal:
    return _within(number(given), indicator.at_most)


def _items(indicator: Indicator, given: Any, _: date) -> tuple[Item, ...]:
    """A list of items, or their number where they are all alike."""
    most = indicator.at_most
    if isinstance(given, list):
        _whole(len(given), most)
        return tuple(_item(indicator, each) for each in given)
    count = _whole(given, most)
    if len(indicator.values) > 1:
        raise WrongValue("answer_not_list")
    return tuple([Item(next(iter(indicator.values), None))] * count)


def _item(indicator: Indicator, given: Any) -> Item:
    """An item: its label, or ``{"value": label, "owners": 3, "first": true}``, or its label in parts."""
    if not isinstance(given, dict):
        return Item(_label(indicator, given)) if indicator.values else Item()
    facts = dict(given)
    label = _label(indicator, _said(indicator, facts)) if indicator.values else None
    owners = _whole(facts.pop("owners", 1), Decimal(OWNERS)) if indicator.share else 1
    first = _flag(None, facts.pop("first", owners == 1), date.min) if indicator.share else True
    if owners < 1 or (owners == 1 and not first):
        raise WrongValue("answer_out_of_range")
    if facts and indicator.values:
        raise WrongValue("answer_form")
    return Item(label, owners, first)


def _said(indicator: Indicator, facts: dict[str, Any]) -> Any:
    """The label of an item, taken out of its facts: as a whole, or put together of its parts."""
    if indicator.axes and set(indicator.axes) <= facts.keys():
        parts = [facts.pop(axis) for axis in indicator.axes]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else None
    return facts.pop("value", None)


def _labels(indicator: Indicator, given: Any, _: date) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise WrongValue("answer_not_list")
    if len(given) > ITEMS:
        raise WrongValue("answer_out_of_range")
    found = tuple(_label(indicator, each) for each in given)
    if len(set(found)) < len(found):
        raise WrongValue("answer_repeats")
    return found


def _formula(indicator: Indicator, given: Any, as_of: date) -> date | Decimal:
    assert indicator.formula
    if indicator.formula.of == "number":
        return _within(number(given), indicator.at_most)
    if (
        not isinstance(given, dict)
        or set(given) != {"birth_date"}
        or not isinstance(given["birth_date"], str)
    ):
        raise WrongValue("answer_not_birth_date")
    try:
        born = date.fromisoformat(given["birth_date"])
    except ValueError:
        raise WrongValue("answer_not_birth_date") from None
    if born > as_of:
        raise WrongValue("answer_in_future")
    if as_of.year - born.year > OLDEST:
        raise WrongValue("answer_out_of_range")
    return born


_READERS: Final[dict[str, Callable[[Indicator, Any, date], Read]]] = {
    "highest": _highest,
    "flag": _flag,
    "veto": _flag,
    "per_unit": _quantity,
    "per_item": _items,
    "flags_add": _labels,
    "formula": _formula,
    **dict.fromkeys(PERIODS, _periods),
}
