"""Everything about oneself as one zip of JSON and files, and nobody else's."""

import io
import json
import zipfile
from datetime import datetime

import pytest

from chalicelib import api, aws, config
from chalicelib.cases import documents
from chalicelib.identity import service as identity
from chalicelib.identity.archives import archive
from tests.town import Town


@pytest.fixture
def town(cloud: None, now: datetime) -> Town:
    api.routes()  # All contexts take part, as in the API.
    return Town(now)


def there() -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=config.bucket("documents"), Prefix="exports/")
    return [item["Key"] for item in listed.get("Contents", [])]


def opened() -> zipfile.ZipFile:
    (key,) = there()
    body = aws.client("s3").get_object(Bucket=config.bucket("documents"), Key=key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(body))


def test_one_zip_holds_what_is_known_and_every_file(town: Town, now: datetime) -> None:
    paper, (case_id, document) = town.paper(), town.document()
    made = identity.archive(town.owner, now)
    packed = opened()
    assert packed.testzip() is None
    held = json.loads(packed.read("everything.json"))
    assert held["person"]["name"] == "测试owner0"
    assert [case["id"] for case in held["others"]["cases"]] == [case_id]
    files = [name for name in packed.namelist() if name != "everything.json"]
    assert made.files == len(files) == 2 and made.left_out == []
    assert {name.partition("/")[0] for name in files} == {"papers", "cases"}
    assert all(packed.read(name).startswith(b"\x89PNG") and name.endswith(".png") for name in files)
    assert any(paper in name for name in files) and any(document in name for name in files)
    assert there()[0].startswith(f"exports/{town.owner.id}/") and there()[0] in made.url


def test_nothing_of_anybody_else_is_in_it(town: Town, now: datetime) -> None:
    town.paper()
    made = identity.archive(town.stranger, now)
    assert (made.files, opened().namelist()) == (0, ["everything.json"])
    assert town.owner.id not in opened().read("everything.json").decode()


def test_what_is_too_much_or_gone_is_named_and_the_rest_is_there(town: Town, now: datetime) -> None:
    first, second = town.paper(), town.paper()
    assert len(archive(town.owner, now, most_bytes=150).left_out) == 1
    aws.client("s3").delete_object(Bucket=config.bucket("documents"), Key=there()[0])
    gone = documents.object_key(town.owner.id, first)
    aws.client("s3").delete_object(Bucket=config.bucket("documents"), Key=gone)
    made = archive(town.owner, now)
    assert (made.files, len(made.left_out)) == (1, 1)
    assert first in made.left_out[0] and second in "".join(opened().namelist())


def test_deletion_takes_the_copies_with_it(town: Town, now: datetime) -> None:
    identity.archive(town.owner, now)
    identity.archive(town.stranger, now)
    identity.delete(town.owner, now)
    (left,) = there()
    assert left.startswith(f"exports/{town.stranger.id}/")
