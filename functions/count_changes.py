"""Streams of cases, residence and fieldwork → counters.

The batch is counted as a whole, because changes of one neighbourhood share a transaction: that is
why this function answers ``batchItemFailures`` itself instead of going record by record. Records are
counted once under any redelivery, split or reordering; what a busy table did not take comes again.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock, config
from chalicelib.logs import logger
from chalicelib.monitoring import service, store
from chalicelib.monitoring.metrics import TABLES
from chalicelib.monitoring.model import Change

log = logger("count_changes")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Count a batch; the answer names the records to deliver again."""
    result = service.count([_change(record) for record in event["Records"]], clock.utc_now())
    metrics = Metrics(service="count_changes")
    metrics.add_metric("ChangesCounted", MetricUnit.Count, result.counted)
    metrics.add_metric("ChangesParked", MetricUnit.Count, len(result.parked))
    metrics.add_metric("CounterTransactions", MetricUnit.Count, result.transactions)
    metrics.flush_metrics()
    if result.parked:
        log.error("changes that can never be counted were parked", extra={"event_ids": result.parked})
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in result.again]}


def _change(record: dict[str, Any]) -> Change:
    data = record["dynamodb"]
    return Change(
        event_id=record["eventID"],
        sequence=data["SequenceNumber"],
        table=_table(record["eventSourceARN"]),
        at=datetime.fromtimestamp(float(data["ApproximateCreationDateTime"]), UTC),
        old=store.plain(data.get("OldImage")),
        new=store.plain(data.get("NewImage")),
    )


def _table(arn: str) -> str:
    """Which of our tables a stream belongs to: ``arn:…:table/<name>/stream/<label>``."""
    name = arn.split("/")[1]
    for table in TABLES:
        if config.table(table) == name:
            return table
    raise ValueError("the stream of a table that is not counted")
