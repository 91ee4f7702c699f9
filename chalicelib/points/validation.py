"""What is wrong with a policy that has the right shape, each place named by its JSON pointer. Pure.

``faults`` looks at one document, ``clashes`` at an edition beside the others of its id.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from chalicelib import regions
from chalicelib.errors import Field
from chalicelib.points.answers import ITEMS
from chalicelib.points.exact import LIMIT, ZERO
from chalicelib.points.model import PERIODS, SCOPES, Band, Indicator, MonthDay, Policy
from chalicelib.points.reach import most_points, reachable

NEEDS: Final[dict[str, frozenset[str]]] = {
    "highest": frozenset({"values"}),
    "flag": frozenset({"points"}),
    "veto": frozenset({"effect"}),
    "per_unit": frozenset({"points", "unit", "at_most"}),
    "per_item": frozenset({"at_most"}),  # And points or values, one of the two.
    "flags_add": frozenset({"values"}),
    "formula": frozenset({"formula"}),
    **dict.fromkeys(PERIODS, frozenset({"points", "at_most"})),
}
_MAY: Final[dict[str, frozenset[str]]] = {
    "per_item": frozenset({"points", "values", "share", "axes", "cap"}),
    "formula": frozenset({"at_most", "cap"}),
    "veto": frozenset(),
}
_OF_A_MODE: Final = ("points", "values", "unit", "cap", "at_most", "share", "axes", "formula", "effect")


@cache
def known() -> dict[str, Any]:
    """The departments by code with their names, and the sources of evidence."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("known.json").read_text("utf-8"))
    return found


def faults(policy: Policy) -> list[Field]:
    """Every fault of a document, in its order; empty when it can be used."""
    found: list[Field] = []
    for look in _LOOKS:
        found += look(policy)
    if not found:  # What can be reached is only to be told of a document that holds together.
        found += _unreachable(policy)
    return list(dict.fromkeys(found))


def clashes(policy: Policy, others: Iterable[Policy]) -> list[Field]:
    """What stands against an edition beside the other editions: a period twice, circles of what supersedes what."""
    beside = {each.name: each for each in others if each.name != policy.name}
    everything = [*beside.values(), policy]
    found = [
        Field("/effective_from", "policy_period_overlaps")
        for each in beside.values()
        if each.id == policy.id
        and _overlap(policy, last_day(policy, everything), each, last_day(each, everything))
    ]
    if policy.supersedes is not None:
        before = {name: each.supersedes for name, each in beside.items()} | {policy.name: policy.supersedes}
        old = beside.get(policy.supersedes)
        if _comes_back(policy.name, before.get):
            found.append(Field("/supersedes", "policy_cyclic"))
        elif old is None or old.id != policy.id:
            found.append(Field("/supersedes", "policy_reference_unknown"))
        elif old.effective_from >= policy.effective_from:
            found.append(Field("/effective_from", "policy_period_backwards"))
    return list(dict.fromkeys(found))


def last_day(policy: Policy, among: Iterable[Policy]) -> date | None:
    """The last day of an edition: its own, or the eve of the first that supersedes it; None when it has no end."""
    ends = [each.effective_from - timedelta(days=1) for each in among if each.supersedes == policy.name]
    return min([*ends, *([policy.effective_to] if policy.effective_to else [])], default=None)


def _overlap(one: Policy, one_ends: date | None, other: Policy, other_ends: date | None) -> bool:
    """Whether two periods share a day; an edition without an end lasts for ever."""
    return (other_ends is None or one.effective_from <= other_ends) and (
        one_ends is None or other.effective_from <= one_ends
    )


def _comes_back(start: str, after: Callable[[str], str | None]) -> bool:
    seen = {start}
    at = after(start)
    while at is not None:
        if at in seen:
            return True
        seen.add(at)
        at = after(at)
    return False


def _repeated(names: Iterable[str], at: str) -> Iterator[Field]:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield Field(f"{at}/{place}", "policy_repeats")
        seen.add(name)


def _period(policy: Policy) -> Iterator[Field]:
    if policy.effective_to is not None and policy.effective_to < policy.effective_from:
        yield Field("/effective_to", "policy_period_backwards")


def _groups(policy: Policy) -> Iterator[Field]:
    yield from _repeated([group.code for group in policy.groups], "/groups")
    for place, group in enumerate(policy.groups):
        at = f"/groups/{place}"
        if group.under is not None and group.under not in policy.by_group:
            yield Field(f"{at}/under", "policy_reference_unknown")
        elif _comes_back(
            group.code, lambda code: policy.by_group[code].under if code in policy.by_group else None
        ):
            yield Field(f"{at}/under", "policy_cyclic")
        if group.cap is not None and group.cap <= 0:
            yield Field(f"{at}/cap", "policy_cap_too_low")


