"""A small city on the deployed package: everything that `make smoke` shows, each as a test, IAM enforced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import city as life
from infra.local import pipeline
from infra.local.smoke_steps import STEPS, Run
from tests.e2e.city import City

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def run(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A city with staff, addresses and the register of a few hundred people."""
    folder: Path = tmp_path_factory.mktemp("synthetic")
    story = life.begin(city.place.endpoints(), 300, folder)
    life.make_city(story)
    life.prepare(story)
    register = [path for path in pipeline.files(folder) if "registrations" in path.parts]
    bucket = story.endpoints["inbox_bucket"]
    pipeline.drop(story.session, bucket, folder, register)
    pipeline.wait_until(
        lambda: pipeline.count_reports(story.session, bucket) >= len(register), 180, lambda: "no report yet"
    )
    yield Run(story.api, story.endpoints["sandbox"], story.session, bucket)
    assert list(pipeline.dead_letters(story.session)) == []


def test_everything_that_the_smoke_run_shows(run: Run, subtests: pytest.Subtests) -> None:
    for step in STEPS:  # In order: each builds on what the ones before it found.
        with subtests.test(step.__name__):
            assert step(run)
