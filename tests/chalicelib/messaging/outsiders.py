"""Senders that tests hand in: they keep what they were given and fail as they are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.messaging.model import Senders
from chalicelib.outside.failures import OutsideError


@dataclass(frozen=True)
class Taken:
    msgid: str = "n1"
    invalid_users: tuple[str, ...] = ()


class Killed(BaseException):
    """The function was stopped: nothing in the code may catch this."""


@dataclass
class Outsider:
    """One other side. ``trouble`` is raised before or after the message is taken."""

    sent: list[tuple[Any, ...]] = field(default_factory=list)
    before: BaseException | None = None
    after: BaseException | None = None
    invalid: tuple[str, ...] = ()
    meanwhile: Callable[[], None] = lambda: None

    def _take(self, *message: Any) -> None:
        if self.before:
            raise self.before
        self.sent.append(message)
        self.meanwhile()
        if self.after:
            raise self.after

    def send_text(self, user_ids: Sequence[str], content: Any, *, once: bool = False) -> Taken:
        self._take(tuple(user_ids), content)
        return Taken(invalid_users=self.invalid)

    def send_subscription(
        self, openid: str, template: str, data: Mapping[str, str], page: str | None = None
    ) -> None:
        self._take(openid, template, dict(data), page)

    def send(self, phone: str, template: str, params: Mapping[str, str]) -> str:
        self._take(phone, template, dict(params))
        return "n2"


def senders(outsider: Outsider) -> Senders:
    """All channels lead to the one outsider."""
    return Senders(wechat=lambda: outsider, wecom=lambda: outsider, sms=lambda: outsider)


def refusing(error: OutsideError) -> Outsider:
    return Outsider(before=error)
