"""One attempt to deliver one message, so that no trouble sends it twice.

The message is claimed in the table before the other side is called and released after. Whoever finds
it claimed beyond the lease knows that a delivery was cut off in between: it may have arrived, so it
becomes ``unknown`` and is never blindly sent again.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from chalicelib import clock, config, errors, keys, texts
from chalicelib.errors import Gone, NotFound
from chalicelib.identity import service as identity
from chalicelib.messaging import model, store
from chalicelib.messaging.model import Delivery, Senders, Template
from chalicelib.outside.failures import Rejected, Unavailable, Unknown
from chalicelib.outside.wecom import Card
from chalicelib.tables import Cancelled, Write, transact

NO_CONSENT_LEFT: Final = "43101"
NO_CONSENT: Final = "no_consent"
_OTHERWISE: Final = frozenset({NO_CONSENT, NO_CONSENT_LEFT, "no_receiver"})
_INSIST: Final = 3
Call = Callable[[], str | None]


def deliver(message_id: str, now: datetime, senders: Senders) -> Delivery:
    """Try to deliver a message once, if it is time; says where it stands and when to come again.

    Harmless for a message that is done, being sent or not yet due. Raises ``NotFound("message_not_found")``
    and passes on every trouble that happened before the other side was called.
    """
    row = store.message(message_id)
    if row is None:
        raise NotFound("message_not_found")
    if row.state in model.FINAL:
        return Delivery(row.state, row.reason)  # type: ignore[arg-type]  # The store keeps the literals.
    if row.state == "sending":
        return _found_claimed(row, now)
    if row.not_before and (wait := clock.parse_iso(row.not_before) - now) > timedelta():
        return Delivery("queued", "not_yet", wait)
    if now - clock.parse_iso(row.created_at) > model.GIVE_UP_AFTER:
        return _end(row, "failed", now, row.reason or "given_up")
    if row.channel in model.RINGING and (wait := model.night_wait(now, config.quiet_hours())):
        return Delivery("queued", "quiet_hours", wait)
    return _attempt(row, now, senders)


def _found_claimed(row: store.MessageRow, now: datetime) -> Delivery:
    """Another delivery has it: wait while it may still be at work, then call the outcome unknown."""
    left = clock.parse_iso(row.claimed_at or row.created_at) + model.LEASE - now
    if left > timedelta():
        return Delivery("sending", "claimed", left)
    return _end(row, "unknown", now, "interrupted")


def _attempt(row: store.MessageRow, now: datetime, senders: Senders) -> Delivery:
    template = model.templates()[row.template]
    call = _call(row, template, senders)
    if call is None:
        return _refused(row, template, now, "no_receiver")
    if row.channel == "wecom" and (wait := _pace(row, now)):
        return Delivery("queued", "paced", wait)
    refused = _claim(row, template, now)
    if refused is not None:
        return refused
    return _outcome(row, template, call, now)


def _pace(row: store.MessageRow, now: datetime) -> timedelta:
    """How long to wait so that WeCom drops nothing; takes the receiver's slot when there is no wait."""
    if wait := model.quiet_wait(now):
        return wait
    before = store.busy_until(row.channel, row.to)
    until, wait = model.slot(before, now)
    if wait:
        # Spread, so that those who wait for one receiver do not all come back for the same slot.
        return wait + model.SPACING * (sum(row.message_id.encode()) % model.SPREAD)
    return timedelta() if store.take_slot(row.channel, row.to, before, until) else model.SPACING


def _claim(row: store.MessageRow, template: Template, now: datetime) -> Delivery | None:
    """Take the message, and the consent that it needs; the answer is set when that was refused."""
    claim = keys.new_id("D", now)
    writes: list[Write] = [store.claim(row, claim, now)]
    if _needs_consent(row, template):
        writes.append(store.spend(row.to, row.template))
    elif row.channel == "wechat" and store.budget(row.to, row.template) < 1:
        return _refused(row, template, now, NO_CONSENT)
    try:
        transact(*writes)
    except Cancelled as refused:
        if refused.failed == (1,):
            return _refused(row, template, now, NO_CONSENT)
        return Delivery("sending", "claimed", model.LEASE)
    row.state, row.claim = "sending", claim
    return None


def _needs_consent(row: store.MessageRow, template: Template) -> bool:
    """Whether one consent is used up; long-term templates only need one to be there."""
    return row.channel == "wechat" and template.wechat is not None and not template.wechat.lasting


