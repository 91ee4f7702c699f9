"""A small city on the deployed package: everything that `make smoke` shows, each as a test, IAM enforced."""

import pytest

from infra.local.smoke import STEPS
from infra.local.smoke_steps import Run

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")


def test_everything_that_the_smoke_run_shows(run: Run, subtests: pytest.Subtests) -> None:
    for step in STEPS:  # In order: each builds on what the ones before it found.
        with subtests.test(step.__name__):
            assert step(run)
