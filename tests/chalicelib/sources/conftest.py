"""A fixture that delivers files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import aws, config
from chalicelib.sources import service
from chalicelib.sources.model import Report

type Deliver = Callable[..., Report]


@pytest.fixture
def deliver(cloud: None, now: datetime, tmp_path: Path) -> Deliver:
    """Put a file into the inbox and receive it."""
    count = 0

    def _deliver(key: str, body: str | bytes, **options: object) -> Report:
        nonlocal count
        count += 1
        data = body.encode() if isinstance(body, str) else body
        aws.client("s3").put_object(Bucket=config.bucket("inbox"), Key=key, Body=data)
        scratch = tmp_path / str(count)
        scratch.mkdir()
        delivery = service.Delivery(config.bucket("inbox"), key, str(count))
        return service.receive(delivery, now, scratch, **options)  # type: ignore[arg-type]

    return _deliver