def _indicators(policy: Policy) -> Iterator[Field]:
    yield from _repeated([each.code for each in policy.indicators], "/indicators")
    for place, each in enumerate(policy.indicators):
        at = f"/indicators/{place}"
        yield from _mode(each, at)
        yield from _amounts(policy, each, at)
        yield from _references(policy, each, at)


def _mode(each: Indicator, at: str) -> Iterator[Field]:
    """What the mode needs is there, what it has no use for is not."""
    given = {name for name in _OF_A_MODE if getattr(each, name) not in (None, {}, [])}
    needs = NEEDS[each.mode]
    if each.mode == "per_item":
        needs = needs | ({"values"} if each.values else {"points"})
        if each.points is not None and each.values:
            yield Field(f"{at}/points", "policy_not_of_mode")
    if each.formula and each.formula.of == "number":
        needs = needs | {"at_most"}
    for name in sorted(needs - given):
        yield Field(f"{at}/{name}", "field_missing")
    for name in sorted(given - needs - _MAY.get(each.mode, frozenset({"cap"}))):
        yield Field(f"{at}/{name}", "policy_not_of_mode")


def _amounts(policy: Policy, each: Indicator, at: str) -> Iterator[Field]:
    if each.unit and each.unit.size <= 0:
        yield Field(f"{at}/unit/size", "policy_not_positive")
    if each.at_most is not None and each.at_most <= 0:
        yield Field(f"{at}/at_most", "policy_not_positive")
    single = each.highest
    if each.cap is not None and (each.cap <= 0 or each.cap < single):
        yield Field(f"{at}/cap", "policy_cap_too_low")
    for code in policy.ancestors.get(each.group, ()):
        cap = policy.by_group[code].cap
        if cap is not None and cap < min(single, each.cap if each.cap is not None else single):
            yield Field(f"/groups/{list(policy.by_group).index(code)}/cap", "policy_cap_too_low")
    if each.formula:
        yield from _bands(each.formula.bands, f"{at}/formula/bands")
    yield from _signs(policy, each, at)


def _signs(policy: Policy, each: Indicator, at: str) -> Iterator[Field]:
    """Deductions take away, nothing else does; a veto's group holds vetoes alone."""
    group = policy.by_group.get(each.group)
    part = group.part if group else None
    if part and (part == "veto") != (each.mode == "veto"):
        yield Field(f"{at}/group", "policy_wrong_part")
    amounts = {f"/values/{label}/points": value.points for label, value in each.values.items()}
    if each.points is not None:
        amounts["/points"] = each.points
    for where, points in amounts.items():
        if points == 0 or (points < 0) != (part == "deduction"):
            yield Field(f"{at}{where}", "policy_wrong_sign")
    if part == "deduction" and (each.cap is not None or each.share or each.formula):
        yield Field(f"{at}/cap", "policy_not_of_mode")


def _bands(bands: list[Band], at: str) -> Iterator[Field]:
    """From low to high, none over another, each with points or a line that is never negative."""
    end: Decimal | None = ZERO
    for place, band in enumerate(bands):
        if end is None or band.low < end:
            yield Field(f"{at}/{place}/low", "policy_band_overlaps")
        if band.below is not None and band.below <= band.low:
            yield Field(f"{at}/{place}/below", "policy_band_empty")
        if (band.points is None) == (band.line is None):
            yield Field(f"{at}/{place}", "policy_band_points_or_line")
        if band.points is not None and band.points < 0:
            yield Field(f"{at}/{place}/points", "policy_wrong_sign")
        if band.line and _may_fall_under_zero(band):
            yield Field(f"{at}/{place}/line/least", "policy_wrong_sign")
        end = band.below


def _may_fall_under_zero(band: Band) -> bool:
    line = band.line
    assert line
    if line.least is not None:
        return line.least < 0 or (line.most is not None and line.most < line.least)
    ends = [band.low] if band.below is None else [band.low, band.below]
    return any(line.start + line.slope * (end - line.at) < 0 for end in ends) or (
        band.below is None and line.slope < 0
    )


def _references(policy: Policy, each: Indicator, at: str) -> Iterator[Field]:
    if each.group not in policy.by_group:
        yield Field(f"{at}/group", "policy_reference_unknown")
    yield from _unknown(
        each.departments, known()["departments"], f"{at}/departments", "policy_department_unknown"
    )
    if each.evidence and each.evidence.source not in known()["sources"]:
        yield Field(f"{at}/evidence/source", "policy_source_unknown")
    yield from _unknown(each.scopes, policy.scopes, f"{at}/scopes", "policy_reference_unknown")
    yield from _repeated(each.scopes, f"{at}/scopes")
    for number, region in enumerate(each.regions):
        if not _is_region(region):
            yield Field(f"{at}/regions/{number}", "policy_region_unknown")


