"""Department files into S3, and waiting until the city has nothing left to do."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3

from chalicelib import config

SETTLED_AFTER = 2.0


class NotSettled(RuntimeError):
    """The city still had work after the time it was given; the message says where."""


def files(city: Path) -> list[Path]:
    """Return the department files, the city's own register first."""
    found = [path for path in (city / "inbox").rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: ("registrations" not in path.parts, str(path)))


def drop(session: boto3.Session, bucket: str, city: Path, paths: list[Path]) -> None:
    """Put files where departments put them."""
    s3 = session.client("s3")

    def put(path: Path) -> None:
        s3.upload_file(str(path), bucket, str(path.relative_to(city)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, paths))


def reports(session: boto3.Session, bucket: str) -> dict[str, dict[str, Any]]:
    """Return the quality reports that have been written, by key."""
    s3 = session.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="reports/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}


def count_reports(session: boto3.Session, bucket: str) -> int:
    """Return how many quality reports have been written."""
    pages = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="reports/")
    return sum(page.get("KeyCount", 0) for page in pages)


def waiting(session: boto3.Session, settings: dict[str, str]) -> dict[str, int]:
    """Return how many messages each queue still holds, seen or unseen."""
    sqs = session.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = {}
    for queue in config.KINDS["QUEUE"]:
        url = settings[f"QUEUE_{queue.upper()}"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if held := sum(int(attributes[name]) for name in names):
            found[queue] = held
    return found


def wait_until(done: Callable[[], bool], limit: float, what: Callable[[], str], pause: float = 0.5) -> float:
    """Wait for a condition; returns the seconds it took, raises `NotSettled` with `what()` when it takes too long."""
    started = time.monotonic()
    while not done():
        if time.monotonic() - started > limit:
            raise NotSettled(f"after {limit:.0f} s: {what()}")
        time.sleep(pause)
    return time.monotonic() - started


def settle(session: boto3.Session, settings: dict[str, str], value: Callable[[], Any], limit: float) -> None:
    """Wait until the queues are empty and `value` has stopped changing."""
    last: list[Any] = [None, time.monotonic()]

    def still() -> bool:
        seen = (waiting(session, settings), value())
        if seen != last[0]:
            last[0], last[1] = seen, time.monotonic()
        return not seen[0] and time.monotonic() - last[1] >= SETTLED_AFTER

    wait_until(still, limit, lambda: f"queues {last[0][0]}, value {last[0][1]}")


def dead_letters(session: boto3.Session) -> Iterator[tuple[str, int]]:
    """Yield the dead-letter queues that hold anything, with how much."""
    sqs = session.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        if "dead" not in url and "dlq" not in url:
            continue
        with suppress(sqs.exceptions.QueueDoesNotExist):
            attributes = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]
            if held := int(attributes["ApproximateNumberOfMessages"]):
                yield url.rsplit("/", 1)[-1], held
