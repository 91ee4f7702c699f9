"""The calls of WeCom (企业微信; 粤政易 is a private one) that the services use."""

import hashlib
import json
import re
import secrets
from typing import Any, Final

from infra.sandbox.exchange import Answer, Request
from infra.sandbox.store import Store

CODE_SECONDS: Final = 300
TOKEN_SECONDS: Final = 7200
A_MINUTE: Final = 30
AN_HOUR: Final = 1000
RECEIVERS: Final = 1000
TEXT_BYTES: Final = 2048
REPEAT_SECONDS: Final = 1800
REPEAT_MOST: Final = 14_400

_ERRORS: Final = {
    -1: "system busy",
    40001: "invalid credential",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    41001: "access_token missing",
    42001: "access_token expired",
    44004: "text content is empty",
    45009: "api freq out of limit",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
}
# Members of the directory are all user ids of this form, but for those that start with "nobody".
_MEMBER: Final = re.compile(r"(?!nobody)[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_STAFF: Final = re.compile(r"staff-([A-Za-z0-9_.@-]{1,64})")


def error(code: int) -> Answer:
    """WeCom's form of a refusal: HTTP 200 with an ``errcode``."""
    return Answer({"errcode": code, "errmsg": f"{_ERRORS.get(code, 'error')}, hint: [sandbox]"})


def refuse(path: str, errcode: int | str | None) -> Answer:
    """The refusal that the fault ``refuse`` gives: 60020 (unknown caller address) unless told otherwise."""
    return error(errcode if isinstance(errcode, int) else 60020)


def token(store: Store, request: Request) -> Answer:
    """``GET /cgi-bin/gettoken``: the same token until it ends."""
    if request.query.get("corpid") != request.credentials.corpid:
        return error(40013)
    if request.query.get("corpsecret") != request.credentials.corpsecret:
        return error(40001)
    current = store.current_token("wecom", request.at)
    if current is not None:
        known, left = current["token"], int(current["expires_at"] - request.at)
    else:
        known, left = secrets.token_urlsafe(64), TOKEN_SECONDS
        store.add_token("wecom", known, request.at, TOKEN_SECONDS)
    return Answer({"errcode": 0, "errmsg": "ok", "access_token": known, "expires_in": left})


def user(store: Store, request: Request) -> Answer:
    """``GET /cgi-bin/auth/getuserinfo``: the member behind a sign-in code; outsiders have an openid only."""
    if refusal := _token(store, request):
        return refusal
    code = request.query.get("code", "")
    if known := _STAFF.fullmatch(code):
        who = known[1]
    else:
        state, who = store.use(code, "wecom", request.at - CODE_SECONDS)
        if state != "ok":
            return error(40029)
    if not _MEMBER.fullmatch(who):
        outsider = hashlib.sha256(who.encode()).hexdigest()[:28]
        return Answer({"errcode": 0, "errmsg": "ok", "openid": outsider})
    return Answer({"errcode": 0, "errmsg": "ok", "userid": who})


def send(store: Store, request: Request) -> Answer:
    """``POST /cgi-bin/message/send``: partly bad receivers are named, the excess over the limits is not."""
    if refusal := _token(store, request):
        return refusal
    receivers = list(dict.fromkeys(name for name in request.text("touser").split("|") if name))
    if len(receivers) > RECEIVERS:
        return error(40058)
    if request.body.get("agentid") != request.credentials.agentid:
        return error(40056)
    kind, content = request.text("msgtype"), _content(request)
    if content is None:
        return error(44004 if kind in ("text", "markdown") else 40058 if kind == "textcard" else 40008)
    if kind == "markdown" and len(content["content"].encode()) > TEXT_BYTES:
        return error(40058)
    members = [name for name in receivers if _MEMBER.fullmatch(name)]
    if not members:
        return error(81013)
    for name in members:
        _deliver(store, request, name, kind, content)
    invalid = "|".join(name for name in receivers if name not in members)
    number = secrets.token_urlsafe(24)
    return Answer({"errcode": 0, "errmsg": "ok", "invaliduser": invalid, "invalidparty": "", "msgid": number})


def _deliver(store: Store, request: Request, member: str, kind: str, content: dict[str, str]) -> None:
    if request.body.get("enable_duplicate_check") == 1 and _is_repeat(store, request, member, content):
        return
    minute = store.delivered_since("wecom", member, request.at - 60)
    hour = store.delivered_since("wecom", member, request.at - 3600)
    status = "delivered" if minute < A_MINUTE and hour < AN_HOUR else "dropped"
    store.keep("wecom", member, kind, content, request.at, status=status, answered=request.answered)


def _is_repeat(store: Store, request: Request, member: str, content: dict[str, str]) -> bool:
    wanted = request.body.get("duplicate_check_interval")
    seconds = min(wanted, REPEAT_MOST) if isinstance(wanted, int) and wanted > 0 else REPEAT_SECONDS
    fingerprint = hashlib.sha256(json.dumps([member, content], sort_keys=True).encode()).hexdigest()
    return store.is_repeat(fingerprint, request.at, seconds)


def _content(request: Request) -> dict[str, str] | None:
    """The message itself, text cut at 2,048 bytes as WeCom does; None when missing or of no known kind."""
    kind = request.text("msgtype")
    given: Any = request.body.get(kind) if kind in ("text", "markdown", "textcard") else None
    wanted = ("title", "description", "url") if kind == "textcard" else ("content",)
    if not isinstance(given, dict) or not all(
        isinstance(given.get(name), str) and given[name] for name in wanted
    ):
        return None
    content = {name: text for name, text in given.items() if isinstance(text, str)}
    if kind == "text":
        content["content"] = content["content"].encode()[:TEXT_BYTES].decode(errors="ignore")
    return content


def _token(store: Store, request: Request) -> Answer | None:
    given = request.query.get("access_token", "")
    if not given:
        return error(41001)
    state = store.judge_token("wecom", given, request.at)
    return None if state == "ok" else error(42001 if state == "expired" else 40014)
