"""Claim, release, hand over, lower queues, and accepting what is clean in one go."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service, working
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Acceptances, Decision, WorkQuery
from chalicelib.cases.worklists import worklist
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.tables import Once, Repeated
from tests.chalicelib.cases.kinds_of_tests import check, kinds

COMMUNITY = "440604010001"
CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}))


def officer(user: str, role: str, *scopes: str, department: str | None = None) -> Actor:
    return Actor(user, "staff", frozenset({role}), scopes, department)


GRID = officer("grid-a", "grid_worker", COMMUNITY)
GRID_TOO = officer("grid-b", "grid_worker", COMMUNITY)
GRID_FAR = officer("grid-far", "grid_worker", "440604010003")
COORDINATOR = officer("coordinator-a", "coordinator", "440604010")
DISTRICT = officer("district-a", "district_officer", "440604")
HOUSING = officer("housing-a", "reviewer", "440604", department="housing")


@pytest.fixture(autouse=True)
def colleagues(cloud: None, now: datetime) -> None:
    """Everybody has a row: work is handed to members of staff, not to ids."""
    members = [
        identities.StaffMember(
            user_id=actor.id,
            name="测试员",
            roles=tuple(actor.roles),
            scopes=actor.scopes,
            department=actor.department,
        )
        for actor in (GRID, GRID_TOO, GRID_FAR, COORDINATOR, DISTRICT, HOUSING)
    ]
    identity.import_staff(members, now)


def submit(now: datetime, kind: str = "residence_departure", region: str = COMMUNITY) -> str:
    return service.submit(Submission(kind, "P1", "P1", region, {}), CITIZEN, now).id


def claim(actor: Actor, case_id: str, now: datetime, part: str | None = None) -> str | None:
    return working.claim(actor, case_id, part, now, None, "en").claimed_by


def approve(actor: Actor, case_id: str, now: datetime, part: str | None = None) -> str:
    return service.decide(actor, case_id, Decision(check=part, decision="approve", reason="fine"), now).state


def test_what_is_claimed_is_left_to_whoever_claimed_it(now: datetime) -> None:
    case_id = submit(now)
    assert claim(GRID, case_id, now) == claim(GRID, case_id, now) == "grid-a"
    assert [i.claimed_by for i in worklist(GRID_TOO, WorkQuery(), "en").items] == ["grid-a"]
    for refused in (claim, approve):
        with pytest.raises(Conflict, match="work_claimed"):
            refused(GRID_TOO, case_id, now)
    assert approve(GRID, case_id, now) == "accepted"


def test_what_is_released_is_free_again(now: datetime) -> None:
    case_id = submit(now)
    claim(GRID, case_id, now)
    with pytest.raises(Conflict, match="work_not_claimed"):
        working.release(GRID_TOO, case_id, None, now, None, "en")
    assert working.release(GRID, case_id, None, now, None, "en").claimed_by is None
    assert claim(GRID_TOO, case_id, now) == "grid-b"


def test_my_own_claims_can_be_listed(now: datetime) -> None:
    mine, _ = submit(now), submit(now + timedelta(seconds=1))
    claim(GRID, mine, now)
    assert [i.case for i in worklist(GRID, WorkQuery(mine=True), "en").items] == [mine]


def test_work_is_handed_to_a_colleague_in_charge_only(now: datetime) -> None:
    case_id = submit(now)
    claim(GRID, case_id, now)
    for wrong in ("grid-far", "housing-a", "nobody"):
        with pytest.raises(Invalid) as refused:
            working.hand_over(GRID, case_id, None, wrong, now, None, "en")
        assert refused.value.fields[0].code == "staff_not_in_charge"
    assert working.hand_over(GRID, case_id, None, "grid-b", now, None, "en").claimed_by == "grid-b"
    with pytest.raises(Conflict, match="work_claimed"):
        working.hand_over(GRID, case_id, None, "grid-a", now, None, "en")
    assert working.hand_over(COORDINATOR, case_id, None, "grid-a", now, None, "en").claimed_by == "grid-a"


def test_a_departments_part_is_claimed_by_itself(tmp_path: Path, now: datetime) -> None:
    with kinds(tmp_path, {"checks": [check("home", "housing", "land", merge="veto")]}):
        case_id = submit(now, "trial")
        assert claim(HOUSING, case_id, now, "home:housing") == "housing-a"
        with pytest.raises(Forbidden, match="check_of_other_department"):
            claim(HOUSING, case_id, now, "home:land")
        with pytest.raises(Conflict, match="case_state_forbids"):
            claim(COORDINATOR, case_id, now)
        approve(HOUSING, case_id, now, "home:housing")
        with pytest.raises(Conflict, match="check_decided"):
            claim(HOUSING, case_id, now, "home:housing")


def test_nobody_claims_other_peoples_or_finished_work(now: datetime) -> None:
    case_id = submit(now)
    with pytest.raises(NotFound):
        claim(GRID_FAR, case_id, now)
    with pytest.raises(NotFound):
        claim(HOUSING, case_id, now)
    approve(GRID, case_id, now)
    with pytest.raises(Conflict, match="case_state_forbids"):
        claim(GRID, case_id, now)


def test_a_level_above_may_look_into_the_queues_below_and_nobody_else(now: datetime) -> None:
    case_id = submit(now)
    for above in (COORDINATOR, DISTRICT):
        assert [i.case for i in worklist(above, WorkQuery(queue="grid_worker"), "en").items] == [case_id]
    with pytest.raises(Forbidden):
        worklist(GRID, WorkQuery(queue="coordinator"), "en")
    with pytest.raises(Forbidden):
        worklist(HOUSING, WorkQuery(queue="land"), "en")


def test_a_substitute_sees_claims_and_decides_while_it_lasts_and_not_after(now: datetime) -> None:
    case_id = submit(now, region="440604010003")
    claim(GRID_FAR, case_id, now)
    today = datetime(2026, 11, 23).date()
    cover = identities.NewCover(substitute="grid-a", first=today, last=today + timedelta(days=2))
    identity.arrange_cover(GRID_FAR, cover, now)

    def substitute(at: datetime) -> Actor:
        """The substitute as the authorizer knows them at that time."""
        from chalicelib.clock import local_date
        from chalicelib.identity import covers, store

        row = store.staff("grid-a")
        assert row is not None
        return officer("grid-a", "grid_worker", *covers.scopes_of(row, local_date(at)))

    inside = substitute(now)
    assert [i.case for i in worklist(inside, WorkQuery(), "en").items] == [case_id]
    assert claim(inside, case_id, now) == "grid-a"
    later = now + timedelta(days=3)
    assert worklist(substitute(later), WorkQuery(), "en").items == []
    with pytest.raises(NotFound):
        approve(substitute(later), case_id, later)
    assert approve(inside, case_id, now) == "accepted"


def accept(actor: Actor, now: datetime, *cases: str, once: Once | None = None) -> list[str | None]:
    wanted = Acceptances.model_validate({"items": [{"case": case} for case in cases], "reason": "all clean"})
    return [done.code for done in working.accept_clean(actor, wanted, now, once, "en")]


def test_clean_work_is_accepted_in_one_go_and_the_rest_says_why_not(now: datetime) -> None:
    first, second = submit(now), submit(now + timedelta(seconds=1))
    far, taken = submit(now, region="440604010003"), submit(now + timedelta(seconds=2))
    claim(GRID_TOO, taken, now)
    codes = accept(GRID, now, first, second, far, taken, "C-unknown")
    assert codes == [None, None, "case_not_found", "work_claimed", "case_not_found"]
    assert service.case(first).state == service.case(second).state == "accepted"
    assert service.case(taken).state == "review"


def test_repeating_the_request_accepts_nothing_twice_and_says_the_same(now: datetime) -> None:
    first, second = submit(now), submit(now + timedelta(seconds=1))
    once = Once("grid-a", "key", b"body", 200, now)
    for _ in range(2):
        assert accept(GRID, now, first, second, once=once) == [None, None]
    assert [e.what for e in service.case(first).events].count("case_approve") == 1
    assert accept(GRID, now, first) == ["case_state_forbids"]


def test_what_a_department_doubts_is_not_accepted_in_bulk(tmp_path: Path, now: datetime) -> None:
    file = {"checks": [check("housing", "housing")], "bulk": ["review"]}
    with kinds(tmp_path, file):
        doubted, unasked = submit(now, "trial"), submit(now + timedelta(seconds=1), "residence_registration")
        service.record_check(doubted, "housing", "unclear", SYSTEM, now)
        service.decide(COORDINATOR, unasked, Decision(decision="ask_supplement", reason="lease"), now)
        service.supplement(CITIZEN, unasked, None, now, None, "en")
        assert accept(COORDINATOR, now, doubted, unasked) == ["work_not_clean", "work_not_in_bulk"]


def test_a_reviewer_accepts_the_own_clean_parts_in_one_go(tmp_path: Path, now: datetime) -> None:
    with kinds(tmp_path, {"checks": [check("housing", "housing")]}):
        cases = [submit(now + timedelta(seconds=n), "trial") for n in range(3)]
        service.to_person(cases[2], "housing", "differs", now)
        items = [{"case": case, "check": "housing"} for case in cases]
        wanted = Acceptances.model_validate({"items": items, "reason": "all clean"})
        done = working.accept_clean(HOUSING, wanted, now, None, "en")
        assert [each.code for each in done] == [None, None, "work_not_clean"]
        assert [service.case(case).state for case in cases] == ["accepted", "accepted", "checking"]


def test_a_claim_ends_when_the_work_goes_on(now: datetime) -> None:
    case_id = submit(now, "residence_registration")
    service.decide(COORDINATOR, case_id, Decision(decision="ask_supplement", reason="lease"), now)
    service.supplement(CITIZEN, case_id, None, now, None, "en")
    claim(COORDINATOR, case_id, now)
    service.decide(COORDINATOR, case_id, Decision(decision="refuse", reason="no such room"), now)
    service.appeal(CITIZEN, case_id, "it is there", now, None, "en")
    assert service.case(case_id).claimed_by is None
    assert claim(DISTRICT, case_id, now) == "district-a"


def test_a_claim_under_the_same_key_is_answered_the_same(now: datetime) -> None:
    case_id = submit(now)
    once = Once("grid-a", "key", b"body", 200, now)
    working.claim(GRID, case_id, None, now, once, "en")
    with pytest.raises(Repeated):
        working.claim(GRID, case_id, None, now, Once("grid-a", "key", b"body", 200, now), "en")
