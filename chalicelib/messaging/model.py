"""Values and rules of messages: templates, limits of the channels, when to try again. Pure."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from pydantic import Field

from chalicelib import clock
from chalicelib.shapes import Shape

Channel = Literal["wechat", "wecom", "sms", "inbox"]
State = Literal["queued", "sending", "sent", "rejected", "unknown", "failed"]
FINAL: Final = frozenset({"sent", "rejected", "unknown", "failed"})
TROUBLES: Final = frozenset({"rejected", "unknown", "failed"})

# Longer than a delivery can last: the function is stopped after 60 s. After it, nobody is at work on it.
LEASE: Final = timedelta(seconds=120)
# An outage may last a night and a day; later than this nobody wants the message any more.
GIVE_UP_AFTER: Final = timedelta(days=2)
FIRST_PAUSE: Final = 15
LONGEST_PAUSE: Final = 900  # SQS delays no longer.
KEPT: Final = timedelta(days=366)
MOST_CONSENTS: Final = 20

# WeCom drops in silence what exceeds 30 a minute or 1,000 an hour for one member. One message each
# 4 s after a burst of 10 never comes near either, in any window: 10 + 15 = 25, and 10 + 900 = 910.
SPACING: Final = timedelta(seconds=4)
BURST: Final = 10
SPREAD: Final = 16
BUSY_MINUTES: Final = (0, 30)
# These ring a phone that may lie beside a bed; staff's cards wait for the worker's day by themselves.
RINGING: Final = frozenset({"wechat", "sms"})
_DAY: Final = timedelta(days=1)

# Characters that WeChat allows in a value, by the kind that its name begins with.
VALUE_LENGTHS: Final = {
    "thing": 20,
    "character_string": 32,
    "phrase": 5,
    "name": 10,
    "letter": 32,
    "time": 32,
}
SMS_LENGTH: Final = 35
_JOINERS: Final = frozenset({"\u200d", "\ufe0e", "\ufe0f"})


class WeChatForm(Shape):
    """The template as WeChat knows it. ``lasting``: a long-term one, for which a consent does not run out."""

    template_id: str
    lasting: bool
    page: str
    fields: dict[str, str]


class WeComForm(Shape):
    """The card that staff get; ``path`` is opened in the console."""

    path: str
    button: str


class SmsForm(Shape):
    """The template as the SMS gateway knows it."""

    template_id: str
    params: dict[str, str]


class Template(Shape):
    """One kind of message. ``words``: parameters that are codes, and how their sentence's code is made, in order:
    a sentence may hold what came before it. ``defaults``: what parameters are that need not be given.
    """

    title: dict[str, str]
    body: dict[str, str]
    params: tuple[str, ...]
    words: dict[str, str] = {}
    defaults: dict[str, str] = {}
    wechat: WeChatForm | None = None
    wecom: WeComForm | None = None
    sms: SmsForm | None = None

    def serves(self, channel: str) -> bool:
        """Whether this message can go that way; every one can stand in an inbox."""
        return channel == "inbox" or getattr(self, channel, None) is not None


@cache
def templates() -> dict[str, Template]:
    """All templates by name."""
    text = Path(__file__).with_name("templates.json").read_text("utf-8")
    return {name: Template.model_validate(form) for name, form in json.loads(text).items()}


def shortened(text: str, length: int) -> str:
    """At most ``length`` UTF-16 units, ended by ``…`` when cut; never half a character, never a line break.

    An empty text becomes ``-``: WeChat refuses empty values.
    """
    plain = " ".join("".join(" " if _is_control(c) else c for c in text).split()) or "-"
    if _units(plain) <= length:
        return plain
    kept = ""
    for character in plain:
        if _units(kept + character) > length - 1:
            break
        kept += character
    rest = plain[len(kept) :]
    # An emoji of several parts or a letter with its accent goes as a whole.
    while kept and rest and (_belongs_before(rest[0]) or kept[-1] in _JOINERS):
        kept, rest = kept[:-1], kept[-1] + rest
    return kept + "…"


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}


def _belongs_before(character: str) -> bool:
    return character in _JOINERS or unicodedata.combining(character) != 0


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def wechat_values(form: WeChatForm, params: Mapping[str, str]) -> dict[str, str]:
    """The template's values, each within its limit."""
    filled = {name: text.format_map(params) for name, text in form.fields.items()}
    return {name: _fit(name, value) for name, value in filled.items()}


def _fit(name: str, value: str) -> str:
    kind = name.rstrip("0123456789")
    if kind not in VALUE_LENGTHS:
        return value
    if kind == "character_string":
        return "".join(c for c in value if " " <= c <= "~")[: VALUE_LENGTHS[kind]] or "-"
    return shortened(value, VALUE_LENGTHS[kind])


