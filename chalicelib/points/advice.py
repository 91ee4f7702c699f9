"""What would add points: for each indicator that a person can change, the smallest real step that does. Pure.

Every step is tried through the scorer itself, so that caps, groups and exclusive sets count as they do in a score.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chalicelib.points import scoring
from chalicelib.points.answers import MONTHS, Item, Periods, Read, Sheet
from chalicelib.points.exact import ZERO, plain
from chalicelib.points.model import PERIODS, Indicator, Policy, Scope
from chalicelib.points.views import NextBest
from chalicelib.regions import covers
from chalicelib.texts import Language, sentence

MOST: Final = 40
_SLOW: Final = {"days": 0, "months": 1, "years": 2}
_EFFORTS: Final = {"flag": "days", "flags_add": "days", "per_month": "months", "per_unit": "months"}


@dataclass(frozen=True)
class Step:
    """One possible change: the answer as it would be, as values and as JSON, how it is told and how long it takes."""

    value: Read
    answer: Any
    told: Callable[[Language], str]
    effort: str


def next_best(
    policy: Policy, scope: Scope, sheet: Sheet, as_of: date, region: str | None, language: Language
) -> list[NextBest]:
    """The changes that add points, the quickest first and of those the most; at most ``MOST`` of them."""
    found = scoring.tally(policy, scope, sheet.values, as_of)
    points = {code: each.points for code, each in found.earned.items()}
    threshold = policy.scopes[scope].threshold

    def gain(indicator: Indicator, step: Step) -> Decimal:
        more = {**points, indicator.code: scoring.worth(indicator, step.value, as_of).points}
        return scoring.total(policy, scope, more) - found.total

    ranked: list[tuple[int, Decimal, int, NextBest]] = []
    for place, indicator in enumerate(_changeable(policy, scope, region)):
        for step, more in _gaining(indicator, sheet.values.get(indicator.code), gain):
            advice = NextBest(
                indicator=indicator.code,
                title=indicator.title.in_language(language),
                change=step.told(language),
                answer=step.answer,
                effort=step.effort,
                gain=more,
                total=found.total + more,
                reaches_threshold=found.total < threshold <= found.total + more,
            )
            ranked.append((_SLOW[step.effort], -more, place, advice))
    return [advice for *_, advice in sorted(ranked, key=lambda each: each[:3])[:MOST]]


def _changeable(policy: Policy, scope: Scope, region: str | None) -> Iterator[Indicator]:
    for indicator in policy.by_scope[scope].values():
        here = not indicator.regions or any(covers(each, region or "") for each in indicator.regions)
        if indicator.changeable and here and policy.by_group[indicator.group].part != "deduction":
            yield indicator


Gain = Callable[[Indicator, Step], Decimal]


def _gaining(indicator: Indicator, value: Read | None, gain: Gain) -> Iterator[tuple[Step, Decimal]]:
    """Of each way to change an answer the smallest step that adds points."""
    if indicator.mode == "flags_add":
        for step in _flags(indicator, value):
            if (more := gain(indicator, step)) > 0:
                yield step, more
        return
    if ladder := _ladder(indicator, value):
        yield from _smallest(indicator, ladder, gain)
        return
    for step in _choices(indicator, value):
        if (more := gain(indicator, step)) > 0:
            yield step, more
            return


def _smallest(indicator: Indicator, ladder: "Ladder", gain: Gain) -> Iterator[tuple[Step, Decimal]]:
    """The least number of rungs that gains: more rungs never give less, so halving finds it."""
    low, high = 0, 1
    if ladder.rungs < 1 or gain(indicator, ladder.at(ladder.rungs)) <= 0:
        return
    while gain(indicator, ladder.at(high)) <= 0:
        low, high = high, min(high * 2, ladder.rungs)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if gain(indicator, ladder.at(middle)) > 0 else (middle, high)
    yield ladder.at(high), gain(indicator, ladder.at(high))


@dataclass(frozen=True)
class Ladder:
    """Steps of one sort that go on: so many rungs, and what the answer is after some of them."""

    rungs: int
    at: Callable[[int], Step]


def _ladder(indicator: Indicator, value: Read | None) -> Ladder | None:
    if indicator.mode in PERIODS:
        return _more_periods(indicator, value if isinstance(value, Periods) else Periods(0))
    if indicator.mode == "per_unit":
        return _more_quantity(indicator, value if isinstance(value, Decimal) else ZERO)
    if indicator.mode == "per_item" and not indicator.values:
        items = value if isinstance(value, tuple) else ()
        return _more_items(indicator, len(items))
    return None


def _effort(indicator: Indicator, usual: str | None = None) -> str:
    return indicator.effort or usual or _EFFORTS.get(indicator.mode, "years")


def _more_periods(indicator: Indicator, now: Periods) -> Ladder:
    long = MONTHS[indicator.mode]

    def at(rungs: int) -> Step:
        months = rungs * long - now.months
        full = now.full + rungs
        by_month = long == 1 or now.months > 0
        code = "points_more_months" if by_month else f"points_more_{indicator.mode}"
        count = months if by_month else rungs

        def told(language: Language) -> str:
            return sentence(code, language, count=count, title=indicator.title.in_language(language))

        return Step(Periods(full), full, told, _effort(indicator, "months" if months < 12 else None))

    return Ladder(int(indicator.at_most or 0) - now.full, at)


def _more_quantity(indicator: Indicator, now: Decimal) -> Ladder:
    assert indicator.unit
    unit = indicator.unit
    reached = int(now // unit.size)

    def at(rungs: int) -> Step:
        wanted = unit.size * (reached + rungs)
        answer: Any = int(wanted) if wanted == int(wanted) else float(wanted)

        def told(language: Language) -> str:
            return sentence(
                "points_more_quantity",
                language,
                count=plain(wanted - now),
                unit=unit.title.in_language(language),
                title=indicator.title.in_language(language),
            )

        return Step(wanted, answer, told, _effort(indicator))

    return Ladder(int((indicator.at_most or ZERO) // unit.size) - reached, at)


def _more_items(indicator: Indicator, now: int) -> Ladder:
    def at(rungs: int) -> Step:
        def told(language: Language) -> str:
            title = indicator.title.in_language(language)
            return sentence("points_more_items", language, count=rungs, title=title)

        return Step(tuple([Item()] * (now + rungs)), now + rungs, told, _effort(indicator))

    return Ladder(int(indicator.at_most or 0) - now, at)


def _choices(indicator: Indicator, value: Read | None) -> Iterator[Step]:
    """The other labels, or the flag, from few points to many."""
    if indicator.mode == "flag" and value is not True:
        yield Step(True, True, _telling("points_have", indicator), _effort(indicator))
    if indicator.mode == "highest":
        now = indicator.values[value].points if isinstance(value, str) else ZERO
        for label in _by_points(indicator):
            if indicator.values[label].points > now:
                yield Step(label, label, _telling("points_reach_label", indicator, label), _effort(indicator))
    if indicator.mode == "per_item" and indicator.values:
        items = tuple(each for each in value if isinstance(each, Item)) if isinstance(value, tuple) else ()
        if len(items) < (indicator.at_most or ZERO):
            for label in _by_points(indicator):
                more = (*items, Item(label))
                told = _telling("points_one_more_label", indicator, label)
                yield Step(more, [_as_json(each) for each in more], told, _effort(indicator))


def _flags(indicator: Indicator, value: Read | None) -> Iterator[Step]:
    """Each label that is missing."""
    labels = tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple) else ()
    for label in indicator.values:
        if label not in labels:
            told = _telling("points_add_label", indicator, label)
            yield Step((*labels, label), [*labels, label], told, _effort(indicator))


def _by_points(indicator: Indicator) -> list[str]:
    return sorted(indicator.values, key=lambda label: indicator.values[label].points)


def _as_json(item: Item) -> Any:
    if item.owners == 1:
        return item.label
    return {"value": item.label, "owners": item.owners, "first": item.first}


def _telling(code: str, indicator: Indicator, label: str | None = None) -> Callable[[Language], str]:
    def told(language: Language) -> str:
        title = indicator.title.in_language(language)
        if label is None:
            return sentence(code, language, title=title)
        return sentence(
            code, language, title=title, label=indicator.values[label].title.in_language(language)
        )

    return told
