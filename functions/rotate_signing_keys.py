"""Monthly schedule → a new key signs sessions and receipts, for the day the event names.

Run again for the same day it does nothing. By hand: ``python -m chalicelib.identity rotate-signing``.
"""

from typing import Any

from chalicelib import clock
from chalicelib.identity import service
from chalicelib.logs import logger

log = logger("rotate_signing_keys")


def handler(event: dict[str, Any], context: object) -> dict[str, str | None]:
    """Add the key; the answer names it, or null when the day has its key already."""
    kid = service.rotate(clock.parse_iso(event["time"]))
    log.info("signing keys rotated" if kid else "the day's signing key is there already", extra={"kid": kid})
    return {"added": kid}
