"""The editions that are shipped with the software, and how one is read: refused where it is unsound. Pure."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from chalicelib import problems
from chalicelib.errors import Invalid, NotFound
from chalicelib.points import validation
from chalicelib.points.model import Policy, Scope, Status

_SHIPPED: Final = Path(__file__).parent / "policies"


def read(text: str | bytes) -> Policy:
    """A policy from its document. Raises ``Invalid`` with each place that is wrong."""
    try:
        policy = Policy.model_validate_json(text)
    except ValidationError as error:
        raise problems.invalid(error, Policy) from None
    require_sound(policy, [])
    return policy


def require_sound(policy: Policy, others: Iterable[Policy]) -> None:
    """Raise ``Invalid("policy_unsound")`` for a document that cannot be used, alone or beside the others."""
    beside = list(others)
    if fields := validation.faults(policy) or (validation.clashes(policy, beside) if beside else []):
        raise Invalid("policy_unsound", fields=fields)


@cache
def shipped() -> tuple[Policy, ...]:
    """The editions in ``policies/``; raises ``Invalid`` when one of them is unsound."""
    found = tuple(read(path.read_bytes()) for path in sorted(_SHIPPED.glob("*.json")))
    for policy in found:
        require_sound(policy, found)
    return found


def last_day(policy: Policy, among: Iterable[Policy]) -> date | None:
    """The last day of an edition beside those that may supersede it; None when it has no end."""
    return validation.last_day(policy, among)


def is_effective(policy: Policy, among: Iterable[Policy], day: date) -> bool:
    """Whether an edition is in force on a day, beside those that may supersede it."""
    ends = last_day(policy, among)
    return policy.effective_from <= day and (ends is None or day <= ends)


def status(policy: Policy, published: Iterable[Policy], day: date) -> Status:
    """How a published edition stands on a day."""
    if day < policy.effective_from:
        return "signed"
    return "in force" if is_effective(policy, published, day) else "superseded"


def of_day(published: list[Policy], policy_id: str, day: date) -> Policy:
    """The edition of a policy that is in force on a day; raises ``NotFound``."""
    for each in published:
        if each.id == policy_id and is_effective(each, published, day):
            return each
    raise NotFound("policy_unknown")


def latest(published: list[Policy], policy_id: str) -> Policy:
    """The newest edition of a policy, in force or not; raises ``NotFound``."""
    found = [each for each in published if each.id == policy_id]
    if not found:
        raise NotFound("policy_unknown")
    return max(found, key=lambda each: each.effective_from)


def in_force(published: list[Policy], scope: Scope, day: date) -> Policy:
    """The policy that serves a scope on a day, of several the one that came last; raises ``NotFound``."""
    found = [each for each in published if scope in each.scopes and is_effective(each, published, day)]
    if not found:
        raise NotFound("policy_unknown")
    return max(found, key=lambda each: (each.effective_from, each.name))
