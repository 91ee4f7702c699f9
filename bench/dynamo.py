"""DynamoDB Local for the benchmarks: started, listened to, and asked again with bare boto3."""

import copy
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.core.models import botocore_stubber

from bench.figures import Missing
from chalicelib import tables
from tests import cloud
from tests.conformance import engine

VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
_WRITES = {"PutItem": "put_item", "UpdateItem": "update_item", "DeleteItem": "delete_item"}
_INSIDE = ("Put", "Update", "Delete", "ConditionCheck")


missing = engine.missing


@contextmanager
def running() -> Iterator[Any]:
    """A bare boto3 client of a fresh DynamoDB Local with the house's tables; ours speaks to it too.

    Raises ``Missing`` without Java or DynamoDB Local. Everything but DynamoDB is moto in this process.
    """
    if reason := missing():
        raise Missing(reason)
    with cloud.cloud_process(), _process() as address:
        os.environ[VARIABLE] = address
        tables.forget_connections()
        client = _bare(address)
        cloud.create_tables(client)
        # Moto looks at each request of any client: neither side should pay for that.
        tables.connection().client.meta.events.unregister("before-send", botocore_stubber)
        try:
            yield client
        finally:
            tables.forget_connections()


@contextmanager
def counting() -> Iterator[Any]:
    """The same on moto, where requests can be counted, but neither units nor times say anything."""
    with cloud.cloud_process():
        tables.forget_connections()
        yield boto3.client("dynamodb", region_name=cloud.REGION)
        tables.forget_connections()


@contextmanager
def _process() -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    jar = engine._jar()
    assert jar
    java = [
        "java",
        "-Xmx512m",
        f"-Djava.library.path={Path(jar).parent / 'DynamoDBLocal_lib'}",
        "-jar",
        str(jar),
    ]
    rest = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen([*java, *rest], **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        engine._until_it_answers(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _bare(address: str) -> Any:
    settings = Config(retries={"max_attempts": 0}, connect_timeout=1, read_timeout=30)
    client = boto3.client("dynamodb", endpoint_url=address, region_name=cloud.REGION, config=settings)
    client.meta.events.unregister("before-send", botocore_stubber)
    return client


def empty(client: Any) -> None:
    """Take everything out of every table, by making the tables anew."""
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    cloud.create_tables(client)


@dataclass(frozen=True)
class Took:
    """Seconds of the clock and of this process's processor time."""

    clock: float
    cpu: float

    @classmethod
    def now(cls) -> "Took":
        """What both show now: take one from another."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, other: "Took") -> "Took":
        return Took(self.clock - other.clock, self.cpu - other.cpu)

    def __add__(self, other: "Took") -> "Took":
        return Took(self.clock + other.clock, self.cpu + other.cpu)


@dataclass
class Request:
    """One request to DynamoDB: what was asked, and the capacity units each table said it took."""

    operation: str
    asked: dict[str, Any]
    units: dict[str, float] = field(default_factory=dict)


@dataclass
class Heard:
    """The requests of a piece of work, the items its writes were about to change, and listening time."""

    requests: list[Request] = field(default_factory=list)
    before: dict[tuple[str, str, str], dict[str, Any] | None] = field(default_factory=dict)
    listening: Took = field(default_factory=lambda: Took(0, 0))

    def put_back(self, client: Any) -> None:
        """Bring every changed item back to what it was, so that the same writes work once more."""
        for (table, pk, sk), item in self.before.items():
            if item is None:
                client.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
            else:
                client.put_item(TableName=table, Item=item)

    def replay(self, client: Any) -> Took:
        """Ask the same again with the bare client; returns what it took."""
        calls = [(getattr(client, _method(r.operation)), r.asked) for r in self.requests]
        began = Took.now()
        for call, asked in calls:
            call(**asked)
        return Took.now() - began


def _method(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


@contextmanager
def listening(client: Any) -> Iterator[Heard]:
    """Hear all that our own shared client asks; the bare one looks up what writes are about to change."""
    heard = Heard()
    events = tables.connection().client.meta.events  # type: ignore[attr-defined]

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        began = Took.now()
        params["ReturnConsumedCapacity"] = "TOTAL"
        asked = copy.deepcopy({k: v for k, v in params.items() if k != "ClientRequestToken"})
        heard.requests.append(Request(model.name, asked))
        for table, item in written(heard.requests[-1]):
            key = {"pk": item["pk"], "sk": item["sk"]}
            place = table, item["pk"]["S"], item["sk"]["S"]
            if place not in heard.before:
                found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
                heard.before[place] = found.get("Item")
        heard.listening += Took.now() - began

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        took = parsed.get("ConsumedCapacity", [])
        for each in took if isinstance(took, list) else [took]:
            units = heard.requests[-1].units
            units[each["TableName"]] = units.get(each["TableName"], 0) + each["CapacityUnits"]

    events.register("before-parameter-build.dynamodb", ask)
    events.register("after-call.dynamodb", answered)
    try:
        yield heard
    finally:
        events.unregister("before-parameter-build.dynamodb", ask)
        events.unregister("after-call.dynamodb", answered)


def written(request: Request) -> list[tuple[str, dict[str, Any]]]:
    """Table and item (its keys at least) of everything that a request writes or demands something of."""
    asked = request.asked
    if request.operation in _WRITES:
        return [(asked["TableName"], asked.get("Item") or asked["Key"])]
    if request.operation == "TransactWriteItems":
        inside = [each[kind] for each in asked["TransactItems"] for kind in _INSIDE if kind in each]
        return [(one["TableName"], one.get("Item") or one["Key"]) for one in inside]
    if request.operation == "BatchWriteItem":
        return [
            (table, one["PutRequest"]["Item"] if "PutRequest" in one else one["DeleteRequest"]["Key"])
            for table, ones in asked["RequestItems"].items()
            for one in ones
        ]
    return []
