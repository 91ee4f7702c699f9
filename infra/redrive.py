"""Send what failed on its way again: `python -m infra.redrive --stack ncsl-prod messages [--most 500] [--look]`.

AWS China has no redrive of its own. QUEUE is a work queue (`checks`, `comparisons`, `imports`, `visits`, `messages`),
`failed-events` (uploads and schedules: the function is called again with the same event) or `failed-changes` (stream
records: read again from the stream, which keeps them for 24 hours). Mend the cause first. Nothing is lost when this is
interrupted: a message leaves the dead-letter queue only after it has been handed over.
"""

import argparse
import base64
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import boto3

from infra.template.reading import declared

type Message = dict[str, Any]
_EVENTS, _CHANGES = "failed-events", "failed-changes"


class NotTaken(RuntimeError):
    """The function failed again; the message stays where it is."""


def waiting(session: boto3.Session, stack: str, queue: str) -> int:
    """Return about how many messages wait."""
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=dead_letter_name(stack, queue))["QueueUrl"]
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def dead_letter_name(stack: str, queue: str) -> str:
    """Return the name of the queue where the failures of `queue` wait."""
    return f"{stack}-{queue}" if queue in (_EVENTS, _CHANGES) else f"{stack}-{queue}-dead"


def redrive(session: boto3.Session, stack: str, queue: str, most: int) -> tuple[int, int]:
    """Hand over at most `most` waiting messages; return how many were taken and how many failed again."""
    sqs = session.client("sqs")
    source = sqs.get_queue_url(QueueName=dead_letter_name(stack, queue))["QueueUrl"]
    hand_over = _way(session, stack, queue)
    taken = failed = 0
    for message in _received(sqs, source, most):
        try:
            hand_over(message)
        except NotTaken as refused:
            print(f"redrive: {refused}", file=sys.stderr)
            failed += 1
        else:
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            taken += 1
    return taken, failed


def _received(sqs: Any, url: str, most: int) -> Iterator[Message]:
    """Yield waiting messages, each once: those taken out stay hidden for five minutes."""
    for begin in range(0, most, 10):
        got = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(10, most - begin),
            VisibilityTimeout=300,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        if not got.get("Messages"):
            return
        yield from got["Messages"]


def _way(session: boto3.Session, stack: str, queue: str) -> Callable[[Message], None]:
    functions = session.client("lambda")
    if queue == _EVENTS:
        return lambda message: _call_again(functions, message)
    if queue == _CHANGES:
        return lambda message: _read_again(session, functions, message)
    sqs = session.client("sqs")
    target = sqs.get_queue_url(QueueName=f"{stack}-{queue}")["QueueUrl"]
    return lambda message: _send_again(sqs, target, message)


def _send_again(sqs: Any, target: str, message: Message) -> None:
    attributes = message.get("MessageAttributes", {})
    sqs.send_message(QueueUrl=target, MessageBody=message["Body"], MessageAttributes=attributes)


def _call_again(functions: Any, message: Message) -> None:
    """Call the function again with the event that it failed on."""
    told = json.loads(message["Body"])
    name = told["requestContext"]["functionArn"].split(":function:")[1].split(":")[0]
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(told["requestPayload"]))


def _read_again(session: boto3.Session, functions: Any, message: Message) -> None:
    """Read the failed records from the stream again and call the function with them, waiting for its answer."""
    told = json.loads(message["Body"])
    name = told["requestContext"]["functionArn"].split(":function:")[1].split(":")[0]
    records = _records(session.client("dynamodbstreams"), told["DDBStreamBatchInfo"])
    if not records:
        raise NotTaken(
            "the stream no longer has these records: run the nightly rebuild and look at its report"
        )
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"Records": records}, default=_as_lambda))
    result = json.loads(answer["Payload"].read() or b"{}")
    if answer.get("FunctionError") or (result or {}).get("batchItemFailures"):
        raise NotTaken(f"{name} failed on them again: see python -m infra.logs")


def _as_lambda(value: Any) -> float | str:
    """Write what the client parsed as Lambda's events have it: times in seconds, bytes in base 64."""
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(value).decode()


def _records(streams: Any, batch: dict[str, Any]) -> list[dict[str, Any]]:
    start, end = batch["startSequenceNumber"], int(batch["endSequenceNumber"])
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=start,
    )["ShardIterator"]
    page = streams.get_records(ShardIterator=iterator, Limit=int(batch["batchSize"]))["Records"]
    found = [record for record in page if int(record["dynamodb"]["SequenceNumber"]) <= end]
    return [{**record, "eventSourceARN": batch["streamArn"]} for record in found]


def main() -> int:
    """Redrive one queue; return 1 when something failed again."""
    parser = argparse.ArgumentParser(prog="python -m infra.redrive", description=__doc__)
    parser.add_argument("queue", choices=[*declared("queues"), _EVENTS, _CHANGES])
    parser.add_argument("--stack", required=True)
    parser.add_argument("--most", type=int, default=1000, help="hand over at most so many")
    parser.add_argument("--look", action="store_true", help="only say how many wait")
    given = parser.parse_args()
    session = boto3.Session()
    if given.look:
        print(f"{given.queue}: about {waiting(session, given.stack, given.queue)} wait")
        return 0
    taken, failed = redrive(session, given.stack, given.queue, given.most)
    print(f"{given.queue}: {taken} handed over, {failed} failed again")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
