"""The district that the tests of school places share."""

from datetime import datetime

import pytest

from tests.chalicelib.schooling.season import Families, planned


@pytest.fixture
def families(cloud: None, now: datetime) -> Families:
    """Three schools, and nobody yet who wants to go there."""
    planned(now)
    return Families(now)
