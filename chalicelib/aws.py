"""The cloud's clients, made when first used and kept while the function is warm.

Plain botocore: PynamoDB brings it anyway, and boto3 on top would cost every cold start about 40 ms.
``AWS_ENDPOINT_URL`` is honoured, so the local cloud needs no code of its own.
"""

import json
import time
from functools import cache
from typing import Any, Literal

from chalicelib import config

Service = Literal["kms", "sqs", "s3", "secretsmanager"]

SECRET_SECONDS = 300
_secrets: dict[str, tuple[float, dict[str, Any]]] = {}


@cache
def client(service: Service) -> Any:
    """A botocore client with short timeouts and standard retries; the same one on every call."""
    from botocore.config import Config

    settings = Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "max_attempts": 4},
        s3={"addressing_style": "path"} if service == "s3" else None,
        signature_version="s3v4" if service == "s3" else None,
    )
    return _session().create_client(service, region_name=config.region(), config=settings)


@cache
def _session() -> Any:
    """One session for all clients: each would otherwise read the endpoints' data again."""
    from botocore.session import get_session

    return get_session()


def secret(name: config.Secret) -> dict[str, Any]:
    """The JSON value of a secret, read at most every five minutes so that a rotation is noticed.

    Raises ``config.NotConfigured`` when the function was not given the secret's name.
    """
    secret_id = config.secret_name(name)
    known = _secrets.get(secret_id)
    if known and known[0] > time.monotonic():
        return known[1]
    text = client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
    value: dict[str, Any] = json.loads(text)
    _secrets[secret_id] = (time.monotonic() + SECRET_SECONDS, value)
    return value


def forget_all() -> None:
    """Drop every cached client and secret: after a rotation, and between tests."""
    _secrets.clear()
    client.cache_clear()


def send(queue: config.Queue, bodies: list[dict[str, Any]], delay: int = 0) -> None:
    """Put JSON messages on a queue, ten a request; raises ``RuntimeError`` when any was not taken.

    ``delay``: seconds before the messages are seen.
    """
    for start in range(0, len(bodies), 10):
        entries = [
            {"Id": str(i), "MessageBody": json.dumps(body, ensure_ascii=False), "DelaySeconds": delay}
            for i, body in enumerate(bodies[start : start + 10])
        ]
        answer = client("sqs").send_message_batch(QueueUrl=config.queue(queue), Entries=entries)
        if failed := answer.get("Failed"):
            raise RuntimeError(f"{len(failed)} messages were not taken by queue {queue}: {failed[0]['Code']}")
