"""What must not happen to an applicant when things of a season cross: a word that says little, a withdrawal, a try broken off."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib import clock, tables
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Conflict, Invalid, NotFound, Throttled
from chalicelib.identity import service as identity
from chalicelib.seasons import list_store, model, objecting, rankings, store
from chalicelib.seasons import service as seasons
from chalicelib.seasons.rows import PlaceRow, SeasonItem, UsedRow
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
from tests.town import Town, outside_systems, staff

POOR: Records = {"education_records": [{"record_id": "E2", "seen_on": "2026-03-01", "level": "大专"}]}
LEVEL = {"indicator": "A1.2", "label": "一级"}


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def lines(person: str, now: datetime) -> dict[str, Decimal]:
    return {line.indicator: line.points for line in seasons.mine(person, now, "en").items[0].lines}


def upheld(objection: str, answers: dict[str, Any], now: datetime) -> None:
    """Human resources looks again and says so much; the city agrees."""
    decide(objection, "coordinator", "forward", now)
    reviewer = staff("reviewer", department="human_resources")
    seasons.recheck(reviewer, objection, Answers(answers=answers, reason="looked again"), now, None, "en")
    decide(objection, "city_officer", "uphold", now)
    enacted(objection, now)


def decide(case_id: str, role: str, act: str, now: datetime) -> None:
    cases.decide(staff(role), case_id, Decision(decision=act, reason="looked at"), now)


def objected(actor: Actor, ranking_id: str, rank: int, now: datetime) -> str:
    about = NewObjection(ranking=ranking_id, rank=rank, department="human_resources", reason="not so")
    return seasons.object_to(actor, about, now, None, "en").id


def test_records_that_show_more_than_was_claimed_stand_when_a_person_decides_the_rest(
    town: Town, now: datetime
) -> None:
    """Eight full years of two insurances (9.6) on record, one claimed; the certificate is what a person looks at."""
    claims = [LEVEL, {"indicator": "A2.1", "amount": 1}]
    case_id = applied(town, town.owner, now, claims=claims)
    verified({town.owner.id: RECORDS}, now, case_id)
    agreed(now, case_id)
    found = lines(town.owner.id, now)
    assert (found["A1.2"], found["A2.1"]) == (
        80,
        Decimal("9.6"),
    )  # The group's cap took ten of the certificate's.


def test_an_answer_about_one_indicator_leaves_what_records_show_of_others(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now, claims=[LEVEL])
    verified({town.owner.id: RECORDS}, now, case_id)
    said = Answers(answers={"A1.2": "四级", "A2.2": None}, reason="证书为四级，近一年未参保")
    seasons.answer(staff("reviewer", department="human_resources"), case_id, said, now, None, "en")
    agreed(now, case_id)
    found = lines(town.owner.id, now)
    assert (found["A1.2"], found["A2.1"]) == (25, Decimal("9.6"))
    assert "A2.2" not in found  # Null takes away.


def test_a_claim_is_not_lost_because_a_person_does_not_speak_of_it(town: Town, now: datetime) -> None:
    """More insurance claimed than is on record, and a certificate: each has to be answered, if only by null."""
    case_id = applied(town, town.owner, now, claims=[LEVEL, {"indicator": "A2.1", "amount": 20}])
    verified({town.owner.id: RECORDS}, now, case_id)
    reviewer = staff("reviewer", department="human_resources")
    with pytest.raises(Invalid) as refused:
        seasons.answer(
            reviewer, case_id, Answers(answers={"A1.2": "四级"}, reason="证书为四级"), now, None, "en"
        )
    assert [(each.path, each.code) for each in refused.value.fields] == [
        ("/answers/A2.1", "points_claim_unanswered")
    ]
    said = Answers(answers={"A1.2": "四级", "A2.1": 8}, reason="证书为四级，参保八年")
    seasons.answer(reviewer, case_id, said, now, None, "en")
    agreed(now, case_id)
    assert lines(town.owner.id, now)["A2.1"] == Decimal("9.6")


def test_a_recheck_of_one_indicator_leaves_the_others_as_they_were_decided(town: Town, now: datetime) -> None:
    accepted(town, town.owner, now, claims=[LEVEL])
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    upheld(objected(town.stranger, made, 1, now), {"A1.2": "四级"}, now)
    found = lines(town.owner.id, now)
    assert (found["A1.2"], found["A2.1"], found["A2.2"]) == (25, Decimal("9.6"), 6)


def test_an_objection_does_not_bring_back_who_withdrew(town: Town, now: datetime) -> None:
    case_id = accepted(town, town.owner, now, claims=[LEVEL])
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    objection = objected(town.stranger, made, 1, now)
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    enacted(case_id, now)
    upheld(objection, {"A1.2": "四级"}, now)
    assert store.pool(store.pool_pk(seasons.get(made))) == []


def test_an_acceptance_that_is_told_after_a_withdrawal_does_nothing(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    verified({town.owner.id: RECORDS}, now, case_id)
    for part in cases.case(case_id).checks:
        if part.state == "person":
            said = Decision(check=part.id, decision="approve", reason="与材料一致")
            cases.decide(staff("reviewer", department=part.department), case_id, said, now)
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    assert not seasons.enact(cases.case(case_id), now)
    assert seasons.mine(town.owner.id, now, "en").items[0].total is None


def test_lines_of_a_try_that_was_broken_off_are_in_no_list(town: Town, now: datetime) -> None:
    """A try wrote two lines and failed; until the next one the second applicant withdrew."""
    accepted(town, town.owner, now)
    gone = accepted(town, town.stranger, now, child=pupil(8))
    made = seasons.get(ranking(now))
    found = store.pool(store.pool_pk(made))
    assert len(found) == made.count == 2
    cases.act(cases.case(gone), "withdraw", town.stranger, now)
    enacted(gone, now)
    officer = staff("city_officer")
    seasons.publish(officer, made.id, now, None, "en")
    later = now + timedelta(days=30)
    seasons.settle(officer, made.id, later, None, "en")
    tried = made.model_copy(update={"list_number": 2, "tries": [*made.tries, "broken-off"]})
    left = list(list_store.place_rows(tried, found))
    tables.batch_put(left)
    seasons.make(made.id, later)
    assert list(SeasonItem.batch_get([(row.pk, row.sk) for row in left])) == []
    seasons.finalise(officer, made.id, later, None, "en")
    assert [each.owner for each in seasons.final_places(made.id)] == [town.owner.id]
    page = seasons.page(town.owner, made.id, PlaceQuery(), "en")
    assert [each.mine for each in page.items] == [True]


def test_of_two_workers_who_make_a_list_of_different_pools_one_lists_lines_count(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one has written its two lines when the second applicant withdraws and the quicker one ranks the other alone."""
    accepted(town, town.owner, now, POOR)
    gone = accepted(town, town.stranger, now, child=pupil(8))
    made = seasons.get(ranking(now)).model_copy(update={"id": "RK-two", "state": "making", "list_number": 0})
    tables.transact(store.ranking_put(made.model_copy(update={"tries": []}), None))
    write, done = tables.batch_put, list[int]()

    def slow(rows: Any) -> int:
        count = write(rows)
        if not done:
            done.append(0)
            cases.act(cases.case(gone), "withdraw", town.stranger, now)
            enacted(gone, now)
            done[0] = seasons.make(made.id, now)
        return count

    monkeypatch.setattr(rankings.tables, "batch_put", slow)
    assert (seasons.make(made.id, now), done) == (0, [1])
    found = seasons.get(made.id)
    lines = [one for _, one, _ in list_store.all_places(found)]
    assert [one.person for one in lines] == [town.owner.id]
    assert found.inputs == model.inputs_digest(found, lines)
    rows = PlaceRow.query(store.ranking_pk(made.id), PlaceRow.sk.startswith("PLACE#"))
    assert [row.person for row in rows] == [town.owner.id]
    assert list_store.standing_of(gone, found) is None


