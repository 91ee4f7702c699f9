"""How many points can be had at all: what a threshold must not be above. Pure."""

from decimal import Decimal

from chalicelib.points.exact import ZERO, rounded
from chalicelib.points.model import Band, Indicator, Policy, Scope


def reachable(policy: Policy, scope: Scope) -> Decimal:
    """The highest total of the best imaginable person, nobody's deductions counted."""
    best = {code: most_points(each) for code, each in policy.by_scope[scope].items()}
    best = {code: points for code, points in best.items() if points > 0}
    for each in policy.exclusives:
        here = [code for code in each.members if code in best]
        for code in sorted(here, key=lambda code: -best[code])[1:]:
            del best[code]
    sums = dict.fromkeys(policy.by_group, ZERO)
    for code, points in best.items():
        sums[policy.by_scope[scope][code].group] += points
    total = ZERO
    for code in policy.inside_out:
        group = policy.by_group[code]
        capped = sums[code] if group.cap is None else min(sums[code], group.cap)
        if group.under is None:
            total += capped
        else:
            sums[group.under] += capped
    return total


def most_points(each: Indicator) -> Decimal:
    """The most that one indicator can give, under its own cap; 0 for deductions and vetoes."""
    most = _most(each)
    return max(ZERO, most if each.cap is None else min(most, each.cap))


def _most(each: Indicator) -> Decimal:
    times = each.at_most or ZERO
    if each.formula:
        return max(_of_band(band, each.at_most) for band in each.formula.bands)
    if each.mode == "flags_add":
        return sum((value.points for value in each.values.values()), ZERO)
    if each.unit:
        return int(times // each.unit.size) * each.highest
    if each.mode in ("highest", "flag", "veto"):
        return each.highest
    # Of several owners the first may have more than a sole one, where a policy says so.
    first = rounded(each.highest * each.share.first_times, 3, each.share.places) if each.share else ZERO
    return int(times) * max(each.highest, first)


def _of_band(band: Band, at_most: Decimal | None) -> Decimal:
    if band.line is None:
        return band.points or ZERO
    line = band.line
    ends = [band.low, band.below if band.below is not None else (at_most or Decimal(130))]
    most = max(line.start + line.slope * (end - line.at) for end in ends)
    most = most if line.most is None else min(most, line.most)
    return most if line.least is None else max(most, line.least)
