"""Stream of the audit table → links in the chains.

The event source passes on only keys that start with ``ENTRY#``: the table's links, heads and
markers are on its stream too, and are left out here again. An entry is written once: that one was
changed or removed is an alarm by itself (``AuditTampered``), whatever the chains say later.
"""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.logs import logger
from chalicelib.trail import service, store

log = logger("chain_audit")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Link a batch's new entries; the answer names the records to deliver again."""
    records = [r for r in event["Records"] if r["dynamodb"]["Keys"]["pk"]["S"].startswith("ENTRY#")]
    places, tampered = {}, []
    for record in records:
        if record["eventName"] == "INSERT":
            entry = store.entry_of(record["dynamodb"]["NewImage"])
            places[entry.entry_id] = (entry, record["dynamodb"]["SequenceNumber"])
        else:
            tampered.append(record["dynamodb"]["Keys"]["pk"]["S"])
    again = service.link([entry for entry, _ in places.values()], clock.utc_now())
    metrics = Metrics(service="chain_audit")
    metrics.add_metric("EntriesLinked", MetricUnit.Count, len(places) - len(again))
    metrics.add_metric("AuditTampered", MetricUnit.Count, len(tampered))
    metrics.flush_metrics()
    if tampered:
        log.critical("audit entries were changed or removed", extra={"entries": tampered})
    return {"batchItemFailures": [{"itemIdentifier": places[entry_id][1]} for entry_id in again]}
