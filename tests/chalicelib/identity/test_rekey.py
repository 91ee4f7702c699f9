"""Changing the secret behind the person keys while the city goes on."""

from datetime import datetime

import pytest

from chalicelib import aws, keys, sealing
from chalicelib.errors import Conflict
from chalicelib.identity import rekey, service, store
from tests.chalicelib.identity.outsiders import id_number

pytestmark = pytest.mark.usefixtures("cloud")


def import_people(numbers: range, now: datetime) -> dict[str, str]:
    """Person ids by ID number."""
    make = keys.person_key_maker()
    pairs = [(make(number), number) for number in (id_number(n) for n in numbers)]
    found = service.people_for_keys(pairs, now)
    return {number: found[key] for key, number in pairs}


def by_version(version: str) -> dict[str, str]:
    rows = [row for row in store.PersonKeyRow.scan() if row.pk.startswith(f"PKEY#{version}:")]
    return {row.pk: row.person_id for row in rows}


def test_nobody_is_lost_or_doubled_from_begin_to_clean(now: datetime) -> None:
    before = import_people(range(60), now)
    old_keys = [keys.person_key(number) for number in before]
    assert rekey.begin(now) == "2"
    between = import_people(range(60, 70), now)
    assert rekey.switch(now) == "2"
    during = import_people(range(55, 75), now)
    assert {n: during[n] for n in before.keys() & during.keys()}.items() <= before.items()
    assert {n: during[n] for n in between}.items() <= between.items()
    (report,) = rekey.walk(now)
    assert (report.done, report.walked) == (True, 75)
    everybody = before | during
    assert {key: service.person_ids([key])[key] for key in old_keys} == dict(
        zip(old_keys, before.values(), strict=True)
    )
    fresh = {keys.person_key(number): person for number, person in everybody.items()}
    assert service.person_ids(fresh) == fresh
    assert all(key.startswith("2:") for key in fresh)
    assert rekey.finish(now) == ["1"]
    assert list(aws.secret("person_key")["keys"]) == ["2"]
    cleaned = rekey.clean("1", now)
    assert (cleaned.done, cleaned.changed) == (True, 75)
    assert by_version("1") == {}
    assert sorted(by_version("2").values()) == sorted(everybody.values())
    assert import_people(range(75), now) == everybody


def test_a_stopped_walk_goes_on_where_it_was_and_counts_each_once(now: datetime) -> None:
    import_people(range(60), now)
    rekey.begin(now)
    rekey.switch(now)
    seen = []
    for _ in range(10):
        (report,) = rekey.walk(now, proceed=lambda: False)
        seen.append(report.walked)
        if report.done:
            break
    assert seen == [25, 50, 60]
    assert len(by_version("2")) == 60
    (again,) = rekey.walk(now)
    assert (again.walked, again.changed, again.done) == (60, 60, True)


def test_files_learn_the_new_key_of_each_person_known_here(now: datetime) -> None:
    import_people(range(3), now)
    old = [keys.person_key(id_number(n)) for n in range(5)]
    rekey.begin(now)
    rekey.switch(now)
    rekey.walk(now)
    translated = service.successors(old)
    assert translated == {old[n]: keys.person_key(id_number(n)) for n in range(3)}


def test_somebody_deleted_before_the_walk_does_not_come_back(now: datetime) -> None:
    people = import_people(range(3), now)
    gone = people[id_number(0)]
    sealing.forget(gone)
    rekey.begin(now)
    rekey.switch(now)
    rekey.walk(now)
    assert len(by_version("2")) == 2
    assert gone not in by_version("1").values()


def test_the_old_version_stays_until_its_walk_is_through(now: datetime) -> None:
    import_people(range(30), now)
    rekey.begin(now)
    rekey.switch(now)
    rekey.walk(now, proceed=lambda: False)
    with pytest.raises(Conflict, match="rekey_not_walked"):
        rekey.finish(now)
    with pytest.raises(Conflict, match="rekey_not_finished"):
        rekey.clean("1", now)


def test_each_step_may_be_repeated(now: datetime) -> None:
    assert rekey.walk(now) == []
    assert [rekey.begin(now), rekey.begin(now)] == ["2", "2"]
    assert [rekey.switch(now), rekey.switch(now)] == ["2", "2"]
    rekey.walk(now)
    assert [rekey.finish(now), rekey.finish(now)] == [["1"], []]
    assert rekey.clean("1", now).done
    assert rekey.clean("1", now).done


def test_a_late_writer_s_mapping_is_cleaned_by_the_next_clean(now: datetime) -> None:
    people = import_people(range(2), now)
    late = keys.person_key(id_number(0))
    rekey.begin(now)
    rekey.switch(now)
    rekey.walk(now)
    rekey.finish(now)
    rekey.clean("1", now)
    store.key_row(late, people[id_number(0)]).save()
    assert rekey.clean("1", now).done
    assert by_version("1") == {}
