"""Fixtures that every test may ask for."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.cloud import cloud_process, forget_everything, wipe


@pytest.fixture(scope="session")
def _cloud_environment() -> Iterator[dict[str, str]]:
    with cloud_process() as environment:
        yield environment


@pytest.fixture
def cloud(_cloud_environment: dict[str, str]) -> Iterator[None]:
    """An empty cloud in this process: tables, buckets, queues, keys, secrets."""
    before = dict(os.environ)
    os.environ.update(_cloud_environment)
    forget_everything()
    wipe()
    yield
    forget_everything()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def now() -> datetime:
    """A Monday morning in Foshan: 2026-11-23 09:30."""
    return datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
