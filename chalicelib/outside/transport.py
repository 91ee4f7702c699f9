"""One HTTP exchange with an outside system, and the judgement of how it failed.

Nothing is sent twice on its own, and no redirect is followed. A failure before the request left
(no connection) is ``Unavailable``; one after it (time-out, connection lost, unreadable answer) is
``Unknown``, unless the caller says that asking again harms nobody.
"""

import json
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    PoolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from chalicelib.outside.failures import Misconfigured, OutsideError, Rejected, Unavailable, Unknown

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 45.0  # Below the idle limits of address translators and load balancers.

_SAFE_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}|-?\d{1,7}")
# A gateway answered for a server that may have done the work: the outcome is open.
_OPEN_STATUS: Final = frozenset({502, 504})

# Its debug lines and header warnings print whole addresses, and WeChat's carry tokens and codes.
logging.getLogger("urllib3").setLevel(logging.ERROR)


def new_pool() -> urllib3.PoolManager:
    """Connections with time-outs and without retries or redirects."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    return urllib3.PoolManager(num_pools=2, maxsize=4, timeout=timeout, retries=False)


@dataclass(slots=True)
class Transport:
    """Where a system is and how to speak to it.

    ``ticks`` is a monotonic clock in seconds. A connection that lay idle too long is not used again:
    it may be dead without either side knowing, and a request into it would end as ``Unknown``.
    """

    channel: str
    base_url: str
    pool: urllib3.PoolManager = field(default_factory=new_pool)
    ticks: Callable[[], float] = time.monotonic
    _last_used: float = field(default=float("-inf"), init=False)

    def get(self, path: str, query: Mapping[str, str], *, repeatable: bool) -> dict[str, Any]:
        """The JSON object that answers a GET; ``repeatable`` as in ``post``."""
        return self._exchange("GET", path, query, None, {}, repeatable)

    def post(
        self, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, repeatable: bool,
    ) -> dict[str, Any]:  # fmt: skip
        """The JSON object that answers a POST of JSON.

        ``repeatable``: asking twice has no effect but the answer, so a lost answer is ``Unavailable``
        and not ``Unknown``. Raises the four kinds of ``failures``.
        """
        payload = json.dumps(body, ensure_ascii=False).encode()
        return self._exchange("POST", path, query or {}, payload, headers or {}, repeatable)

    def _exchange(
        self, method: str, path: str, query: Mapping[str, str], payload: bytes | None,
        headers: Mapping[str, str], repeatable: bool,
    ) -> dict[str, Any]:  # fmt: skip
        if self.ticks() - self._last_used > IDLE_SECONDS:
            self.pool.clear()
        url = self.base_url + path + (f"?{urlencode(query)}" if query else "")
        kinds = {"Content-Type": "application/json"} if payload is not None else {}
        failure: OutsideError
        # Raised outside of the except block, so that the library's error is not chained.
        try:
            answer = self.pool.request(
                method, url, body=payload, headers={**kinds, **headers}, redirect=False, retries=False
            )
        except HTTPError as error:
            failure = self._broken(error)
        else:
            self._last_used = self.ticks()
            found = _read_object(answer.data)
            if 200 <= answer.status < 300 and found is not None:
                return found
            failure = self._refused(answer.status, found or {})
        if repeatable and isinstance(failure, Unknown):
            failure = Unavailable(self.channel, failure.code)
        raise failure

    def _broken(self, error: HTTPError) -> OutsideError:
        """Before the request left, or after?"""
        if isinstance(error, ProxyError):
            original = error.original_error
            return (
                self._broken(original)
                if isinstance(original, HTTPError)
                else Unavailable(self.channel, "connect")
            )
        if isinstance(error, ReadTimeoutError):
            return Unknown(self.channel, "answer_late")
        if isinstance(error, NewConnectionError | ConnectTimeoutError):
            return Unavailable(self.channel, "connect")
        if isinstance(error, SSLError) and isinstance(_cause(error), ssl.SSLCertVerificationError):
            return Misconfigured(self.channel, "certificate")
        if isinstance(error, LocationValueError):
            return Misconfigured(self.channel, "address")
        if isinstance(error, PoolError):
            return Unavailable(self.channel, "pool")
        return Unknown(self.channel, "answer_lost")

    def _refused(self, status: int, found: dict[str, Any]) -> OutsideError:
        """What an answer that is no success means."""
        said = str(found.get("code", ""))
        code = said if _SAFE_CODE.fullmatch(said) else f"http_{status}"
        if status in _OPEN_STATUS:
            return Unknown(self.channel, code)
        if status == 429 or status >= 500:
            return Unavailable(self.channel, code)
        if status in (401, 403, 404, 405, 407) or 300 <= status < 400:
            return Misconfigured(self.channel, code)
        if status >= 400:
            return Rejected(self.channel, code)
        return Unknown(self.channel, "answer_unreadable")


def _read_object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _cause(error: HTTPError) -> object:
    return error.args[0] if error.args else error.__cause__
