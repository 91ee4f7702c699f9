"""The engine on the test cloud: one transaction a submission, one join a case."""

from datetime import datetime, timedelta

import pytest

from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, service, store
from chalicelib.cases.deadlines import chase
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Decision, WorkQuery
from chalicelib.cases.worklists import worklist
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.tables import Once, Repeated

CITIZEN = Actor("P1", "citizen", frozenset({"citizen", "landlord"}))
OTHER = Actor("P2", "citizen", frozenset({"citizen", "landlord"}))
COORDINATOR = Actor("coordinator-x", "staff", frozenset({"coordinator"}), ("440604010",))
FAR_COORDINATOR = Actor("coordinator-y", "staff", frozenset({"coordinator"}), ("440605011",))
REVIEWER = Actor("reviewer-housing", "staff", frozenset({"reviewer"}), ("440600",), "housing")
COMMUNITY = "440604010001"


def submit(now: datetime, once: Once | None = None, **changes: object) -> str:
    values = {
        "kind": "residence_registration",
        "owner": "P1",
        "filer": "P1",
        "region": COMMUNITY,
        "payload": {},
    }
    return service.submit(Submission(**(values | changes)), CITIZEN, now, once).id  # type: ignore[arg-type]


def test_a_submission_opens_every_departments_check(cloud: None, now: datetime) -> None:
    case = service.case(submit(now))
    assert case.state == "checking"
    assert {c.department: c.state for c in case.checks} == {"public_security": "open", "housing": "open"}
    assert case.open_checks == 2
    assert [e.what for e in case.events] == ["case_submitted"]


def test_a_repeated_submission_gets_the_first_answer_and_makes_no_second_case(
    cloud: None, now: datetime
) -> None:
    first = submit(now, Once("P1", "key", b"body", 201, now))
    with pytest.raises(Repeated) as repeated:
        submit(now, Once("P1", "key", b"body", 201, now))
    assert first in repeated.value.body
    assert len(service.cases_of(CITIZEN, filed=False, limit=10, token=None)[0]) == 1


def test_a_key_used_for_another_request_is_a_conflict(cloud: None, now: datetime) -> None:
    submit(now, Once("P1", "key", b"body", 201, now))
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        submit(now, Once("P1", "key", b"other body", 201, now))


