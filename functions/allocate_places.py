"""Queue ``allocations`` → a round of school places is gathered and sealed, allocated, checked and made public, and families are told."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib import clock
from chalicelib.batches import EventType, Processor, process_partial_response
from chalicelib.messaging import service as messaging
from chalicelib.schooling import service as schooling
from chalicelib.seasons import service as seasons

processor = Processor(EventType.SQS)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Take a batch of rounds on; the answer names the messages to deliver again."""
    return process_partial_response(
        event=event,
        record_handler=allocate,
        processor=processor,
        context=context,
    )


def allocate(record: SQSRecord) -> None:
    """One round: ``{"run": id}``. Goes on from wherever it was stopped; each family is told once."""
    settle(record.json_body["run"], clock.utc_now())


def read_points(ranking: str) -> list[schooling.PointsPlace]:
    """A final points ranking as schooling reads it; raises ``Conflict`` for one that is not final: the round comes again."""
    return [
        schooling.PointsPlace(
            case=place.case,
            owner=place.owner,
            child=place.child or "",
            total=place.total,
            ties=place.tie_break,
            applied_at=place.applied_at,
        )
        for place in seasons.final_places(ranking)
    ]


def settle(
    run_id: str, now: datetime, read: Callable[[str], list[schooling.PointsPlace]] = read_points
) -> int:
    """Allocate and tell; returns how many messages were asked for. None for a round that failed its check: nothing of it is shown."""
    run = schooling.proceed(run_id, read, now)
    metrics = Metrics(service="allocate_places")
    metrics.add_metric("SchoolRunsFailed", MetricUnit.Count, int(run.state == "failed"))
    metrics.flush_metrics()
    told = 0
    for each in schooling.to_tell(run_id):
        messaging.request("wechat", each.receiver, "school_place", {"event": each.event}, each.event_id, now)
        told += 1
    return told
