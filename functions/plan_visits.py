"""Queue ``visits`` → findings become visits, and each worker hears of them once a batch.

A batch is the findings of one message; its id comes from theirs, so a second delivery of the message
meets the visits of the first and asks for the same digests again.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock, keys
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.fieldwork import service as fieldwork
from chalicelib.fieldwork.service import Digest, Finding, PlanReport
from chalicelib.linkage import service as linkage
from chalicelib.logs import logger
from chalicelib.messaging import service as messaging

log = logger("plan_visits")
processor = Processor(EventType.SQS)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Plan a batch of messages; the answer names those to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=plan,
        processor=processor,
        context=context,
    )


def plan(record: SQSRecord) -> None:
    """One message: ``{"findings": [id, …]}``."""
    ids = _finding_ids(record.body)
    if ids is None:
        fieldwork.park(record.message_id, record.body, "unreadable", clock.utc_now())
        log.error("a message was parked", extra={"reason": "unreadable"})
        return
    report = settle(ids, [_finding(found) for found in linkage.findings(ids)], clock.utc_now())
    metrics = Metrics(service="plan_visits")
    metrics.add_metric("VisitsPlanned", MetricUnit.Count, report.planned)
    metrics.add_metric("VisitsKnown", MetricUnit.Count, report.known)
    metrics.add_metric("FindingsLeftOut", MetricUnit.Count, sum(report.left_out.values()))
    metrics.flush_metrics()
    facts = {"planned": report.planned, "known": report.known, "left_out": dict(report.left_out)}
    log.info("visits planned", extra=facts)


def _finding_ids(body: str) -> list[str] | None:
    try:
        found = json.loads(body)["findings"]
    except (ValueError, KeyError, TypeError):
        return None
    right = isinstance(found, list) and all(isinstance(one, str) for one in found)
    return found if right else None


def _finding(found: Any) -> Finding:
    """A finding of the comparison in fieldwork's own words."""
    return Finding(
        id=found.id,
        person_id=found.person_id,
        name=found.name,
        phone=found.phone,
        town=found.town,
        community=found.community,
        address=found.address,
        room=getattr(found, "room", None) or "",
        building=getattr(found, "building", None),
        sources=tuple(found.sources),
        confidence=found.confidence,
        seen_on=found.seen_on,
        because=dict(found.because),
    )


def settle(ids: Sequence[str], findings: Sequence[Finding], now: datetime) -> PlanReport:
    """Plan the visits of a batch and tell the workers; harmless to repeat."""
    batch = keys.stable_id("B", *sorted(ids))
    report = fieldwork.plan(findings, batch, now)
    for digest in report.digests:
        _tell(digest, batch, now)
    return report


def _tell(digest: Digest, batch: str, now: datetime) -> None:
    data = {
        "visits": digest.visits,
        "buildings": digest.buildings,
        "most": digest.most,
        "first_day": digest.first_day.isoformat(),
    }
    messaging.request("wecom", digest.worker, "visit_digest", data, f"visits:{batch}", now)
