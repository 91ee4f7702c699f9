"""How hard a city can be made, and that the truth names what was put into each row."""

import re
from collections import Counter
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from stdnum.cn import ric

from simulation import errors, facts, misspelt
from simulation.__main__ import main
from simulation.city import Chunk, City, Plan
from simulation.departments import Delivery, deliver
from simulation.errors import KINDS, ErrorRates, HardCases
from simulation.extracts import REGISTER, SOURCES
from simulation.mixes import MIXES
from simulation.people import CHILD, GRANDPARENT

README = (facts.HERE / "README.md").read_text(encoding="utf-8")
WIDE = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
type Row = dict[str, str | None]


def chunk_of(mix: str, people: int = 12_000, **more: object) -> Chunk:
    chosen = MIXES[mix]
    return City(Plan(people=people, seed=6, live=10, rates=chosen.rates, hard=chosen.hard, **more)).chunk(0)


@pytest.fixture(scope="module")
def hard_chunk() -> Chunk:
    return chunk_of("hard")


@pytest.fixture(scope="module")
def hard(hard_chunk: Chunk) -> Delivery:
    return deliver(hard_chunk)


@pytest.fixture(scope="module")
def stated() -> Delivery:
    return deliver(chunk_of("stated", 30_000))


def rows_of(delivery: Delivery) -> list[tuple[Row, Row, set[str]]]:
    """Each row, its true person, and the errors that the truth names."""
    people = {row["person"]: row for row in delivery.tables["truth/people"].to_pylist()}
    links = {(row["source"], row["record_id"]): row for row in delivery.tables["truth/links"].to_pylist()}
    return [
        (row, people[link["person"]], set(link["errors"].split(";")) - {""})
        for source in (REGISTER, *SOURCES)
        for row in delivery.tables[source.name].to_pylist()
        for link in [links[source.name, row["record_id"]]]
    ]


def plain(value: str | None) -> str:
    return re.sub(r"\s", "", (value or "").translate(WIDE)).upper()


def share(found: list[tuple[Row, Row, set[str]]], *kinds: str) -> float:
    return sum(bool(marks & set(kinds)) for _, _, marks in found) / len(found)


def test_the_stated_mix_is_the_one_that_the_figures_are_promised_for(stated: Delivery) -> None:
    found = rows_of(stated)
    unusable = share(found, "id_missing", "id_wrong_check", "id_transposed", "id_one_digit", "id_masked")
    assert abs(unusable - 1 / 6) < 0.01
    own_phone = [row for row in found if "shared_phone" not in row[2]]
    assert abs(share(own_phone, "phone_missing", "phone_old") - 1 / 3) < 0.02
    assert abs(share(found, "birth_missing") - 1 / 6) < 0.01
    spellings = Counter(plain(row["address"])[:2] for row, _, _ in found if row["address"])
    assert spellings["佛山"] < 0.8 * len(found)


def test_every_error_that_the_truth_can_name_occurs_in_the_hard_mix(hard: Delivery) -> None:
    seen: Counter[str] = Counter()
    for _, _, marks in rows_of(hard):
        seen.update(marks)
    assert set(seen) == set(KINDS)


def test_what_is_not_named_is_right(hard: Delivery) -> None:
    for row, person, marks in rows_of(hard):
        if not any(mark.startswith(("id_", "swapped", "guardian")) for mark in marks):
            assert row["id_number"] == person["id_number"]
        if not any(mark.startswith("name_") for mark in marks):
            assert row["name"] == person["name"]
        if not marks & {"birth_missing", "birth_mistaken", "birth_written_otherwise", "spoiled"}:
            assert row["birth_date"] == person["birth_date"]
        if not marks & {"sex_missing", "sex_wrong"}:
            assert row["sex"] == person["sex"]
        if not any(mark.startswith(("phone_", "shared_phone")) for mark in marks):
            assert row["phone"] == person["phone"]
        if not any(mark.startswith(("address_", "shared_address")) for mark in marks):
            assert row["address"] == person["address"]


def test_what_is_named_is_wrong(hard: Delivery) -> None:
    for row, person, marks in rows_of(hard):
        number = plain(row["id_number"])
        for mark in marks & {"id_wrong_check", "id_transposed", "id_one_digit"}:
            assert len(number) == 18 and ric.calc_check_digit(number) != number[-1], mark
        if "id_masked" in marks:
            hidden = re.fullmatch(r"(\d{3}|\d{6})\*+(\d{3}[\dX])", number)
            assert hidden and len(number) == 18
        assert ("id_missing" in marks) == (row["id_number"] is None)
        assert ("phone_missing" in marks) == (row["phone"] is None)
        assert ("address_missing" in marks) == (row["address"] is None)
        assert not ("birth_missing" in marks and row["birth_date"] not in (None, "1990-02-30"))
        if "name_slip" in marks or "name_turned" in marks or "name_shortened" in marks:
            assert row["name"] != person["name"]
        if marks & {"swapped_number", "guardian_number"}:
            assert number and number != person["id_number"]
        if "birth_mistaken" in marks and "spoiled" not in marks:
            assert re.sub(r"\D", "", str(row["birth_date"])) != str(person["birth_date"]).replace("-", "")
        if "sex_wrong" in marks:
            assert row["sex"] != person["sex"]
        if "phone_mistyped" in marks:
            assert row["phone"] != person["phone"]


