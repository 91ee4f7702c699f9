"""Invoked by an operator → one stretch of the person keys' re-key job; again until ``done``.

``{"step": "walk"}`` writes the new mappings, ``{"step": "clean", "version": "1"}`` deletes an old version's.
It stops half a minute before the function's time is over and keeps its place. ``docs/operations.md`` has
the whole order, ``chalicelib.identity.rekey`` the reasons.
"""

from typing import Any, Protocol

from chalicelib import clock
from chalicelib.identity import service
from chalicelib.logs import logger

MARGIN_MS = 30_000
log = logger("rekey_people")


class Context(Protocol):
    """The part of Lambda's context that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        ...


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Walk until done or nearly out of time; the answer says how far each version has come."""

    def proceed() -> bool:
        return context.get_remaining_time_in_millis() > MARGIN_MS

    now = clock.utc_now()
    if event.get("step", "walk") == "clean":
        reports = [service.clean(event["version"], now, proceed)]
    else:
        reports = service.walk(now, proceed)
    told = [report.model_dump() for report in reports]
    log.info("person keys walked", extra={"reports": told})
    return {"done": all(report.done for report in reports), "reports": told}
