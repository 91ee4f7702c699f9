"""What points offer to other contexts and to routes."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from chalicelib.errors import NotFound
from chalicelib.points import answers as reading
from chalicelib.points import editions, receipts
from chalicelib.points.model import Evidence, Policy, Scope, Score
from chalicelib.texts import Language

__all__ = ["policy", "policy_hash", "policy_in_force", "published", "score"]


def published() -> list[Policy]:
    """Every edition that was signed, those shipped first."""
    return list(editions.shipped())


def policy(policy_id: str, version: str | None = None, day: date | None = None) -> Policy:
    """One edition: the named one, the one in force on a day, or the newest. Raises ``NotFound``."""
    if version is not None:
        return _edition(policy_id, version)
    return (
        editions.of_day(published(), policy_id, day)
        if day is not None
        else editions.latest(published(), policy_id)
    )


def _edition(policy_id: str, version: str) -> Policy:
    for each in editions.shipped():
        if (each.id, each.version) == (policy_id, version):
            return each
    raise NotFound("policy_unknown")


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
    if scope not in policy.scopes:
        raise NotFound("policy_scope_unknown")
    sheet = reading.read(policy, scope, answers, as_of, region)
    return receipts.score(policy, scope, sheet, as_of, evidence or {}, language)
