"""What a round goes by and waits for before it is sealed, and what a late worker may write."""

from datetime import datetime, timedelta

import pytest

from chalicelib import aws, config
from chalicelib.actors import SYSTEM
from chalicelib.cases import asking
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.errors import Invalid
from chalicelib.insight import service as insight
from chalicelib.schooling import filing, receipts, running, service, showing, store
from chalicelib.schooling.model import Cutoff
from chalicelib.schooling.views import NewAnswer, NewRun
from chalicelib.tables import Cancelled
from tests.chalicelib.schooling.season import OFFICER, RANKING, Families, codes, opened, places, ranking_there
from tests.town import DISTRICT


def test_a_departments_silence_keeps_the_round_from_being_sealed(families: Families, now: datetime) -> None:
    """A round waits for what the city owes a family; an officer sees for how many, and hands it on again."""
    run_id = opened(now)
    families.accepted("a1", points="70")
    silent = families.parent()
    case = families.filed(silent, families.body("a1"), "90")
    later = now + timedelta(hours=2)
    assert families.allocated(run_id).state == "closed"
    view = showing.run(run_id)
    assert (view.state, view.waiting, view.inputs_sha256) == ("closed", 1, None)
    version = running.existing(run_id)[0].version
    assert running.proceed(run_id, families.read, later).version == version
    assert running.settle(later) == {"closed": 0, "handed_on": 1, "final": 0}
    families.pass_all(case)
    assert service.close_run(OFFICER, run_id, later).state == "closed"
    messages = aws.client("sqs").receive_message(QueueUrl=config.queue("allocations"), MaxNumberOfMessages=10)
    assert len(messages["Messages"]) == 3
    run = running.proceed(run_id, families.read, later)
    assert (run.state, run.pupils, run.waiting) == ("publicity", 2, 0)
    assert places(silent).rounds[0].school == "a1"


def test_a_round_waits_for_officers_and_appeals_and_not_for_the_applicant(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    parent = families.parent()
    case = families.filed(parent, families.body("a1"), "90")
    running.close_run(OFFICER, run_id, now + timedelta(hours=2))
    run = running.existing(run_id)[0]

    def undecided() -> int:
        return running._undecided(run, now)

    cases.to_person(case, "kinship:public_security", "no_kin", now)
    cases.record_check(case, "age:education", "failed", SYSTEM, now)
    assert undecided() == 1
    assert asking.name_papers(cases.case(case), now) and undecided() == 0
    cases.supplement(parent, case, None, now + timedelta(minutes=1), None, "zh-CN")
    assert undecided() == 1
    for part in ("kinship:public_security", "age:education"):
        cases.record_check(case, part, "failed", SYSTEM, now)
    assert cases.case(case).state == "review" and undecided() == 1
    cases.decide(OFFICER, case, Decision(decision="refuse", reason="材料不符"), now)
    assert filing.follow(cases.case(case), now) and undecided() == 0
    cases.appeal(parent, case, "请复核", now, None, "zh-CN")
    assert undecided() == 1


def test_what_was_accepted_a_moment_before_the_sealing_takes_part(families: Families, now: datetime) -> None:
    run_id = opened(now)
    case = families.filed(families.parent(), families.body("a1"), "90")
    for part in cases.case(case).checks:
        cases.record_check(case, part.id, "passed", SYSTEM, now)
    assert families.allocated(run_id).pupils == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"scope": "hukou"}, "school_ranking_scope"),
        ({"area": "440605"}, "school_ranking_elsewhere"),
        ({"period": "2025"}, "school_ranking_period"),
    ],
)
def test_a_round_goes_by_rankings_of_its_own_district_scope_and_year(
    families: Families, now: datetime, said: dict[str, str], code: str
) -> None:
    wrong = ranking_there(now, "RK2", **said)
    asked = {"district": DISTRICT, "grade": 1, "closes_at": (now + timedelta(hours=1)).isoformat()}
    body = NewRun.model_validate({**asked, "rankings": [RANKING, wrong, "RK404"]})
    with pytest.raises(Invalid) as error:
        running.open_run(OFFICER, body, now)
    assert codes(error) == {"/rankings/1": code, "/rankings/2": "school_ranking_unknown"}


@pytest.mark.parametrize("area", ["440600", "440604", "440604010"])
def test_a_list_of_the_city_or_of_a_town_of_the_district_is_fine(
    families: Families, now: datetime, area: str
) -> None:
    run_id = opened(now, rankings=[ranking_there(now, "RK3", area=area, period="2027")])
    assert showing.run(run_id).rankings == ("RK3",)


def test_a_round_says_how_many_families_were_in_none_of_its_lists(families: Families, now: datetime) -> None:
    run_id = opened(now)
    families.accepted("a1", points=None)
    families.accepted("a1", points="50")
    assert families.allocated(run_id).without_points == 1
    assert showing.run(run_id).without_points is None  # Fewer than ten are nobody's business.
    run = running.existing(run_id)[0]
    many, none = (run.model_copy(update={"without_points": n}) for n in (insight.K, 0))
    assert (showing.run_view(many).without_points, showing.run_view(none).without_points) == (insight.K, 0)


def test_how_many_a_school_admitted_is_taken_out_where_they_are_few_and_what_would_tell_it(
    families: Families, now: datetime
) -> None:
    run_id = opened(now)
    families.accepted("a1")
    families.allocated(run_id)
    found = [
        Cutoff(school=school, seats=40, admitted=sum(by), last_class=3, by_class=by)
        for school, by in (("a1", (0, 0, 2, 1)), ("b1", (0, 0, 0, 12)), ("c1", (0, 10, 0, 20)))
    ]
    store.keep_cutoffs(run_id, found)
    few, second, many = service.counts(OFFICER, run_id, "en").items
    assert (few.admitted, second.admitted, many.admitted) == (None, None, 30)
    assert list(few.by_class.values()) == [0, 0, None, None]
    assert list(second.by_class.values()) == [0, 0, 0, None]
    assert list(many.by_class.values()) == receipts.protected((0, 10, 0, 20), insight.K)


def test_a_worker_that_is_overtaken_while_it_writes_leaves_what_families_answered(
    families: Families, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower worker looked before the quicker one was done, and writes after a family has answered."""
    run_id = opened(now)
    parent, case = families.accepted("a1", points="90")
    later = now + timedelta(hours=2)
    running.close_run(OFFICER, run_id, later)
    run, seed = running.existing(run_id)
    late = running._seal(run, seed, families.read, later).model_copy(update={"version": run.version + 1})
    lines = store.entries(run_id)
    assert running.proceed(run_id, families.read, later).state == "publicity"
    service.answer(parent, case, NewAnswer(answer="refuse"), later)
    monkeypatch.setattr(running, "existing", lambda _: (late, seed))
    monkeypatch.setattr(store, "entries", lambda _: lines)
    with pytest.raises(Cancelled):
        running._allocate(late, seed, later)
    line = store.entry(run_id, case)
    assert line is not None and (line.school, line.answer) == ("a1", "refuse")
