"""What records say to claims: agreement, or a doubt for a person. Nobody's points are lowered here. Pure.

Which records prove an indicator is data: ``evidence.json``, by the source that the policy names and the
indicator's mode. What no rule reads (tax has no amounts, a total cannot be cut to five years, schooling is
the child's) goes to a person as soon as somebody claims it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field

from chalicelib.points.model import Indicator, Policy, Qualification
from chalicelib.seasons.model import Claim, Established, Scope, Shown, period_of
from chalicelib.shapes import Shape, Title

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
DoubtCode = Literal["silent", "differs", "weak_match", "no_data", "condition", "shared"]
_MONTHS: Final = {"per_month": 1}


class Rule(Shape):
    """How rows become an answer: ``take`` from a ``column``, or from the time between two.

    ``proof``: the column that says which thing it is about, where several people's rows may be about one.
    ``fresh_days``: how old a record without an end may be and still go on: two of the department's files.
    """

    take: Literal["label", "any", "sum", "periods", "periods_of_each", "permit_years"]
    column: str | None = None
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    proof: str | None = None
    fresh_days: int = Field(default=0, ge=0, le=366)


class Held(Shape):
    """How a condition is proven: something that began so many months ago."""

    source: str
    since: str = Field(alias="from")
    months: int = Field(gt=0)


class Mapped(Shape):
    """The whole mapping: indicators by source and mode; labels of records in a policy's words; conditions by policy.

    ``facts``: which fact of ``forms`` a source's claim is filled in from.
    """

    version: str
    indicators: dict[str, dict[str, Rule]]
    facts: dict[str, str]
    titles: dict[str, Title]
    labels: dict[str, list[str]]
    conditions: dict[str, dict[str, Held]]


class Doubt(NamedTuple):
    """Why a person has to look at an indicator."""

    indicator: str
    code: DoubtCode


class Judged(NamedTuple):
    """What a department's records come to. With ``doubts`` a person answers, and sees what is established so far."""

    established: Established
    doubts: list[Doubt]


class Days(NamedTuple):
    """Up to which day an indicator counts, and when the application was made."""

    until: date
    applied: date


class Found(NamedTuple):
    """An answer that records prove, and the one that it rests on most."""

    value: Any
    row: Row


@cache
def mapping() -> Mapped:
    """``evidence.json``."""
    text = (Path(__file__).parent / "evidence.json").read_text("utf-8")
    return Mapped.model_validate(json.loads(text))


def title_of(source: str) -> Title | None:
    """What people call a source; a person's word is told as that."""
    return mapping().titles.get(source.partition(":")[0])


def rule_for(indicator: Indicator) -> Rule | None:
    """How an indicator is read; None where only a person can."""
    proof = indicator.evidence
    rule = mapping().indicators.get(proof.source, {}).get(indicator.mode) if proof else None
    # A total of all years says nothing of the last five.
    return None if rule and rule.take == "sum" and proof and proof.window_months else rule


def indicators_of(policy: Policy, scope: Scope, department: str) -> list[Indicator]:
    """The indicators that a department answers for: those that name it first. Vetoes are not claimed or searched for."""
    every = policy.by_scope[scope].values()
    return [each for each in every if each.departments[0] == department and each.mode != "veto"]


def conditions_of(policy: Policy, scope: Scope, department: str) -> list[Qualification]:
    """The scope's conditions that a department looks at."""
    return [each for each in policy.scopes[scope].qualifications if each.departments[0] == department]


def departments(policy: Policy, scope: Scope, claimed: Iterable[str]) -> list[str]:
    """Who is asked: whoever answers for a claim, a condition, or something that records may show unclaimed."""
    wanted = set(claimed)
    every = policy.by_scope[scope].values()
    asked = {each.departments[0] for each in every if each.code in wanted or rule_for(each)}
    return sorted(asked | {each.departments[0] for each in policy.scopes[scope].qualifications})


