"""The roles in every test: what a function may not do deployed, it may not do in a test either.

Each call to the cloud that is made below a module of `functions/`, or below a route, is held against that function's
`needs` in `infra/resources/functions.yaml`. A missing right is found in seconds, where the change is made, and not
when the city is raised.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib import config
from infra.template.reading import declared
from infra.template.roles import _BUCKET, _LISTED, _SECRET, _TABLE

ROOT = Path(__file__).resolve().parent.parent.parent
_FUNCTIONS = str(ROOT / "functions") + "/"
_ROUTES = re.compile(re.escape(str(ROOT)) + r"/chalicelib/[a-z]+/routes\.py$")
_KINDS = {"tables": "TABLE", "buckets": "BUCKET", "queues": "QUEUE", "secrets": "SECRET"}
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}

_OBJECTS = {
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
}


def _caller() -> str | None:
    """The function of ours below which we are, `api` for a route, None for a test's own preparations."""
    frame = sys._getframe(2)
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(_FUNCTIONS):
            return Path(file).stem
        if _ROUTES.match(file):
            return "api"
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _asked(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Each right that a call needs: the kind of resource, its name, the action, and the object's key."""
    if service == "dynamodb":
        yield from _asked_of_tables(operation, params)
    elif service == "s3":
        action = _OBJECTS.get(operation, operation)
        yield (
            "buckets",
            params["Bucket"].removeprefix("test-"),
            action,
            params.get("Key", params.get("Prefix", "")),
        )
    elif service == "sqs":
        action = operation.removesuffix("Batch")
        yield "queues", params.get("QueueUrl", "").rsplit("/test-", 1)[-1], action, ""
    elif service == "secretsmanager":
        yield "secrets", params["SecretId"].removeprefix("test-").replace("-", "_"), operation, ""


def _asked_of_tables(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            (kind, body) = next(iter(item.items()))
            yield "tables", body["TableName"].removeprefix("test-"), _TRANSACTED[kind], ""
    elif operation == "TransactGetItems":
        for item in params["TransactItems"]:
            yield "tables", item["Get"]["TableName"].removeprefix("test-"), "GetItem", ""
    elif operation.startswith("Batch"):
        for name in params["RequestItems"]:
            yield "tables", name.removeprefix("test-"), operation, ""
    elif operation != "DescribeTable":  # PynamoDB's own, never sent by a deployed function with fixed keys.
        yield "tables", params["TableName"].removeprefix("test-"), operation, ""


@cache
def _needs(function: str) -> dict[str, Any]:
    traits: dict[str, Any] = declared("functions")[function]
    return traits


def _granted(function: str, kind: str, name: str, action: str, key: str) -> bool:
    traits = _needs(function)
    grant = traits["needs"].get(kind, {}).get(name, [])
    if kind == "tables":
        return any(action in _TABLE[each] for each in grant)
    if kind == "buckets":
        for each in grant:
            verb, _, prefix = each.partition(" ")
            if action in [*_BUCKET.get(verb, []), _LISTED.get(verb)] and key.startswith(prefix.strip('"')):
                return True
        return False
    if kind == "queues":
        own = traits.get("queue", {}).get("name") == name
        return (action == "SendMessage" and bool(grant)) or (own and action == "ChangeMessageVisibility")
    return action in _SECRET.get(grant or "", [])


def refused(function: str, service: str, operation: str, params: dict[str, Any]) -> list[str]:
    """Say what of a call the function's role does not allow."""
    return [
        f"{function} may not {action} on {kind} {name} {key}".rstrip()
        for kind, name, action, key in _asked(service, operation, params)
        if name in config.KINDS[_KINDS[kind]] and not _granted(function, kind, name, action, key)
    ]


@pytest.fixture(autouse=True)
def roles_enforced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which a function did what its role does not allow."""
    found: list[str] = []
    send = BaseClient._make_api_call

    def checked(client: Any, operation: str, params: dict[str, Any]) -> Any:
        if function := _caller():
            found.extend(refused(function, client.meta.service_model.service_name, operation, params))
        return send(client, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", checked)
    yield
    assert not found, "infra/resources/functions.yaml: " + "; ".join(sorted(set(found)))
