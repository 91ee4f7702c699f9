"""Trouble on demand: which channel misbehaves, how, and how often.

Faults live in memory: a restart heals everything.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

CHANNELS: Final = ("wechat", "wecom", "sms", "realname")
MODES: Final = ("none", "down", "slow", "refuse", "drop")


class BadFault(ValueError):
    """The order for trouble makes no sense; the text names the field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How one channel misbehaves.

    ``share``: part of the requests that are hit, 0 to 1. ``seconds``: how late a slow answer is.
    ``errcode``: the business error of ``refuse`` instead of the usual one. ``close``: ``down`` closes
    the connection without a word instead of answering 503.
    """

    channel: str
    mode: str = "none"
    share: float = 1.0
    seconds: float = 3.0
    errcode: int | str | None = None
    close: bool = False


class Faults:
    """The faults in force, one for each channel."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._by_channel: dict[str, Fault] = {}

    def order(self, wish: dict[str, Any]) -> None:
        """Put a fault in force; raises ``BadFault``. Channel ``all`` means each, mode ``none`` ends it."""
        if wish.get("channel") not in (*CHANNELS, "all"):
            raise BadFault("channel")
        if wish.get("mode") not in MODES:
            raise BadFault("mode")
        share, seconds = _number(wish, "share", 1.0, 1.0), _number(wish, "seconds", 3.0, 60.0)
        errcode = wish.get("errcode")
        if not isinstance(errcode, int | str | None) or isinstance(errcode, bool):
            raise BadFault("errcode")
        channels = CHANNELS if wish["channel"] == "all" else (wish["channel"],)
        with self._lock:
            for channel in channels:
                self._by_channel.pop(channel, None)
                if wish["mode"] != "none":
                    fault = Fault(channel, wish["mode"], share, seconds, errcode, wish.get("close") is True)
                    self._by_channel[channel] = fault

    def clear(self) -> None:
        """Heal everything."""
        with self._lock:
            self._by_channel.clear()

    def strike(self, channel: str) -> Fault:
        """The fault that hits this one request; mode ``none`` when it is spared."""
        with self._lock:
            fault = self._by_channel.get(channel)
        return fault if fault and self._chance() < fault.share else Fault(channel)

    def listing(self) -> list[dict[str, Any]]:
        """Every channel with the fault in force, mode ``none`` when there is none."""
        with self._lock:
            return [asdict(self._by_channel.get(channel, Fault(channel, share=0.0))) for channel in CHANNELS]


def _number(wish: dict[str, Any], name: str, usual: float, most: float) -> float:
    value = wish.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadFault(name)
    return float(value)
