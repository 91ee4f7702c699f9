import time
from typing import Any

import moto.backends
import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from moto.core import DEFAULT_ACCOUNT_ID

from chalicelib import aws, config
from chalicelib.batches import EventType, Processor, coming_back, pause, process_partial_response
from tests.cloud import REGION


def received(queue: str, bodies: list[str], tries: int = 1) -> dict[str, Any]:
    """What a queue hands a function: messages that were really received from it, hidden for an hour."""
    url = config.queue(queue)  # type: ignore[arg-type]
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    got = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3_600)
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": str(tries)},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws-cn:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:ncsl-test-{queue}",
                "awsRegion": REGION,
            }
            for message in got["Messages"]
        ]
    }


def hidden_for(queue: str) -> dict[str, float]:
    """The seconds after which each message of a queue is seen again, by its body."""
    held = moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[f"test-{queue}"]
    return {message.body: message.visible_at / 1000 - time.time() for message in held._messages}


def only_good(record: SQSRecord) -> None:
    if record.body != "good":
        raise OSError("the other side is away")


def process(event: dict[str, Any]) -> Any:
    return process_partial_response(
        event=event, record_handler=only_good, processor=Processor(EventType.SQS), context=None
    )


def test_a_passing_fault_brings_its_message_back_within_seconds_and_no_other(cloud: None) -> None:
    event = received("checks", ["good", "bad"])
    (failed,) = (record["messageId"] for record in event["Records"] if record["body"] == "bad")
    assert process(event) == {"batchItemFailures": [{"itemIdentifier": failed}]}
    seconds = hidden_for("checks")
    assert 0 < seconds["bad"] <= 5
    assert seconds["good"] > 3_000


def test_each_further_try_waits_longer(cloud: None) -> None:
    process(received("checks", ["bad"], tries=6))
    assert 75 < hidden_for("checks")["bad"] <= 161


def test_a_message_that_is_gone_meanwhile_disturbs_nobody(cloud: None) -> None:
    event = received("checks", ["bad"])
    record = event["Records"][0]
    aws.client("sqs").delete_message(QueueUrl=config.queue("checks"), ReceiptHandle=record["receiptHandle"])
    record["receiptHandle"] = "of-no-message"
    assert process(event) == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}


def test_a_batch_that_fails_as_a_whole_comes_back_as_a_whole(cloud: None) -> None:
    event = received("comparisons", [str(place) for place in range(10)])
    with pytest.raises(OSError, match="away"), coming_back(event["Records"]):
        raise OSError("the other side is away")
    assert len(hidden_for("comparisons")) == 10
    assert all(0 < seconds <= 5 for seconds in hidden_for("comparisons").values())


def test_pauses_double_up_to_a_quarter_of_an_hour_and_differ() -> None:
    for tries in range(1, 40):
        longest = min(900, 5 * 2 ** (tries - 1))
        drawn = {pause(tries) for _ in range(20)}
        assert all(longest / 2 <= one <= longest for one in drawn)
        assert len(drawn) > 10
