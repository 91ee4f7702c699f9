"""What an accepted application comes to: points with receipts, sealed with all they came from; and computing them again."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from chalicelib import audit, clock, sealing, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases.model import Case, CaseCheck
from chalicelib.errors import NotFound
from chalicelib.identity import service as identity
from chalicelib.points import service as points
from chalicelib.points.model import Evidence, Policy, Score
from chalicelib.seasons import evidence, model, store
from chalicelib.seasons.model import Application, Claim, Established, Ranked, Result, Sealed, Shown
from chalicelib.seasons.rows import DecisionRow
from chalicelib.seasons.verifying import answers_in, as_answer, claims_of
from chalicelib.tables import Cancelled, Write
from chalicelib.texts import Language

DECISION = "points_decision"


def enact(case: Case, now: datetime) -> bool:
    """Score an accepted application, seal the decision, and let it be ranked; once for each acceptance.

    Returns whether this call did it. One that was withdrawn or found forged meanwhile is left: it is not ranked.
    """
    if case.state != "accepted":
        return False
    held = store.application(case.id)
    if held is None or held[0].decisions:
        return False
    application, sealed = held
    return decide(application, inputs_of(case, application, claims_of(application, sealed)), now)


def decide_again(case: Case, now: datetime) -> bool:
    """Score an application anew after a department has said something else; the decisions before stay.

    One that was withdrawn or found forged is left: scoring would bring it back among those who are ranked.
    """
    held = store.application(case.id)
    if case.state != "accepted" or held is None or not held[0].decisions:
        return False
    application, sealed = held
    return decide(application, inputs_of(case, application, claims_of(application, sealed)), now)


def decide(application: Application, inputs: Sealed, now: datetime) -> bool:
    """Write an application's next decision and its place in the pool; False where another was quicker."""
    score = score_of(inputs)
    result = _result(score, _policy(inputs))
    digest, number = model.sealed_digest(inputs), application.decisions + 1
    row = store.decision_row(application.case, number)
    row.person, row.digest, row.at = application.person, digest, clock.iso(now)
    row.total = _plain(result.total)
    row.sealed = sealed_text(application.person, inputs, result)
    ranked = Ranked(
        case=application.case,
        person=application.person,
        child=application.child,
        total=result.total,
        ties=tuple(result.ties),
        applied_at=inputs.applied_at,
        digest=digest,
    )
    writes: list[Write] = [
        *store.decision_writes(application, row, number),
        store.pool_put(application, ranked, eligible=result.eligible),
        audit.entry(
            SYSTEM, "points.decided", application.case, now, inputs=digest, total=_plain(result.total)
        ),
    ]
    try:
        tables.transact(*writes)
    except Cancelled:
        return False
    return True


def _policy(inputs: Sealed) -> Policy:
    return points.policy(inputs.policy, inputs.policy_version)


def sealed_text(person: str, inputs: Sealed, result: Result) -> str:
    """A decision's inputs and result under the person's key."""
    held = {
        "inputs": inputs.model_dump(mode="json"),
        "result": result.model_dump(mode="json", by_alias=True),
    }
    return sealing.seal(person, json.dumps(held, ensure_ascii=False), DECISION)


def score_of(inputs: Sealed, language: Language = "zh-CN") -> Score:
    """The points of a decision's inputs, told in a language."""
    shown = {
        code: Evidence(
            source=each.source,
            record=each.record,
            seen_on=each.seen_on,
            title=evidence.title_of(each.source),
        )
        for code, each in inputs.evidence.items()
    }
    policy = _policy(inputs)
    return points.score(
        policy, inputs.scope, inputs.answers, inputs.as_of, shown, region=inputs.town, language=language
    )


def _result(score: Score, policy: Policy) -> Result:
    groups = {group.group: group.points for group in score.groups}
    ties = [groups[name] for name in policy.scopes[score.scope].tie_break]
    return Result(
        total=score.total, eligible=score.eligible, ties=ties, lines=score.lines, groups=score.groups
    )


def inputs_of(case: Case, application: Application, claims: list[Claim]) -> Sealed:
    """What every department established, as its last word stands."""
    applied = applied_at(case)
    policy = points.policy(application.policy, application.policy_version)
    born = identity.profile(application.person).birth_date
    said = Established(answers=evidence.ages(policy, application.scope, born))
    rows = store.answers_of(case.id)
    for part in case.checks:
        sealed, how = rows.get(part.department, (None, "none"))
        known = answers_in(application.person, sealed)
        mine = _of_department(policy, application, part.department, claims, known)
        said = _joined(said, known if how == "person" else _with_decision(part, known, mine))
    return Sealed(
        case=case.id,
        policy=application.policy,
        policy_version=application.policy_version,
        policy_digest=application.policy_digest,
        scope=application.scope,
        town=application.town,
        as_of=clock.local_date(applied),
        applied_at=applied,
        answers=said.answers,
        evidence=said.evidence,
    )


