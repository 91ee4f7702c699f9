"""Raises one city for all end-to-end tests: its own MiniStack and sandbox on free ports, gone afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import city as life
from infra.local import pipeline, processes, up
from infra.local.place import Place, free_port
from infra.local.smoke_steps import Run
from infra.package import BUILD, ROOT, package
from tests.e2e.city import City


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A freshly deployed, empty city; never the one that `make run` raised."""
    if not (ROOT / ".local" / "ministack" / "bin" / "python").exists():
        pytest.fail("no MiniStack: run these tests by `make test`, which installs it")
    package(unless_current=True)
    place = Place(tmp_path_factory.mktemp("city"), free_port(), free_port())
    try:
        up.start(place)
        up.deploy_local(place, place.session(), BUILD)
        yield City(place)
    finally:
        processes.stop(place)
        shutil.rmtree(place.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def run(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The city with staff, addresses and the register of a few hundred people."""
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