def test_nobody_is_in_a_settled_list_who_was_not_shown_in_public(town: Town, now: datetime) -> None:
    """A department was late: whoever is accepted during publicity is shown as long as all others before the list settles."""
    accepted(town, town.owner, now)
    made, officer = ranking(now), staff("city_officer")
    seasons.publish(officer, made, now, None, "en")
    late = accepted(town, town.stranger, now + timedelta(days=3), POOR, child=pupil(8))
    later = now + timedelta(days=30)
    seasons.settle(officer, made, later, None, "en")
    assert seasons.make(made, later) == 2
    found = seasons.get(made)
    today = clock.local_date(later)
    assert (found.state, found.published_on) == ("publicity", today)
    assert found.public_through == clock.add_working_days(today, 5)
    assert found.objections_through == clock.add_working_days(today, 10)
    assert [each.mine for each in seasons.page(town.stranger, made, PlaceQuery(), "en").items] == [
        False,
        True,
    ]
    with pytest.raises(Conflict, match="ranking_still_public"):
        seasons.settle(officer, made, later, None, "en")
    with pytest.raises(Conflict, match="ranking_state_forbids"):
        seasons.finalise(officer, made, later, None, "en")
    assert cases.case(objected(town.owner, made, 2, later)).payload["about"] == late


