"""What points offer to other contexts and to routes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from chalicelib import clock
from chalicelib.actors import Actor
from chalicelib.errors import NotFound
from chalicelib.points import advice, asking, editions, publishing, receipts, store
from chalicelib.points import answers as reading
from chalicelib.points.model import Evidence, Policy, Scope, Score
from chalicelib.points.publishing import published, sign, upload, withdraw
from chalicelib.points.trials import ask as ask_simulation
from chalicelib.points.trials import found as simulation
from chalicelib.points.trials import run as run_simulation
from chalicelib.points.views import Estimate, NewEstimate, PolicyHead, PolicyList, PolicyView
from chalicelib.texts import Language

__all__ = [
    "ask_simulation",
    "estimate",
    "listed",
    "policy",
    "policy_hash",
    "policy_in_force",
    "published",
    "run_simulation",
    "score",
    "shown",
    "sign",
    "simulation",
    "upload",
    "withdraw",
]


def policy(policy_id: str, version: str | None = None, day: date | None = None) -> Policy:
    """One edition: the named one, the one in force on a day, or the newest. Raises ``NotFound``."""
    if version is not None:
        return publishing.edition(policy_id, version)
    everything = published()
    if day is not None:
        return editions.of_day(everything, policy_id, day)
    return editions.latest(everything, policy_id)


def policy_in_force(scope: Scope, day: date) -> Policy:
    """The policy that serves a scope on a day; raises ``NotFound`` where none does."""
    return editions.in_force(published(), scope, day)


def policy_hash(policy: Policy) -> str:
    """SHA-256 of an edition's document: what a case or ranking keeps beside id and version."""
    return policy.hash


def score(
    policy: Policy,
    scope: Scope,
    answers: Mapping[str, Any],
    as_of: date,
    evidence: Mapping[str, Evidence] | None = None,
    *,
    region: str | None = None,
    language: Language = "zh-CN",
) -> Score:
    """What a person has under a policy, with a receipt for each answer.

    ``answers`` by indicator, as the contract's "Points answers" has them, and ``true`` or ``false`` by qualification;
    ``evidence`` by indicator; ``region`` is where the person lives, for indicators of districts. An indicator without an answer
    has no line: nobody has said anything yet. Raises ``Invalid`` with a field for each wrong answer, ``NotFound`` where the
    policy does not serve the scope; there is no partial score.
    """
    sheet = _sheet(policy, scope, answers, as_of, region)
    return receipts.score(policy, scope, sheet, as_of, evidence or {}, language)


def _sheet(
    policy: Policy, scope: Scope, answers: Mapping[str, Any], as_of: date, region: str | None
) -> reading.Sheet:
    if scope not in policy.scopes:
        raise NotFound("policy_scope_unknown")
    return reading.read(policy, scope, answers, as_of, region)


def estimate(asked: NewEstimate, now: datetime, language: Language) -> Estimate:
    """What if: a score with what would add to it; nothing is kept, and superseded policies do.

    Raises ``NotFound`` for a policy or scope that there is not, ``Invalid`` as ``score`` does.
    """
    day = asked.as_of or clock.local_date(now)
    found = policy(asked.policy, asked.version) if asked.version else _of_day_or_newest(asked.policy, day)
    sheet = _sheet(found, asked.scope, asked.answers, day, asked.region)
    scored = receipts.score(found, asked.scope, sheet, day, {}, language)
    more = advice.next_best(found, asked.scope, sheet, day, asked.region, language)
    return Estimate(**dict(scored), next_best=more)


def _of_day_or_newest(policy_id: str, day: date) -> Policy:
    everything = published()
    try:
        return editions.of_day(everything, policy_id, day)
    except NotFound:
        return editions.latest(everything, policy_id)


def listed(actor: Actor, now: datetime, language: Language) -> PolicyList:
    """Every edition, the newest first; drafts and signatures for policy officers alone."""
    everything = published()
    shipped = {each.name for each in editions.shipped()}
    heads = {head.name: head for head in store.heads()} if _is_officer(actor) else {}
    found = [publishing.view(each, heads.get(each.name), everything, now, language) for each in everything]
    drafts = [publishing.draft(head.policy_id, head.version) for head in heads.values() if not head.is_signed]
    found += [
        publishing.view(each, head, [each], now, language)
        for each, head in drafts
        if each.name not in shipped
    ]
    return PolicyList(items=sorted(found, key=_newest, reverse=True))


def _newest(head: PolicyHead) -> tuple[date, str, str]:
    return head.effective_from, head.id, head.version


def _is_officer(actor: Actor) -> bool:
    return "policy_officer" in actor.roles


def shown(actor: Actor, policy_id: str, version: str | None, now: datetime, language: Language) -> PolicyView:
    """An edition with how a screen asks for it; a draft for policy officers alone. Raises ``NotFound``."""
    everything = published()
    head = None
    if _is_officer(actor) and version and (head := store.head(f"{policy_id}@{version}")):
        found, _ = publishing.draft(policy_id, version)
    elif version:
        found = publishing.edition(policy_id, version)
    else:
        found = _of_day_or_newest(policy_id, clock.local_date(now))
    return PolicyView(
        head=publishing.view(found, head, [*everything, found], now, language),
        questions={scope: asking.questions(found, scope, language) for scope in found.scopes},
        document=found,
    )
