"""The real-name check: do this name and this identity number belong to one person?"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import urllib3

from chalicelib import aws, config
from chalicelib.outside.failures import Unavailable
from chalicelib.outside.transport import Transport, new_pool

CHANNEL: Final = "realname"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key of the checking service."""

    key: str = field(repr=False)


class RealName:
    """A thin client; a check changes nothing, so a lost answer is ``Unavailable``: ask again."""

    def __init__(
        self, base_url: str, credentials: Credentials, pool: urllib3.PoolManager | None = None
    ) -> None:
        self._credentials = credentials
        self._transport = Transport(CHANNEL, base_url, pool or new_pool())

    def check(self, name: str, id_number: str) -> bool:
        """Whether they belong together; false also for a number that nobody has."""
        headers = {"X-Api-Key": self._credentials.key}
        body = {"name": name, "id_number": id_number}
        match = self._transport.post("/check", body, headers=headers, repeatable=True).get("match")
        if not isinstance(match, bool):
            raise Unavailable(CHANNEL, "answer_unreadable")
        return match


def from_config() -> RealName:
    """The client of this function's settings: ``URL_REALNAME``, secret ``realname`` (key)."""
    return _kept(config.url("realname"), Credentials(aws.secret("realname")["key"]))


@lru_cache(maxsize=1)
def _kept(base_url: str, credentials: Credentials) -> RealName:
    return RealName(base_url, credentials)