def sources(policy: Policy, scope: Scope, department: str) -> list[str]:
    """The sources that a department's answer is read from."""
    rules = [each for each in indicators_of(policy, scope, department) if rule_for(each)]
    held = mapping().conditions.get(policy.id, {})
    named = {each.evidence.source for each in rules if each.evidence}
    named |= {
        held[each.code].source for each in conditions_of(policy, scope, department) if each.code in held
    }
    return sorted(named)


def counted_until(policy: Policy, scope: Scope, code: str, applied: date) -> date:
    """The day up to which an indicator counts: the scope's cut-off day of the ranking's year, else the application's.

    A cut-off day that is still to come proves nothing ahead: records count as far as they go.
    """
    rule = policy.scopes[scope]
    year = int(period_of(rule.ranking.period, applied)[:4])
    for each in rule.cut_offs:
        if each.indicator == code:
            return date(year, each.until.month, each.until.day)
    return applied


def judge(
    policy: Policy, scope: Scope, department: str, claims: Mapping[str, Claim], rows: Rows, applied: date
) -> Judged:
    """What a department's records say to what was claimed, and what they show unclaimed.

    ``rows``: the applicant's by source, dates as ISO texts.
    """
    answers: dict[str, Any] = {}
    shown: dict[str, Shown] = {}
    doubts: list[Doubt] = []
    for indicator in indicators_of(policy, scope, department):
        until = counted_until(policy, scope, indicator.code, applied)
        found, doubt = _judged(indicator, claims.get(indicator.code), rows, Days(until, applied))
        if found:
            answers[indicator.code] = found.value
            shown[indicator.code] = _shown(indicator, found.row, applied)
        if doubt:
            doubts.append(Doubt(indicator.code, doubt))
    for condition in conditions_of(policy, scope, department):
        if _is_proven(policy, condition, rows, applied):
            answers[condition.code] = True
        else:
            doubts.append(Doubt(condition.code, "condition"))
    return Judged(Established(answers=answers, evidence=shown), doubts)


def _judged(
    indicator: Indicator, claim: Claim | None, rows: Rows, days: Days
) -> tuple[Found | None, DoubtCode | None]:
    rule = rule_for(indicator)
    if rule is None:
        return None, "no_data" if claim else None
    assert indicator.evidence
    known = rows.get(indicator.evidence.source, ())
    sure = [row for row in known if not row.get("id_mended")]
    found = _TAKEN[rule.take](indicator, rule, sure, days)
    if claim is None or (found and reaches(indicator, found.value, claim.value)):
        return found, None
    if len(sure) < len(known):
        return found, "weak_match"
    return found, "differs" if found else "silent"


def reaches(indicator: Indicator, found: Any, claimed: Any) -> bool:
    """Whether what is proven, if anything is, is at least what was claimed."""
    if found is None:
        return False
    if isinstance(found, bool):
        return found or not claimed
    if isinstance(found, str):
        known = indicator.values.get(str(claimed))
        return known is not None and indicator.values[found].points >= known.points
    return isinstance(claimed, Decimal) and Decimal(str(found)) >= claimed


def _shown(indicator: Indicator, row: Row, applied: date) -> Shown:
    assert indicator.evidence
    rule, seen = rule_for(indicator), row.get("seen_on")
    proof = row.get(rule.proof) if rule and rule.proof else None
    return Shown(
        source=indicator.evidence.source,
        record=str(row["record_id"]),
        proof=str(proof) if proof else None,
        seen_on=date.fromisoformat(seen) if seen else applied,
    )


def _is_proven(policy: Policy, condition: Qualification, rows: Rows, applied: date) -> bool:
    """Whether a record proves a condition; one that no record can prove is a person's."""
    held = mapping().conditions.get(policy.id, {}).get(condition.code)
    if held is None:
        return False
    began = [row[held.since] for row in rows.get(held.source, ()) if row.get(held.since)]
    return any(_months(date.fromisoformat(each), applied) >= held.months for each in began)


# --- how rows become answers


