"""S3 ``documents/`` → an uploaded paper is looked at before anybody may open it."""

from typing import Any
from urllib.parse import unquote_plus

from chalicelib import clock
from chalicelib.cases import inspection, scanning
from chalicelib.errors import NotFound
from chalicelib.logs import logger

log = logger("check_document")


def handler(event: dict[str, Any], context: Any) -> list[str]:
    """Inspect each uploaded object; returns the states. A fault raises and S3's event comes again."""
    return [_inspect(unquote_plus(record["s3"]["object"]["key"])) for record in event["Records"]]


def _inspect(key: str) -> str:
    try:
        return inspection.inspect(key, clock.utc_now(), scanning.configured())
    except NotFound:
        log.error("bytes arrived that nobody announced")  # Poison: delivering it again cannot help.
        return "unknown"
