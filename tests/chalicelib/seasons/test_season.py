"""A season from the application to the final list, and what goes wrong on the way."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.points import service as points
from chalicelib.points.model import Policy
from chalicelib.seasons import __main__ as command
from chalicelib.seasons import (
    deciding,
    list_store,
    store,
    telling,  # noqa: F401  # Takes part in prefilling.
)
from chalicelib.seasons import service as seasons
from chalicelib.seasons.rows import DecisionRow, SeasonItem
from chalicelib.seasons.views import Answers, NewObjection, PlaceQuery
from tests.chalicelib.seasons.season import (
    RECORDS,
    Records,
    accepted,
    agreed,
    applied,
    enacted,
    pupil,
    ranking,
    verified,
)
from tests.town import Town, id_number, outside_systems, staff

POLICIES = Path(points.__file__).parent / "policies"
POOR: Records = {
    "education_records": [{"record_id": "E2", "seen_on": "2026-03-01", "level": "高中/中技/中职"}]
}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def states(case_id: str) -> dict[str, str]:
    return {part.department: part.state for part in cases.case(case_id).checks}


def mine(person: str) -> Any:
    (found,) = seasons.mine(person, datetime(2026, 11, 23), "en").items
    return found


def decided(case_id: str, role: str, act: str, now: datetime) -> None:
    cases.decide(staff(role), case_id, Decision(decision=act, reason="a test's reason"), now)
    enacted(case_id, now)


def test_records_answer_what_they_can_and_every_point_has_a_receipt(town: Town, now: datetime) -> None:
    """College 40; two insurances from January 2022: four full years each, 8 × 1.2 = 9.6; the whole last year 12 × 0.5 = 6; a home 50."""
    case_id = applied(town, town.owner, now)
    assert verified({town.owner.id: RECORDS}, now, case_id) == {"passed": 3, "person": 1, "left": 0}
    assert states(case_id) == {
        "education": "passed",
        "human_resources": "passed",
        "housing": "passed",
        "public_security": "person",
    }
    agreed(now, case_id)
    found = mine(town.owner.id)
    assert (found.state, found.total, found.eligible) == ("accepted", Decimal("105.6"), True)
    shown = {line.indicator: (line.points, line.evidence and line.evidence.record) for line in found.lines}
    assert shown == {
        "A1.1": (40, "E1"),
        "A2.1": (Decimal("9.6"), "S1"),
        "A2.2": (6, "S1"),
        "A3.2": (50, "T1"),
    }
    assert cases.case(case_id).deadline == date(2026, 12, 7)  # Ten working days.


def test_silence_and_disagreement_are_a_persons_and_take_nothing_away(town: Town, now: datetime) -> None:
    claims = [{"indicator": "A1.1", "label": "本科"}, {"indicator": "A1.2", "label": "二级"}]
    case_id = applied(town, town.owner, now, claims=claims)
    verified({town.owner.id: RECORDS}, now, case_id)
    assert {states(case_id)[each] for each in ("education", "human_resources")} == {"person"}
    receipts = {r.rule for part in cases.case(case_id).checks if (r := part.receipt)}
    assert {"points_differs", "points_silent"} <= receipts
    agreed(now, case_id, decision="refuse")
    assert cases.case(case_id).state == "review"  # A second person looks at what a first one refused.
    decided(case_id, "coordinator", "approve", now)
    lines = {line.indicator: line.points for line in mine(town.owner.id).lines}
    assert lines["A1.1"] == 40 and "A1.2" not in lines  # What the record shows stays: college.


def test_a_person_says_what_holds_indicator_by_indicator(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now, claims=[{"indicator": "A1.2", "label": "一级"}])
    verified({town.owner.id: RECORDS}, now, case_id)
    reviewer = staff("reviewer", department="human_resources")
    with pytest.raises(Invalid):
        seasons.answer(reviewer, case_id, Answers(answers={"A3.2": True}, reason="not mine"), now, None, "en")
    said = Answers(answers={"A1.2": "四级", "A2.1": 8}, reason="证书为四级")
    seasons.answer(reviewer, case_id, said, now, None, "en")
    with pytest.raises(Conflict):
        seasons.answer(reviewer, case_id, said, now, None, "en")
    agreed(now, case_id)
    lines = {line.indicator: line.evidence for line in mine(town.owner.id).lines}
    assert lines["A1.2"] and lines["A1.2"].source == "person:human_resources"


def test_a_supplement_moves_the_applications_time_and_its_clock(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    verified({town.owner.id: RECORDS}, now, case_id)
    decided(case_id, "coordinator", "ask_supplement", now)
    later = now + timedelta(days=7)
    cases.supplement(town.owner, case_id, None, later, None, "en")
    case = cases.case(case_id)
    assert (case.state, case.deadline) == ("checking", date(2026, 12, 14))
    verified({town.owner.id: RECORDS}, later, case_id)
    agreed(later, case_id)
    assert deciding.applied_at(cases.case(case_id)) == later == mine(town.owner.id).applied_at


@pytest.mark.parametrize(
    ("claims", "place", "code"),
    [
        ([{"indicator": "Z9", "amount": 1}], "/claims/0/indicator", "indicator_unknown"),
        ([{"indicator": "A2.1", "amount": 1000}], "/claims/0", "answer_out_of_range"),
        ([{"indicator": "A1.1", "label": "博士后"}], "/claims/0", "answer_unknown_label"),
        ([{"indicator": "A3.2", "yes": True}] * 2, "/claims/1/indicator", "points_claim_repeated"),
        ([{"indicator": "A3.2", "yes": True, "amount": 1}], "/claims/0", "points_claim_one_thing"),
        ([{"indicator": "E1", "yes": True}], "/claims/0/indicator", "points_not_claimable"),
        ([{"indicator": "D1", "amount": 1}], "/claims/0", "indicator_of_other_scope"),
    ],
)
def test_a_claim_that_cannot_be_is_named_and_nothing_is_kept(
    town: Town, now: datetime, claims: list[dict[str, Any]], place: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        applied(town, town.owner, now, claims=claims)
    assert (code, place.split("/indicator")[0]) in {
        (field.code, field.path.split("/indicator")[0]) for field in refused.value.fields
    }
    assert seasons.mine(town.owner.id, now, "en").items == []


def test_one_application_at_a_time_and_again_after_withdrawal(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    with pytest.raises(Conflict, match="points_asked_already"):
        applied(town, town.owner, now)
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    enacted(case_id, now)
    assert applied(town, town.owner, now) != case_id
    with pytest.raises(Conflict, match="case_state_forbids"):
        cases.act(cases.case(case_id), "withdraw", town.owner, now)


def test_one_record_is_one_applicants_evidence(town: Town, now: datetime) -> None:
    """A title on which two applicants have a row goes to a person for the second of them."""
    first = applied(town, town.owner, now, child=pupil(8), claims=[])
    second = applied(town, town.stranger, now, child=pupil(8), claims=[])
    verified({town.owner.id: RECORDS}, now, first)
    theirs = {"property": [dict(RECORDS["property"][0], record_id="T2")]}
    verified({town.stranger.id: theirs}, now, second)
    assert (states(first)["housing"], states(second)["housing"]) == ("passed", "person")
    (part,) = [part for part in cases.case(second).checks if part.department == "housing"]
    assert part.receipt and part.receipt.rule == "points_shared"


def test_forged_evidence_stops_this_year_and_two_more_by_a_persons_decision(
    town: Town, now: datetime
) -> None:
    case_id = accepted(town, town.owner, now)
    ranked = ranking(now)
    with pytest.raises(Forbidden):
        decided(case_id, "coordinator", "find_forged", now)
    decided(case_id, "district_officer", "find_forged", now)
    with pytest.raises(Conflict, match="points_banned") as refused:
        applied(town, town.owner, now, child=pupil(9))
    assert refused.value.params == {"day": "2028-12-31"}
    assert seasons.mine(town.owner.id, now, "en").banned_until == date(2028, 12, 31)
    assert store.pool(store.pool_pk(seasons.get(ranked))) == []
    cases.appeal(town.owner, case_id, "the certificate is genuine", now, None, "en")
    decided(case_id, "district_officer", "uphold", now)
    assert seasons.mine(town.owner.id, now, "en").banned_until is None
    assert len(store.pool(store.pool_pk(seasons.get(ranked)))) == 1


def final(ranking_id: str, now: datetime) -> None:
    officer = staff("city_officer")
    seasons.settle(officer, ranking_id, now, None, "en")
    seasons.make(ranking_id, now)
    seasons.finalise(officer, ranking_id, now, None, "en")


def page(actor: Actor, ranking_id: str) -> Any:
    return seasons.page(actor, ranking_id, PlaceQuery(), "en")


def test_a_list_is_shown_objected_to_ranked_again_and_final(town: Town, now: datetime) -> None:
    """The stranger's home was overlooked: an objection brings 50 points, and the first place."""
    accepted(town, town.stranger, now, POOR, child=pupil(8), claims=[{"indicator": "A3.2", "yes": True}])
    case_id = accepted(town, town.owner, now)
    made = ranking(now, quota=1)
    with pytest.raises(Exception, match="ranking_not_found"):
        page(town.owner, made)
    shown = seasons.publish(staff("policy_officer"), made, now, None, "en")
    assert (shown.public_through, shown.objections_through) == (date(2026, 11, 30), date(2026, 12, 7))
    items = page(town.owner, made).items
    assert [(each.rank, each.mine, each.within_quota) for each in items] == [
        (1, True, True),
        (2, False, False),
    ]
    assert all("*" in each.name for each in items)
    with pytest.raises(Conflict, match="ranking_still_public"):
        seasons.settle(staff("city_officer"), made, now + timedelta(days=8), None, "en")
    about = NewObjection(ranking=made, rank=1, department="education", reason="the degree is another's")
    objection = seasons.object_to(town.stranger, about, now, None, "en").id
    case = cases.case(objection)
    assert (case.state, case.due, case.payload["about"]) == ("received", date(2026, 11, 30), case_id)
    later = now + timedelta(days=30)
    with pytest.raises(Conflict, match="points_objection_closed"):
        seasons.object_to(town.owner, about, later, None, "en")
    with pytest.raises(Conflict, match="ranking_objections_open"):
        seasons.settle(staff("city_officer"), made, later, None, "en")
    before = page(town.owner, made).inputs
    upheld(objection, {"A1.1": "高中"}, now)
    assert seasons.keep(later) == {"settled": 1, "made": 0}
    seasons.make(made, later)
    seasons.finalise(staff("city_officer"), made, later, None, "en")
    after = page(town.stranger, made)
    assert [each.mine for each in after.items] == [False, True] and after.inputs != before
    places = seasons.final_places(made)
    assert (places[0].rank, places[0].owner) == (1, town.owner.id)
    assert places[0].total == Decimal("105.6") - 40 + 20
    assert deciding.replay(case_id) == (2, [])


