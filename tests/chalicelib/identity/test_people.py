"""People by person key: made in bulk once, found by many, read in the clear."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

from chalicelib import keys, sealing
from chalicelib.errors import NotFound
from chalicelib.identity import model, service, store
from tests.chalicelib.identity.outsiders import id_number

pytestmark = pytest.mark.usefixtures("cloud")


def pairs(count: int) -> list[tuple[str, str]]:
    make = keys.person_key_maker()
    return [(make(number), number) for number in (id_number(n) for n in range(count))]


def test_an_import_makes_each_person_once_however_often_it_runs(now: datetime) -> None:
    first = service.people_for_keys(pairs(70), now)
    second = service.people_for_keys(pairs(75), now)
    assert len(set(first.values())) == 70
    assert {key: second[key] for key in first} == first
    assert service.person_ids(second) == second
    assert len(set(second.values())) == 75


def test_the_same_number_twice_in_one_import_is_one_person(now: datetime) -> None:
    found = service.people_for_keys(pairs(1) + pairs(1), now)
    assert len(found) == 1


def test_unknown_keys_are_left_out() -> None:
    assert service.person_ids(["1:unknown"]) == {}


class _Interrupted(dict[str, model.KnownPerson]):
    """What an import knows; when it is first asked, another import of the same people gets in between."""

    def __init__(self, other: Callable[[], dict[str, str]]) -> None:
        self.other: Callable[[], dict[str, str]] | None = other
        self.first: dict[str, str] = {}

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        if self.other:
            other, self.other = self.other, None
            self.first = other()
        return default


def test_an_import_that_loses_the_race_meets_the_people_of_the_other(now: datetime) -> None:
    race = _Interrupted(lambda: service.people_for_keys(pairs(20), now))
    answer = service.people_for_keys(pairs(24), now, race)
    assert race.first.items() <= answer.items()
    assert len(set(answer.values())) == 24
    assert len([row for row in store.PersonRow.scan() if row.sk == "PERSON"]) == 24
    assert len(list(sealing.DataKeyRow.scan(sealing.DataKeyRow.sk == "DATA_KEY"))) == 24


def test_what_the_import_knew_can_be_read_and_is_masked_for_others(now: datetime) -> None:
    (key, number) = pairs(1)[0]
    told = {key: model.KnownPerson(name="林小溪", phone="13800001234")}
    person_id = service.people_for_keys([(key, number)], now, told)[key]
    profile = service.profile(person_id)
    assert (profile.name, profile.id_number, profile.phone) == ("林小溪", number, "13800001234")
    assert (profile.birth_date, profile.verified) == (date(1990, 1, 1), False)
    assert profile.masked_name == "林**"
    assert profile.masked_phone == "138****1234"
    assert number[3:-2] not in profile.masked_id_number


def test_neither_the_table_nor_a_printed_profile_shows_a_name_or_number(now: datetime) -> None:
    (key, number) = pairs(1)[0]
    told = {key: model.KnownPerson(name="林小溪", phone="13800001234")}
    person_id = service.people_for_keys([(key, number)], now, told)[key]
    shown = repr([row.to_simple_dict() for row in store.PersonRow.scan()]) + repr(service.profile(person_id))
    for personal in (number, number[6:14], "林小溪", "13800001234"):
        assert personal not in shown


def test_an_unknown_person_is_not_found() -> None:
    with pytest.raises(NotFound):
        service.profile("P0")


def test_only_bound_people_receive_wechat_messages(now: datetime) -> None:
    person_id = next(iter(service.people_for_keys(pairs(1), now).values()))
    assert service.receiver_of(person_id) is None
