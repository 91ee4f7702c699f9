"""Time that passes for one person of a running city: what is kept about them moves into the past.

The city's clock is the real one, and nothing in the product can shift it. So the test, as root of its own
local cloud, moves the dates of a person's stays and permit back instead, and lets the deployed functions act.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3

from infra.local.place import STACK

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TABLES = ("residence", "permits")


def let_days_pass(session: boto3.Session, person: str, days: int) -> None:
    """Let so many days pass for a person: stays, standing and permit, index keys included."""
    client = session.client("dynamodb")
    for table in TABLES:
        name = f"{STACK}-{table}"
        asked = {":p": {"S": f"PERSON#{person}"}}
        found = client.query(
            TableName=name, KeyConditionExpression="pk = :p", ExpressionAttributeValues=asked
        )
        for item in found["Items"]:
            if not item["sk"]["S"].startswith("EVENT#"):
                client.put_item(TableName=name, Item=aged(item, days))


def aged(item: dict[str, Any], days: int) -> dict[str, Any]:
    """An item with every date in its texts so many days earlier; its own keys stay."""
    return {
        name: {"S": DAY.sub(lambda found: _earlier(found[0], days), value["S"])}
        if "S" in value and name not in ("pk", "sk")
        else value
        for name, value in item.items()
    }


def _earlier(text: str, days: int) -> str:
    return (date.fromisoformat(text) - timedelta(days=days)).isoformat()


def run_today(session: boto3.Session, function: str) -> dict[str, Any]:
    """Run a scheduled function as the clock would today; raises when it failed.

    The clock tells whole seconds: the next one, so that what a person did a moment ago lies before it.
    """
    event = {"time": (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}
    name = f"{STACK}-{function.replace('_', '-')}"
    answer = session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return told