def test_fathers_and_sons_and_siblings_are_named_alike(hard_chunk: Chunk) -> None:
    crowd, easy = hard_chunk.people, chunk_of("usual").people
    names = errors.names.names()

    def alike(people: object) -> float:
        texts = names.given.take(np.asarray(people.given)).to_pylist()
        sons = np.flatnonzero((people.role == CHILD) & people.male)
        heads = np.flatnonzero(people.role == 0)[people.household[sons]]
        fathers = people.male[heads]
        return sum(
            texts[a][0] == texts[b][0] for a, b in zip(sons[fathers], heads[fathers], strict=True)
        ) / max(1, int(fathers.sum()))

    assert alike(crowd) > 0.25 > 3 * alike(easy)
    assert (crowd.role == GRANDPARENT).mean() > 1.5 * (easy.role == GRANDPARENT).mean()


def test_dormitories_of_a_firm_are_one_building(hard_chunk: Chunk) -> None:
    def most_at_one_door(chunk: Chunk) -> int:
        people = np.flatnonzero(chunk.dormitory >= 0)
        building = chunk.city.places.building_of(chunk.stays.room[people])
        return int(np.bincount(building).max())

    assert most_at_one_door(hard_chunk) >= 100 > most_at_one_door(chunk_of("usual"))


def test_a_recycled_phone_was_the_earlier_one_of_somebody_else(hard_chunk: Chunk) -> None:
    taken = np.flatnonzero(hard_chunk.recycled_from >= 0)
    assert 0.01 < len(taken) / len(hard_chunk) < 0.04
    giver = hard_chunk.recycled_from[taken]
    assert (giver != taken).all() and len(set(giver.tolist())) == len(giver)
    assert (hard_chunk.phone_now[taken] == hard_chunk.phone_before[giver]).all()
    everyone = {bytes(phone) for phone in hard_chunk.phone_now}
    assert len(everyone) == len(set(hard_chunk.phone_owner.tolist()))


def test_twins_and_common_names_are_as_many_as_asked_for(hard_chunk: Chunk) -> None:
    easy = chunk_of("usual")
    assert hard_chunk.households.twins.sum() > 3 * easy.households.twins.sum()
    full = errors.names.names().full(hard_chunk.people.surname, hard_chunk.people.given).to_pylist()
    assert full.count("张伟") > 12_000 / 1000 * 2  # thousands in a city of a million


def test_only_the_sources_asked_for_deliver_and_as_much_as_asked_for() -> None:
    made = deliver(
        chunk_of("usual", only=("tax", "health_service"), shares=(("tax", 0.5), ("health_service", 9.0)))
    )
    names = {source.name for source in SOURCES} & set(made.tables)
    assert names == {"tax", "health_service"}
    usual = deliver(chunk_of("usual"))
    assert 0.4 < made.tables["tax"].num_rows / usual.tables["tax"].num_rows < 0.6
    assert made.tables["health_service"].num_rows > 0.9 * 12_000
    assert set(made.tables["truth/links"]["source"].to_pylist()) == names | {"registrations"}


def test_every_rate_and_its_ground_is_in_the_readme() -> None:
    for each in (*fields(ErrorRates), *fields(HardCases)):
        assert f"| `{each.name}` |" in README, each.name
    stated = {f"{each.name}": getattr(MIXES["stated"].rates, each.name) for each in fields(ErrorRates)}
    for name, rate in stated.items():
        line = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
        cells = [cell.strip() for cell in line.split("|")]
        assert float(cells[4]) == pytest.approx(rate, abs=0.0005), name
        assert float(cells[3]) == pytest.approx(getattr(ErrorRates(), name), abs=0.0005), name


def test_a_single_rate_is_changed_by_its_name_whether_error_or_case() -> None:
    mix = MIXES["hard"].but(["twins=0.5", "phone_old=0"])
    assert (mix.hard.twins, mix.rates.phone_old) == (0.5, 0)
    assert mix.hard == replace(MIXES["hard"].hard, twins=0.5)


@pytest.mark.parametrize("wrong", [["--sources", "police"], ["--share", "police=1"], ["--share", "tax=-1"]])
def test_a_source_that_is_not_there_is_refused(
    wrong: list[str], tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["city", "--people", "100", "--out", str(tmp_path), *wrong])
    assert stopped.value.code == 2


@pytest.mark.parametrize("birth", ["1990-02-03", "2000-02-29", "1987-12-31", "1999-05-05", "2001-10-12"])
def test_a_mistaken_day_is_another_day_of_the_calendar(birth: str) -> None:
    assert date.fromisoformat(misspelt.day_mistaken(birth)) != date.fromisoformat(birth)


def test_single_mistakes_read_as_people_make_them() -> None:
    assert misspelt.turned("陈嘉欣") == "陈欣嘉" and misspelt.turned("陈欣") == "陈欣"
    assert misspelt.shortened("陈嘉欣") in ("陈嘉", "陈*欣") and misspelt.shortened("陈欣") == "陈欣"
    assert misspelt.titled("陈欣").startswith("陈欣") and len(misspelt.titled("陈欣")) > 2
    assert misspelt.reblocked("季华五路12号3栋501室") == "季华五路12号3幢501室"
    assert misspelt.reblocked("季华五路12号501室") == "季华五路一二号501室"
    assert misspelt.misread("季华五路12号501室") == "季华五12号501室"
