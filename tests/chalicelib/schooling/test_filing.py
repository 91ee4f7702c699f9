"""Filing for a school place: who may, what is refused and where, what departments say, and other wishes."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chalicelib import tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.identity import service as identity
from chalicelib.schooling import filing, service, store
from chalicelib.schooling.model import NewSchoolApplication
from chalicelib.schooling.views import NewChoices
from tests.chalicelib.schooling.season import OFFICER, Families, codes, opened, sibling
from tests.town import id_number, staff


def test_a_claim_that_a_person_does_not_accept_counts_for_nothing(families: Families, now: datetime) -> None:
    opened(now)
    parent = families.parent()
    case = families.filed(
        parent, families.body("a1", siblings=[sibling({"name": "测试小姐", "school": "a1"})]), "50"
    )
    cases.record_check(case, "age:education", "passed", SYSTEM, now)
    cases.record_check(case, "kinship:public_security", "passed", SYSTEM, now)
    cases.record_check(case, "sibling:education", "failed", SYSTEM, now)
    assert cases.case(case).state == "review"
    cases.decide(OFFICER, case, Decision(decision="approve", reason="按积分参加"), now)
    assert filing.enact(cases.case(case), now)
    (kept,) = store.applications_of(parent.id)
    assert (kept.status, kept.sibling_at, kept.policy) == ("accepted", (), False)


def test_who_withdraws_takes_no_part_and_may_apply_anew(families: Families, now: datetime) -> None:
    run_id = opened(now)
    parent = families.parent()
    body = families.body("a1")
    case = families.filed(parent, body, "70")
    families.pass_all(case)
    with pytest.raises(Conflict, match="school_child_asked_already"):
        families.filed(parent, body)
    cases.act(cases.case(case), "withdraw", parent, now)
    for _ in range(2):
        service.follow(cases.case(case), now)
    (kept,) = store.applications_of(parent.id)
    assert kept.status == "withdrawn"
    assert families.allocated(run_id).pupils == 0


def test_after_a_withdrawal_either_parent_may_apply(families: Families, now: datetime) -> None:
    opened(now)
    parent, other = families.parent(), families.parent()
    body = families.body("a1")
    case = families.filed(parent, body, "70")
    families.pass_all(case)
    cases.act(cases.case(case), "withdraw", parent, now)
    assert service.follow(cases.case(case), now)
    assert families.filed(parent, body)
    families.at_home(other, body)
    assert families.filed(other, body)


def test_ages_wishes_and_claims_that_cannot_be_are_named(families: Families, now: datetime) -> None:
    opened(now)
    parent = families.parent()

    def wrong(**said: Any) -> dict[str, str]:
        choices = said.pop("choices", ["a1"])
        with pytest.raises(Invalid) as error:
            families.filed(parent, families.body(*choices, **said))
        return codes(error)

    assert wrong(born=date(2020, 9, 1)) == {"/child/id_number": "school_too_young"}
    assert wrong(born=date(2026, 12, 1)) == {"/child/id_number": "school_born_in_future"}
    assert wrong(choices=["a1", "x9", "a1"]) == {"/choices/1": "school_unknown", "/choices/2": "school_twice"}
    assert wrong(points_case=None) == {"/points_case": "school_points_needed"}
    assert wrong(siblings=[sibling({"name": "测试小哥", "school": "b1"})]) == {
        "/siblings/0/school": "school_sibling_elsewhere"
    }
    body = families.body("a1")
    body["child"]["guardian_consent"] = False
    with pytest.raises(Invalid) as error:
        families.filed(parent, body)
    assert codes(error) == {"/child/guardian_consent": "guardian_consent_needed"}
    assert families.filed(parent, families.body("a1", born=date(2020, 8, 31)))


def test_the_guardians_consent_is_kept_with_the_application(families: Families, now: datetime) -> None:
    opened(now)
    parent, _ = families.accepted("a1")
    (kept,) = store.applications_of(parent.id)
    assert identity.has_guardian_consent(parent.id, kept.child)


def test_nobody_applies_before_the_opening_after_the_closing_or_without_a_home(
    families: Families, now: datetime
) -> None:
    parent, body = families.parent(), families.body("a1")
    with pytest.raises(Conflict, match="school_not_open"):
        families.filed(parent, body)
    opened(now)
    stranger = Actor("P404", "citizen", frozenset({"citizen"}), session="U404")
    with pytest.raises(Conflict, match="school_not_registered"):
        families.filed(stranger, body)
    with pytest.raises(Conflict, match="school_not_open"):
        service.file(parent, NewSchoolApplication.model_validate(body), now + timedelta(hours=2))
    with pytest.raises(Conflict, match="school_run_not_yet"):
        service.close_run(OFFICER, "2026-440604-1-1", now)


def test_wishes_change_until_the_closing_and_not_after(families: Families, now: datetime) -> None:
    opened(now)
    parent, case = families.accepted("a1")
    assert service.change_choices(parent, case, NewChoices(choices=["b1", "a1"]), now).choices == ["b1", "a1"]
    with pytest.raises(Conflict, match="school_not_open"):
        service.change_choices(parent, case, NewChoices(choices=["a1"]), now + timedelta(hours=2))
    with pytest.raises(NotFound):
        service.change_choices(families.parent(), case, NewChoices(choices=["a1"]), now)
    with pytest.raises(Invalid):
        service.change_choices(parent, case, NewChoices(choices=["x9"]), now)


@pytest.mark.parametrize(
    ("grade", "rolls", "passed"),
    [
        (7, [{"grade": 6, "seen_on": "2026-03-01", "school": "示范"}], True),
        (7, [{"grade": 6, "seen_on": "2024-03-01", "school": "示范"}], False),
        (7, [{"grade": 5, "seen_on": "2026-03-01", "school": "示范"}], False),
        (7, [], False),
    ],
)
def test_the_roll_shows_who_finishes_primary_school(
    families: Families, now: datetime, grade: int, rolls: list[dict[str, Any]], passed: bool
) -> None:
    opened(now, grade=grade)
    case = cases.case(families.filed(families.parent(), families.body("a1", grade=7, born=date(2014, 5, 1))))
    found = service.verify(case, "sixth_grade:education", lambda source, person: rolls, now)
    assert (found.result == "passed") is passed


def test_age_and_siblings_are_read_from_number_and_roll(families: Families, now: datetime) -> None:
    opened(now)
    claims = [sibling({"name": "测试小哥", "school": "a1"})]
    case = cases.case(families.filed(families.parent(), families.body("a1", siblings=claims)))

    def finding(part: str, *rolls: dict[str, Any]) -> str:
        return service.verify(case, f"{part}:education", lambda source, person: list(rolls), now).result

    assert finding("age") == "passed"
    there = {"school": "示范a1学校", "seen_on": "2026-09-10"}
    assert finding("sibling", there) == "passed"
    assert finding("sibling", there | {"school": "另一所"}) == "person"
    assert finding("sibling", there | {"seen_on": "2024-01-01"}) == finding("sibling") == "person"
    old = cases.case(families.filed(families.parent(), families.body("a1", born=date(2012, 1, 1))))
    assert service.verify(old, "age:education", lambda source, person: [], now).result == "person"


def test_only_the_child_of_the_ranking_or_ones_own_points_count(families: Families, now: datetime) -> None:
    """Somebody else's points case is no help: only the same child, or the own points for no particular child."""
    run_id = opened(now)
    families.accepted("b1", points="90")
    stranger = families.points[0].case
    parent, case = families.accepted("a1", points=None)
    (kept,) = store.applications_of(parent.id)
    named = kept.model_copy(update={"points_case": stranger})
    tables.transact(store.save(kept, named))
    families.allocated(run_id)
    line = store.entry(run_id, case)
    assert line and line.left_out == "no_points"


def test_staff_file_for_the_parent_present_in_their_own_region_only(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent = families.parent()
    body = families.body("a1") | {
        "person": {"name": "测试家长", "id_number": identity.profile(parent.id).id_number}
    }
    with pytest.raises(Forbidden):
        families.filed(parent, body)
    with pytest.raises(Forbidden):
        families.filed(staff("coordinator", near=False), body)
    with pytest.raises(Invalid):
        families.filed(staff("coordinator"), {**body, "person": None})
    unknown = {"name": "测试无名", "id_number": id_number(901)}
    with pytest.raises(NotFound):
        families.filed(staff("coordinator"), {**body, "person": unknown})
    case = cases.case(families.filed(staff("coordinator"), body))
    (kept,) = store.applications_of(parent.id)
    assert (case.owner, case.filer) == (parent.id, "coordinator-near")
    assert identity.has_guardian_consent(parent.id, kept.child)
    seen = identity.disclosures(parent.id, None, now).items
    assert [(one.staff, one.purpose) for one in seen] == [("coordinator-near", "counter_service")]
