"""The copy on scratch disk is the newest one, and looked after no more often than said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, config
from chalicelib.errors import Unavailable
from chalicelib.places import listing, published
from chalicelib.places.published import CHECK_SECONDS, Copy, publish
from tests.chalicelib.places.lists import BUILT_AT, rooms, standard_rows, write_rows


class Clock:
    """Seconds that move when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Counting:
    """An S3 client that counts and can fail."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.keys, self.down = s3, [], False

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        from botocore.exceptions import ConnectTimeoutError

        self.keys.append(Key)
        if self.down:
            raise ConnectTimeoutError(endpoint_url="s3")
        return self.s3.get_object(Bucket=Bucket, Key=Key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def s3(unpublished: None) -> Counting:
    return Counting(aws.client("s3"))


@pytest.fixture
def copy(s3: Counting, clock: Clock, tmp_path: Path) -> Iterator[Copy]:
    (tmp_path / "disk").mkdir()
    made = Copy(s3, config.bucket("published"), tmp_path / "disk", clock)
    yield made
    made.close()


def bigger(tmp_path: Path) -> Path:
    more = [*standard_rows(), *rooms(9, "绿景路", "1", "", ("101",))]
    listing.build(write_rows(tmp_path / "more.csv", more), tmp_path / "more.sqlite", BUILT_AT)
    return tmp_path / "more.sqlite"


def test_nothing_published_is_no_index(copy: Copy) -> None:
    assert copy.index() is None


def test_the_manifest_says_what_was_published(unpublished: None, built: Path) -> None:
    manifest = publish(built, {"rows": 12, "built_at": BUILT_AT})
    body = aws.client("s3").get_object(Bucket=config.bucket("published"), Key="places/addresses.json")["Body"]
    assert json.loads(body.read()) == manifest
    assert manifest["rows"] == 12 and manifest["bytes"] == built.stat().st_size
    head = aws.client("s3").head_object(Bucket=config.bucket("published"), Key="places/addresses.sqlite")
    assert head["ETag"].strip('"') == manifest["etag"]


def test_the_file_is_fetched_once_and_not_looked_after_for_five_minutes(
    copy: Copy, s3: Counting, clock: Clock, built: Path
) -> None:
    publish(built, {})
    first = copy.index()
    clock.seconds = CHECK_SECONDS - 1
    assert copy.index() is first
    assert s3.keys == ["places/addresses.json", "places/addresses.sqlite"]
    clock.seconds = CHECK_SECONDS
    assert copy.index() is first
    assert s3.keys[2:] == ["places/addresses.json"]


def test_a_new_version_is_taken_at_the_next_look_and_the_old_file_removed(
    copy: Copy, clock: Clock, built: Path, tmp_path: Path
) -> None:
    publish(built, {})
    copy.index()
    publish(bigger(tmp_path), {})
    clock.seconds = CHECK_SECONDS
    newest = copy.index()
    assert newest is not None and [b.line for b in newest.containing("绿景", None, 5)] == [
        "佛山市禅城区石湾镇街道绿景路1号"
    ]
    assert len(list((tmp_path / "disk").iterdir())) == 1


def test_a_second_process_on_the_same_disk_does_not_fetch_again(
    copy: Copy, s3: Counting, clock: Clock, built: Path
) -> None:
    publish(built, {})
    copy.index()
    s3.keys.clear()
    second = Copy(s3, copy.bucket, copy.scratch, clock)
    assert second.index() is not None
    second.close()
    assert s3.keys == ["places/addresses.json"]


def test_a_copy_serves_on_while_s3_is_away(copy: Copy, s3: Counting, clock: Clock, built: Path) -> None:
    publish(built, {})
    first = copy.index()
    assert first is not None
    s3.down, clock.seconds = True, CHECK_SECONDS
    assert copy.index() is first


def test_without_a_copy_an_absent_s3_is_said(copy: Copy, s3: Counting) -> None:
    s3.down = True
    with pytest.raises(Unavailable) as refused:
        copy.index()
    assert refused.value.code == "addresses_unavailable"


def test_a_file_that_does_not_fit_its_manifest_is_never_opened(copy: Copy, built: Path) -> None:
    publish(built, {})
    aws.client("s3").put_object(Bucket=copy.bucket, Key="places/addresses.sqlite", Body=b"half")
    with pytest.raises(Unavailable):
        copy.index()
    assert list(copy.scratch.iterdir()) == []


def test_a_process_that_forgets_looks_anew(published_list: Path) -> None:
    assert published.newest() is not None
    aws.client("s3").delete_object(Bucket=config.bucket("published"), Key="places/addresses.json")
    assert published.newest() is not None
    published.forget()
    assert published.newest() is None