def test_the_last_agreeing_check_accepts_the_case(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    service.record_check(case_id, "public_security", "passed", SYSTEM, now)
    assert service.case(case_id).state == "checking"
    answer = service.record_check(case_id, "housing", "passed", SYSTEM, now)
    case = service.case(case_id)
    assert (answer.state, case.state, case.open_checks, case.decided_at) == ("accepted", "accepted", 0, now)


def test_a_disagreeing_check_brings_a_person_and_never_a_refusal(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    service.record_check(case_id, "public_security", "passed", SYSTEM, now)
    service.record_check(case_id, "housing", "failed", REVIEWER, now, reason="no such flat")
    assert service.case(case_id).state == "review"
    items = worklist(COORDINATOR, WorkQuery(town="440604010"), "en").items
    assert [(i.case, i.check) for i in items] == [(case_id, None)]


def test_a_check_is_answered_once(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    service.record_check(case_id, "housing", "passed", SYSTEM, now)
    with pytest.raises(Conflict, match="check_decided"):
        service.record_check(case_id, "housing", "failed", SYSTEM, now)
    assert service.case(case_id).open_checks == 1


def test_a_silent_department_goes_to_a_person_and_stays_open(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    due = service.case(case_id).check("housing").due
    assert chase(due, now + timedelta(days=4)) == {"checks": 2, "cases": 0}
    case = service.case(case_id)
    assert (case.state, case.open_checks, case.check("housing").state) == ("checking", 2, "person")
    assert [i.case for i in worklist(REVIEWER, WorkQuery(town="440604010"), "en").items] == [case_id]
    chase(due, now + timedelta(days=4))
    assert len(service.case(case_id).events) == len(case.events)


def test_a_reviewer_answers_for_the_own_department_only(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    with pytest.raises(Forbidden, match="check_of_other_department"):
        service.decide(
            REVIEWER, case_id, Decision(check="public_security", decision="approve", reason="ok"), now
        )


def test_strangers_and_far_officers_learn_nothing(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    for actor in (OTHER, FAR_COORDINATOR):
        with pytest.raises(NotFound):
            service.case_for(actor, case_id)
    assert service.case_for(COORDINATOR, case_id).id == case_id


def test_nothing_is_decided_after_withdrawal(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    service.act(service.case(case_id), "withdraw", CITIZEN, now)
    with pytest.raises(Conflict):
        service.record_check(case_id, "housing", "passed", SYSTEM, now)
    with pytest.raises(Conflict):
        service.decide(COORDINATOR, case_id, Decision(decision="approve", reason="fine"), now)
    assert service.case(case_id).state == "withdrawn"


def test_what_a_landlord_files_waits_for_the_tenant(cloud: None, now: datetime) -> None:
    case_id = submit(now, filer="P2", needs_confirmation=True)
    case = service.case(case_id)
    assert (case.state, case.checks) == ("confirming", [])
    with pytest.raises(Forbidden):
        service.act(case, "confirm", OTHER, now)
    service.act(case, "confirm", CITIZEN, now)
    case = service.case(case_id)
    assert (case.state, case.open_checks, len(case.checks)) == ("checking", 2, 2)


def test_a_refusal_can_be_appealed_in_time_only(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    for department in ("public_security", "housing"):
        service.record_check(case_id, department, "failed", REVIEWER, now)
    service.decide(COORDINATOR, case_id, Decision(decision="refuse", reason="no such room"), now)
    with pytest.raises(Conflict, match="appeal_too_late"):
        service.appeal(CITIZEN, case_id, "it is there", now + timedelta(days=40), None, "en")
    assert (
        service.appeal(CITIZEN, case_id, "it is there", now + timedelta(days=3), None, "en").state
        == "appealed"
    )


def test_an_added_paper_after_the_time_is_refused(cloud: None, now: datetime) -> None:
    case_id = submit(now)
    service.decide(COORDINATOR, case_id, Decision(decision="ask_supplement", reason="the lease"), now)
    with pytest.raises(Conflict, match="supplement_too_late"):
        service.supplement(CITIZEN, case_id, None, now + timedelta(days=40), None, "en")
    assert service.supplement(CITIZEN, case_id, None, now, None, "en").state == "review"


def test_a_page_token_of_one_person_is_useless_to_another(cloud: None, now: datetime) -> None:
    for minute in range(3):
        submit(now + timedelta(minutes=minute))
    first, token = service.cases_of(CITIZEN, filed=False, limit=2, token=None)
    rest, end = service.cases_of(CITIZEN, filed=False, limit=2, token=token)
    assert (len(first), len(rest), end) == (2, 1, None)
    with pytest.raises(Exception, match="page_token_invalid"):
        service.cases_of(OTHER, filed=False, limit=2, token=token)


@pytest.mark.parametrize("name", model.kinds())
def test_every_kinds_states_are_named_in_both_languages(name: str) -> None:
    from chalicelib.texts import catalogue

    kind = model.kind(name)
    states = {kind.first_state} | {t.to for t in kind.transitions.values()}
    assert {f"state_{s}" for s in states} <= catalogue().keys()
    assert {f"case_{a}" for a in kind.transitions} <= catalogue().keys()


def test_a_case_is_read_with_one_request(cloud: None, now: datetime) -> None:
    from chalicelib import tables

    case_id = submit(now)
    sent: list[str] = []
    events = tables.connection().client.meta.events
    events.register(
        "before-send.dynamodb", lambda request, **_: sent.append(request.headers["X-Amz-Target"].decode())
    )
    store.load(case_id)
    assert sent == ["DynamoDB_20120810.Query"]


def test_a_worklist_goes_on_where_its_page_ended(cloud: None, now: datetime) -> None:
    wanted = set()
    for minute, community in enumerate([COMMUNITY, "440604010003", "440604011001"]):
        case_id = submit(now + timedelta(minutes=minute), region=community)
        service.to_person(case_id, "housing", "silent", now)
        wanted.add(case_id)
    seen, token, pages = [], None, 0
    while pages == 0 or token:
        page = worklist(REVIEWER, WorkQuery(limit=1, next=token), "en")
        seen, token, pages = seen + [i.case for i in page.items], page.next, pages + 1
    assert (len(seen), set(seen)) == (3, wanted)


def test_a_grid_worker_sees_only_the_own_communities_work(cloud: None, now: datetime) -> None:
    mine = Actor("grid-x", "staff", frozenset({"grid_worker"}), (COMMUNITY,))
    for region in (COMMUNITY, "440604010003"):
        submit(now, kind="residence_departure", region=region)
    assert [i.region for i in worklist(mine, WorkQuery(), "en").items] == [COMMUNITY]
    assert len(worklist(COORDINATOR, WorkQuery(), "en").items) == 2
    with pytest.raises(Forbidden):
        worklist(mine, WorkQuery(town="440605011"), "en")
