"""The mini-program platform of WeChat: who signs in, their phone number, one-time messages, text checks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

import urllib3

from chalicelib import aws, clock, config
from chalicelib.outside.failures import Unknown
from chalicelib.outside.tencent import TokenCalls, checked
from chalicelib.outside.transport import Transport, new_pool

CHANNEL: Final = "wechat"
TEXT_LIMIT: Final = 2500

Verdict = Literal["pass", "review", "risky"]
# Where a text will stand: WeChat judges a profile otherwise than a comment.
_SCENE_FORUM: Final = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """The mini-program's id and secret."""

    appid: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in. The session key stays behind: nobody needs it, and it must never reach a client."""

    openid: str
    unionid: str | None


class WeChat:
    """A thin client; every call may raise the kinds of ``failures``."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        pool: urllib3.PoolManager | None = None,
        now: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        self._credentials = credentials
        self._transport = Transport(CHANNEL, base_url, pool or new_pool())
        self._calls = TokenCalls(self._transport, self._fetch_token, now)

    def session(self, code: str) -> Session:
        """Who stands behind a sign-in code, which this uses up.

        ``Rejected`` 40029 or 40163: unknown, too old or used. ``Unknown``: the code may be used up;
        ask for a new one.
        """
        keys = self._credentials
        query = {
            "appid": keys.appid,
            "secret": keys.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = checked(CHANNEL, self._transport.get("/sns/jscode2session", query, repeatable=False))
        openid, unionid = answer.get("openid"), answer.get("unionid")
        if not isinstance(openid, str) or not openid:
            raise Unknown(CHANNEL, "answer_unreadable")
        return Session(openid, unionid if isinstance(unionid, str) and unionid else None)

    def phone_number(self, code: str) -> str:
        """The phone number, without country code, behind a phone code, which this uses up.

        ``Rejected`` 40029: unknown, too old or used. ``Unknown``: ask for a new code.
        """
        answer = self._calls.post("/wxa/business/getuserphonenumber", {"code": code}, repeatable=False)
        info = answer.get("phone_info")
        number = info.get("purePhoneNumber") if isinstance(info, dict) else None
        if not isinstance(number, str) or not number:
            raise Unknown(CHANNEL, "answer_unreadable")
        return number

    def send_subscription(
        self, openid: str, template: str, data: Mapping[str, str], page: str | None = None
    ) -> None:
        """Send one message for one consent; ``page`` opens when it is tapped.

        ``Rejected``: 43101 no consent is left, 47003 a value breaks its limit (thing: 20 characters),
        40003 no such person, 40037 no such template. ``Unknown``: it may have arrived and used
        the consent up.
        """
        body: dict[str, Any] = {"touser": openid, "template_id": template}
        body["data"] = {name: {"value": value} for name, value in data.items()}
        if page is not None:
            body["page"] = page
        self._calls.post("/cgi-bin/message/subscribe/send", body, repeatable=False)

    def check_text(self, openid: str, text: str) -> Verdict:
        """Whether a text of at most 2,500 characters may be shown; ``review`` wants a person's look.

        An answer that is neither pass nor risky is ``review``. Asking again harms nobody, so a lost answer is
        ``Unavailable`` here.
        """
        body = {"openid": openid, "scene": _SCENE_FORUM, "version": 2, "content": text}
        result = self._calls.post("/wxa/msg_sec_check", body, repeatable=True).get("result")
        suggest = result.get("suggest") if isinstance(result, dict) else None
        return "pass" if suggest == "pass" else "risky" if suggest == "risky" else "review"

    def _fetch_token(self, force: bool) -> dict[str, Any]:
        keys = self._credentials
        body = {
            "grant_type": "client_credential",
            "appid": keys.appid,
            "secret": keys.secret,
            "force_refresh": force,
        }
        return self._transport.post("/cgi-bin/stable_token", body, repeatable=True)


def from_config() -> WeChat:
    """The client of this function's settings: ``URL_WECHAT``, secret ``wechat`` (appid, secret)."""
    secret = aws.secret("wechat")
    return _kept(config.url("wechat"), Credentials(secret["appid"], secret["secret"]))


@lru_cache(maxsize=1)
def _kept(base_url: str, credentials: Credentials) -> WeChat:
    return WeChat(base_url, credentials)