def test_a_list_that_was_shown_again_settles_without_who_withdrew(town: Town, now: datetime) -> None:
    first = accepted(town, town.owner, now)
    made, officer = ranking(now), staff("city_officer")
    seasons.publish(officer, made, now, None, "en")
    late = accepted(town, town.stranger, now + timedelta(days=3), POOR, child=pupil(8))
    for days in (30, 60):
        later = now + timedelta(days=days)
        seasons.settle(officer, made, later, None, "en")
        if days == 60:
            cases.act(cases.case(first), "withdraw", town.owner, later)
            enacted(first, later)
        seasons.make(made, later)
    assert (seasons.get(made).state, seasons.get(made).list_number) == ("settled", 3)
    seasons.finalise(officer, made, later, None, "en")
    assert [each.case for each in seasons.final_places(made)] == [late]


def test_who_withdraws_from_a_settled_list_is_not_in_the_final_one(town: Town, now: datetime) -> None:
    case_id = accepted(town, town.owner, now)
    made, officer, later = ranking(now), staff("city_officer"), now + timedelta(days=30)
    seasons.publish(officer, made, now, None, "en")
    seasons.settle(officer, made, later, None, "en")
    seasons.make(made, later)
    cases.act(cases.case(case_id), "withdraw", town.owner, later)
    enacted(case_id, later)
    seasons.finalise(officer, made, later, None, "en")
    assert seasons.final_places(made) == []


def test_a_list_that_is_not_public_is_for_officers_of_its_own_region(town: Town, now: datetime) -> None:
    made = ranking(now)
    near, far = staff("district_officer"), staff("district_officer", near=False)
    assert seasons.page(near, made, PlaceQuery(), "en").id == made
    with pytest.raises(NotFound):
        seasons.page(far, made, PlaceQuery(), "en")
    assert [len(seasons.rankings(each, "en").items) for each in (near, far)] == [1, 0]


def test_who_is_deleted_is_nobodys_evidence_any_more(town: Town, now: datetime) -> None:
    """Neither the certificate that was cited nor the title that was found leads to the person."""
    claim = {"indicator": "B3", "labels": ["发明专利"], "record": "ZL 2024-1234"}
    case_id = accepted(town, town.owner, now, claims=[claim])
    assert {row.person for row in UsedRow.scan() if isinstance(row, UsedRow)} == {town.owner.id}
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    enacted(case_id, now)
    identity.delete(town.owner, now)
    assert [row for row in UsedRow.scan() if isinstance(row, UsedRow)] == []


def test_nobody_objects_without_end_or_tries_which_departments_a_line_went_to(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objecting, "OBJECTIONS", (2, 86_400))
    accepted(town, town.owner, now, claims=[LEVEL])
    made = ranking(now)
    seasons.publish(staff("city_officer"), made, now, None, "en")
    objected(town.stranger, made, 1, now)
    tried = NewObjection(ranking=made, rank=1, department="science", reason="not so")
    with pytest.raises(Invalid):
        seasons.object_to(town.stranger, tried, now, None, "en")
    with pytest.raises(Throttled):
        objected(town.stranger, made, 1, now)
    assert objected(town.owner, made, 1, now)
