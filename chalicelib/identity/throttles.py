"""Limits on how often somebody may try: fixed windows, counted in the table by conditional updates."""

from datetime import datetime

from chalicelib import keys
from chalicelib.errors import Throttled
from chalicelib.identity import model, store


def throttle(key: str, limit: int, seconds: int, now: datetime, code: str = "too_many_attempts") -> None:
    """Count one attempt; raise ``Throttled`` with the seconds to wait when the window is full.

    ``key`` names what is limited, for example ``f"upload#{actor.id}"``; it is stored as a keyed hash, so
    it may hold an address or a number. Windows of ``seconds`` are fixed, so at worst twice the limit
    passes around their border.
    """
    room = model.Limit(times=limit, seconds=seconds)
    if not store.count_up(_hidden(key), room, now):
        raise full(room, now, code)


def require_room(key: str, limit: model.Limit, now: datetime, code: str = "too_many_attempts") -> None:
    """Raise ``Throttled`` when the window is full, without counting."""
    if store.counted(_hidden(key), limit, now) >= limit.times:
        raise full(limit, now, code)


def note(key: str, limit: model.Limit, now: datetime) -> None:
    """Count one without refusing: for failures, which are known only afterwards."""
    store.count_up(_hidden(key), limit, now)


def give_back(key: str, limit: model.Limit, now: datetime) -> None:
    """Uncount one that was counted in this window: it succeeded, or failed by no fault of the caller's."""
    store.count_down(_hidden(key), limit, now)


def full(limit: model.Limit, now: datetime, code: str) -> Throttled:
    """The refusal, with the seconds until the window ends."""
    ends = model.window_start(now, limit.seconds) + limit.seconds
    return Throttled(code, seconds=max(1, ends - int(now.timestamp())))


def _hidden(key: str) -> str:
    return keys.blind_index("throttle", key)