def applied_at(case: Case) -> datetime:
    """The application's time: filed, or the last supplement."""
    return max([case.submitted_at, *[event.at for event in case.events if event.what == "case_supplement"]])


class _Own(NamedTuple):
    """What one department was asked about."""

    claims: dict[str, Any]
    conditions: list[str]


def _of_department(
    policy: Policy, application: Application, department: str, claims: list[Claim], known: Established
) -> _Own:
    """The department's conditions, and the claims that its records do not reach: those that show more stand."""
    scope = application.scope
    indicators = {each.code: each for each in evidence.indicators_of(policy, scope, department)}
    claimed = {
        each.indicator: as_answer(each.value)
        for each in claims
        if each.indicator in indicators
        and not evidence.reaches(indicators[each.indicator], known.answers.get(each.indicator), each.value)
    }
    return _Own(claimed, [each.code for each in evidence.conditions_of(policy, scope, department)])


def _with_decision(part: CaseCheck, known: Established, own: _Own) -> Established:
    """What records show, and what a person decided of the rest.

    A department that agreed, and one that could not tell before a person accepted the case, lets the claims
    stand. One that refused leaves what its records show, and its conditions are not met.
    """
    if part.receipt is not None and part.receipt.rule == "points_agrees":
        return known
    if part.state == "failed":
        stated: dict[str, Any] = dict.fromkeys(own.conditions, False)
        return Established(answers={**stated, **known.answers}, evidence=known.evidence)
    allowed = {**own.claims, **dict.fromkeys(own.conditions, True)}
    return Established(
        answers={**known.answers, **allowed},
        evidence={**known.evidence, **_by_person(part, allowed, known)},
    )


def _by_person(part: CaseCheck, allowed: Mapping[str, Any], known: Established) -> dict[str, Shown]:
    """A person's decision as the evidence of what no record showed."""
    day = clock.local_date(part.decided_at) if part.decided_at else date.min
    return {
        code: Shown(source=f"person:{part.department}", record=part.id, seen_on=day)
        for code, value in allowed.items()
        if known.answers.get(code) != value
    }


def _joined(one: Established, other: Established) -> Established:
    return Established(answers={**one.answers, **other.answers}, evidence={**one.evidence, **other.evidence})


# --- looking at a decision again


class Difference(NamedTuple):
    """Where an old decision and its recomputation differ; ``then`` and ``now`` are codes, points or digests."""

    what: str
    then: str
    now: str


def opened(person: str, sealed: str | None) -> tuple[Sealed, Result] | None:
    """A decision's inputs and result; None once they were deleted on request."""
    if sealed is None:
        return None
    held = json.loads(sealing.open_sealed(person, sealed, DECISION))
    return Sealed.model_validate(held["inputs"]), Result.model_validate(held["result"])


def replay(case_id: str) -> tuple[int, list[Difference]]:
    """Compute every decision of an application again, under its policy and evidence of that day.

    Returns how many decisions there are and where any of them differs from what was written. Raises
    ``NotFound`` for an unknown case and for one whose evidence was deleted on request.
    """
    rows = store.decisions_of(case_id)
    if not rows:
        raise NotFound("points_not_decided")
    differences: list[Difference] = []
    for row in rows:
        held = opened(row.person, row.sealed)
        if held is None:
            raise NotFound("points_forgotten")
        inputs, result = held
        differences += _compared(row, inputs, result)
    return len(rows), differences


def _compared(row: DecisionRow, inputs: Sealed, result: Result) -> list[Difference]:
    policy = _policy(inputs)
    pairs = [
        ("inputs", row.digest, model.sealed_digest(inputs)),
        ("policy", inputs.policy_digest, policy.hash),
        ("total", row.total, _plain(result.total)),
    ]
    again = _result(score_of(inputs), policy)
    pairs += [
        ("points", _plain(result.total), _plain(again.total)),
        ("eligible", str(result.eligible), str(again.eligible)),
    ]
    then, now = ({line.indicator: line for line in each.lines} for each in (result, again))
    for code in sorted(then.keys() | now.keys()):
        pairs.append((code, _told(then.get(code)), _told(now.get(code))))
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _plain(value: Decimal) -> str:
    """The shortest text of an exact number: what is equal looks the same."""
    return format(value.normalize() if value else Decimal(0), "f")


def _told(line: Any) -> str:
    return "-" if line is None else f"{_plain(line.points)} {line.rule}@{line.version} {line.arithmetic}"