def upheld(objection: str, answers: dict[str, Any], now: datetime) -> None:
    decided(objection, "coordinator", "forward", now)
    reviewer = staff("reviewer", department="education")
    with pytest.raises(NotFound):
        seasons.recheck(
            staff("reviewer"), objection, Answers(answers=answers, reason="looked"), now, None, "en"
        )
    seasons.recheck(reviewer, objection, Answers(answers=answers, reason="looked again"), now, None, "en")
    enacted(objection, now)
    assert cases.case(objection).state == "answering"
    decided(objection, "city_officer", "uphold", now)
    enacted(objection, now)  # Told twice, done once.


def test_of_two_spouses_only_the_higher_is_ranked(town: Town, now: datetime) -> None:
    accepted(town, town.owner, now)
    accepted(town, town.stranger, now, POOR, claims=[{"indicator": "A3.2", "yes": True}])
    made = ranking(now)
    assert [(one.person, rank) for rank, one, _ in list_store.all_places(seasons.get(made))] == [
        (town.owner.id, 1)
    ]


def test_places_left_are_ranked_in_a_second_round_without_who_gave_up_or_has_one(
    town: Town, now: datetime
) -> None:
    cases_of = [
        accepted(town, town.owner, now),
        accepted(town, town.stranger, now, POOR, child=pupil(8), claims=[{"indicator": "A3.2", "yes": True}]),
        accepted(town, town.owner, now, child=pupil(9)),
    ]
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    with pytest.raises(Conflict, match="ranking_not_final"):
        seasons.final_places(made)
    later = now + timedelta(days=30)
    final(made, later)
    assert len(seasons.final_places(made)) == 3
    seasons.settle_places(made, {cases_of[0]: "placed"}, later)
    seasons.give_up(town.stranger.id, town.stranger, made, later, None, "en")
    with pytest.raises(Conflict, match="points_place_settled"):
        seasons.settle_places(made, {cases_of[1]: "placed"}, later)
    second = ranking(later, area="440604", round=2, of=[made])
    assert [one.case for _, one, _ in list_store.all_places(seasons.get(second))] == [cases_of[2]]


