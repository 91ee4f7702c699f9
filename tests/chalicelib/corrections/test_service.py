"""A correction: to the department that owns the fact, sealed, seen by the person when staff look."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases import store
from chalicelib.cases.views import Decision, WorkQuery
from chalicelib.cases.worklists import worklist
from chalicelib.corrections import service
from chalicelib.corrections.model import NewCorrection
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.forms import facts
from chalicelib.identity import service as identity
from tests.town import Town, outside_systems, staff

SAYS = "我的工作单位已经变更"
HR = Actor("reviewer-hr", "staff", frozenset({"reviewer"}), ("440600",), "human_resources")
HOUSING = Actor("reviewer-housing", "staff", frozenset({"reviewer"}), ("440600",), "housing")


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def ask(town: Town, fact: str = "employment.employer_name", **more: object) -> str:
    body = NewCorrection.model_validate({"fact": fact, "says": SAYS, **more})
    return service.ask(town.owner, body, town.now).id


def test_the_department_that_owns_the_fact_gets_the_work_and_no_other(town: Town) -> None:
    town.registration()
    case_id = ask(town)
    assert [c.department for c in cases.case(case_id).checks] == ["human_resources"]
    assert [item.case for item in worklist(HR, WorkQuery(), "en").items] == [case_id]
    assert worklist(HOUSING, WorkQuery(), "en").items == []
    with pytest.raises(NotFound):
        service.look(HOUSING, case_id, None, town.now, "en")


@pytest.mark.parametrize("name", facts.facts())
def test_every_fact_has_an_owner_who_is_asked(town: Town, name: str) -> None:
    (check,) = cases.case(ask(town, name)).checks
    assert check.department == facts.fact(name).owner


def test_what_is_said_is_sealed_and_staff_who_read_it_are_shown_to_the_person(town: Town) -> None:
    case_id = ask(town, "identity.name")
    row = store.CaseRow.find(store.case_pk(case_id), "CASE")
    assert SAYS not in str(row.to_dynamodb_dict()) and "测试owner" not in str(row.to_dynamodb_dict())
    police = Actor("reviewer-ps", "staff", frozenset({"reviewer"}), ("440600",), "public_security")
    seen = service.look(police, case_id, "complaint", town.now, "en")
    assert (seen.says, seen.shown, seen.source) == (SAYS, "测试owner0", "Real-name binding")
    held = identity.export(town.owner, town.now)
    assert [d.what for d in held.disclosures] == ["correction"]


def test_a_department_that_agrees_accepts_it_and_one_that_does_not_brings_a_person(town: Town) -> None:
    town.registration()
    agreed, refused = ask(town), ask(town)
    for case_id, decision in ((agreed, "approve"), (refused, "refuse")):
        told = Decision(check="human_resources", decision=decision, reason="looked at the file")
        cases.decide(HR, case_id, told, town.tick())
    assert (cases.case(agreed).state, cases.case(refused).state) == ("accepted", "review")
    assert refused in [item.case for item in worklist(staff("coordinator"), WorkQuery(), "en").items]


def test_of_somebody_who_lives_nowhere_in_the_city_it_is_the_citys_work(town: Town) -> None:
    case_id = ask(town)
    told = Decision(check="human_resources", decision="refuse", reason="looked at the file")
    cases.decide(HR, case_id, told, town.tick())
    city = staff("city_officer")
    assert [item.case for item in worklist(city, WorkQuery(), "en").items] == [case_id]


def test_papers_go_with_it_and_wrong_ones_are_named(town: Town) -> None:
    with pytest.raises(Invalid) as refused:
        ask(town, evidence=["D" + "0" * 26])
    assert [field.path for field in refused.value.fields] == ["/evidence/0"]


def test_strangers_learn_nothing_and_other_cases_are_no_corrections(town: Town) -> None:
    case_id = ask(town)
    for actor, asked in ((town.stranger, case_id), (town.owner, town.case()), (staff("auditor"), case_id)):
        with pytest.raises(NotFound):
            service.look(actor, asked, None, town.now, "en")
    assert service.look(town.owner, case_id, None, town.now, "zh-CN").title == "工作单位"


def test_it_takes_a_bound_person_and_a_fact_that_there_is(town: Town) -> None:
    with pytest.raises(NotFound, match="fact_unknown"):
        ask(town, "identity.shoe_size")
    with pytest.raises(Forbidden, match="identity_not_bound"):
        service.ask(town.unbound, NewCorrection(fact="identity.name", says=SAYS), town.now)
