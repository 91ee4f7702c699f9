"""Daily: people whom a law kept until before today are deleted for good, their data keys with them.

Acts on the event's time, as every daily job does, but never on a time to come: nothing can bring back who
was deleted too early. A missed day is made up for by the next. By hand:
``python -m chalicelib.identity purge``.
"""

from typing import Any

from chalicelib import clock
from chalicelib.identity import service as identity
from chalicelib.logs import logger

log = logger("purge_people")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Delete those whose last day has passed; returns how many people."""
    now = min(clock.parse_iso(event["time"]), clock.utc_now())
    total = {"purged": identity.purge(now)}
    log.info("people whom no law keeps any longer deleted", extra=total)
    return total
