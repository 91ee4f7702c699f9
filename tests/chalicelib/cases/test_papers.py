"""Papers: uploaded once, looked at, used by cases, proven and used again, and gone on their day."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from chalicelib import aws, config, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import documents, inspection, paper_store, papers, service
from chalicelib.cases.paper_views import NewPaper
from chalicelib.cases.papers import Named
from chalicelib.cases.service import Submission
from chalicelib.cases.views import CaseView, view
from chalicelib.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from chalicelib.identity import parts

OWNER = Actor("P1", "citizen", frozenset({"citizen", "landlord"}))
LANDLORD = Actor("P2", "citizen", frozenset({"citizen", "landlord"}))
STAFF = Actor("coordinator-x", "staff", frozenset({"coordinator"}), ("440604010",))
KIND = "residence_registration"


def picture(width: int = 640, height: int = 480, kind: str = "PNG", **more: Any) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(drawn, kind, **more)
    return drawn.getvalue()


PNG = picture()


def bytes_there() -> set[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=config.bucket("documents"))
    return {item["Key"] for item in listed.get("Contents", [])}


def put(key: str, content: bytes) -> None:
    aws.client("s3").put_object(Bucket=config.bucket("documents"), Key=key, Body=content)


def announce(now: datetime, kind: str = "dwelling_proof", person: str = "P1", size: int = len(PNG)) -> str:
    wanted = NewPaper(case_kind=KIND, kind=kind, media_type="image/png", size=size)
    return papers.announce(person, wanted, OWNER, now, None).document.id


def uploaded(now: datetime, kind: str = "dwelling_proof", person: str = "P1") -> str:
    made = announce(now, kind, person)
    key = documents.object_key(person, made)
    put(key, PNG)
    assert inspection.inspect(key, now) == "clean"
    return made


def submit(now: datetime, *named: Named, actor: Actor = OWNER) -> str:
    filed = Submission(kind=KIND, owner="P1", filer=actor.id, region="440604010001", payload={}, papers=named)
    return service.submit(filed, actor, now).id


def seen(case_id: str) -> CaseView:
    return view(service.case(case_id), "en")


def states(case_id: str) -> dict[str, str]:
    return {material.kind: material.state for material in seen(case_id).materials}


def accept(case_id: str, now: datetime) -> None:
    for department in ("public_security", "housing"):
        service.record_check(case_id, department, "passed", SYSTEM, now)
    papers.settle(service.case(case_id))


def proven(now: datetime) -> str:
    """The paper that a case was accepted with."""
    made = uploaded(now)
    accept(submit(now, Named("/dwelling_proof/0", "dwelling_proof", made)), now)
    return made


def test_a_paper_named_in_a_form_is_on_the_case_in_its_place(cloud: None, now: datetime) -> None:
    home, child = uploaded(now), uploaded(now, "relation_proof")
    case_id = submit(
        now,
        Named("/dwelling_proof/0", "dwelling_proof", home),
        Named("/household/0/relation_proof", "relation_proof", child),
    )
    found = {document.id: document.place for document in seen(case_id).documents}
    assert found == {home: "/dwelling_proof/0", child: "/household/0/relation_proof"}
    assert states(case_id)["dwelling_proof"] == "provided"
    assert documents.download(service.case(case_id), home, now).url


def test_a_paper_that_is_looked_at_after_the_case_was_filed_is_clean_on_both(
    cloud: None, now: datetime
) -> None:
    made = announce(now)
    case_id = submit(now, Named("/dwelling_proof/0", "dwelling_proof", made))
    assert [document.state for document in seen(case_id).documents] == ["awaited"]
    key = documents.object_key("P1", made)
    put(key, PNG)
    assert [inspection.inspect(key, now) for _ in range(2)] == ["clean", "clean"]
    assert [(d.state, d.thumbnail) for d in seen(case_id).documents] == [("clean", True)]
    assert [event.what for event in seen(case_id).timeline].count("document_clean") == 1


@pytest.mark.parametrize("wrong", ["unknown", "another's", "of another kind", "twice", "refused"])
def test_a_paper_that_does_not_fit_is_named_by_its_field(cloud: None, now: datetime, wrong: str) -> None:
    made = {
        "unknown": lambda: "D" + "0" * 26,
        "another's": lambda: uploaded(now, person="P2"),
        "of another kind": lambda: uploaded(now, "relation_proof"),
        "twice": lambda: uploaded(now),
        "refused": lambda: _refused(now),
    }[wrong]()
    named = [
        Named(f"/dwelling_proof/{n}", "dwelling_proof", made) for n in range(2 if wrong == "twice" else 1)
    ]
    with pytest.raises(Invalid) as refused:
        submit(now, *named)
    assert [field.path for field in refused.value.fields] == [f"/dwelling_proof/{len(named) - 1}"]
    assert service.cases_of(OWNER, filed=False, limit=10, token=None)[0] == []


def _refused(now: datetime) -> str:
    made = announce(now)
    put(documents.object_key("P1", made), b"%PDF-" + PNG[5:])
    assert inspection.inspect(documents.object_key("P1", made), now) == "refused"
    return made


def test_what_was_proven_once_is_not_asked_for_again(cloud: None, now: datetime) -> None:
    made = proven(now)
    later = now + timedelta(days=100)
    case_id = submit(later)
    assert [(d.id, d.proven_on) for d in seen(case_id).documents] == [(made, now.date())]
    material = next(m for m in seen(case_id).materials if m.kind == "dwelling_proof")
    assert (material.state, material.record_date) == ("reused", now.date())
    assert "earlier case" in material.because


def test_a_refused_case_proves_nothing(cloud: None, now: datetime) -> None:
    case_id = submit(now, Named("/dwelling_proof/0", "dwelling_proof", uploaded(now)))
    service.act(service.case(case_id), "withdraw", OWNER, now)
    assert papers.settle(service.case(case_id)) == 1
    assert seen(submit(now + timedelta(days=1))).documents == []


def test_a_proof_serves_as_long_as_its_kind_says_and_using_it_makes_it_no_younger(
    cloud: None, now: datetime
) -> None:
    proven(now)
    last = now + timedelta(days=365)
    accept(submit(last), last)
    assert [d.state for d in seen(submit(last)).documents] == ["clean"]
    assert seen(submit(last + timedelta(days=1))).documents == []


def test_who_files_for_another_gets_none_of_that_persons_papers_but_the_counter_does(
    cloud: None, now: datetime
) -> None:
    made = proven(now)
    assert seen(submit(now, actor=LANDLORD)).documents == []
    assert [d.id for d in seen(submit(now, actor=STAFF)).documents] == [made]


def test_a_paper_uploaded_to_the_case_is_proven_too(cloud: None, now: datetime) -> None:
    from chalicelib.cases.views import NewDocument

    case_id = submit(now)
    wanted = NewDocument(kind="dwelling_proof", media_type="image/png", size=len(PNG))
    made = documents.announce(service.case(case_id), wanted, OWNER, now).document.id
    key = documents.object_key(case_id, made)
    put(key, PNG)
    inspection.inspect(key, now)
    accept(case_id, now)
    (held,) = papers.listed("P1", now).items
    assert (held.id, held.reusable, held.cases) == (made, True, [case_id])
    papers.settle(service.case(case_id))
    assert papers.listed("P1", now).items == [held]


def test_materials_say_what_departments_make_unnecessary(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    assert states(case_id) == dict.fromkeys(
        ("dwelling_proof", "relation_proof", "identity_card"), "not_needed"
    )
    service.to_person(case_id, "housing", "no_record", now)
    assert states(case_id)["dwelling_proof"] == "needed"
    service.record_check(case_id, "public_security", "passed", SYSTEM, now)
    because = {m.kind: m.because for m in seen(case_id).materials}
    assert because["identity_card"] == "The department's own data show it; no paper is needed"
    assert because["dwelling_proof"] == "Please add this paper"


def test_a_paper_that_no_case_takes_goes_after_a_week_bytes_and_all(cloud: None, now: datetime) -> None:
    uploaded(now)
    day = (now + timedelta(days=papers.policy().unclaimed_days)).date()
    assert papers.expire(day - timedelta(days=1), now) == 0
    assert papers.expire(day, now) == 1
    assert papers.expire(day, now) == 0
    assert papers.listed("P1", now).items == [] and bytes_there() == set()


def test_a_paper_of_a_decided_case_goes_when_its_time_is_over_and_the_case_says_so(
    cloud: None, now: datetime
) -> None:
    made = proven(now)
    case_id = service.cases_of(OWNER, filed=False, limit=1, token=None)[0][0].id
    assert papers.expire((now + timedelta(days=365)).date(), now) == 1
    assert bytes_there() == set()
    assert [(d.id, d.state) for d in seen(case_id).documents] == [(made, "gone")]
    with pytest.raises(Conflict, match="document_not_clean"):
        documents.download(service.case(case_id), made, now)


def test_a_paper_stays_as_long_as_a_case_with_it_is_open(cloud: None, now: datetime) -> None:
    made = uploaded(now)
    submit(now, Named("/dwelling_proof/0", "dwelling_proof", made))
    goes = papers.listed("P1", now).items[0].goes_on
    assert papers.expire(goes, now + timedelta(days=90)) == 0
    assert papers.listed("P1", now).items[0].goes_on > goes
    with pytest.raises(Conflict, match="paper_in_use"):
        papers.forget("P1", made, OWNER, now)


def test_somebody_may_delete_a_paper_but_nobody_elses(cloud: None, now: datetime) -> None:
    made = uploaded(now)
    with pytest.raises(NotFound):
        papers.forget("P2", made, LANDLORD, now)
    papers.forget("P1", made, OWNER, now)
    assert bytes_there() == set() and papers.listed("P1", now).items == []


def test_a_person_gets_a_copy_and_deletion_leaves_no_bytes(cloud: None, now: datetime) -> None:
    proven(now)
    uploaded(now, "relation_proof")
    _, row = sealing.new_sealer("P1")
    tables.transact(tables.create(row))
    copies = parts.exports("P1", now)["papers"]
    assert isinstance(copies, list) and len(copies) == 2 and all(copy["url"] for copy in copies)
    papers._erase("P1", now)
    assert bytes_there() == set() and paper_store.papers("P1") == []


def test_too_many_unused_papers_and_wrong_ones_are_refused(cloud: None, now: datetime) -> None:
    for wanted, error in (
        (NewPaper(case_kind=KIND, kind="dwelling_proof", media_type="image/gif", size=9), Invalid),
        (NewPaper(case_kind=KIND, kind="dwelling_proof", media_type="image/png", size=10**8), TooLarge),
        (NewPaper(case_kind=KIND, kind="nothing", media_type="image/png", size=9), NotFound),
        (NewPaper(case_kind="nothing", kind="dwelling_proof", media_type="image/png", size=9), NotFound),
    ):
        with pytest.raises(error):
            papers.announce("P1", wanted, OWNER, now, None)
    for _ in range(papers.policy().unclaimed_most):
        announce(now)
    with pytest.raises(Conflict, match="paper_count"):
        announce(now)


def test_a_scanner_that_is_away_leaves_the_paper_unopened(cloud: None, now: datetime) -> None:
    def away(content: bytes) -> bool:
        raise Unavailable("scanner_away")

    made = announce(now)
    key = documents.object_key("P1", made)
    put(key, PNG)
    with pytest.raises(Unavailable):
        inspection.inspect(key, now, away)
    with pytest.raises(Conflict, match="document_not_clean"):
        papers.download("P1", made, now)
    assert inspection.inspect(key, now) == "clean"
    assert papers.download("P1", made, now, small=True).url != papers.download("P1", made, now).url
