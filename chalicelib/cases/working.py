"""Staff at work: claim, release, hand over, and accept what is clean in one go."""

from datetime import datetime

from chalicelib import audit, tables, texts
from chalicelib.actors import Actor
from chalicelib.cases import model, reading, service, store, worklists
from chalicelib.cases.model import OPEN_CHECKS, Case, CaseCheck
from chalicelib.cases.views import Acceptance, Acceptances, Decision, PieceOfCase, WorkItem
from chalicelib.errors import Conflict, DomainError, Field, Forbidden, Invalid
from chalicelib.identity import service as identity
from chalicelib.tables import Cancelled, Once, Repeated


def claim(
    actor: Actor, case_id: str, check: str | None, now: datetime, once: Once | None, language: str
) -> WorkItem:
    """Take a piece of work; claiming it again is harmless.

    Raises ``Conflict("work_claimed")`` when a colleague has it, unless the caller stands in for that colleague.
    """
    found, part = _piece(actor, case_id, check)
    holder = (part or found).claimed_by
    if holder not in (None, actor.id) and not _stands_in_for(actor, holder, now):
        raise Conflict("work_claimed")
    return _hold(actor, found, part, actor.id, now, once, language)


def release(
    actor: Actor, case_id: str, check: str | None, now: datetime, once: Once | None, language: str
) -> WorkItem:
    """Let a piece of work go; raises ``Conflict("work_not_claimed")`` when it is not the caller's."""
    found, part = _piece(actor, case_id, check)
    if (part or found).claimed_by != actor.id:
        raise Conflict("work_not_claimed")
    return _hold(actor, found, part, None, now, once, language)


def hand_over(
    actor: Actor,
    case_id: str,
    check: str | None,
    to: str,
    now: datetime,
    once: Once | None,
    language: str,
) -> WorkItem:
    """Give a piece of work to a colleague whose work it may be.

    Whoever has it may, anybody in charge while nobody has it, and a higher level always. Raises ``Invalid``
    for somebody who is not in charge of it, ``Conflict("work_claimed")``.
    """
    found, part = _piece(actor, case_id, check)
    piece = part or found
    assert piece.queue
    if piece.claimed_by not in (None, actor.id) and not _is_above(actor, found, piece.queue):
        raise Conflict("work_claimed")
    colleague = _colleague(to)
    if colleague is None or not colleague.covers(found.region) or not worklists.works(colleague, piece.queue):
        raise Invalid("values_invalid", fields=[Field("/to", "staff_not_in_charge")])
    return _hold(actor, found, part, colleague.id, now, once, language)


def accept_clean(
    actor: Actor, wanted: Acceptances, now: datetime, once: Once | None, language: texts.Language
) -> list[Acceptance]:
    """Approve each piece that is clean; the others stay as they are, with the reason.

    Each is a decision of its own. Under the same idempotency key what was accepted counts as accepted again.
    """
    return [_accept(actor, piece, wanted.reason, now, once, language) for piece in wanted.items]


def _accept(
    actor: Actor, piece: PieceOfCase, reason: str, now: datetime, once: Once | None, language: texts.Language
) -> Acceptance:
    own = _own_once(once, piece)
    try:
        if own and own.first_answer():
            raise Repeated(own.status, "")
        found, part = _piece(actor, piece.case, piece.check)
        _require_clean(found, part)
        decision = Decision(check=part.id if part else None, decision="approve", reason=reason)
        service.decide(actor, piece.case, decision, now, own, language)
    except Repeated:
        pass
    except DomainError as error:
        text = texts.sentence(error.code, language, **error.params)
        return Acceptance(case=piece.case, check=piece.check, accepted=False, code=error.code, text=text)
    return Acceptance(case=piece.case, check=piece.check, accepted=True, code=None, text=None)


def _own_once(once: Once | None, piece: PieceOfCase) -> Once | None:
    """The request's idempotency key, made this piece's own."""
    if once is None:
        return None
    key = f"{once.key}#{piece.case}#{piece.check or ''}"
    return Once(once.subject, key, once.request, once.status, once.now)


def _require_clean(found: Case, part: CaseCheck | None) -> None:
    """Raise ``Conflict`` unless nothing on the case speaks against it and its kind allows doing many at once."""
    if part is None and found.state not in model.kind_of(found).bulk:
        raise Conflict("work_not_in_bulk")
    others = [check for check in found.checks if part is None or check.id != part.id]
    doubts = [check for check in others if check.state in ("failed", "unclear", "person")]
    unread = [paper for paper in found.documents if paper.state in ("awaited", "refused")]
    valued = part is not None and model.kind_of(found).needs_value(part.code)
    if doubts or unread or valued or (part and part.reason):
        raise Conflict("work_not_clean")


def _piece(actor: Actor, case_id: str, check: str | None) -> tuple[Case, CaseCheck | None]:
    """The case, or a part of it, that waits for somebody whom the caller is or stands above.

    Raises ``NotFound`` out of scope, ``Forbidden`` for other people's work, ``Conflict`` when nothing waits.
    """
    found = reading.case_for(actor, case_id)
    part = service.part_of(actor, found, check) if check else None
    if part and part.state not in OPEN_CHECKS:
        raise Conflict("check_decided")
    piece = part or found
    if piece.queue is None or (part and found.state != "checking"):
        raise Conflict("case_state_forbids", state=found.state)
    if not worklists.works(actor, piece.queue) and not _is_above(actor, found, piece.queue):
        raise Forbidden("act_not_allowed")
    return found, part


def _is_above(actor: Actor, found: Case, queue: str) -> bool:
    return bool(set(model.kind_of(found).escalation.above(queue)) & actor.roles)


def _colleague(user_id: str) -> Actor | None:
    member = identity.staff_member(user_id)
    if member is None:
        return None
    return Actor(member.user_id, "staff", frozenset(member.roles), member.scopes, member.department)


def _stands_in_for(actor: Actor, holder: str | None, now: datetime) -> bool:
    return any(cover.absent == holder for cover in identity.standing_in(actor.id, now))


def _hold(
    actor: Actor,
    found: Case,
    part: CaseCheck | None,
    holder: str | None,
    now: datetime,
    once: Once | None,
    language: str,
) -> WorkItem:
    answer = worklists.item_of(found, part, holder, language)
    act = "claimed" if holder == actor.id else "handed_over" if holder else "released"
    note = audit.entry(actor, f"work.{act}", found.id, now, check=part.id if part else "", to=holder or "")
    try:
        tables.transact(store.hold(found, part, holder), note, once=once, answer=answer)
    except Cancelled:
        raise Conflict("changed_meanwhile") from None
    return answer
