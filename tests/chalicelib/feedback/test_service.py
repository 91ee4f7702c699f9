"""Reports on the test cloud: who handles them, who sees what, how often and how long."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import sealing, tables
from chalicelib.actors import Actor
from chalicelib.cases import deadlines, rights, worklists
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision, WorkQuery, view
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.feedback import model, store
from chalicelib.feedback import service as feedback
from chalicelib.feedback.model import Clearing, FeedbackAnswer, NewReport, NotFixed, Rating, Spot, Transfer
from chalicelib.feedback.views import MapQuery, NearbyQuery
from chalicelib.identity import service as identity
from tests.chalicelib.feedback.reports import (
    HANDLER,
    LAMP,
    answered,
    body,
    filing,
    item_of,
    parts,
    reported,
    taken_on,
)
from tests.town import COMMUNITY, TOWN, Town, outside_systems, staff


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def state(case_id: str) -> str:
    return cases.case(case_id).state


def near(now: datetime, category: str = "street_lighting", **moved: float) -> list[Any]:
    query = NearbyQuery(category=category, **(LAMP | moved))  # type: ignore[arg-type]
    return feedback.nearby(query, now, "en").items


def on_map(now: datetime) -> list[Any]:
    return feedback.town_map(MapQuery(town=TOWN, crs="WGS-84"), now, "en").items


def inbox(actor: Actor) -> list[str]:
    return [item.case for item in worklists.worklist(actor, WorkQuery(), "en").items]


def test_a_report_goes_to_the_owner_of_its_category_with_that_categorys_deadline(
    town: Town, now: datetime
) -> None:
    lamp = reported(town.owner, now)
    litter = reported(town.owner, now, category="litter")
    assert (inbox(HANDLER), inbox(staff("coordinator"))) == ([lamp], [litter])
    assert cases.case(lamp).deadline == date(2026, 11, 26)
    assert cases.case(lamp).region == COMMUNITY
    assert inbox(staff("coordinator", near=False)) == []


def test_staff_report_for_somebody_present_in_their_own_region_only(town: Town, now: datetime) -> None:
    present = NewReport.model_validate(filing(town, staff("grid_worker")))
    case = cases.case(feedback.report(staff("grid_worker"), present, now).id)
    assert parts(case.owner) == ["reporter"]
    assert {look.purpose for look in identity.disclosures(case.owner, None, now).items} == {"counter_service"}
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        feedback.report(staff("grid_worker", near=False), present, now)
    with pytest.raises(Forbidden, match="counter_only"):
        feedback.report(town.owner, present, now)
    with pytest.raises(Invalid):
        feedback.report(staff("grid_worker"), NewReport.model_validate(body()), now)


def test_a_report_without_a_community_goes_to_its_town(town: Town, now: datetime) -> None:
    case = cases.case(reported(town.owner, now, community=None))
    assert case.region == TOWN and inbox(HANDLER) == [case.id]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"category": "ghosts"}, "/category"),
        ({"town": "440604999"}, "/town"),
        ({"community": "440605011001"}, "/community"),
        ({"position": {"lon": 113.0, "lat": 22.7, "crs": "WGS-84"}}, "/position"),
        ({"position": {"lon": 0.0, "lat": 0.0}}, "/position"),
    ],
)
def test_what_cannot_be_is_named_by_its_field(
    town: Town, now: datetime, more: dict[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        reported(town.owner, now, **more)
    assert [f.path for f in caught.value.fields] == [path]
    assert parts(town.owner.id) == []


def test_a_phones_position_is_kept_as_wgs84(town: Town, now: datetime) -> None:
    from chalicelib.places.coordinates import to_gcj02
    from chalicelib.places.model import Point

    shown = to_gcj02(Point(LAMP["lon"], LAMP["lat"]))  # type: ignore[arg-type]
    case_id = reported(town.owner, now, position={"lon": shown.lon, "lat": shown.lat})
    matter = store.matter(item_of(case_id))
    assert matter and model.metres_between(matter.spot, Spot(113.12, 23.02)) < 0.5
    view = feedback.report_for(town.owner, case_id, "case_handling", now, "en")
    assert (view.position.lon, view.position.crs) == (pytest.approx(shown.lon, abs=1e-5), "GCJ-02")


def test_neither_the_matter_nor_the_case_holds_the_words_or_the_name(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now)
    matter_row = store.MatterRow.find(store.matter_pk(item_of(case_id)), "MATTER")
    kept = json.dumps([matter_row.to_simple_dict(), cases.case(case_id).payload], ensure_ascii=False)
    assert "不亮" not in kept and "公交站" not in kept and town.owner.id not in kept


def test_near_by_reports_of_the_category_are_offered_and_nobody_is_named(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now)
    (found,) = near(now, lat=LAMP["lat"] + 0.0003)  # type: ignore[operator]
    assert (found.item, found.metres, found.state) == (item_of(case_id), 30, "reported")
    assert town.owner.id not in found.model_dump_json() and case_id not in found.model_dump_json()
    assert found.public_text is None and "不亮" not in found.model_dump_json()
    assert near(now, lat=LAMP["lat"] + 0.0006) == []  # type: ignore[operator]  # 67 m; lamps stand 60 m apart.
    assert near(now, category="litter") == []
    assert near(now + timedelta(days=61)) == []


def test_reports_about_single_homes_are_never_offered_nor_shown(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now, category="noise")
    assert near(now, category="noise") == []
    feedback.take_on(staff("coordinator"), case_id, Clearing(public_text="夜间噪声"), now, None, "en")
    assert on_map(now) == []
    with pytest.raises(NotFound):
        feedback.support(town.stranger, item_of(case_id), now)


def test_me_too_counts_once_a_person_and_not_for_the_reporter(town: Town, now: datetime) -> None:
    item = item_of(reported(town.owner, now))
    assert feedback.support(town.stranger, item, now).supporters == 1
    assert feedback.support(town.stranger, item, now).supporters == 1
    with pytest.raises(Conflict, match="feedback_own_report"):
        feedback.support(town.owner, item, now)
    assert near(now)[0].supporters == 1


def test_what_is_done_is_neither_offered_nor_supported(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    assert near(now) == []
    with pytest.raises(Conflict, match="feedback_matter_done"):
        feedback.support(town.stranger, item_of(case_id), now)


def test_the_map_shows_what_was_taken_on_to_a_hundred_metres_in_the_staffs_words(
    town: Town, now: datetime
) -> None:
    reported(town.owner, now)
    assert on_map(now) == []
    taken_on(town.owner, now, text="公交站旁路灯不亮")
    (shown,) = on_map(now)
    assert (shown.public_text, shown.state) == ("公交站旁路灯不亮", "handling")
    assert (shown.position.lon, shown.position.lat) == (113.1205, 23.0205)
    assert town.owner.id not in shown.model_dump_json()


def test_without_cleared_words_the_map_shows_the_category_alone(town: Town, now: datetime) -> None:
    taken_on(town.owner, now)
    (shown,) = on_map(now)
    assert (shown.title, shown.public_text) == ("Street lighting", None)


def test_somebody_unnamed_stays_so_and_sees_who_looked(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now)
    view = feedback.report_for(HANDLER, case_id, "case_handling", now, "en")
    assert view.reporter is None and view.text.startswith("路灯")
    assert town.owner.id not in view.model_dump_json()
    (look,) = identity.disclosures(town.owner.id, None, now).items
    assert (look.staff, look.purpose, look.what) == (HANDLER.id, "case_handling", "feedback")


def test_somebody_who_wants_to_be_called_is_shown_masked(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now, anonymous=False)
    view = feedback.report_for(HANDLER, case_id, "case_handling", now, "en")
    assert view.reporter and view.reporter.phone and "*" in view.reporter.phone


def test_another_department_another_town_and_strangers_learn_nothing(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now)
    for actor in (staff("reviewer"), staff("coordinator", near=False), town.stranger):
        with pytest.raises(NotFound):
            feedback.report_for(actor, case_id, "case_handling", now, "en")


def test_the_whole_way_from_report_to_stars(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    assert state(case_id) == "answered"
    view = feedback.rate(town.owner, case_id, Rating(stars=5), now, None, "en")
    assert [event.what for event in view.timeline][-1:] != [] and state(case_id) == "settled"
    matter = store.matter(item_of(case_id))
    assert matter and (matter.state, matter.stars) == ("settled", 5)
    with pytest.raises(Conflict):
        feedback.rate(town.owner, case_id, Rating(stars=1), now, None, "en")


def test_only_the_reporter_rates_and_only_staff_answer(town: Town, now: datetime) -> None:
    case_id = taken_on(town.owner, now)
    with pytest.raises(Forbidden):
        feedback.answer(town.owner, case_id, FeedbackAnswer(text="好了"), now, None, "en")
    feedback.answer(HANDLER, case_id, FeedbackAnswer(text="已修复"), now, None, "en")
    with pytest.raises(Forbidden):
        feedback.rate(HANDLER, case_id, Rating(stars=5), now, None, "en")
    with pytest.raises(NotFound):
        feedback.rate(town.stranger, case_id, Rating(stars=1), now, None, "en")


def test_not_fixed_brings_it_back_twice_with_a_new_deadline(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    later = now + timedelta(days=2)
    for times in (1, 2):
        feedback.reopen(town.owner, case_id, NotFixed(reason="还是不亮"), later, None, "en")
        case = cases.case(case_id)
        assert (case.state, case.deadline) == ("handling", date(2026, 12, 2))
        assert inbox(HANDLER) == [case_id]
        feedback.answer(HANDLER, case_id, FeedbackAnswer(text="又换了一次"), later, None, "en")
        matter = store.matter(item_of(case_id))
        assert matter and matter.reopened == times
    with pytest.raises(Conflict, match="feedback_reopened_enough"):
        feedback.reopen(town.owner, case_id, NotFixed(reason="还是不亮"), later, None, "en")


def test_an_answer_that_nobody_rates_settles_by_itself(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    due = cases.case(case_id).due
    assert due == date(2026, 12, 7)
    for _ in range(2):
        deadlines.chase(due, datetime(2026, 12, 7, 16, 5, tzinfo=UTC))
        assert state(case_id) == "settled"
    assert feedback.follow(cases.case(case_id), now)
    matter = store.matter(item_of(case_id))
    assert matter and (matter.state, matter.stars) == ("settled", None)
    with pytest.raises(Conflict):
        feedback.reopen(town.owner, case_id, NotFixed(reason="还是不亮"), now, None, "en")


def test_it_is_handed_on_twice_and_then_stays(town: Town, now: datetime) -> None:
    case_id = taken_on(town.owner, now)
    deadline = cases.case(case_id).deadline
    to_town = Transfer(category="litter", reason="属于保洁")
    feedback.hand_on(HANDLER, case_id, to_town, now, None, "en")
    case = cases.case(case_id)
    assert (case.state, case.deadline, inbox(HANDLER)) == ("reported", deadline, [])
    assert inbox(staff("coordinator")) == [case_id] and on_map(now) == []
    assert near(now) == [] and [found.item for found in near(now, category="litter")] == [item_of(case_id)]
    back = Transfer(category="street_lighting", reason="是路灯")
    feedback.hand_on(staff("coordinator"), case_id, back, now, None, "en")
    with pytest.raises(Conflict, match="feedback_transferred_enough"):
        feedback.hand_on(HANDLER, case_id, to_town, now, None, "en")
    assert inbox(HANDLER) == [case_id]


def test_a_refusal_can_be_appealed_and_upheld(town: Town, now: datetime) -> None:
    case_id = taken_on(town.owner, now)
    cases.decide(HANDLER, case_id, Decision(decision="refuse", reason="不属于公共设施"), now)
    assert feedback.follow(cases.case(case_id), now) and on_map(now) == [] and near(now) == []
    cases.appeal(town.owner, case_id, "就是公共路灯", now, None, "en")
    cases.decide(staff("district_officer"), case_id, Decision(decision="uphold", reason="应当处理"), now)
    assert state(case_id) == "handling" and inbox(HANDLER) == [case_id]
    assert feedback.follow(cases.case(case_id), now) and not feedback.follow(cases.case(case_id), now)
    assert [found.item for found in near(now)] == [found.item for found in on_map(now)] == [item_of(case_id)]
    feedback.answer(HANDLER, case_id, FeedbackAnswer(text="已修复"), now, None, "en")
    assert state(case_id) == "answered"


def test_a_withdrawn_report_is_offered_to_nobody_and_following_twice_changes_nothing(
    town: Town, now: datetime
) -> None:
    case_id = reported(town.owner, now)
    cases.act(cases.case(case_id), "withdraw", town.owner, now)
    feedback.follow(cases.case(case_id), now)
    cells = store.near(model.cell(Spot(113.12, 23.02)), "street_lighting", now)
    assert (cells, near(now)) == ([], [])
    feedback.follow(cases.case(case_id), now)
    matter = store.matter(item_of(case_id))
    assert matter and matter.state == "withdrawn"


def test_a_late_report_goes_to_the_next_level_and_says_so(town: Town, now: datetime) -> None:
    case_id = reported(town.owner, now)
    due = cases.case(case_id).due
    assert due and inbox(staff("district_officer")) == []
    deadlines.chase(due, datetime(2026, 11, 26, 16, 5, tzinfo=UTC))
    assert "case_escalated" in {event.what for event in cases.case(case_id).events}
    assert inbox(staff("district_officer")) == [case_id]
    feedback.take_on(staff("district_officer"), case_id, Clearing(), now, None, "en")
    assert inbox(HANDLER) == [case_id]


def test_the_reporter_is_told_what_is_next(town: Town, now: datetime) -> None:
    case_id = answered(town.owner, now)
    following = view(cases.case(case_id), "en").next
    assert following and (following.act, following.who, following.by) == ("rate", "owner", date(2026, 12, 7))


def test_everything_of_ones_own_is_exported_in_ones_own_words(town: Town, now: datetime) -> None:
    reported(town.owner, now)
    feedback.support(town.owner, item_of(reported(town.stranger, now)), now)
    held = identity.export(town.owner, now).others["feedback"]
    assert isinstance(held, list) and {one["part"] for one in held} == {"reporter", "supporter"}
    text = json.dumps(held, ensure_ascii=False)
    assert "路灯三天不亮了" in text and town.stranger.id not in text


def test_deletion_takes_reports_and_support_with_it(town: Town, now: datetime) -> None:
    assert rights.LAW  # The engine takes part as well: it refuses while a report is open.
    mine = answered(town.owner, now)
    feedback.support(town.stranger, item_of(taken_on(town.owner, now)), now)
    others = reported(town.stranger, now, category="road_damage")
    feedback.support(town.owner, item_of(others), now)
    with pytest.raises(Conflict, match="cases_open"):
        identity.delete(town.owner, now)
    feedback.rate(town.owner, mine, Rating(stars=4), now, None, "en")
    (open_one,) = (c for c in cases.cases_of(town.owner, filed=False, limit=9, token=None)[0] if c.id != mine)
    cases.act(cases.case(open_one.id), "withdraw", town.owner, now)
    identity.delete(town.owner, now)
    assert (parts(town.owner.id), store.matter(item_of(mine)), on_map(now)) == ([], None, [])
    kept = store.matter(item_of(others))
    assert kept and kept.supporters == 0
    assert parts(town.stranger.id) == ["reporter"]


def test_a_report_is_one_transaction_and_a_read_at_most_and_looking_near_by_two_reads(
    town: Town, now: datetime
) -> None:
    seen: list[str] = []

    def see(model: Any, **_: Any) -> None:
        seen.append(model.name)

    events = tables.connection().client.meta.events  # type: ignore[attr-defined]
    sealing.sealer(town.owner.id)  # A warm function: the person's key is remembered.
    events.register("before-call.dynamodb", see)
    feedback.report(town.owner, NewReport.model_validate(body()), now)
    reporting = seen.copy()
    near(now)
    events.unregister("before-call.dynamodb", see)
    assert (
        reporting[-1] == "TransactWriteItems" and len(reporting) <= 2
    )  # The engine may read the papers known.
    assert seen[len(reporting) :] == ["Query", "BatchGetItem"]
