"""WeCom (企业微信; 粤政易 is a private one): which member of staff signs in, and messages to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import urllib3

from chalicelib import aws, clock, config
from chalicelib.outside.failures import Rejected, Unknown
from chalicelib.outside.tencent import TokenCalls
from chalicelib.outside.transport import Transport, new_pool

CHANNEL: Final = "wecom"
RECEIVERS: Final = 1000
TEXT_BYTES: Final = 2048
REPEAT_SECONDS: Final = 14_400  # The longest that WeCom remembers a message to suppress its repeat.


@dataclass(frozen=True, slots=True)
class Credentials:
    """The corporation, its secret for this application, and the application's number."""

    corpid: str
    corpsecret: str = field(repr=False)
    agentid: int


@dataclass(frozen=True, slots=True)
class Markdown:
    """Text with WeCom's small markdown; at most 2,048 bytes."""

    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """A card with a title (128 characters), a description (512) and an address to open."""

    title: str
    description: str
    url: str
    button: str = "详情"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Taken by WeCom. Beyond 30 a minute or 1,000 an hour for one member it drops messages without a word."""

    msgid: str
    invalid_users: tuple[str, ...]


class WeCom:
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

    def user(self, code: str) -> str:
        """The user id behind a sign-in code, which this uses up.

        ``Rejected``: 40029 unknown, too old or used; ``not_a_member`` somebody outside the corporation.
        ``Unknown``: ask for a new code.
        """
        answer = self._calls.get("/cgi-bin/auth/getuserinfo", {"code": code}, repeatable=False)
        userid = answer.get("userid")
        if not isinstance(userid, str) or not userid:
            raise Rejected(CHANNEL, "not_a_member")
        return userid

    def send_text(
        self, user_ids: Sequence[str], content: str | Markdown | Card, *, once: bool = False
    ) -> Delivery:
        """Send to 1 to 1,000 members; those that WeCom does not know come back in ``invalid_users``.

        ``once``: WeCom suppresses the same content to the same member for 4 hours, so that sending
        again after ``Unknown`` reaches nobody twice. ``Rejected``: 81013 no receiver is known,
        40058 the content breaks a limit, ``text_too_long``.
        """
        if not 1 <= len(user_ids) <= RECEIVERS:
            raise ValueError("1 to 1000 receivers")
        body: dict[str, Any] = {
            "touser": "|".join(user_ids),
            "agentid": self._credentials.agentid,
            **_form(content),
        }
        if once:
            body |= {"enable_duplicate_check": 1, "duplicate_check_interval": REPEAT_SECONDS}
        answer = self._calls.post("/cgi-bin/message/send", body, repeatable=False)
        msgid, invalid = answer.get("msgid"), answer.get("invaliduser") or ""
        if not isinstance(msgid, str) or not isinstance(invalid, str):
            raise Unknown(CHANNEL, "answer_unreadable")
        return Delivery(msgid, tuple(name for name in invalid.split("|") if name))

    def _fetch_token(self, force: bool) -> dict[str, Any]:
        """WeCom knows no force: a revoked token is simply followed by another."""
        query = {"corpid": self._credentials.corpid, "corpsecret": self._credentials.corpsecret}
        return self._transport.get("/cgi-bin/gettoken", query, repeatable=True)


def _form(content: str | Markdown | Card) -> dict[str, Any]:
    match content:
        case Card(title, description, url, button):
            card = {"title": title, "description": description, "url": url, "btntxt": button}
            return {"msgtype": "textcard", "textcard": card}
        case Markdown(text):
            return {"msgtype": "markdown", "markdown": {"content": _within(text)}}
        case text:
            return {"msgtype": "text", "text": {"content": _within(text)}}


def _within(text: str) -> str:
    """The text itself; WeCom would cut a longer one in silence, so it is refused here."""
    if len(text.encode()) > TEXT_BYTES:
        raise Rejected(CHANNEL, "text_too_long")
    return text


def from_config() -> WeCom:
    """The client of this function: ``URL_WECOM``, secret ``wecom`` (corpid, corpsecret, agentid)."""
    secret = aws.secret("wecom")
    credentials = Credentials(secret["corpid"], secret["corpsecret"], int(secret["agentid"]))
    return _kept(config.url("wecom"), credentials)


@lru_cache(maxsize=1)
def _kept(base_url: str, credentials: Credentials) -> WeCom:
    return WeCom(base_url, credentials)
