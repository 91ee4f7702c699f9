"""A tally told: a line for each answer, a sentence in the reader's language for each line. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.clock import age_on
from chalicelib.points import scoring
from chalicelib.points.answers import Item, Periods, Read, Sheet
from chalicelib.points.exact import ZERO, plain
from chalicelib.points.model import (
    Condition,
    Evidence,
    GroupScore,
    Indicator,
    Policy,
    Scope,
    Score,
    ScoreLine,
)
from chalicelib.points.scoring import Tally
from chalicelib.texts import Language, sentence

_LISTED: Final[dict[Language, str]] = {"zh-CN": "、", "en": ", "}


def score(
    policy: Policy,
    scope: Scope,
    sheet: Sheet,
    as_of: date,
    evidence: Mapping[str, Evidence],
    language: Language,
) -> Score:
    """The whole score of one person; ``evidence`` by indicator."""
    found = scoring.tally(policy, scope, sheet.values, as_of)
    conditions = _conditions(policy, scope, sheet, found.total, language)
    return Score(
        policy=policy.id,
        version=policy.version,
        hash=policy.hash,
        scope=scope,
        as_of=as_of,
        total=found.total,
        threshold=policy.scopes[scope].threshold,
        eligible=all(each.met is not False for each in conditions),
        lines=[
            _line(policy, indicator, sheet.values[code], found, as_of, evidence.get(code), language)
            for code, indicator in policy.by_scope[scope].items()
            if code in sheet.values
        ],
        groups=_groups(policy, found, language),
        conditions=conditions,
    )


def _line(
    policy: Policy,
    indicator: Indicator,
    value: Read,
    found: Tally,
    as_of: date,
    evidence: Evidence | None,
    language: Language,
) -> ScoreLine:
    code = indicator.code
    points = found.counted.get(code, ZERO)
    return ScoreLine(
        indicator=code,
        title=indicator.title.in_language(language),
        group=indicator.group,
        points=points,
        rule=f"{policy.name}#{code}",
        version=policy.version,
        clause=_clause(policy, indicator.clause, language),
        evidence=evidence,
        arithmetic=found.earned[code].working if code in found.earned else "0",
        cap=indicator.cap,
        reason=" ".join(_sentences(policy, indicator, value, found, as_of, evidence, language)),
    )


def _clause(policy: Policy, clause: str, language: Language) -> str:
    return f"{policy.source.clause.in_language(language)} {clause}"


def _sentences(
    policy: Policy,
    indicator: Indicator,
    value: Read,
    found: Tally,
    as_of: date,
    evidence: Evidence | None,
    language: Language,
) -> list[str]:
    """What was answered and gives, what a cap or another indicator took of it, and the record it rests on."""
    title, clause = indicator.title.in_language(language), _clause(policy, indicator.clause, language)
    if indicator.mode == "veto":
        return [sentence("points_veto_told" if value else "points_veto_none", language, title=title)]
    earned = found.earned[indicator.code]
    said = _said(indicator, value, as_of, language)
    told = [
        sentence("points_line", language, title=title, answer=said, points=plain(earned.raw), clause=clause)
    ]
    if earned.points < earned.raw and indicator.cap is not None:
        told.append(sentence("points_capped", language, cap=plain(indicator.cap)))
    if indicator.code in found.beaten:
        other = policy.title_of(found.beaten[indicator.code], language)
        told.append(sentence("points_beaten", language, other=other))
    elif (counts := found.counted[indicator.code]) < earned.points:
        told.append(_group_capped(policy, indicator, counts, language))
    if evidence:
        source = evidence.title.in_language(language) if evidence.title else evidence.source
        day = evidence.seen_on.isoformat()
        told.append(sentence("points_evidence", language, source=source, day=day))
    return told


def _group_capped(policy: Policy, indicator: Indicator, counts: Decimal, language: Language) -> str:
    """Which cap around an indicator left it less: the innermost that has one is named."""
    group = next(
        policy.by_group[code]
        for code in policy.ancestors[indicator.group]
        if policy.by_group[code].cap is not None
    )
    title, cap = group.title.in_language(language), plain(group.cap or ZERO)
    return sentence("points_group_capped", language, group=title, cap=cap, points=plain(counts))


def _said(indicator: Indicator, value: Read, as_of: date, language: Language) -> str:
    """An answer in words."""
    match value:
        case bool():
            return sentence("points_answer_yes" if value else "points_answer_no", language)
        case str():
            return indicator.values[value].title.in_language(language)
        case Periods(full=full):
            return sentence(f"points_answer_{indicator.mode}", language, count=full)
        case date():
            return sentence("points_answer_age", language, count=age_on(value, as_of))
        case Decimal():
            unit = indicator.unit.title.in_language(language) if indicator.unit else ""
            return f"{plain(value)} {unit}".strip()
    labels = [each.label if isinstance(each, Item) else each for each in value]
    named = [indicator.values[label].title.in_language(language) for label in labels if label]
    return _LISTED[language].join(named) or sentence("points_answer_per_item", language, count=len(value))


def _groups(policy: Policy, found: Tally, language: Language) -> list[GroupScore]:
    return [
        GroupScore(
            group=group.code,
            title=group.title.in_language(language),
            points=found.groups[group.code][1],
            before=found.groups[group.code][0],
            cap=group.cap,
        )
        for group in policy.groups
        if group.part != "veto"
    ]


def _conditions(
    policy: Policy, scope: Scope, sheet: Sheet, total: Decimal, language: Language
) -> list[Condition]:
    """The threshold, the qualifications, and the vetoes that were admitted."""
    rule = policy.scopes[scope]
    met = total >= rule.threshold
    said = {"total": plain(total), "threshold": plain(rule.threshold)}
    if met:
        told = sentence("points_threshold_met", language, **said)
    else:
        missing = plain(rule.threshold - total)
        told = sentence("points_threshold_missed", language, **said, missing=missing)
    found = [Condition(code="threshold", met=met, reason=told)]
    for each in rule.qualifications:
        state = sheet.qualifications.get(each.code)
        says = {None: "points_qualification_open", True: "points_qualification_met"}.get(
            state, "points_qualification_missed"
        )
        reason = sentence(says, language, title=each.title.in_language(language))
        found.append(Condition(code=each.code, met=state, reason=reason))
    for veto in scoring.vetoes(policy, scope, sheet):
        title = veto.title.in_language(language)
        years = veto.effect.years if veto.effect else 0
        reason = (
            sentence("points_vetoed_for", language, title=title, years=years)
            if years
            else sentence("points_vetoed", language, title=title)
        )
        found.append(Condition(code=veto.code, met=False, reason=reason))
    return found
