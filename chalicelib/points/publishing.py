"""From a draft to an edition in force: uploaded, checked, signed by two policy officers, never changed afterwards."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from chalicelib import audit, clock, tables
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Field, Invalid, NotFound
from chalicelib.points import editions, store
from chalicelib.points.model import Policy
from chalicelib.points.store import Head
from chalicelib.points.views import PolicyHead, Signature
from chalicelib.tables import Once

# What was signed is never changed, so a process may keep it: by name and hash.
_signed: Final[dict[tuple[str, str], Policy]] = {}


def published() -> list[Policy]:
    """Every edition that is signed, those shipped first."""
    return [*editions.shipped(), *(_document(head) for head in store.heads() if head.is_signed)]


def edition(policy_id: str, version: str) -> Policy:
    """One edition that is signed or shipped; raises ``NotFound``."""
    for each in editions.shipped():
        if (each.id, each.version) == (policy_id, version):
            return each
    found = store.head(f"{policy_id}@{version}")
    if found is None or not found.is_signed:
        raise NotFound("policy_unknown")
    return _document(found)


def draft(policy_id: str, version: str) -> tuple[Policy, Head]:
    """An uploaded edition with how far it is, for policy officers; raises ``NotFound``."""
    found = store.head(f"{policy_id}@{version}")
    if found is None:
        raise NotFound("policy_unknown")
    return _document(found), found


def _document(head: Head) -> Policy:
    if kept := _signed.get((head.name, head.hash)):
        return kept
    found = store.document(head.name)
    if found is None or found.hash != head.hash:
        raise Conflict("changed_meanwhile")
    if head.is_signed:
        _signed[head.name, head.hash] = found
    return found


def upload(actor: Actor, policy: Policy, now: datetime, once: Once | None, language: str) -> PolicyHead:
    """Keep a draft; one of the same id and version is replaced and loses its signatures.

    Raises ``Invalid`` with each place that is unsound, ``Conflict`` for an edition that is signed or shipped.
    """
    if policy.status != "draft":
        raise Invalid("policy_unsound", fields=[Field("/status", "policy_not_draft")])
    before = store.head(policy.name)
    if any(each.name == policy.name for each in editions.shipped()) or (before and before.is_signed):
        raise Conflict("policy_signed_already")
    editions.require_sound(policy, published())
    _require_future(policy, now)
    made = Head(policy.id, policy.version, policy.hash, actor.id, now, (), 1)
    answer = view(policy, made, [], now, language)
    tables.transact(
        *store.put_draft(policy, actor.id, before, now),
        _entry(actor, "policy.drafted", policy, now),
        once=once,
        answer=answer,
    )
    return answer


def sign(
    actor: Actor, policy_id: str, version: str, read: str, now: datetime, once: Once | None, language: str
) -> PolicyHead:
    """Sign the document with the hash ``read``; the second signature publishes it, for its day.

    Raises ``NotFound``; ``Conflict`` for another text than the one that was read, an edition that is signed, a second signature
    of the same officer, a period that another edition took meanwhile.
    """
    policy, before = draft(policy_id, version)
    if before.is_signed:
        raise Conflict("policy_signed_already")
    if before.hash != read:
        raise Conflict("policy_other_text")
    if any(officer == actor.id for officer, _ in before.signatures):
        raise Conflict("policy_officer_signed")
    signed = replace(before, signatures=(*before.signatures, (actor.id, now)), revision=before.revision + 1)
    writes: list[Any] = [store.put_signature(signed, before), _entry(actor, "policy.signed", policy, now)]
    if signed.is_signed:
        count = store.periods(policy_id)
        editions.require_sound(policy, published())
        _require_future(policy, now)
        writes.append(store.count_period(policy_id, count))
    answer = view(policy, signed, [*published(), policy], now, language)
    tables.transact(*writes, once=once, answer=answer)
    return answer


def withdraw(actor: Actor, policy_id: str, version: str, now: datetime) -> None:
    """Forget a draft. Raises ``NotFound``, ``Conflict`` for what is signed."""
    policy, before = draft(policy_id, version)
    if before.is_signed:
        raise Conflict("policy_signed_already")
    tables.transact(*store.drop_draft(before), _entry(actor, "policy.withdrawn", policy, now))


def _entry(actor: Actor, act: str, policy: Policy, now: datetime) -> tables.Put:
    return audit.entry(actor, act, policy.name, now, hash=policy.hash)


def _require_future(policy: Policy, now: datetime) -> None:
    """An edition never begins in the past: what was decided then was decided by what was in force then."""
    if policy.effective_from < clock.local_date(now):
        raise Invalid("policy_unsound", fields=[Field("/effective_from", "policy_begins_in_past")])


def view(policy: Policy, head: Head | None, among: list[Policy], now: datetime, language: str) -> PolicyHead:
    """An edition's head; ``head`` is None for what is shipped, and left out for who may not see signatures."""
    is_draft = head is not None and not head.is_signed
    day = clock.local_date(now)
    return PolicyHead(
        id=policy.id,
        version=policy.version,
        hash=policy.hash,
        title=policy.title.in_language(language),
        status="draft" if is_draft else editions.status(policy, among, day),
        effective_from=policy.effective_from,
        effective_to=editions.last_day(policy, among),
        scopes=list(policy.scopes),
        shipped=policy in editions.shipped(),
        signatures=[Signature(officer=officer, at=at) for officer, at in head.signatures] if head else [],
    )
