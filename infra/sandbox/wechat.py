"""The calls of WeChat's mini-program platform that the services use, as its documentation tells them."""

import base64
import hashlib
import re
import secrets
from typing import Any, Final

from infra.sandbox.exchange import Answer, Request
from infra.sandbox.store import Store

CODE_SECONDS: Final = 300
TOKEN_SECONDS: Final = 7200
EARLY_SECONDS: Final = 300  # The old token is good for five more minutes after the new one is given out.
FORCED_A_DAY: Final = 20
FORCED_APART_SECONDS: Final = 30
TEXT_LIMIT: Final = 2500
_DAY: Final = 86_400

_ERRORS: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40163: "code been used",
    41001: "access_token missing",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    61010: "code is expired",
}
# The limit of each kind of template value: how long, and what it is made of.
_VALUES: Final = {
    "thing": re.compile(r".{1,20}", re.S),
    "number": re.compile(r"[+-]?\d{1,32}(\.\d{1,32})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~ ]{1,32}"),
    "time": re.compile(r".{0,24}\d{1,2}:\d{2}.{0,24}|.{0,40}\d{4}[年/.-]\d{1,2}.{0,40}"),
    "date": re.compile(r"\d{4}[年/.-]\d{1,2}[月/.-]\d{1,2}日?.{0,10}"),
    "amount": re.compile(r"[¥￥$]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": re.compile(r"[\d+\-]{1,17}"),
    "car_number": re.compile(r"\w{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .'-]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "enum": re.compile(r".{1,5}", re.S),
}
_CITIZEN: Final = re.compile(r"citizen-.{1,64}", re.S)
_PHONE: Final = re.compile(r"phone-(1[3-9]\d{9})")
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9_-]{3,64}")


def error(code: int, detail: str = "") -> Answer:
    """WeChat's form of a refusal: HTTP 200 with an ``errcode``."""
    return Answer({"errcode": code, "errmsg": f"{_ERRORS.get(code, 'error')}{detail} rid: sandbox"})


def refuse(path: str, errcode: int | str | None) -> Answer:
    """The refusal that the fault ``refuse`` gives on this path."""
    usual = 43101 if path.endswith("/subscribe/send") else 40029 if "token" not in path else 45009
    return error(errcode if isinstance(errcode, int) else usual)


def openid_of(who: str) -> str:
    """The stable openid of ``citizen-<name>``: 28 characters, as the real ones have."""
    return "o" + base64.urlsafe_b64encode(hashlib.sha256(who.encode()).digest()).decode()[:27]


def session(store: Store, request: Request) -> Answer:
    """``GET /sns/jscode2session``: who is behind a sign-in code."""
    query, keys = request.query, request.credentials
    if refusal := _application(query.get("appid"), query.get("secret"), request):
        return refusal
    if query.get("grant_type") != "authorization_code":
        return error(40002)
    code = query.get("js_code", "")
    who = code
    if not _CITIZEN.fullmatch(code):
        state, who = store.use(code, "wechat", request.at - CODE_SECONDS)
        if state != "ok":
            return error(40163 if state == "used" else 40029)
    openid = openid_of(who)
    store.know(openid, who)
    union = base64.urlsafe_b64encode(hashlib.sha256(f"{keys.appid}/{who}".encode()).digest()).decode()[:27]
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    return Answer(
        {"openid": openid, "session_key": key, "unionid": "u" + union, "errcode": 0, "errmsg": "ok"}
    )


def stable_token(store: Store, request: Request) -> Answer:
    """``POST /cgi-bin/stable_token``: the same token for two hours; by force a new one, 20 times a day."""
    if refusal := _application(request.text("appid"), request.text("secret"), request):
        return refusal
    if request.text("grant_type") != "client_credential":
        return error(40002)
    current, at = store.current_token("wechat", request.at), request.at
    forced = request.body.get("force_refresh") is True
    if forced and current is not None and at - current["issued_at"] < FORCED_APART_SECONDS:
        forced = False  # Too soon after the last: the platform hands out the same token again.
    if forced and store.forced_since("wechat", at - (at + 8 * 3600) % _DAY) >= FORCED_A_DAY:
        return error(45009)
    if current is not None and not forced and current["expires_at"] - at > EARLY_SECONDS:
        return Answer({"access_token": current["token"], "expires_in": int(current["expires_at"] - at)})
    token = "80_" + secrets.token_urlsafe(48)
    store.add_token("wechat", token, at, TOKEN_SECONDS, forced)
    return Answer({"access_token": token, "expires_in": TOKEN_SECONDS})


def phone_number(store: Store, request: Request) -> Answer:
    """``POST /wxa/business/getuserphonenumber``: the number behind a phone code."""
    if refusal := _token(store, request):
        return refusal
    code = request.text("code")
    if known := _PHONE.fullmatch(code):
        number = known[1]
    else:
        state, number = store.use(code, "phone", request.at - CODE_SECONDS)
        if state != "ok":
            return error(40029)
    mark = {"timestamp": int(request.at), "appid": request.credentials.appid}
    info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": mark}
    return Answer({"errcode": 0, "errmsg": "ok", "phone_info": info})


def subscribe_send(store: Store, request: Request) -> Answer:
    """``POST /cgi-bin/message/subscribe/send``: exactly one message for each consent."""
    if refusal := _token(store, request):
        return refusal
    openid, template = request.text("touser"), request.text("template_id")
    if not store.is_known(openid):
        return error(40003)
    if not _TEMPLATE.fullmatch(template):
        return error(40037)
    data = request.body.get("data")
    if wrong := _wrong_value(data):
        return error(47003, f" {wrong}")
    if store.consents(openid, template) == 0:
        return error(43101)
    store.spend(openid, template)
    shown = {name: str(entry["value"]) for name, entry in data.items()} if isinstance(data, dict) else {}
    number = store.keep(
        "wechat", openid, template, shown, request.at, answered=request.answered, page=request.text("page")
    )
    return Answer({"errcode": 0, "errmsg": "ok", "msgid": number})


def check_text(store: Store, request: Request) -> Answer:
    """``POST /wxa/msg_sec_check``: whether a text may be shown; 违规 in it is risky, 待审 wants a look."""
    if refusal := _token(store, request):
        return refusal
    if not store.is_known(request.text("openid")):
        return error(40003)
    content = request.text("content")
    if not content or request.body.get("version") != 2 or request.body.get("scene") not in (1, 2, 3, 4):
        return error(47001)
    if len(content) > TEXT_LIMIT:
        return error(45002)
    suggest, label = (
        ("risky", 21000) if "违规" in content else ("review", 21000) if "待审" in content else ("pass", 100)
    )
    result = {"suggest": suggest, "label": label}
    return Answer({"errcode": 0, "errmsg": "ok", "result": result, "trace_id": secrets.token_hex(8)})


def _application(appid: str | None, secret: str | None, request: Request) -> Answer | None:
    if appid != request.credentials.appid:
        return error(40013)
    return None if secret == request.credentials.secret else error(40125)


def _token(store: Store, request: Request) -> Answer | None:
    token = request.query.get("access_token", "")
    if not token:
        return error(41001)
    state = store.judge_token("wechat", token, request.at)
    return None if state == "ok" else error(42001 if state == "expired" else 40001)


def _wrong_value(data: Any) -> str:
    """Which template value breaks its limit, in WeChat's words; empty when none does."""
    if not isinstance(data, dict) or not data:
        return "data is empty"
    for name, entry in data.items():
        rule = _VALUES.get(re.sub(r"\d+$", "", name))
        value = entry.get("value") if isinstance(entry, dict) else None
        if rule is None or value is None or not rule.fullmatch(str(value)):
            return f"data.{name}.value invalid"
    return ""
