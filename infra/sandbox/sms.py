"""An SMS gateway: one call, a key in the header, HTTP status codes for refusals."""

import re
from typing import Final

from infra.sandbox.exchange import Answer, Request
from infra.sandbox.store import Store

AN_HOUR: Final = 30
VALUE_LIMIT: Final = 35
_PHONE: Final = re.compile(r"(?:\+86)?(1[3-9]\d{9})")
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9_-]{3,64}")


def refuse(path: str, errcode: int | str | None) -> Answer:
    """The refusal that the fault ``refuse`` gives: the number is on the gateway's block list."""
    return Answer({"code": str(errcode or "receiver_blocked")}, 400)


def send(store: Store, request: Request) -> Answer:
    """``POST /send {to, template, params}``: 30 an hour for one number."""
    if request.headers.get("x-api-key") != request.credentials.sms_key:
        return Answer({"code": "bad_key"}, 401)
    number = _PHONE.fullmatch(request.text("to"))
    if number is None:
        return Answer({"code": "bad_number"}, 400)
    template, params = request.text("template"), request.body.get("params", {})
    if not _TEMPLATE.fullmatch(template):
        return Answer({"code": "bad_template"}, 400)
    if not isinstance(params, dict) or not all(
        isinstance(value, str) and len(value) <= VALUE_LIMIT for value in params.values()
    ):
        return Answer({"code": "bad_params"}, 400)
    if store.delivered_since("sms", number[1], request.at - 3600) >= AN_HOUR:
        return Answer({"code": "rate_limited"}, 429)
    kept = store.keep("sms", number[1], template, params, request.at, answered=request.answered)
    return Answer({"id": f"S{kept}", "accepted": True})
