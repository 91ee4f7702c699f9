"""Invoked by an operator → department files are brought under the current person key; again until ``done``.

After ``rekey_people`` has walked and before its ``finish``: what the clear columns no longer tell is looked
up among the people's mappings. It stops a minute before the function's time is over, between two files.
"""

import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from chalicelib import clock
from chalicelib.identity import service as identity
from chalicelib.logs import logger
from chalicelib.sources import service as sources

MARGIN_MS: Final = 300_000
log = logger("rekey_sources")


class Context(Protocol):
    """The part of Lambda's context that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        ...


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Rewrite files until done or nearly out of time; the answer counts files, rows and keys lost."""

    def proceed() -> bool:
        return context.get_remaining_time_in_millis() > MARGIN_MS

    with tempfile.TemporaryDirectory(prefix="rekey-") as scratch:
        report = sources.rekey(identity.successors, clock.utc_now(), Path(scratch), proceed)
    log.info("department files brought under the current person key", extra=report)
    return report
