"""The sandbox's own routes: what was sent, what a phone would do, and orders for trouble."""

import re
import secrets
from pathlib import Path
from typing import Any, Final

from infra.sandbox import wechat
from infra.sandbox.exchange import Answer, Request
from infra.sandbox.faults import CHANNELS, BadFault, Faults
from infra.sandbox.store import LASTING, Store

PAGE_MOST: Final = 1000
_PAGE: Final = Path(__file__).with_name("page.html")


def page(store: Store, faults: Faults, request: Request) -> Answer:
    """``GET /``: the page that shows it all."""
    return Answer(html=_PAGE.read_text("utf-8"))


def health(store: Store, faults: Faults, request: Request) -> Answer:
    """``GET /health``: up, and how much is kept."""
    return Answer({"status": "ok", "messages": store.totals()})


def messages(store: Store, faults: Faults, request: Request) -> Answer:
    """``GET /messages?to=&channel=&limit=&after=&newest=1``: what was sent, in order, paged by ``next``."""
    query = request.query
    limit = min(_whole(query.get("limit"), 500), PAGE_MOST)
    newest = query.get("newest") == "1"
    items = store.messages(
        query.get("to", ""), query.get("channel", ""), limit, _whole(query.get("after"), 0), newest
    )
    more = str(items[-1]["id"]) if len(items) == limit and items and not newest else None
    return Answer({"items": items, "next": more})


def receivers(store: Store, faults: Faults, request: Request) -> Answer:
    """``GET /receivers``: everybody who was sent something."""
    return Answer({"items": store.receivers()})


def consent(store: Store, faults: Faults, request: Request) -> Answer:
    """``POST /consents {openid | citizen, template, count | lasting}``: the tap on "allow"."""
    openid, who, template = request.text("openid"), request.text("citizen"), request.text("template")
    count = LASTING if request.body.get("lasting") is True else request.body.get("count", 1)
    if bool(openid) == bool(who):
        return _wrong("openid")
    if not template:
        return _wrong("template")
    if isinstance(count, bool) or not isinstance(count, int) or (count != LASTING and not 1 <= count <= 1000):
        return _wrong("count")
    if who:
        who = who if who.startswith("citizen-") else f"citizen-{who}"
        openid = wechat.openid_of(who)
    store.know(openid, who or openid)
    return Answer(
        {"openid": openid, "template": template, "remaining": store.grant(openid, template, count)}, 201
    )


def code(store: Store, faults: Faults, request: Request) -> Answer:
    """``POST /codes {kind: wechat|wecom|phone, subject}``: a real code, for one use within five minutes."""
    kind, subject = request.text("kind"), request.text("subject")
    wanted = {"wechat": r"citizen-.{1,64}", "wecom": r"staff-.{1,64}", "phone": r"1[3-9]\d{9}"}
    if kind not in wanted:
        return _wrong("kind")
    if not re.fullmatch(wanted[kind], subject):
        return _wrong("subject")
    fresh = "0" + secrets.token_urlsafe(24)
    store.issue(fresh, kind, subject.removeprefix("staff-"), request.at)
    return Answer({"code": fresh, "expires_in": wechat.CODE_SECONDS}, 201)


def revoke(store: Store, faults: Faults, request: Request) -> Answer:
    """``POST /revocations {channel}``: end the access tokens, as when another program refreshes by force."""
    channel = request.text("channel")
    if channel not in ("wechat", "wecom"):
        return _wrong("channel")
    store.revoke_tokens(channel)
    return Answer({"channel": channel})


def list_faults(store: Store, faults: Faults, request: Request) -> Answer:
    """``GET /faults``: every channel with its fault."""
    return Answer({"items": faults.listing()})


def order_fault(store: Store, faults: Faults, request: Request) -> Answer:
    """``POST /faults {channel, mode, share, seconds?, errcode?, close?}``: trouble from now on."""
    try:
        faults.order(dict(request.body))
    except BadFault as wrong:
        return _wrong(str(wrong), allowed={"channel": [*CHANNELS, "all"]})
    return Answer({"items": faults.listing()})


def clear_faults(store: Store, faults: Faults, request: Request) -> Answer:
    """``DELETE /faults``: all well again."""
    faults.clear()
    return Answer({"items": faults.listing()})


def _wrong(field: str, **more: Any) -> Answer:
    return Answer({"code": "invalid", "field": field, **more}, 422)


def _whole(text: str | None, usual: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else usual
