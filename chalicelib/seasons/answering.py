"""What a department's person establishes, where records could not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib import clock, sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Receipt
from chalicelib.cases.views import CaseView
from chalicelib.errors import Field, Invalid, NotFound
from chalicelib.identity import service as identity
from chalicelib.points import service as points
from chalicelib.points.model import Policy
from chalicelib.seasons import evidence, store
from chalicelib.seasons.filing import APPLICATION
from chalicelib.seasons.model import Application, Claim, Established, Shown
from chalicelib.seasons.verifying import ANSWERS, answers_in, claims_of
from chalicelib.seasons.views import Answers
from chalicelib.tables import Once


def answer(
    actor: Actor, case_id: str, body: Answers, now: datetime, once: Once | None, language: str
) -> CaseView:
    """A reviewer answers the department's check with what holds, indicator by indicator; what records show and nobody names stays.

    Raises ``NotFound`` out of scope, ``Forbidden`` without the part, ``Conflict("check_decided")`` when it was
    answered before, ``Invalid`` for answers of other departments, those that the policy cannot take, and a claim that neither
    records nor the answers speak of: who is not given what was claimed is told so by a person (null), never by silence.
    """
    found = cases.case_for(actor, case_id)
    if found.kind != APPLICATION:
        raise NotFound("case_not_found")
    part = cases.part_of(actor, found, actor.department or "")
    held = store.application(case_id)
    if held is None:
        raise NotFound("case_not_found")
    application, today = held[0], clock.local_date(now)
    said = established_by_person(application, part.department, body.answers, today)
    text, _ = store.answers_of(case_id).get(part.department, (None, ""))
    known = answers_in(application.person, text)
    _require_each_claim(application, part.department, claims_of(application, held[1]), known, body.answers)
    established = with_word(known, said)
    sealed = sealing.seal(application.person, established.model_dump_json(), ANSWERS)
    kept = store.answers_put(case_id, part.department, application.person, sealed, "person", clock.iso(now))
    shown = identity.disclosure_writes(actor, [application.person], "case_handling", "points", now)
    version = f"{application.policy}@{application.policy_version}"
    return cases.record_check(
        case_id,
        part.id,
        "passed",
        actor,
        now,
        reason=body.reason,
        receipt=Receipt(rule="points_person", version=version, record_date=today),
        once=once,
        language=language,
        also=[kept, *shown],
    )


def _require_each_claim(
    application: Application,
    department: str,
    claims: Sequence[Claim],
    known: Established,
    answers: Mapping[str, Any],
) -> None:
    policy = points.policy(application.policy, application.policy_version)
    own = {each.code: each for each in evidence.indicators_of(policy, application.scope, department)}
    silent = [
        claim.indicator
        for claim in claims
        if claim.indicator in own and claim.indicator not in answers
        if not evidence.reaches(own[claim.indicator], known.answers.get(claim.indicator), claim.value)
    ]
    if silent:
        fields = [Field(f"/answers/{code}", "points_claim_unanswered") for code in silent]
        raise Invalid("values_invalid", fields=fields)


def established_by_person(
    application: Application, department: str, answers: Mapping[str, Any], today: date
) -> Established:
    """A person's answers with themselves as evidence; raises ``Invalid`` with the place of each that is wrong."""
    policy = points.policy(application.policy, application.policy_version)
    own = codes_of(policy, application, department)
    strange = [place for place, code in enumerate(answers) if code not in own]
    if strange:
        fields = [Field(f"/answers/{place}", "points_of_other_department") for place in strange]
        raise Invalid("values_invalid", fields=fields)
    points.score(policy, application.scope, answers, today, region=application.town)
    said = Shown(source=f"person:{department}", record=department, seen_on=today)
    return Established(answers=dict(answers), evidence=dict.fromkeys(answers, said))


def codes_of(policy: Policy, application: Application, department: str) -> set[str]:
    """The indicators and conditions that a department's person may speak of."""
    own = {each.code for each in evidence.indicators_of(policy, application.scope, department)}
    own |= {each.code for each in evidence.conditions_of(policy, application.scope, department)}
    # A veto is a person's to find: nobody claims it.
    return own | {
        each.code
        for each in policy.by_scope[application.scope].values()
        if each.mode == "veto" and department in each.departments
    }


def with_word(known: Established, said: Established) -> Established:
    """What was known, with a person's word over it: what is not named stays, null takes away (silence is not zero)."""
    answers = {code: value for code, value in {**known.answers, **said.answers}.items() if value is not None}
    evidence = {code: each for code, each in {**known.evidence, **said.evidence}.items() if code in answers}
    return Established(answers=answers, evidence=evidence)
