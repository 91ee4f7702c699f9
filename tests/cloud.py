"""The fast test cloud: moto in process, with every table, queue, bucket and secret that the code names."""

import base64
import copy
import importlib
import json
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import batched
from typing import Any

import moto.backends
import moto.core
from botocore.session import get_session
from moto import mock_aws

import chalicelib
from chalicelib import aws, config, sealing, tables
from chalicelib.places import published

REGION = "cn-north-1"
ACCOUNT = moto.core.DEFAULT_ACCOUNT_ID
Items = dict[str, list[dict[str, Any]]]
# What tests keep of this cloud: its keys open it, and no other's.
kept: dict[Any, Any] = {}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "STAGE": "local",
    "PUBLIC_URL": "https://api.example.test",
    "POWERTOOLS_METRICS_NAMESPACE": "test",
    "POWERTOOLS_SERVICE_NAME": "test",
}


def import_stores() -> None:
    """Import each module that declares rows, so that ``Row`` knows its subclasses."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        if module.name.count(".") == 1 or module.name.endswith(".store"):
            importlib.import_module(module.name)


def table_definitions() -> dict[str, dict[str, Any]]:
    """What ``CreateTable`` needs for each table, gathered from all rows that live in it."""
    import_stores()
    found: dict[str, dict[str, Any]] = {}
    for row in tables._all_subclasses(tables.Row):
        name = row.__dict__.get("Meta", row.Meta).__dict__["table_name"].table
        schema = row._get_schema()
        known = found.setdefault(name, {"attributes": {"pk": "S", "sk": "S"}, "indexes": {}, "rows": []})
        known["rows"].append(row)
        known["attributes"] |= {
            a["AttributeName"]: a["AttributeType"] for a in schema["attribute_definitions"]
        }
        known["indexes"] |= {i["index_name"]: i["key_schema"] for i in schema["global_secondary_indexes"]}
    return found


def create_tables(client: Any) -> None:
    """Create each table under the name its environment variable gives."""
    for name, found in table_definitions().items():
        indexes = [
            {"IndexName": index, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
            for index, schema in found["indexes"].items()
        ]
        client.create_table(
            TableName=config.table(name),  # type: ignore[arg-type]
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": attribute, "AttributeType": kind}
                for attribute, kind in found["attributes"].items()
            ],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )


def keyed_secret(*versions: str) -> str:
    """A keyed-hash secret with the given versions, the last one current."""
    made = {v: base64.b64encode(f"test-secret-{v}".encode().ljust(32, b"-")).decode() for v in versions}
    return json.dumps({"current": versions[-1], "keys": made})


def forget_everything() -> None:
    """Drop what the floor keeps while a function is warm; clients stay, they hold no state."""
    aws._secrets.clear()
    published.forget()
    sealing.forget_cached()


def environment() -> dict[str, str]:
    """Names for everything that ``chalicelib.config`` reads."""
    names = dict(CREDENTIALS)
    for kind in ("TABLE", "BUCKET", "SECRET"):
        names |= {f"{kind}_{n.upper()}": f"test-{n.replace('_', '-')}" for n in config.KINDS[kind]}
    return names


def create_resources() -> None:
    """Buckets, queues, keys and secrets; queue URLs and key ids go into the environment."""
    for bucket in config.KINDS["BUCKET"]:
        aws.client("s3").create_bucket(
            Bucket=os.environ[f"BUCKET_{bucket.upper()}"],
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
    for queue in config.KINDS["QUEUE"]:
        made = aws.client("sqs").create_queue(QueueName=f"test-{queue}")
        os.environ[f"QUEUE_{queue.upper()}"] = made["QueueUrl"]
    for key in config.KINDS["KEY"]:
        made = aws.client("kms").create_key()
        os.environ[f"KEY_{key.upper()}"] = made["KeyMetadata"]["KeyId"]
    for secret in config.KINDS["SECRET"]:
        aws.client("secretsmanager").create_secret(
            Name=os.environ[f"SECRET_{secret.upper()}"], SecretString=keyed_secret("1")
        )


def wipe() -> None:
    """Empty every table, bucket and queue and put the secrets back, without making them anew.

    Reaches into moto's own store: making everything through the API takes a second a test.
    """
    wipe_tables_and_queues()
    for partition in moto.backends.get_backend("s3")[ACCOUNT].values():
        for bucket in partition.buckets.values():
            bucket.keys.clear()
    held = moto.backends.get_backend("secretsmanager")[ACCOUNT][REGION].secrets
    for secret in config.KINDS["SECRET"]:
        name = os.environ[f"SECRET_{secret.upper()}"]
        if len(held[name].versions) > 1:
            aws.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
            aws.client("secretsmanager").create_secret(Name=name, SecretString=keyed_secret("1"))


def wipe_tables_and_queues() -> None:
    """Empty moto's tables and queues; objects and secrets stay."""
    for table in moto.backends.get_backend("dynamodb")[ACCOUNT][REGION].tables.values():
        table.items.clear()
    for queue in moto.backends.get_backend("sqs")[ACCOUNT][REGION].queues.values():
        queue._messages.clear()
        queue.pending_messages.clear()
        queue.deleted_messages.clear()


@cache
def dynamodb(endpoint: str | None) -> Any:
    """A bare client of the DynamoDB that judges the stores now."""
    return get_session().create_client("dynamodb", region_name=REGION, endpoint_url=endpoint)


def engine() -> str | None:
    """The address of the DynamoDB of this test; None for moto, in this process."""
    return os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")


def items() -> Items:
    """Everything that the tables hold, as DynamoDB has it."""
    client = dynamodb(engine())
    names = [config.table(name) for name in config.KINDS["TABLE"]]  # type: ignore[arg-type]
    pages = {name: client.get_paginator("scan").paginate(TableName=name) for name in names}
    return {name: [item for page in found for item in page["Items"]] for name, found in pages.items()}


def put(wanted: Items) -> None:
    """Put items back as they were, without the code that made them: in moto straight into its store."""
    if engine():
        requests = [
            (name, {"PutRequest": {"Item": item}}) for name, found in wanted.items() for item in found
        ]
        write(dynamodb(engine()), requests)
        return
    tables_ = moto.backends.get_backend("dynamodb")[ACCOUNT][REGION].tables
    for name, found in wanted.items():
        for item in copy.deepcopy(found):
            tables_[name].put_item(item)


def write(client: Any, requests: list[tuple[str, dict[str, Any]]]) -> None:
    """Many writes to many tables, 25 a request."""
    for some in batched(requests, 25):
        left: dict[str, list[dict[str, Any]]] = {}
        for name, request in some:
            left.setdefault(name, []).append(request)
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]


@contextmanager
def cloud_process() -> Iterator[dict[str, str]]:
    """A cloud for this whole process; yields the environment that points to it."""
    before = dict(os.environ)
    os.environ.update(environment())
    kept.clear()
    try:
        with mock_aws():
            create_resources()
            create_tables(get_session().create_client("dynamodb", region_name=REGION))
            yield dict(os.environ)
    finally:
        forget_everything()
        os.environ.clear()
        os.environ.update(before)
