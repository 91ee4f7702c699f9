"""A sealed field opens for its person and purpose alone, and never again once the key is destroyed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import sealing, tables
from chalicelib.errors import Gone
from chalicelib.sealing import Broken, DataKeyRow, Sealer
from chalicelib.tables import create, transact

MINE = Sealer("P1", bytes(range(32)))
THEIRS = Sealer("P2", bytes(range(32)))
ALGORITHMS = st.sampled_from(["AES-GCM", "SM4-GCM"])
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def person(person_id: str) -> Sealer:
    sealer, row = sealing.new_sealer(person_id)
    transact(create(row))
    return sealer


@given(text=st.text(), algorithm=ALGORITHMS)
def test_what_is_sealed_opens_to_the_same_text(text: str, algorithm: sealing.Algorithm) -> None:
    assert MINE.open(MINE.seal(text, "name", algorithm), "name") == text


@given(algorithm=ALGORITHMS)
def test_the_same_text_is_never_sealed_to_the_same_bytes(algorithm: sealing.Algorithm) -> None:
    assert MINE.seal("张三", "name", algorithm) != MINE.seal("张三", "name", algorithm)


def test_the_sealed_text_names_its_algorithm_and_both_are_read_side_by_side() -> None:
    sealed = {name: MINE.seal("张三", "name", name) for name in ("AES-GCM", "SM4-GCM")}
    assert all(text.startswith(f"1.{name}.") for name, text in sealed.items())
    assert {MINE.open(text, "name") for text in sealed.values()} == {"张三"}


@given(algorithm=ALGORITHMS)
def test_another_persons_field_does_not_open_even_under_the_same_key(algorithm: sealing.Algorithm) -> None:
    with pytest.raises(Broken):
        THEIRS.open(MINE.seal("张三", "name", algorithm), "name")


@given(algorithm=ALGORITHMS)
def test_a_field_copied_into_another_field_does_not_open(algorithm: sealing.Algorithm) -> None:
    with pytest.raises(Broken):
        MINE.open(MINE.seal("张三", "name", algorithm), "phone")


@settings(max_examples=300)
@given(algorithm=ALGORITHMS, place=st.integers(0, 10_000), other=st.characters(codec="ascii"))
def test_no_character_of_a_sealed_text_can_be_changed(
    algorithm: sealing.Algorithm, place: int, other: str
) -> None:
    sealed = MINE.seal("张三", "name", algorithm)
    place %= len(sealed)
    altered = sealed[:place] + other + sealed[place + 1 :]
    if altered != sealed:
        with pytest.raises(Broken):
            MINE.open(altered, "name")


@given(text=st.text(max_size=60))
def test_whatever_is_not_sealed_is_refused_as_broken(text: str) -> None:
    with pytest.raises(Broken):
        MINE.open(text, "name")


def test_the_algorithm_cannot_be_exchanged_for_the_other(cloud: None) -> None:
    with pytest.raises(Broken):
        MINE.open(MINE.seal("张三", "name", "AES-GCM").replace("AES-GCM", "SM4-GCM"), "name")


@QUICK
@given(text=st.text(max_size=40))
def test_a_persons_key_is_found_again_after_the_function_was_cold(cloud: None, text: str) -> None:
    person_id = f"P-{len(text)}-{hash(text)}"
    if DataKeyRow.find(person_id, "DATA_KEY") is None:
        person(person_id)
    sealed = sealing.seal(person_id, text, "name")
    sealing.forget_cached()
    assert sealing.open_sealed(person_id, sealed, "name") == text


def test_the_stored_key_is_not_the_key(cloud: None) -> None:
    sealer = person("P1")
    assert sealer._key.hex() not in DataKeyRow.find("P1", "DATA_KEY").wrapped
    assert DataKeyRow.find("P1", "DATA_KEY").sk == "DATA_KEY"


def test_a_wrapped_key_moved_to_another_person_does_not_unwrap(cloud: None) -> None:
    person("P1")
    row = DataKeyRow.find("P1", "DATA_KEY")
    DataKeyRow("P2", "DATA_KEY", kek=row.kek, wrapped=row.wrapped).save()
    with pytest.raises(Broken):
        sealing.seal("P2", "x", "name")


def test_a_forgotten_person_is_noise_for_good(cloud: None) -> None:
    person("P1")
    person("P2")
    mine, theirs = sealing.seal("P1", "张三", "name"), sealing.seal("P2", "李四", "name")
    sealing.forget("P1")
    with pytest.raises(Gone, match="person_deleted"):
        sealing.open_sealed("P1", mine, "name")
    assert sealing.open_sealed("P2", theirs, "name") == "李四"


def test_somebody_who_never_was_is_gone_too(cloud: None) -> None:
    with pytest.raises(Gone, match="person_deleted"):
        sealing.seal("P404", "x", "name")


def test_rotation_leaves_old_texts_readable_before_and_after_rewrapping(cloud: None) -> None:
    for number in range(5):
        person(f"P{number}")
    sealed = {f"P{n}": sealing.seal(f"P{n}", f"name {n}", "name") for n in range(5)}
    first, second = sealing.current_kek(), sealing.rotate_kek()
    assert first != second == sealing.current_kek()
    sealing.forget_cached()
    assert sealing.open_sealed("P0", sealed["P0"], "name") == "name 0"
    assert (sealing.rewrap(), sealing.rewrap()) == (5, 0)
    sealing.forget_cached()
    assert {DataKeyRow.find(p, "DATA_KEY").kek for p in sealed} == {second}
    assert [sealing.open_sealed(p, text, "name") for p, text in sealed.items()] == [
        f"name {n}" for n in range(5)
    ]


def test_every_person_is_readable_at_every_moment_of_the_rewrapping(cloud: None) -> None:
    for number in range(4):
        person(f"P{number}")
    sealed = {f"P{n}": sealing.seal(f"P{n}", f"name {n}", "name") for n in range(4)}
    sealing.rotate_kek()
    read: list[int] = []

    def look(done: int) -> None:
        sealing.forget_cached()
        assert all(sealing.open_sealed(p, text, "name") for p, text in sealed.items())
        read.append(done)

    assert sealing.rewrap(look) == 4
    assert read == [1, 2, 3, 4]


def test_a_person_forgotten_during_the_rewrapping_stays_forgotten_and_does_not_stop_it(cloud: None) -> None:
    for number in range(4):
        person(f"P{number}")
    sealing.rotate_kek()
    forgotten: list[str] = []

    def forget_one(done: int) -> None:
        if not forgotten:
            left = [
                row.pk
                for row in DataKeyRow.scan()
                if row.sk == "DATA_KEY" and row.kek != sealing.current_kek()
            ]
            forgotten.append(left[0])
            sealing.forget(left[0])

    assert sealing.rewrap(forget_one) == 3
    assert DataKeyRow.find(forgotten[0], "DATA_KEY") is None


def test_a_function_that_has_just_started_takes_both_keys_with_one_request(cloud: None) -> None:
    person("P1")
    sealed = sealing.seal("P1", "张三", "name")
    sealing.forget_cached()
    seen: list[str] = []

    def see(model: Any, **_: Any) -> None:
        seen.append(model.name)

    events = tables.connection().client.meta.events  # type: ignore[attr-defined]
    events.register("before-call.dynamodb", see)
    assert sealing.open_sealed("P1", sealed, "name") == "张三"
    events.unregister("before-call.dynamodb", see)
    assert seen == ["BatchGetItem"]
