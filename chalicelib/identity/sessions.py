"""Signing in and out: citizens by WeChat, staff by WeCom; whose token this is."""

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib import audit, clock, keys, sealing
from chalicelib.actors import CITIZEN_ROLES, Actor
from chalicelib.errors import Throttled, Unauthenticated, Unavailable
from chalicelib.identity import covers, model, refusals, store, throttles, tokens
from chalicelib.outside.failures import OutsideError, Rejected
from chalicelib.tables import Cancelled, Update, create, transact

CITIZEN, STAFF = "citizen", "staff"
_LONGEST = max(model.CITIZEN_SESSION, model.STAFF_SESSION)


def sign_in_citizen(code: str, ip: str, now: datetime, wechat: model.WechatSignIn) -> model.SessionView:
    """A session for whoever holds this WeChat code; the account is made at the first sign-in.

    Raises ``Unauthenticated("code_refused")``, ``Unavailable`` when WeChat does not answer, and
    ``Throttled`` after too many attempts or failures from one address.
    """
    openid = _attempt(ip, now, lambda: wechat.session(code).openid)
    index = keys.blind_index("openid", openid)
    account_id = store.account_of_openid(index) or _new_account(openid, index, now)
    actor = Actor(account_id, "citizen", frozenset(CITIZEN_ROLES), session=account_id)
    transact(audit.entry(actor, "session.started", account_id, now))
    return _session(account_id, CITIZEN, model.CITIZEN_SESSION, now)


def sign_in_staff(code: str, ip: str, now: datetime, wecom: model.WecomSignIn) -> model.SessionView:
    """A session for the member of staff with this WeCom code.

    Raises ``Unauthenticated("staff_unknown")`` for a WeCom user without an active row here; otherwise as
    ``sign_in_citizen``.
    """
    row = _attempt(ip, now, lambda: _active_staff(wecom.user(code)))
    actor = _staff_actor(row, now)
    transact(audit.entry(actor, "session.started", row.user_id, now))
    return _session(row.user_id, STAFF, model.STAFF_SESSION, now)


def _active_staff(user_id: str) -> store.StaffRow:
    row = store.staff(user_id)
    if row is None or not row.active:
        raise Unauthenticated("staff_unknown")
    return row


def _attempt[T](ip: str, now: datetime, ask: Callable[[], T]) -> T:
    """Count the attempt and, when it fails by the caller's fault, the failure.

    Failures and attempts without room are counted by the metric ``SignInsRefused``.
    """
    failed = f"failed-sign-in#{ip}"
    _require_room(failed, ip, now)
    try:
        answer = ask()
    except (Rejected, Unauthenticated) as error:
        throttles.note(failed, model.FAILED_SIGN_INS_BY_ADDRESS, now)
        refusals.count_sign_in()
        raise error if isinstance(error, Unauthenticated) else Unauthenticated("code_refused") from None
    except OutsideError:
        raise Unavailable("outside_unavailable") from None
    return answer


def _require_room(failed: str, ip: str, now: datetime) -> None:
    limit = model.SIGN_INS_BY_ADDRESS
    try:
        throttles.require_room(failed, model.FAILED_SIGN_INS_BY_ADDRESS, now)
        throttles.throttle(f"sign-in#{ip}", limit.times, limit.seconds, now)
    except Throttled:
        refusals.count_sign_in()
        raise


def _new_account(openid: str, index: str, now: datetime) -> str:
    """Make the account; when somebody made it at the same moment, that one."""
    account_id = keys.new_id("U", now)
    sealer, data_key = sealing.new_sealer(account_id)
    row = store.account_row(account_id)
    row.openid, row.openid_index, row.created_at = sealer.seal(openid, "openid"), index, clock.iso(now)
    actor = Actor(account_id, "citizen", frozenset(CITIZEN_ROLES), session=account_id)
    made = audit.entry(actor, "account.created", account_id, now)
    try:
        transact(create(store.openid_row(index, account_id)), create(row), create(data_key), made)
    except Cancelled:
        existing = store.account_of_openid(index)
        if existing is None:
            raise
        return existing
    return account_id


def _session(subject: str, audience: str, life: timedelta, now: datetime) -> model.SessionView:
    ends = now + life
    claims = {"sub": subject, "aud": audience, "typ": "session", "exp": int(ends.timestamp())}
    return model.SessionView(token=tokens.sign(claims, now), expires_at=clock.iso(ends))


def actor_for(token: str, now: datetime) -> Actor:
    """Who holds this session token: its signature is checked and one row is read.

    Raises ``Unauthenticated``: ``token_invalid``, ``token_expired`` or ``session_revoked``.
    """
    claims = tokens.verify(token, now, [CITIZEN, STAFF])
    if claims.get("typ") != "session" or "exp" not in claims:
        raise Unauthenticated("token_invalid")
    if float(claims["exp"]) - float(claims["iat"]) > _LONGEST.total_seconds() + 1:
        raise Unauthenticated("token_invalid")
    subject, issued = str(claims["sub"]), float(claims["iat"])
    return _citizen(subject, issued) if claims["aud"] == CITIZEN else _staff(subject, issued, now)


def _citizen(account_id: str, issued: float) -> Actor:
    row = store.account(account_id)
    if row is None or issued * 1000 <= row.valid_from:
        raise Unauthenticated("session_revoked")
    return Actor(row.person_id or account_id, "citizen", frozenset(CITIZEN_ROLES), session=account_id)


def _staff(user_id: str, issued: float, now: datetime) -> Actor:
    row = store.staff(user_id)
    if row is None or not row.active or issued * 1000 <= row.valid_from:
        raise Unauthenticated("session_revoked")
    return _staff_actor(row, now)


def _staff_actor(row: store.StaffRow, now: datetime) -> Actor:
    """The member in the own regions, and in those of whoever the member stands in for that day."""
    roles, scopes = frozenset(row.roles.split()), covers.scopes_of(row, clock.local_date(now))
    return Actor(row.user_id, "staff", roles, scopes, row.department, row.user_id)


def sign_out(actor: Actor, now: datetime) -> None:
    """End all sessions that the caller has, on every device."""
    ended = int(now.timestamp() * 1000)
    note = audit.entry(actor, "session.ended", actor.id, now)
    if actor.kind == "staff":
        staff = store.StaffRow(f"STAFF#{actor.id}", "STAFF")
        transact(Update(staff, [store.StaffRow.valid_from.set(ended)], store.StaffRow.pk.exists()), note)
    else:
        row = store.account_row(actor.session)
        transact(Update(row, [store.AccountRow.valid_from.set(ended)], store.AccountRow.pk.exists()), note)
