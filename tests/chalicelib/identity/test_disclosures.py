"""Staff look-ups and who sees that they happened; children's separate log."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from chalicelib import audit, keys
from chalicelib.actors import Actor
from chalicelib.errors import DomainError, Forbidden, Invalid, Malformed, NotFound, Throttled
from chalicelib.identity import model, service
from tests.chalicelib.identity.outsiders import id_number

pytestmark = pytest.mark.usefixtures("cloud")

HERE, ELSEWHERE = "440604010001", "440606003002"
COORDINATOR = Actor("coordinator-1", "staff", frozenset({"coordinator"}), ("440604010",))
GRID_WORKER = Actor("grid-1", "staff", frozenset({"grid_worker"}), (HERE,))
CITY = Actor("city", "staff", frozenset({"city_officer"}), ("440600",))


@pytest.fixture
def registered() -> Iterator[dict[str, str]]:
    """Where people are registered, as the context that knows tells it; tests fill it."""
    regions: dict[str, str] = {}

    def summarise(person_id: str) -> model.Summary | None:
        region = regions.get(person_id)
        return model.Summary(name="test", regions=(region,), facts={"active": True}) if region else None

    service.contribute(service.Part("test", summarise=summarise))
    yield regions
    service.withdraw("test")


def person(now: datetime, number: str) -> str:
    key = keys.person_key(number)
    return service.people_for_keys([(key, number)], now, {key: model.KnownPerson(name="林小溪")})[key]


def asked(number: str, purpose: model.Purpose = "counter_service") -> model.LookUp:
    return model.LookUp(id_number=number, purpose=purpose, reason="本人到窗口咨询登记")


def seen_by(person_id: str, now: datetime) -> list[tuple[str, str, str, str | None]]:
    page = service.disclosures(person_id, None, now)
    return [(item.staff, item.purpose, item.what, item.reason) for item in page.items]


def test_a_look_up_in_scope_is_masked_and_the_person_sees_it(
    now: datetime, registered: dict[str, str]
) -> None:
    who = person(now, id_number())
    registered[who] = HERE
    found = service.look_up(COORDINATOR, asked(id_number()), now)
    assert (found.person_id, found.name) == (who, "林**")
    assert found.known[0].facts == {"active": True}
    assert seen_by(who, now) == [("coordinator-1", "counter_service", "look_up", "本人到窗口咨询登记")]
    assert [row.act for row in audit.EntryRow.scan() if row.actor == COORDINATOR.id] == ["person.looked_up"]


def test_unknown_and_out_of_scope_cannot_be_told_apart(now: datetime, registered: dict[str, str]) -> None:
    registered[person(now, id_number(1))] = ELSEWHERE
    refusals: list[tuple[type[DomainError], str, dict[str, str | int]]] = []
    for number in (id_number(1), id_number(2)):
        with pytest.raises(NotFound) as refusal:
            service.look_up(COORDINATOR, asked(number), now)
        refusals.append((type(refusal.value), refusal.value.code, refusal.value.params))
    assert refusals[0] == refusals[1]
    entries = [row for row in audit.EntryRow.scan() if row.actor == COORDINATOR.id]
    assert {(row.act, row.target, row.facts) for row in entries} == {
        ("person.look_up_empty", "people", '{"purpose":"counter_service"}')
    }


def test_people_known_nowhere_are_for_the_city_alone(now: datetime) -> None:
    who = person(now, id_number())
    assert service.look_up(CITY, asked(id_number()), now).person_id == who
    with pytest.raises(NotFound):
        service.look_up(COORDINATOR, asked(id_number()), now)


def test_children_are_for_coordinators_and_leave_a_row_in_their_own_log(
    now: datetime, registered: dict[str, str]
) -> None:
    number = id_number(born=date(2020, 5, 5))
    child = person(now, number)
    registered[child] = HERE
    for asked_number in (number, id_number(2, born=date(2020, 5, 5))):
        with pytest.raises(Forbidden, match="minor_needs_approval"):
            service.look_up(GRID_WORKER, asked(asked_number), now)
    service.look_up(COORDINATOR, asked(number), now)
    log = service.minor_accesses("2026-11", None).items
    assert [(row.staff, row.person_id, row.approved) for row in log] == [(COORDINATOR.id, child, True)]


def test_adults_are_not_in_the_children_s_log(now: datetime, registered: dict[str, str]) -> None:
    registered[person(now, id_number())] = HERE
    service.look_up(COORDINATOR, asked(id_number()), now)
    assert service.minor_accesses("2026-11", None).items == []


def test_showing_a_list_with_a_child_in_it_reaches_the_separate_log(now: datetime) -> None:
    adult, child = person(now, id_number()), person(now, id_number(born=date(2020, 5, 5)))
    service.record_disclosures(GRID_WORKER, [adult, child], "visit", "visit", now)
    log = service.minor_accesses("2026-11", None).items
    assert [(row.person_id, row.what, row.approved) for row in log] == [(child, "visit", False)]


def test_a_hundred_look_ups_a_day_then_no_more(now: datetime) -> None:
    for _ in range(model.LOOKUPS_BY_STAFF.times):
        service.throttle(f"look-up#{CITY.id}", 100, model.DAY, now)
    with pytest.raises(Throttled, match="lookups_used_up"):
        service.look_up(CITY, asked(id_number()), now)
    with pytest.raises(NotFound):
        service.look_up(COORDINATOR, asked(id_number()), now)


def test_a_look_up_by_something_that_is_no_number_names_the_field(now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        service.look_up(CITY, asked("123"), now)
    assert [field.path for field in refusal.value.fields] == ["/id_number"]


def test_the_same_look_twice_a_day_is_one_row_and_on_the_next_day_another(now: datetime) -> None:
    who = person(now, id_number())
    for moment in (now, now + timedelta(hours=3), now + timedelta(days=1)):
        service.record_disclosures(GRID_WORKER, [who], "visit", "visit", moment)
    service.record_disclosures(GRID_WORKER, [who], "complaint", "case", now)
    page = service.disclosures(who, None, now)
    assert len(page.items) == 3
    assert page.items[0].at.startswith("2026-11-24")


def test_disclosures_come_in_pages_that_lose_nothing(now: datetime) -> None:
    who = person(now, id_number())
    for day in range(120):
        moment = now + timedelta(days=day)
        service.record_disclosures(GRID_WORKER, [who], "visit", "visit", moment)
    days: list[str] = []
    token: str | None = None
    for _ in range(4):
        page = service.disclosures(who, token, now)
        days += [item.at[:10] for item in page.items]
        token = page.next
        if token is None:
            break
    assert len(days) == len(set(days)) == 120
    assert days == sorted(days, reverse=True)


def test_a_page_token_of_somebody_else_s_list_is_refused(now: datetime) -> None:
    who, other = person(now, id_number(1)), person(now, id_number(2))
    for day in range(51):
        service.record_disclosures(GRID_WORKER, [who], "visit", "visit", now + timedelta(days=day))
    token = service.disclosures(who, None, now).next
    assert token is not None
    with pytest.raises(Malformed, match="page_token_invalid"):
        service.disclosures(other, token, now)


def test_citizens_looking_at_their_own_leave_no_row_and_purposes_are_known_ones(now: datetime) -> None:
    who = person(now, id_number())
    service.record_disclosures(Actor(who, "citizen"), [who], "visit", "visit", now)
    assert service.disclosures(who, None, now).items == []
    with pytest.raises(Malformed, match="purpose_unknown"):
        service.record_disclosures(GRID_WORKER, [who], "curiosity", "visit", now)


def test_long_lists_are_recorded_whole(now: datetime) -> None:
    numbers = [id_number(n) for n in range(120)]
    make = keys.person_key_maker()
    people = list(service.people_for_keys([(make(n), n) for n in numbers], now).values())
    service.record_disclosures(GRID_WORKER, people, "visit", "visits", now)
    assert all(seen_by(who, now) == [("grid-1", "visit", "visits", None)] for who in people)
