"""What WeChat and WeCom have in common: access tokens and ``errcode`` in the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.outside.failures import Misconfigured, OutsideError, Rejected, Unavailable
from chalicelib.outside.transport import Transport

MARGIN: Final = timedelta(seconds=60)

_TOKEN_REFUSED: Final = frozenset({40001, 40014, 42001})
_LATER: Final = frozenset({-1, 45009, 45011, 45033})
# Keys, calling address, permissions, agent: the request is right and our set-up is not.
_OURS: Final = frozenset(
    {
        40002,
        40013,
        40056,
        40125,
        40164,
        40243,
        41001,
        41002,
        41004,
        48001,
        48002,
        48004,
        50002,
        60011,
        60020,
        301002,
    }
)


def failure_of(channel: str, errcode: int) -> OutsideError:
    """The kind of failure that an ``errcode`` other than 0 means; unheard-of codes are ``Rejected``."""
    if errcode in _LATER:
        return Unavailable(channel, str(errcode))
    if errcode in _OURS or errcode in _TOKEN_REFUSED:
        return Misconfigured(channel, str(errcode))
    return Rejected(channel, str(errcode))


def checked(channel: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer itself when its ``errcode`` is 0 or absent; raises otherwise."""
    if errcode := _errcode(answer):
        raise failure_of(channel, errcode)
    return answer


@dataclass(slots=True)
class TokenCalls:
    """Calls that carry an access token, kept until a minute before its end.

    ``fetch(force)`` gets the answer of the system's token call. A token that the system refuses is replaced
    once and the call made again: a refused call was not carried out.
    """

    transport: Transport
    fetch: Callable[[bool], dict[str, Any]]
    now: Callable[[], datetime]
    _token: str = field(default="", init=False, repr=False)
    _good_until: datetime | None = field(default=None, init=False)

    def get(self, path: str, query: Mapping[str, str], *, repeatable: bool) -> dict[str, Any]:
        """GET with a token; the answer is checked."""
        return self._call(
            lambda token: self.transport.get(path, {"access_token": token, **query}, repeatable=repeatable)
        )

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool) -> dict[str, Any]:
        """POST with a token; the answer is checked."""
        return self._call(
            lambda token: self.transport.post(
                path, body, query={"access_token": token}, repeatable=repeatable
            )
        )

    def _call(self, ask: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        token = self._current()
        answer = ask(token)
        if _errcode(answer) in _TOKEN_REFUSED:
            answer = ask(self._replace(token))
        return checked(self.transport.channel, answer)

    def _current(self) -> str:
        if self._good_until is None or self.now() >= self._good_until:
            self._renew(force=False)
        return self._token

    def _replace(self, refused: str) -> str:
        """A token other than the refused one.

        By force only when asking politely gives the same, for force is rationed.
        """
        self._renew(force=False)
        if self._token == refused:
            self._renew(force=True)
        return self._token

    def _renew(self, *, force: bool) -> None:
        channel = self.transport.channel
        failure: OutsideError | None = None
        try:
            answer = checked(channel, self.fetch(force))
        except Rejected as error:
            failure = Misconfigured(channel, error.code)  # Nothing was sent yet; the keys are to blame.
        if failure:
            raise failure
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise Unavailable(channel, "token_unreadable")
        self._token = token
        self._good_until = self.now() + timedelta(seconds=seconds) - MARGIN


def _errcode(answer: dict[str, Any]) -> int:
    errcode = answer.get("errcode", 0)
    return errcode if isinstance(errcode, int) else -1
