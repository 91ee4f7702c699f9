"""The small list's index, built and published."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib import aws, config
from chalicelib.places import listing, published
from tests.chalicelib.places.lists import BUILT_AT, standard_rows, write_rows


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The index of the small list."""
    target = tmp_path / "addresses.sqlite"
    listing.build(write_rows(tmp_path / "addresses.csv", standard_rows()), target, BUILT_AT)
    return target


@pytest.fixture
def unpublished(cloud: None) -> Iterator[None]:
    """A cloud in which no list is published, and a process that knows of none."""
    for key in (published.MANIFEST_KEY, published.FILE_KEY):
        aws.client("s3").delete_object(Bucket=config.bucket("published"), Key=key)
    published.forget()
    yield
    published.forget()


@pytest.fixture
def published_list(unpublished: None, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small list published in the test cloud; copies land in this test's own folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    published.publish(built, {"rows": 12, "built_at": BUILT_AT})
    return built