def _outcome(row: store.MessageRow, template: Template, call: Call, now: datetime) -> Delivery:
    """Call the other side and record what it said. Whatever else is raised leaves the claim behind."""
    back: list[Write] = [store.grant(row.to, row.template, 1)] if _needs_consent(row, template) else []
    try:
        number = call()
    except Rejected as refusal:
        if row.channel == "wechat" and refusal.code == NO_CONSENT_LEFT:
            back = [store.empty_budget(row.to, row.template)]
        return _refused(row, template, now, refusal.code, back)
    except Unknown as lost:
        return _end(row, "unknown", now, lost.code)
    except Unavailable as away:
        return _put_back(row, now, away.code, back)
    return _end(row, "sent", now, number=number)


def _refused(
    row: store.MessageRow, template: Template, now: datetime, reason: str, also: Sequence[Write] = ()
) -> Delivery:
    """What WeChat may not bring, or cannot, goes by SMS where it can: the same message, so never both."""
    if row.channel != "wechat" or template.sms is None or reason not in _OTHERWISE:
        return _end(row, "rejected", now, reason, also=also)
    try:
        _record(store.turn(row, "sms", now, reason), *also)
    except Cancelled:
        return Delivery(row.state, "changed_meanwhile", model.SPACING)  # type: ignore[arg-type]
    return Delivery("queued", reason, timedelta())


def _put_back(row: store.MessageRow, now: datetime, code: str, back: list[Write]) -> Delivery:
    wait = model.pause(int(row.attempts) + 1, row.message_id)
    _record(store.put_back(row, now + wait, now, code), *back)
    return Delivery("queued", code, wait)


def _record(*writes: Write) -> None:
    """Write what the other side said, insisting a little: unwritten, it would have to count as unknown."""
    for _ in range(_INSIST - 1):
        try:
            return transact(*writes)
        except errors.Unavailable:
            continue
    return transact(*writes)


def _end(
    row: store.MessageRow,
    state: model.State,
    now: datetime,
    reason: str | None = None,
    *,
    number: str | None = None,
    also: Sequence[Write] = (),
) -> Delivery:
    try:
        _record(store.end(row, state, now, reason, number), *also)
    except Cancelled:
        # Another delivery moved it on meanwhile: what that one says counts, to be seen a moment later.
        return Delivery(row.state, "changed_meanwhile", model.SPACING)  # type: ignore[arg-type]
    return Delivery(state, reason)


def _call(row: store.MessageRow, template: Template, senders: Senders) -> Call | None:
    """The call that sends it, everything ready, or None when nobody can get it."""
    params = words(template, json.loads(row.data), "zh-CN")
    if row.channel == "wecom" and template.wecom:
        return _wecom(row.to, template, params, senders)
    if row.channel == "wechat" and template.wechat:
        return _wechat(row.to, template.wechat, params, senders)
    if row.channel == "sms" and template.sms:
        return _sms(row.to, template.sms, params, senders)
    return None


def _wecom(to: str, template: Template, params: dict[str, str], senders: Senders) -> Call:
    sender, form = senders.wecom(), template.wecom
    title, body = (text["zh-CN"].format_map(params) for text in (template.title, template.body))
    home = config.public_url()
    content: str | Card = f"{title}\n{body}"
    if home and form:
        content = Card(title[:128], body[:512], home + form.path, form.button)

    def call() -> str:
        answer = sender.send_text([to], content)
        if to in answer.invalid_users:
            raise Rejected("wecom", "invaliduser")
        return answer.msgid

    return call


def _wechat(to: str, form: model.WeChatForm, params: dict[str, str], senders: Senders) -> Call | None:
    try:
        openid = identity.receiver_of(to)
    except Gone:
        return None
    if openid is None:
        return None
    sender, values = senders.wechat(), model.wechat_values(form, params)

    def call() -> None:
        sender.send_subscription(openid, form.template_id, values, form.page)

    return call


def _sms(to: str, form: model.SmsForm, params: dict[str, str], senders: Senders) -> Call | None:
    try:
        phone = identity.profile(to).phone
    except (Gone, NotFound):
        return None
    if not phone:
        return None
    sender = senders.sms()
    filled = {
        name: model.shortened(text.format_map(params), model.SMS_LENGTH) for name, text in form.params.items()
    }
    return lambda: sender.send(phone, form.template_id, filled)


def words(template: Template, data: dict[str, str | int], language: texts.Language) -> dict[str, str]:
    """The parameters as people read them: codes replaced by their sentences."""
    found = template.defaults | {name: str(value) for name, value in data.items()}
    for name, code in template.words.items():
        found[name] = texts.sentence(code.format(found[name]), language, **found)
    return found
