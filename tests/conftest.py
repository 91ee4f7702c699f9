"""Fixtures that every test may ask for."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.cloud import fresh_cloud


@pytest.fixture
def cloud() -> Iterator[None]:
    """An empty cloud in this process: tables, buckets, queues, keys, secrets."""
    with fresh_cloud():
        yield


@pytest.fixture
def now() -> datetime:
    """A Monday morning in Foshan: 2026-11-23 09:30."""
    return datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
