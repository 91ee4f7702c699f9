"""Queue ``comparisons`` → one comparison of what arrived for a whole batch of arrivals, then one search.

Each message says that a file, or a decision about a match, changed what is known; one run answers them all. A message that is
none is parked and done. When the search fails, all of the batch comes again soon: searching is harmless
to repeat. Two runs would work for nothing, since one version follows from the other: while one compares, what came
meanwhile is put onto the queue anew, as one message, and uses up none of its tries.
"""

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import aws, clock
from chalicelib.batches import coming_back
from chalicelib.fieldwork import service as fieldwork
from chalicelib.identity import service as identity
from chalicelib.linkage import service as linkage
from chalicelib.linkage.service import Outcome, Visited
from chalicelib.logs import logger
from chalicelib.residence import service as residence
from chalicelib.sources import service as sources

log = logger("compare_sources")
REGISTER = "registrations"
BUSY_SECONDS = 5
TIMEOUT_SECONDS = 900


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Compare once for all messages of the batch; the answer names those to deliver again."""
    now = clock.utc_now()
    with coming_back(event["Records"]):
        arrived = [source for record in event["Records"] if (source := _source(record, now))]
        if arrived and not sources.current_files(REGISTER):
            # Without the register everybody would look unregistered; its own arrival starts the comparison.
            log.warning("no comparison: the register has not arrived yet")
        elif arrived:
            take_turn(arrived, now, _seconds_left(context))
    return {"batchItemFailures": []}


def take_turn(arrived: list[str], now: datetime, seconds: float) -> None:
    """Compare what these sources brought, or leave them to a message of later while another run is at it."""
    turn = linkage.take_turn(now, seconds)
    if turn is None:
        aws.send("comparisons", [{"source": arrived[0]}], BUSY_SECONDS)
        log.info("another run compares: %s files wait for it", len(arrived))
        return
    try:
        log.info("comparing after %s files", len(arrived), extra={"sources": sorted(set(arrived))})
        compare(now)
    finally:
        linkage.end_turn(turn)


def _seconds_left(context: Any) -> float:
    """How long this run may last at the most."""
    return context.get_remaining_time_in_millis() / 1000 if context else TIMEOUT_SECONDS


def _source(record: dict[str, Any], now: datetime) -> str | None:
    """Which source a message says has changed; parks what is no such message."""
    try:
        return str(json.loads(record["body"])["source"])
    except (ValueError, KeyError, TypeError):
        sources.park("compare_sources", record["messageId"], "message_not_understood", now)
        log.error("a message was parked: message_not_understood")
        return None


def compare(now: datetime) -> Outcome:
    """Search for people who are not registered, and say in numbers what was found."""
    scratch = Path(tempfile.gettempdir()) / f"comparison-{os.getpid()}"
    scratch.mkdir(exist_ok=True)
    outcome = linkage.find_unregistered(
        now,
        scratch,
        residence.registered_keys,
        identity.people_for_keys,
        progress=log.info,
        memory_mb=_memory(),
        measured={one.sources: Visited(one.right, one.told) for one in fieldwork.precision()},
    )
    metrics = Metrics(service="compare_sources")
    metrics.add_metric("RowsCompared", MetricUnit.Count, outcome.rows)
    metrics.add_metric("RowsArrived", MetricUnit.Count, outcome.compared.arrived)
    metrics.add_metric("ClustersChanged", MetricUnit.Count, outcome.compared.events)
    metrics.add_metric("MatchesAsked", MetricUnit.Count, outcome.compared.asked)
    metrics.add_metric("FindingsNew", MetricUnit.Count, outcome.new)
    metrics.add_metric("FindingsClosed", MetricUnit.Count, outcome.closed)
    metrics.flush_metrics()
    facts = {
        "rows": outcome.rows,
        "candidates": outcome.candidates,
        "registered": outcome.registered,
        "new": outcome.new,
        "closed": outcome.closed,
    } | outcome.compared._asdict()
    log.info("compared", extra=facts)
    return outcome


def _memory() -> int | None:
    """Megabytes for the comparison: 6 tenths of the function's, the rest is for Python and copies."""
    size = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return int(size) * 6 // 10 if size.isdigit() else None
