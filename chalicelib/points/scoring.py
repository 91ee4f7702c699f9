"""The explaining executor: what one person has under a policy, each point with its receipt. Pure.

The order is the policy's and the bulk executor's (``compiling``): points by the indicator's mode, its own cap; of an exclusive
set the highest alone; each group's sum under its cap, the innermost first; the total is that of the outermost groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from chalicelib.clock import age_on
from chalicelib.points.answers import Item, Periods, Read, Sheet
from chalicelib.points.exact import PLACES, ZERO, plain, rounded
from chalicelib.points.model import Formula, Indicator, Line, Policy, Scope

_FINEST: Final = Decimal(1).scaleb(-PLACES)


@dataclass(frozen=True)
class Earned:
    """What an answer gives by itself: before and after the indicator's own cap, and the working in signs."""

    raw: Decimal
    points: Decimal
    working: str


@dataclass(frozen=True)
class Tally:
    """A person's points before anybody explains them.

    ``earned`` by indicator; ``beaten``: those of an exclusive set that another beats; ``groups``: before and after the cap;
    ``counted``: what of each indicator is in the total, which is their sum.
    """

    earned: dict[str, Earned]
    beaten: dict[str, str]
    groups: dict[str, tuple[Decimal, Decimal]]
    counted: dict[str, Decimal]
    total: Decimal


def tally(policy: Policy, scope: Scope, values: Mapping[str, Read], as_of: date) -> Tally:
    """All points of one person's answers."""
    indicators = policy.by_scope[scope]
    earned = {
        code: worth(indicator, values[code], as_of)
        for code, indicator in indicators.items()
        if code in values and indicator.mode != "veto"
    }
    points = {code: found.points for code, found in earned.items()}
    beaten = _beaten(policy, points)
    valid = {code: ZERO if code in beaten else found for code, found in points.items()}
    groups = _groups(policy, indicators, valid)
    return Tally(earned, beaten, groups, _counted(policy, indicators, valid), _total(policy, groups))


def total(policy: Policy, scope: Scope, points: Mapping[str, Decimal]) -> Decimal:
    """The total of what indicators give by themselves, under their own caps: what ``tally`` says without the rest."""
    beaten = _beaten(policy, points)
    valid = {code: ZERO if code in beaten else found for code, found in points.items()}
    return _total(policy, _groups(policy, policy.by_scope[scope], valid))


def _total(policy: Policy, groups: dict[str, tuple[Decimal, Decimal]]) -> Decimal:
    return sum((groups[each.code][1] for each in policy.groups if each.under is None), ZERO)


def worth(indicator: Indicator, value: Read, as_of: date) -> Earned:
    """What one answer gives under its indicator's mode and cap."""
    raw, working = _by_mode(indicator, value, as_of)
    if indicator.cap is None:
        return Earned(raw, raw, f"{working} = {plain(raw)}" if working != plain(raw) else working)
    points = min(raw, indicator.cap)
    return Earned(raw, points, f"min({working}, {plain(indicator.cap)}) = {plain(points)}")


def _by_mode(indicator: Indicator, value: Read, as_of: date) -> tuple[Decimal, str]:
    match value:
        case bool():
            points = _points(indicator) if value else ZERO
            return points, plain(points)
        case str():
            points = indicator.values[value].points
            return points, plain(points)
        case Periods():
            return _times(_points(indicator), value.full)
        case date():
            assert indicator.formula
            return _banded(indicator.formula, Decimal(age_on(value, as_of)))
        case Decimal():
            return _banded(indicator.formula, value) if indicator.formula else _per_unit(indicator, value)
    return _sum([_one(indicator, each) for each in value])


def _points(indicator: Indicator) -> Decimal:
    assert indicator.points is not None
    return indicator.points


def _times(points: Decimal, count: int) -> tuple[Decimal, str]:
    return points * count, f"{count} × {plain(points)}"


