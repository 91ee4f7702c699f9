"""allocate_places, settle_school_runs, relay_changes and verify_claims for school places."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.cases import service as cases
from chalicelib.errors import Conflict
from chalicelib.messaging import store as messages
from chalicelib.schooling import running, service, store
from chalicelib.seasons import service as seasons
from functions import allocate_places, relay_changes, settle_school_runs, verify_claims
from tests.chalicelib.schooling.season import OFFICER, Families, opened, planned
from tests.chalicelib.seasons import season
from tests.functions.case_events import CASE, event
from tests.functions.test_the_life_of_a_case import OWNER
from tests.town import Town, outside_systems, staff

RUN = "2026-440604-1-1"


@pytest.fixture
def families(cloud: None, now: datetime) -> Families:
    planned(now)
    return Families(now)


def relay(case_id: str) -> None:
    case = cases.case(case_id)
    sample = event("relay_changes", **{CASE: case.id, OWNER: case.owner})
    assert relay_changes.handler(sample, None) == {"batchItemFailures": []}


def test_a_closed_round_is_allocated_and_each_family_told_once(families: Families, now: datetime) -> None:
    opened(now)
    placed, _ = families.accepted("a1", points="80")
    without, _ = families.accepted("a1", points="70")
    left_out, _ = families.accepted("a1", points=None)
    running.close_run(OFFICER, RUN, now + timedelta(hours=2))
    for _ in range(2):
        assert allocate_places.settle(RUN, now, families.read) == 3
    assert running.existing(RUN)[0].state == "publicity"
    told = {
        who: messages.inbox(parent.id, None, 10)[0]
        for who, parent in (("p", placed), ("w", without), ("l", left_out))
    }
    assert {who: [json.loads(row.data)["event"] for row in rows] for who, rows in told.items()} == {
        "p": ["placed"],
        "w": ["none"],
        "l": ["left_out"],
    }


def test_the_queues_message_names_the_round_and_one_that_is_not_there_comes_back(cloud: None) -> None:
    sample = json.loads(Path("events/allocate_places.json").read_text("utf-8"))
    failed = allocate_places.handler(sample, None)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == [sample["Records"][0]["messageId"]]


def test_a_round_that_is_over_is_done_with_at_once(families: Families, now: datetime) -> None:
    opened(now)
    families.accepted("a1")
    families.allocated(RUN)
    sample = json.loads(Path("events/allocate_places.json").read_text("utf-8"))
    assert allocate_places.handler(sample, None) == {"batchItemFailures": []}


def test_the_schedule_acts_on_its_own_time(families: Families, now: datetime) -> None:
    opened(now)
    sample = json.loads(Path("events/settle_school_runs.json").read_text("utf-8"))
    assert settle_school_runs.handler(sample | {"time": "2026-11-23T01:31:00Z"}, None)["closed"] == 0
    assert settle_school_runs.handler(sample, None) == {"closed": 1, "handed_on": 0, "final": 0}
    assert running.existing(RUN)[0].state == "closed"


def test_departments_answer_the_application_takes_part_and_leaves_with_its_case(
    families: Families, now: datetime
) -> None:
    opened(now)
    parent = families.parent()
    body = families.body("a1")
    families.at_home(parent, body)
    case_id = families.filed(parent, body, "60")
    for part in ("age:education", "kinship:public_security"):
        sample = event("verify_claims", **{CASE: case_id, "public_security": part})
        assert verify_claims.handler(sample, None) == {"batchItemFailures": []}
    assert cases.case(case_id).state == "accepted"
    for _ in range(2):
        relay(case_id)
    assert [found.status for found in store.applications_of(parent.id)] == ["accepted"]
    cases.act(cases.case(case_id), "withdraw", parent, now)
    relay(case_id)
    assert [found.status for found in store.applications_of(parent.id)] == ["withdrawn"]
    assert service.my_places(parent).items[0].status == "withdrawn"


def test_points_come_from_the_final_ranking_of_the_season(
    families: Families, now: datetime, tmp_path: Path
) -> None:
    with outside_systems(tmp_path, now):
        town = Town(now)
    season.accepted(town, town.owner, now)
    ranking = season.ranking(now)
    opened(now, rankings=[ranking])
    town.registration()
    said = families.body("a1") | {"child": season.pupil() | {"guardian_consent": True}}
    case_id = families.filed(town.owner, said)
    families.pass_all(case_id)
    without, _ = families.accepted("a1", points=None)
    running.close_run(OFFICER, RUN, now + timedelta(hours=2))
    with pytest.raises(Conflict, match="ranking_not_final"):
        allocate_places.settle(RUN, now)
    _finish(ranking, now)
    assert allocate_places.settle(RUN, now) == 2
    (mine,) = service.my_places(town.owner).items
    (points,) = [place.total for place in seasons.final_places(ranking)]
    assert (mine.rounds[0].school, mine.rounds[0].points) == ("a1", str(points))
    assert service.my_places(without).items[0].rounds[0].school is None


def _finish(ranking: str, now: datetime) -> None:
    """A ranking is shown, objections are over, and the list is final."""
    officer, later = staff("city_officer"), now + timedelta(days=60)
    seasons.publish(officer, ranking, now, None, "en")
    seasons.settle(officer, ranking, later, None, "en")
    seasons.make(ranking, later)
    seasons.finalise(officer, ranking, later, None, "en")
