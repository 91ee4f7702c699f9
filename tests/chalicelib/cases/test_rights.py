"""What the engine holds of a person: papers go with their person."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import audit, aws, config
from chalicelib.cases import documents, rights, store
from chalicelib.cases.documents import object_key
from chalicelib.cases.views import NewDocument
from chalicelib.errors import Conflict
from tests.town import Town, outside_systems


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def papers() -> set[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=config.bucket("documents"))
    return {item["Key"] for item in listed.get("Contents", [])}


def end(case_id: str) -> None:
    """The case as if it had been decided."""
    store.CaseRow(store.case_pk(case_id), "CASE").update(actions=[store.CaseRow.state.set("accepted")])


def test_deletion_takes_the_papers_bytes_and_no_other_case_s(town: Town) -> None:
    case_id, document_id = town.document()
    other = object_key("C-of-another", "D1")
    aws.client("s3").put_object(Bucket=config.bucket("documents"), Key=other, Body=b"-")
    assert papers() == {object_key(case_id, document_id), other}
    end(case_id)
    (kept,) = rights._erase(town.owner.id, town.tick())
    assert kept.what == "cases"
    assert papers() == {other}
    (note,) = [row for row in audit.EntryRow.scan() if row.act == "case.erased"]
    assert note.facts == '{"papers":1}'


def test_a_paper_that_nobody_has_looked_at_yet_goes_too(town: Town) -> None:
    case_id, _ = town.document()
    case = store.load(case_id)
    assert case is not None
    wanted = NewDocument(kind="dwelling_proof", media_type="image/png", size=100)
    made = documents.announce(case, wanted, town.owner, town.tick())
    key = object_key(case_id, made.document.id)
    aws.client("s3").put_object(Bucket=config.bucket("documents"), Key=key, Body=b"-" * 100)
    end(case_id)
    rights._erase(town.owner.id, town.tick())
    assert papers() == set()


def test_while_a_case_is_open_its_papers_stay(town: Town) -> None:
    case_id, document_id = town.document()
    with pytest.raises(Conflict, match="cases_open"):
        rights._erase(town.owner.id, town.tick())
    assert papers() == {object_key(case_id, document_id)}


def test_deletion_again_is_harmless(town: Town) -> None:
    case_id, _ = town.document()
    end(case_id)
    assert [len(rights._erase(town.owner.id, town.tick())) for _ in range(2)] == [1, 1]