def pause(attempts: int, message_id: str) -> timedelta:
    """How long to wait after so many failed attempts: doubling up to 15 minutes, spread by a fifth.

    The spread comes from the id, so that messages stopped together do not all come back together.
    """
    seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))
    spread = sum(message_id.encode()) % 20
    return timedelta(seconds=seconds - seconds * spread // 100)


def slot(busy_until: datetime | None, now: datetime) -> tuple[datetime, timedelta]:
    """Whether one more message may go to a receiver now: the new ``busy_until`` and how long to wait first.

    No wait means that it may go; then ``busy_until`` is to be kept (a generic cell rate).
    """
    start = max(busy_until or now, now)
    ahead = start - now - SPACING * (BURST - 1)
    if ahead > timedelta():
        return start, ahead
    return start + SPACING, timedelta()


def night_wait(now: datetime, hours: str) -> timedelta:
    """How long people are to be left alone yet: ``hours`` as ``22:00-08:00`` of Foshan, over midnight or not."""
    if not hours:
        return timedelta()
    first, last = (time.fromisoformat(end) for end in hours.split("-"))
    here = now.astimezone(clock.SHANGHAI)
    since = (here - here.replace(hour=first.hour, minute=first.minute, second=0, microsecond=0)) % _DAY
    length = timedelta(hours=last.hour - first.hour, minutes=last.minute - first.minute) % _DAY
    return max(length - since, timedelta())


def quiet_wait(now: datetime) -> timedelta:
    """How long until the minute is over when it is one that everybody's schedules use (0 and 30)."""
    if now.minute not in BUSY_MINUTES:
        return timedelta()
    return timedelta(seconds=60 - now.second)


class Card(Protocol):
    """What a sender answers for one message to a member of staff."""

    @property
    def msgid(self) -> str:
        """The other side's number of it."""
        ...

    @property
    def invalid_users(self) -> tuple[str, ...]:
        """Receivers that it does not know."""
        ...


class WeChatSender(Protocol):
    """Sends to a person who allowed it."""

    def send_subscription(
        self, openid: str, template: str, data: Mapping[str, str], page: str | None = None
    ) -> None:
        """One message for one consent."""
        ...


class WeComSender(Protocol):
    """Sends to members of staff."""

    def send_text(self, user_ids: Sequence[str], content: Any, *, once: bool = False) -> Card:
        """One message to some members."""
        ...


class SmsSender(Protocol):
    """Sends to a phone."""

    def send(self, phone: str, template: str, params: Mapping[str, str]) -> str:
        """One message; the gateway's number for it."""
        ...


@dataclass(frozen=True, slots=True)
class Senders:
    """How each channel's client is had: made when it is first needed."""

    wechat: Callable[[], WeChatSender]
    wecom: Callable[[], WeComSender]
    sms: Callable[[], SmsSender]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a message stands after a delivery; ``again_in`` when it has to be tried later."""

    state: State
    reason: str | None = None
    again_in: timedelta | None = None


class MessageView(Shape):
    """One message as its receiver reads it."""

    id: str
    at: str
    title: str
    body: str
    channel: Channel
    state: State


class InboxQuery(Shape):
    """A page of the inbox."""

    limit: int = Field(default=20, ge=1, le=100)
    next: str | None = None


class NewConsent(Shape):
    """What the phone reports after the person allowed messages."""

    template: str = Field(min_length=1, max_length=64)
    count: int = Field(default=1, ge=1, le=MOST_CONSENTS)


class ConsentView(Shape):
    """How many messages of a template the person still allows; ``lasting`` ones do not run out."""

    template: str
    left: int
    lasting: bool


class Consents(Shape):
    """The caller's consents to messages."""

    items: list[ConsentView]


class TroubleQuery(Shape):
    """Which troubles of which day to list."""

    state: Literal["rejected", "unknown", "failed"] = "unknown"
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = None


class Attempt(Shape):
    """The receipt of one attempt."""

    at: str
    state: str
    code: str | None = None


class ReceiptView(Shape):
    """What became of a message, attempt by attempt; neither its words nor whom it was for."""

    id: str
    channel: Channel
    template: str
    state: State
    reason: str | None
    at: str
    attempts: list[Attempt]


class TroubleView(ReceiptView):
    """A message that did not arrive, or of which nobody knows; whom it was for is not shown."""


class Receipts(Shape):
    """The messages about a case, the oldest first."""

    items: list[ReceiptView]
