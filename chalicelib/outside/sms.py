"""The SMS gateway: one message by template to one phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import urllib3

from chalicelib import aws, config
from chalicelib.outside.failures import Unknown
from chalicelib.outside.transport import Transport, new_pool

CHANNEL: Final = "sms"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The gateway's key."""

    key: str = field(repr=False)


class Sms:
    """A thin client; every call may raise the kinds of ``failures``."""

    def __init__(
        self, base_url: str, credentials: Credentials, pool: urllib3.PoolManager | None = None
    ) -> None:
        self._credentials = credentials
        self._transport = Transport(CHANNEL, base_url, pool or new_pool())

    def send(self, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send a message; gives the gateway's number for it.

        ``Rejected``: ``bad_number``, ``bad_template``, ``bad_params`` (35 characters a value),
        ``receiver_blocked``. ``Unavailable`` ``rate_limited``: too many to this phone.
        """
        body = {"to": phone, "template": template, "params": dict(params)}
        headers = {"X-Api-Key": self._credentials.key}
        answer = self._transport.post("/send", body, headers=headers, repeatable=False)
        number = answer.get("id")
        if answer.get("accepted") is not True or not isinstance(number, str):
            raise Unknown(CHANNEL, "answer_unreadable")
        return number


def from_config() -> Sms:
    """The client of this function's settings (``URL_SMS``, secret ``sms``: key), kept while warm."""
    return _kept(config.url("sms"), Credentials(aws.secret("sms")["key"]))


@lru_cache(maxsize=1)
def _kept(base_url: str, credentials: Credentials) -> Sms:
    return Sms(base_url, credentials)