def _label(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    """The label with the most points that a row proves."""
    best: Found | None = None
    for row in rows:
        said = str(row.get(rule.column or "") or "")
        meant = [each for each in (said, *mapping().labels.get(said, ())) if each in indicator.values]
        for label in meant:
            if best is None or indicator.values[label].points > indicator.values[best.value].points:
                best = Found(label, row)
    return best


def _any(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    return Found(True, _newest(rows)) if rows else None


def _sum(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    amounts = [Decimal(str(row[rule.column or ""])) for row in rows if row.get(rule.column or "") is not None]
    return Found(_number(sum(amounts, Decimal(0)), indicator), _newest(rows)) if amounts else None


def _number(total: Decimal, indicator: Indicator) -> int | float:
    """As JSON has numbers, never more than the policy believes."""
    bounded = min(total, indicator.at_most) if indicator.at_most is not None else total
    return int(bounded) if bounded == bounded.to_integral_value() else float(bounded)


def _periods(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    spans = [span for row in rows if (span := _span(indicator, row, rule, days))]
    return _full(indicator, [_merged_months(spans)], rows) if spans else None


def _periods_of_each(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    """The full years of each kind, added up; several jobs at once count once, gaps do not count."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for row in rows:
        span = _span(indicator, row, rule, days)
        for kind in row.get(rule.column or "") or []:
            if span:
                spans.setdefault(str(kind), []).append(span)
    return _full(indicator, [_merged_months(each) for each in spans.values()], rows) if spans else None


def _full(indicator: Indicator, months: list[int], rows: Sequence[Row]) -> Found:
    size = _MONTHS.get(indicator.mode, 12)
    return Found(_number(Decimal(sum(each // size for each in months)), indicator), _newest(rows))


def _permit_years(indicator: Indicator, rule: Rule, rows: Sequence[Row], days: Days) -> Found | None:
    """Years under the permit as ``permits`` counts them, on the day that the policy asks about."""
    day = days.until.isoformat()
    years = [(int(row["years"][day]), row) for row in rows if day in row["years"]]
    if not years:
        return None
    most, row = max(years, key=lambda each: each[0])
    return Found(_number(Decimal(most), indicator), row)


def _span(indicator: Indicator, row: Row, rule: Rule, days: Days) -> tuple[date, date] | None:
    """From when to when a row proves something, its last day not included; no further back than the policy looks.

    A record without an end goes as far as the department has seen it go on, and on while that is fresh.
    """
    began, ended = row.get(rule.since or ""), row.get(rule.until or "") or row.get("seen_on")
    if not began or not ended:
        return None
    start, last = date.fromisoformat(began), date.fromisoformat(ended)
    if not row.get(rule.until or "") and days.applied <= last + timedelta(days=rule.fresh_days):
        last = max(last, days.applied)
    end = min(last, days.until) + timedelta(days=1)
    window = indicator.evidence.window_months if indicator.evidence else None
    if window is not None:
        start = max(start, _back(min(days.until, days.applied), window))
    return (start, end) if start < end else None


def _back(day: date, months: int) -> date:
    """So many months before the day after a day: the last twelve months of 31 May begin on 1 June."""
    after = day + timedelta(days=1)
    count = after.year * 12 + after.month - 1 - months
    year, month = divmod(count, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(after.day, last))


def _merged_months(spans: list[tuple[date, date]]) -> int:
    """Full months covered by any of the spans; what overlaps counts once."""
    months, start, end = 0, date.min, date.min
    for began, ended in sorted(spans):
        if began > end:
            months += _months(start, end)
            start = began
        end = max(end, ended)
    return months + _months(start, end)


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def _newest(rows: Sequence[Row]) -> Row:
    return max(rows, key=lambda row: (str(row.get("seen_on") or ""), str(row["record_id"])))


_TAKEN: Final = {
    "label": _label,
    "any": _any,
    "sum": _sum,
    "periods": _periods,
    "periods_of_each": _periods_of_each,
    "permit_years": _permit_years,
}


def ages(policy: Policy, scope: Scope, born: date | None) -> dict[str, Any]:
    """Answers that the ID number itself gives: the date of birth, for indicators of age."""
    if born is None:
        return {}
    wanted = [each for each in policy.by_scope[scope].values() if each.formula and each.formula.of == "age"]
    return {each.code: {"birth_date": born.isoformat()} for each in wanted}
