"""Whose child it is: the register or the points application says so, or a person who has seen a paper; until then nothing is taken."""

from datetime import datetime, timedelta

import pytest

from chalicelib import keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import asking, materials
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Conflict
from chalicelib.residence import service as residence
from chalicelib.schooling import filing, rights, service, store
from chalicelib.schooling.model import Application
from chalicelib.seasons import model as points
from chalicelib.seasons import store as seasons
from tests.chalicelib.schooling.season import OFFICER, Families, opened, places
from tests.town import COMMUNITY, DISTRICT, TOWN

CHECK = "kinship:public_security"


def verified(case: str, now: datetime) -> str:
    """What the machine says of kinship, recorded as the function does it."""
    found = service.verify(cases.case(case), CHECK, lambda source, person: [], now)
    if found.result == "passed":
        cases.record_check(case, CHECK, "passed", SYSTEM, now, reason=found.reason, receipt=found.receipt)
    else:
        cases.to_person(case, CHECK, found.reason, now, found.receipt)
    return found.reason


def mine(parent: Actor) -> Application:
    (found,) = store.applications_of(parent.id)
    return found


def asked_for_points(parent: Actor, number: str, now: datetime) -> str:
    """The case of a points application of a parent for a child, accepted."""
    submission = cases.Submission(
        kind="points_application",
        owner=parent.id,
        filer=parent.id,
        region=COMMUNITY,
        payload={"departments": ["tax"]},
    )
    case = cases.submit(submission, parent, now).id
    made = points.Application(
        case=case,
        person=parent.id,
        child=keys.blind_index("child", number),
        scope="school",
        area=DISTRICT,
        town=TOWN,
        period="2026",
        policy="demo-2026",
        policy_version="1",
        policy_digest="0" * 64,
        filed_at=now,
    )
    tables.transact(*seasons.application_writes(made, "sealed", [], [], None))
    return case


def test_whoever_merely_knows_a_childs_number_takes_no_part_and_keeps_no_parent_out(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    stranger, parent = families.parent(), families.parent()
    body = families.body("b1")
    first = families.filed(stranger, body, "90")
    assert verified(first, now) == "no_kin" and cases.case(first).check(CHECK).state != "passed"
    families.at_home(parent, body)
    case = families.filed(parent, body | {"choices": ["a1"]})
    assert verified(case, now) == "kin_household"
    families.pass_all(case)
    cases.record_check(first, CHECK, "failed", SYSTEM, now)
    cases.record_check(first, "age:education", "passed", SYSTEM, now)
    cases.decide(OFFICER, first, Decision(decision="approve", reason="按积分参加"), now)
    assert filing.enact(cases.case(first), now) and not filing.enact(cases.case(first), now)
    assert (mine(stranger).status, mine(parent).status) == ("refused", "accepted")
    assert families.allocated(run_id).pupils == 1
    assert places(parent).rounds[0].school == "a1" and places(stranger).rounds[0].school is None


def test_an_officers_approval_of_the_rest_does_not_stand_for_kinship(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    stranger = families.parent()
    case = families.filed(stranger, families.body("a1"), "90")
    cases.record_check(case, CHECK, "unclear", SYSTEM, now)
    cases.record_check(case, "age:education", "passed", SYSTEM, now)
    cases.decide(OFFICER, case, Decision(decision="approve", reason="按积分参加"), now)
    assert filing.enact(cases.case(case), now) and not filing.enact(cases.case(case), now)
    assert mine(stranger).status == "refused"
    assert families.allocated(run_id).pupils == 0


def test_a_paper_is_asked_for_only_where_no_record_shows_it_even_if_people_have_other_work(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent = families.parent()
    case = families.filed(parent, families.body("a1", policy_claim="martyr"))
    cases.record_check(case, "age:education", "passed", SYSTEM, now)
    assert not asking.name_papers(cases.case(case), now)
    verified(case, now)
    assert asking.name_papers(cases.case(case), now)
    asked = cases.case(case)
    assert asked.state == "supplement"
    assert {"papers": "relation_proof"} in [event.params for event in asked.events]
    cases.supplement(parent, case, None, now + timedelta(minutes=1), None, "zh-CN")
    again = cases.case(case)
    assert again.state == "checking" and again.check(CHECK).state == "open"
    body = families.body("a1")
    families.at_home(parent, body)
    shown = families.filed(parent, body)
    assert verified(shown, now) == "kin_household"
    (paper,) = [each for each in materials.of(cases.case(shown)) if each.kind.kind == "relation_proof"]
    assert paper.state == "not_needed" and not asking.name_papers(cases.case(shown), now)


def test_the_points_application_for_the_child_shows_it_once_it_is_accepted(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent, other = families.parent(), families.parent()
    body = families.body("a1")
    case = families.filed(parent, body)
    points_case = asked_for_points(parent, body["child"]["id_number"], now)
    assert service.verify(cases.case(case), CHECK, lambda *_: [], now).reason == "no_kin"
    for part in cases.case(points_case).checks:
        cases.record_check(points_case, part.id, "passed", SYSTEM, now)
    assert verified(case, now) == "kin_points"
    families.pass_all(case)
    assert mine(parent).kin
    families.at_home(other, body)
    with pytest.raises(Conflict, match="school_child_asked_already"):
        families.filed(other, body)


def test_of_two_that_a_person_believed_the_first_has_the_child_and_an_upheld_appeal_counts(
    families: Families, now: datetime
) -> None:
    opened(now)
    one, two = families.parent(), families.parent()
    body = families.body("a1")
    first, second = families.filed(one, body), families.filed(two, body)
    with pytest.raises(Conflict, match="school_child_asked_already"):
        families.filed(two, body)
    for part in (CHECK, "age:education"):
        cases.record_check(first, part, "failed", SYSTEM, now)
    cases.decide(OFFICER, first, Decision(decision="refuse", reason="材料不符"), now)
    assert filing.follow(cases.case(first), now)
    families.pass_all(second)
    cases.appeal(one, first, "户口簿已补", now, None, "zh-CN")
    city = Actor("city-1", "staff", frozenset({"city_officer"}), scopes=("4406",))
    cases.decide(city, first, Decision(decision="uphold", reason="申诉成立"), now)
    assert not filing.enact(cases.case(first), now)
    assert (mine(one).status, mine(two).status) == ("refused", "accepted")
    cases.act(cases.case(second), "withdraw", two, now)
    assert filing.follow(cases.case(second), now) and filing.enact(cases.case(first), now)
    assert mine(one).status == "accepted" and mine(one).kin


def test_the_household_counts_while_both_live_in_it_and_only_as_a_child(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent, uncle = families.parent(), families.parent()
    body, other = families.body("a1"), families.body("a1")
    families.at_home(parent, body)
    families.at_home(uncle, other, "other")
    case, kept = families.filed(parent, body), families.filed(uncle, other)
    child = mine(parent).child
    assert residence.relation_of(parent.id, child) == "child" != residence.relation_of(child, parent.id)
    assert (mine(parent).kin, mine(uncle).kin) == (True, False) and verified(kept, now) == "no_kin"
    families.at_home(uncle, body)  # The child has moved into another household.
    assert residence.relation_of(parent.id, child) is None and verified(case, now) == "no_kin"


def test_what_was_filed_for_a_child_without_kinship_goes_with_the_child(
    families: Families, now: datetime
) -> None:
    opened(now)
    stranger = families.parent()
    case = families.filed(stranger, families.body("a1"))
    child = mine(stranger).child
    (held,) = rights._export(child, now)
    assert held["case"] == case
    rights._erase(child, now)
    assert store.applications_for(child) == [] == store.applications_of(stranger.id)
