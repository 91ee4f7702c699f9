"""School places on the test cloud: filed once for a child, sealed, allocated, checked, explained, refused, given out again."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import audit, aws, config
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.schooling import plans, rights, rows, running, sealed, service, showing, store, verification
from chalicelib.schooling.model import Plan
from chalicelib.schooling.views import NewAnswer, NewChoices, NewRun, PlacesQuery, SchoolsQuery
from tests.chalicelib.schooling.season import (
    OFFICER,
    RANKING,
    Families,
    codes,
    final,
    opened,
    places,
    planned,
    school,
    sibling,
)
from tests.town import COMMUNITY, DISTRICT, staff

RUN = "2026-440604-1-1"


def test_a_round_gives_places_by_points_and_every_family_sees_why(families: Families, now: datetime) -> None:
    run_id = opened(now)
    first, _ = families.accepted("a1", "b1", points="80")
    second, _ = families.accepted("a1", "b1", points="70.5")
    third, _ = families.accepted("a1", "b1", points="70")
    run = families.allocated(run_id)
    assert (run.state, run.pupils, run.placed) == ("publicity", 3, 2)
    got = {who: places(parent).rounds[0] for who, parent in (("1", first), ("2", second), ("3", third))}
    assert [got[who].school for who in "123"] == ["a1", "b1", None]
    assert [receipt.code for receipt in got["1"].choices] == ["admitted", "not_needed"]
    above, own = got["2"].choices
    assert (above.code, above.last_points, above.missing, own.code) == (
        "points_below",
        "80",
        "9.5",
        "admitted",
    )
    assert [receipt.missing for receipt in got["3"].choices] == ["10", "0.5"]
    assert "差 10 分" in got["3"].choices[0].said.zh and "10 were missing" in got["3"].choices[0].said.en
    assert got["1"].ref and got["1"].ref != got["2"].ref


def test_policy_pupils_come_before_siblings_and_siblings_before_points(
    families: Families, now: datetime
) -> None:
    planned(now, school("a1", 2, zone=[COMMUNITY]))
    run_id = opened(now)
    best, _ = families.accepted("a1", points="99")
    kin = {"name": "测试小哥", "school": "a1"}
    younger, _ = families.accepted("a1", points="10", siblings=[sibling(kin)])
    policy_pupil, _ = families.accepted("a1", points=None, policy_claim="martyr", points_case=None)
    families.allocated(run_id)
    assert [places(who).rounds[0].school for who in (policy_pupil, younger, best)] == ["a1", "a1", None]
    (told,) = places(best).rounds[0].choices
    assert (
        told.code == "class_full"
        and told.last_class
        and told.last_class.en.startswith("pupils with a brother")
    )


def test_only_wishes_in_reach_count_and_the_second_round_is_district_wide(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    near, _ = families.accepted("a1", "c1", points="90")
    far, far_case = families.accepted("a1", "c1", points="80")
    only_far, _ = families.accepted("c1", points="70")
    nobody, _ = families.accepted("a1", "c1", points=None)
    run = families.allocated(run_id)
    assert [places(who).rounds[0].school for who in (near, far, only_far)] == ["a1", None, None]
    assert [r.code for r in places(far).rounds[0].choices] == ["points_below", "out_of_reach"]
    assert "全区" in places(only_far).rounds[0].said.zh and "最终排名" in places(nobody).rounds[0].said.zh
    later = final(run, now)
    again = opened(later, round_=2)
    service.change_choices(far, far_case, NewChoices(choices=["c1", "b1"]), later)
    second = families.allocated(again, later + timedelta(hours=2))
    assert (second.pupils, second.placed) == (2, 2)
    assert places(far).rounds[1].school == "c1" and places(only_far).rounds[1].school == "c1"
    assert places(near).rounds[1].said.en.startswith("Not in this round")


def test_refusing_is_giving_up_and_the_place_goes_into_the_next_round(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    giving, case = families.accepted("a1", points="90")
    waiting, _ = families.accepted("a1", points="80")
    run = families.allocated(run_id)
    answer = NewAnswer(answer="refuse")
    assert service.answer(giving, case, answer, now).school == "a1"
    assert service.answer(giving, case, answer, now).answer == "refuse"
    with pytest.raises(Conflict, match="school_answered"):
        service.answer(giving, case, NewAnswer(answer="accept"), now)
    with pytest.raises(NotFound):
        service.answer(waiting, case, answer, now)
    later = final(run, now)
    again = opened(later, round_=2)
    second = families.allocated(again, later + timedelta(hours=2))
    assert (second.pupils, second.placed) == (1, 1)
    assert places(waiting).rounds[1].school == "a1"
    assert (places(giving).status, len(places(giving).rounds[1].choices)) == ("given_up", 0)


def test_a_published_run_is_verified_from_its_two_files_alone(families: Families, now: datetime) -> None:
    run_id = opened(now)
    promised = showing.run(run_id).commitment
    for points in ("70", "70", "70"):
        families.accepted("a1", "b1", points=points)
    run = families.allocated(run_id)
    files = [running.read_file(run_id, name) for name in ("inputs", "result")]
    verdict = verification.verify(*files)
    assert verdict.holds and verdict.inputs_sha256 == run.inputs_sha256 and verdict.placed == 2
    assert json.loads(files[0])["commitment"] == promised
    text = b"".join(files).decode()
    assert "测试" not in text and "440699" not in text and '"70"' not in text
    view = showing.run(run_id)
    assert view.files and "schooling/2026-440604-1-1/inputs.json" in view.files.inputs
    acts = {row.act for row in audit.EntryRow.by_target.query(run_id)}
    assert acts == {f"school_run.{act}" for act in ("opened", "closed", "sealed", "published")}


def test_a_run_whose_sealed_inputs_were_touched_is_not_published(families: Families, now: datetime) -> None:
    run_id = opened(now)
    parent, case = families.accepted("a1")
    running.close_run(OFFICER, run_id, now + timedelta(hours=2))
    run, seed = running.existing(run_id)
    running._seal(run, seed, families.read, now)
    line = store.entry(run_id, case)
    assert line is not None
    store.keep_entries(run_id, [line.model_copy(update={"total": line.total and line.total + 1})])
    failed = running.proceed(run_id, families.read, now)
    assert failed.state == "failed" and failed.result_sha256 is None
    assert places(parent).rounds[0].school is None
    assert not list(service.to_tell(run_id))
    with pytest.raises(NotFound):
        showing.public_list(run_id, PlacesQuery())
    assert families.allocated(run_id).state == "publicity"


def test_a_result_that_the_checker_refuses_is_not_published(families: Families, now: datetime) -> None:
    """The seed that is kept is not the promised one: the mechanism itself says so, and nothing is shown."""
    run_id = opened(now)
    families.accepted("a1")
    running.close_run(OFFICER, run_id, now + timedelta(hours=2))
    found = running.checked(
        sealed.Inputs.model_validate(
            {
                "run": run_id,
                "policy": "demo-2026",
                "mechanism": "deferred_acceptance",
                "commitment": "00" * 32,
                "seats": {"a1": 1},
                "pupils": [],
            }
        ),
        "11" * 32,
    )
    assert found == "seed"


def test_going_on_with_a_run_is_harmless_and_tells_each_family_once(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    families.accepted("a1")
    run = families.allocated(run_id)
    assert running.proceed(run_id, families.read, now) == running.existing(run_id)[0]
    assert running.existing(run_id)[0].result_sha256 == run.result_sha256
    assert [told.event for told in service.to_tell(run_id)] == ["placed"]


def test_the_calendar_closes_rounds_and_ends_their_publicity(families: Families, now: datetime) -> None:
    run_id = opened(now)
    assert running.settle(now) == {"closed": 0, "handed_on": 0, "final": 0}
    assert running.settle(now + timedelta(hours=2)) == {"closed": 1, "handed_on": 0, "final": 0}
    assert running.settle(now + timedelta(hours=3))["handed_on"] == 1
    run = running.proceed(run_id, families.read, now)
    assert run.publicity_until == date(2026, 11, 30)
    assert running.settle(now + timedelta(days=7))["final"] == 0
    assert running.settle(now + timedelta(days=8))["final"] == 1
    assert showing.run(run_id).state == "final" and store.open_runs() == []
    queue = aws.client("sqs").receive_message(QueueUrl=config.queue("allocations"), MaxNumberOfMessages=10)
    assert {json.loads(message["Body"])["run"] for message in queue["Messages"]} == {run_id}


def test_officers_open_rounds_in_their_own_district_within_the_calendar_and_in_order(
    families: Families, now: datetime
) -> None:
    def asked(**said: Any) -> NewRun:
        return NewRun.model_validate(
            {
                "district": DISTRICT,
                "grade": 1,
                "closes_at": (now + timedelta(hours=1)).isoformat(),
                "rankings": [RANKING],
                **said,
            }
        )

    with pytest.raises(Forbidden):
        running.open_run(staff("district_officer", near=False), asked(), now)
    with pytest.raises(Invalid) as error:
        running.open_run(OFFICER, asked(policy="points-first-2016"), now)
    assert codes(error) == {"/closes_at": "school_outside_calendar"}
    with pytest.raises(Invalid):
        running.open_run(OFFICER, asked(closes_at=now.isoformat()), now)
    with pytest.raises(Conflict, match="school_round_order"):
        running.open_run(OFFICER, asked(round=2), now)
    with pytest.raises(NotFound, match="school_policy_unknown"):
        running.open_run(OFFICER, asked(policy="none"), now)
    running.open_run(OFFICER, asked(), now)
    with pytest.raises(Conflict, match="school_run_is_there"):
        running.open_run(OFFICER, asked(), now)
    with pytest.raises(Conflict, match="school_plan_in_use"):
        planned(now)


def test_the_shipped_plan_is_brought_in_and_a_wrong_one_is_named(cloud: None, now: datetime) -> None:
    shipped = json.loads((plans.SHIPPED / "demo-2026.json").read_text("utf-8"))
    view = plans.bring_in(staff("policy_officer"), Plan.model_validate(shipped), now)
    assert (view.schools, view.districts) == (12, [DISTRICT])
    listed = service.schools(SchoolsQuery(district=DISTRICT), now, "en").items
    assert {item.id: item.seats for item in listed}["demo-01"] == {"1": 20}
    assert all(item.name.startswith("Demonstration") for item in listed)
    wrong = Plan.model_validate({"year": 2026, "schools": [school("a1", 1, "440604999")]})
    with pytest.raises(Invalid) as error:
        plans.bring_in(staff("policy_officer"), wrong, now)
    assert codes(error) == {"/schools/0/town": "school_town_unknown"}
    planned(now)
    assert {item.id for item in service.schools(SchoolsQuery(district=DISTRICT), now, "en").items} == {
        "a1",
        "b1",
        "c1",
    }


def test_officers_see_counts_with_small_ones_taken_out_and_the_public_masked_names(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    families.accepted("a1", points="80")
    families.allocated(run_id)
    (first, *_) = service.counts(OFFICER, run_id, "en").items
    assert (first.school, first.admitted, first.last_points) == ("a1", None, "80")
    assert first.by_class["other points pupils"] is None and first.by_class["policy pupils"] == 0
    with pytest.raises(Forbidden):
        service.counts(staff("district_officer", near=False), run_id, "en")
    listed = service.public_list(run_id, PlacesQuery())
    assert [(item.child, item.school) for item in listed.items] == [("测***", "a1")]


def test_copies_hold_it_and_deletion_leaves_nothing(families: Families, now: datetime) -> None:
    run_id = opened(now)
    parent, case = families.accepted("a1")
    families.allocated(run_id)
    (kept,) = store.applications_of(parent.id)
    (held,) = rights._export(parent.id, now)
    assert held["case"] == case and held["runs"][run_id]["school"] == "a1"
    assert rights._export(kept.child, now) == [held]
    assert rights._erase(parent.id, now) == [] == rights._erase(parent.id, now)
    assert rights._export(parent.id, now) == [] == rights._export(kept.child, now)
    assert store.entries(run_id) == [] == store.pool(2026, DISTRICT, 1)


def test_deletion_waits_while_places_are_given_out(families: Families, now: datetime) -> None:
    run_id = opened(now)
    parent, _ = families.accepted("a1")
    running.close_run(OFFICER, run_id, now + timedelta(hours=2))
    with pytest.raises(Conflict, match="school_run_under_way"):
        rights._erase(parent.id, now)


def test_the_table_holds_no_name_and_no_number(families: Families, now: datetime) -> None:
    run_id = opened(now)
    families.accepted("a1")
    families.allocated(run_id)
    held = [
        json.dumps(row.attribute_values, default=str, ensure_ascii=False)
        for row in rows.ApplicationRow.scan()
    ]
    assert held and not any("测试" in text or "440699" in text for text in held)


def test_a_place_is_not_taken_by_who_withdrew(families: Families, now: datetime) -> None:
    """The place of an application that is over goes to another child in the next round."""
    run_id = opened(now)
    parent, case = families.accepted("a1", points="90")
    families.allocated(run_id)
    cases.act(cases.case(case), "withdraw", parent, now)
    assert service.follow(cases.case(case), now)
    for said in ("accept", "refuse"):
        with pytest.raises(Conflict, match="school_application_over"):
            service.answer(parent, case, NewAnswer.model_validate({"answer": said}), now)
    line = store.entry(run_id, case)
    assert line is not None and line.answer is None


def test_of_a_child_in_two_lists_the_higher_line_counts_whatever_their_order(
    families: Families, now: datetime
) -> None:
    """Each parent applied in the town where they live; the lower line is read last."""
    run_id = opened(now)
    _, case = families.accepted("a1", points="90")
    (high,) = families.points
    other = families.parent()
    families.points.append(replace(high, case=f"CQ{case}", owner=other.id, total=Decimal(40)))
    families.allocated(run_id)
    line = store.entry(run_id, case)
    assert line is not None and (line.total, line.rank) == (Decimal(90), 1)


def test_a_worker_that_comes_late_does_not_undo_a_familys_answer(families: Families, now: datetime) -> None:
    """A message is delivered twice; the slower one has read the round before its publicity."""
    run_id = opened(now)
    parent, case = families.accepted("a1", points="90")
    later = now + timedelta(hours=2)
    running.close_run(OFFICER, run_id, later)
    run, seed = running.existing(run_id)
    sealed_run = running._seal(run, seed, families.read, later)
    late = sealed_run.model_copy(update={"version": run.version + 1})
    assert running.proceed(run_id, families.read, later).state == "publicity"
    service.answer(parent, case, NewAnswer(answer="refuse"), later)
    assert running._allocate(late, seed, later).state == "publicity"
    line = store.entry(run_id, case)
    assert line is not None and line.answer == "refuse"