def _per_unit(indicator: Indicator, quantity: Decimal) -> tuple[Decimal, str]:
    assert indicator.unit
    count = int(quantity // indicator.unit.size)
    points = _points(indicator)
    return points * count, f"⌊{plain(quantity)} ÷ {plain(indicator.unit.size)}⌋ × {plain(points)}"


def _one(indicator: Indicator, each: Item | str) -> tuple[Decimal, str]:
    """One item or label: its points, or an owner's share of them."""
    if isinstance(each, str):
        points = indicator.values[each].points
        return points, plain(points)
    points = indicator.values[each.label].points if each.label else _points(indicator)
    if not indicator.share or each.owners == 1:
        return points, plain(points)
    times = indicator.share.first_times if each.first else 1
    share = rounded(points * times, each.owners + 1, indicator.share.places)
    return share, f"{plain(points)} × {times} ÷ {each.owners + 1}"


def _sum(parts: list[tuple[Decimal, str]]) -> tuple[Decimal, str]:
    total = sum((points for points, _ in parts), ZERO)
    return total, " + ".join(working for _, working in parts) or "0"


def _banded(formula: Formula, value: Decimal) -> tuple[Decimal, str]:
    """The points of the band that the value lies in; none outside of all."""
    for band in formula.bands:
        if band.low <= value and (band.below is None or value < band.below):
            if band.line is None:
                points = band.points or ZERO
                return points, plain(points)
            return _on_line(band.line, value)
    return ZERO, "0"


def _on_line(line: Line, value: Decimal) -> tuple[Decimal, str]:
    """The points of a straight piece, never beyond its ends; what is beyond four places is cut off."""
    points = line.start + line.slope * (value - line.at)
    working = f"{plain(line.start)} + ({plain(value)} - {plain(line.at)}) × {plain(line.slope)}"
    if line.least is not None and points < line.least:
        points, working = line.least, f"max({working}, {plain(line.least)})"
    if line.most is not None and points > line.most:
        points, working = line.most, f"min({working}, {plain(line.most)})"
    return points.quantize(_FINEST, ROUND_FLOOR), working


def _beaten(policy: Policy, points: Mapping[str, Decimal]) -> dict[str, str]:
    """Of each exclusive set those that do not count, each with the one that beats it."""
    found: dict[str, str] = {}
    for each in policy.exclusives:
        here = [code for code in each.members if code in points]
        if len(here) > 1:
            best = max(here, key=points.__getitem__)  # The first of those that are equal.
            found |= dict.fromkeys([code for code in here if code != best], best)
    return found


def _groups(
    policy: Policy, indicators: dict[str, Indicator], valid: dict[str, Decimal]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Each group's points before and after its cap; those inside before those around them."""
    before = dict.fromkeys(policy.by_group, ZERO)
    for code, points in valid.items():
        before[indicators[code].group] += points
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for code in policy.inside_out:
        group, points = policy.by_group[code], before[code]
        capped = points if group.cap is None else min(points, group.cap)
        found[code] = (points, capped)
        if group.under is not None:
            before[group.under] += capped
    return found


def _counted(
    policy: Policy, indicators: dict[str, Indicator], valid: dict[str, Decimal]
) -> dict[str, Decimal]:
    """What of each indicator is in the total: in the document's order, each as much as its groups' caps leave.

    Caps lie inside each other like boxes, so that this sum is the total, whatever the order.
    """
    left = {code: group.cap for code, group in policy.by_group.items() if group.cap is not None}
    found: dict[str, Decimal] = {}
    for code, points in valid.items():
        capped = [group for group in policy.ancestors[indicators[code].group] if group in left]
        counts = min([points, *(left[group] for group in capped)])
        for group in capped:
            left[group] -= counts
        found[code] = counts
    return found


def vetoes(policy: Policy, scope: Scope, sheet: Sheet) -> list[Indicator]:
    """The vetoes that the answers admit and that stop this scope."""
    return [
        indicator
        for code, indicator in policy.by_scope[scope].items()
        if indicator.effect and sheet.values.get(code) is True and scope in indicator.effect.stops
    ]