def _unknown(names: Iterable[str], among: Iterable[str], at: str, code: str) -> Iterator[Field]:
    all_known = set(among)
    return (Field(f"{at}/{place}", code) for place, name in enumerate(names) if name not in all_known)


def _is_region(code: str) -> bool:
    try:
        return bool(regions.level(code))
    except ValueError:
        return False


def _exclusives(policy: Policy) -> Iterator[Field]:
    by_code = {each.code: each for each in policy.indicators}
    taken: set[str] = set()
    for place, each in enumerate(policy.exclusives):
        at = f"/exclusives/{place}/members"
        yield from (Field(field.path, "policy_excludes_itself") for field in _repeated(each.members, at))
        if len(each.members) < 2:
            yield Field(at, "policy_excludes_itself")
        yield from _unknown(each.members, by_code, at, "policy_reference_unknown")
        for number, code in enumerate(each.members):
            if code in taken:
                yield Field(f"{at}/{number}", "policy_repeats")
            if code in by_code and (by_code[code].mode == "veto" or by_code[code].highest < 0):
                yield Field(f"{at}/{number}", "policy_wrong_part")
        taken |= set(each.members)


def _scopes(policy: Policy) -> Iterator[Field]:
    codes = {each.code for each in policy.indicators}
    for scope, rule in policy.scopes.items():
        at = f"/scopes/{scope}"
        asked = [each.code for each in rule.qualifications]
        yield from _repeated(asked, f"{at}/qualifications")
        yield from (
            Field(f"{at}/qualifications/{n}", "policy_repeats")
            for n, code in enumerate(asked)
            if code in codes
        )
        for number, each in enumerate(rule.qualifications):
            where = f"{at}/qualifications/{number}/departments"
            yield from _unknown(each.departments, known()["departments"], where, "policy_department_unknown")
        yield from _repeated(rule.tie_break, f"{at}/tie_break")
        yield from _unknown(rule.tie_break, policy.by_group, f"{at}/tie_break", "policy_reference_unknown")
        yield from _repeated(rule.ranking.rounds, f"{at}/ranking/rounds")
        for number, cut in enumerate(rule.cut_offs):
            if cut.indicator not in policy.by_scope[scope]:
                yield Field(f"{at}/cut_offs/{number}/indicator", "policy_reference_unknown")
            yield from _day(cut.until, f"{at}/cut_offs/{number}/until")
        yield from _quotas(rule.quotas, f"{at}/quotas")
        yield from _day(rule.calendar.opens, f"{at}/calendar/opens")
        yield from _day(rule.calendar.closes, f"{at}/calendar/closes")
        if (rule.calendar.opens is None) != (rule.calendar.closes is None):
            yield Field(f"{at}/calendar/closes", "field_missing")


def _quotas(quotas: dict[str, int], at: str) -> Iterator[Field]:
    for region, places in quotas.items():
        if not _is_region(region):
            yield Field(f"{at}/{region}", "policy_region_unknown")
        if places < 0:
            yield Field(f"{at}/{region}", "policy_not_positive")


_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _day(day: MonthDay | None, at: str) -> Iterator[Field]:
    if day is not None and day.day > _LENGTHS[day.month - 1]:
        yield Field(f"{at}/day", "field_date")


def _unreachable(policy: Policy) -> Iterator[Field]:
    """A threshold that nobody reaches, or under nothing; amounts beyond what is counted exactly."""
    for place, each in enumerate(policy.indicators):
        if most_points(each) >= LIMIT:
            yield Field(f"/indicators/{place}/points", "policy_too_large")
        if each.mode == "per_item" and (each.at_most or 0) > ITEMS:
            yield Field(f"/indicators/{place}/at_most", "policy_too_large")
    for scope in SCOPES:
        if scope in policy.scopes:
            threshold = policy.scopes[scope].threshold
            if threshold < 0:
                yield Field(f"/scopes/{scope}/threshold", "policy_wrong_sign")
            if threshold > reachable(policy, scope):
                yield Field(f"/scopes/{scope}/threshold", "policy_threshold_unreachable")


_LOOKS: Final[tuple[Callable[[Policy], Iterator[Field]], ...]] = (
    _period,
    _scopes,
    _groups,
    _indicators,
    _exclusives,
)