def test_replay_computes_an_old_decision_again_and_shows_where_it_was_tampered_with(
    town: Town, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = accepted(town, town.owner, now)
    assert command.main(["replay", case_id]) == 0
    (row,) = store.decisions_of(case_id)
    row.total = "200"
    row.save()
    assert command.main(["replay", case_id]) == 1
    assert "total: then 200, now 105.6" in capsys.readouterr().out
    row.total = "105.6"
    inputs, result = deciding.opened(row.person, row.sealed)  # type: ignore[misc]
    forged = inputs.model_copy(update={"answers": inputs.answers | {"A1.1": "研究生"}})
    row.sealed = deciding.sealed_text(row.person, forged, result)
    row.save()
    assert command.main(["replay", case_id]) == 1
    out = capsys.readouterr().out
    assert "inputs: then" in out and "A1.1: then 40" in out
    assert (command.main(["replay", "C404"]), command.main([])) == (2, 2)


def test_everything_of_a_person_is_handed_out_and_deleted_once_no_list_needs_it(
    town: Town, now: datetime
) -> None:
    case_id = accepted(town, town.owner, now)
    held = identity.export(town.owner, now).others["seasons"]
    assert held["applications"][0]["decisions"][0]["result"]["total"] == "105.6"
    raw = DecisionRow.get(store.case_pk(case_id), "DECISION#0001").to_dynamodb_dict()
    assert "大专" not in str(raw) and "A1.1" not in str(raw)
    made = ranking(now)
    with pytest.raises(Conflict, match="cases_open"):
        identity.delete(town.owner, now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    later = now + timedelta(days=30)
    final(made, later)
    identity.delete(town.owner, later)
    assert store.cases_of(town.owner.id) == [] and store.decisions_of(case_id) == []
    assert [(each.rank, each.name) for each in page(town.stranger, made).items] == [(1, "*")]


def test_a_new_edition_changes_no_application_that_was_made_before(town: Town, now: datetime) -> None:
    before = applied(town, town.owner, now)
    points_of = json.loads((POLICIES / "demo-2026.json").read_text("utf-8"))
    points_of |= {"version": "2", "status": "draft", "supersedes": "demo-2026@1"}
    points_of["effective_from"] = "2026-11-24"
    education = next(each for each in points_of["indicators"] if each["code"] == "A1.1")
    education["values"]["大专"]["points"] = 55
    draft = Policy.model_validate(points_of)
    officers = [Actor(f"policy-{n}", "staff", frozenset({"policy_officer"}), ("440600",)) for n in (1, 2)]
    points.upload(officers[0], draft, now, None, "en")
    for officer in officers:
        points.sign(officer, draft.id, draft.version, draft.hash, now, None, "en")
    later = now + timedelta(days=2)
    after = applied(town, town.stranger, later, child=pupil(8))
    for case_id, who in ((before, town.owner), (after, town.stranger)):
        verified({who.id: POOR | {"education_records": RECORDS["education_records"]}}, later, case_id)
    # One record is one applicant's: the second's degree is confirmed by a person.
    agreed(later, before, after)
    lines = [{line.indicator: line for line in mine(who.id).lines} for who in (town.owner, town.stranger)]
    assert [(each["A1.1"].points, each["A1.1"].version) for each in lines] == [(40, "1"), (55, "2")]
    assert deciding.replay(before) == (1, [])


def test_the_form_is_filled_in_with_what_departments_records_show(town: Town, now: datetime) -> None:
    kind = "points_application"
    form = forms.in_force(kind, now)
    assert forms.prefill(town.owner.id, form, now, "en").values == []
    consent = identities.Consent(kind="department_checks", given=True)
    identity.set_consents(town.owner, [consent], now)
    forms.ask_departments(town.owner.id, town.owner, now)
    forms.gather(town.owner.id, lambda source, person: RECORDS.get(source, []), now)
    (filled,) = forms.prefill(town.owner.id, form, now, "en").values
    assert (filled.path, filled.as_of) == ("/claims", date(2026, 10, 1))
    assert filled.value == [
        {"indicator": "A1.1", "label": "大专"},
        {"indicator": "A3.2", "yes": True, "record": "粤2020佛0001"},
    ]
    applied(town, town.owner, now, claims=filled.value)


def test_who_decides_sees_people_masked_and_the_applicant_sees_who_looked(town: Town, now: datetime) -> None:
    spouse = {"name": "测试伴", "id_number": id_number(77)}
    case_id = applied(town, town.owner, now, spouse=spouse)
    verified({town.owner.id: RECORDS}, now, case_id)
    reviewer = staff("reviewer", department="education")
    seen = seasons.particulars(reviewer, case_id, "case_handling", now)
    assert (seen.child, seen.spouse) == ("测**", "测**") and "*" in seen.name
    assert seen.established["education"].answers == {"A1.1": "大专"}
    looks = identity.disclosures(town.owner.id, None, now).items
    assert [(look.what, look.purpose) for look in looks] == [("points", "case_handling")]
    with pytest.raises(NotFound):
        seasons.particulars(staff("reviewer", near=False), case_id, "case_handling", now)
    rows = [*SeasonItem.query(store.case_pk(case_id)), *SeasonItem.query(store.person_pk(town.owner.id))]
    raw = str([row.to_dynamodb_dict() for row in rows])
    assert "测试" not in raw and spouse["id_number"] not in raw
