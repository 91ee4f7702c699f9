import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from simulation import errors, facts
from simulation.city import Chunk, City, Plan
from simulation.departments import Delivery, deliver
from simulation.errors import CLEAN, EASY, ErrorRates
from simulation.extracts import BASE, REGISTER, SOURCES, STRONG
from simulation.moves import NEVER

README = (facts.HERE / "README.md").read_text(encoding="utf-8")
WIDE = {code + 0xFEE0: code for code in range(0x21, 0x7F)}


def normal(number: str | None) -> str | None:
    """A valid number in its 18-character form, or nothing: what a comparison reads out of a written one."""
    digits = re.sub(r"\s", "", (number or "").translate(WIDE)).upper()
    if len(digits) == 15:
        digits = f"{digits[:6]}19{digits[6:]}"
        return digits + ric.calc_check_digit(digits + "0")
    valid = re.fullmatch(r"\d{17}[\dX]", digits) and ric.calc_check_digit(digits) == digits[-1]
    return digits if valid else None


@pytest.fixture(scope="module")
def crowded() -> Delivery:
    """Enough rows to hold rates against what is stated."""
    return deliver(City(Plan(people=30_000, seed=5)).chunk(0))


def people_of(delivery: Delivery) -> dict[str, dict[str, object]]:
    return {row["person"]: row for row in delivery.tables["truth/people"].to_pylist()}


@pytest.mark.parametrize("source", [REGISTER, *SOURCES], ids=lambda source: source.name)
def test_columns_are_those_the_readme_states(delivery: Delivery, source) -> None:
    table = delivery.tables[source.name]
    line = next(line for line in README.splitlines() if line.startswith(f"| `{source.name}` |"))
    assert table.column_names[:9] == list(BASE)
    extra = table.column_names[9:]
    places = [line.index(f"`{name}`") for name in extra]
    assert places == sorted(places)
    assert f"`{source.letters}…`" in line
    assert table.num_rows > 0


def test_record_ids_are_there_and_differ(delivery: Delivery) -> None:
    for source in (REGISTER, *SOURCES):
        ids = delivery.tables[source.name]["record_id"]
        assert ids.null_count == 0
        assert pc.count_distinct(ids).as_py() == len(ids)


def test_every_row_is_linked_to_its_person_once(delivery: Delivery) -> None:
    rows = Counter((row["source"], row["record_id"]) for row in delivery.tables["truth/links"].to_pylist())
    assert set(rows.values()) == {1}
    for source in (REGISTER, *SOURCES):
        ids = delivery.tables[source.name]["record_id"].to_pylist()
        assert {(source.name, record) for record in ids} == {key for key in rows if key[0] == source.name}


def test_what_the_links_say_of_numbers_is_what_stands_in_the_rows(delivery: Delivery) -> None:
    people = people_of(delivery)
    links = {(row["source"], row["record_id"]): row for row in delivery.tables["truth/links"].to_pylist()}
    seen: Counter[str] = Counter()
    for source in (REGISTER, *SOURCES):
        for row in delivery.tables[source.name].select(["record_id", "id_number"]).to_pylist():
            link = links[source.name, row["record_id"]]
            own, written = people[link["person"]]["id_number"], normal(row["id_number"])
            seen[link["number"]] += 1
            if link["number"] == "valid":
                assert written == own
            elif link["number"] == "swapped":
                assert written not in (None, own)
            else:
                assert written is None
            assert (row["id_number"] is None) == (link["number"] == "missing")
    assert set(seen) == set(errors.NUMBER_STATES) - {"masked"}


def test_the_unregistered_are_exactly_those_an_exact_comparison_finds(delivery: Delivery) -> None:
    people = {row["id_number"]: row for row in delivery.tables["truth/people"].to_pylist()}
    register = {
        normal(row["id_number"])
        for row in delivery.tables["registrations"].to_pylist()
        if row["status"] == "active"
    }
    seen: dict[str, set[str]] = {}
    for source in SOURCES:
        for written in delivery.tables[source.name]["id_number"].to_pylist():
            number = normal(written)
            if number:
                seen.setdefault(number, set()).add(source.name)
    found = {n for n, names in seen.items() if n not in register and (len(names) > 1 or names & set(STRONG))}
    true = {row["id_number"]: row for row in delivery.tables["truth/unregistered"].to_pylist()}
    alike = {row["id_number"]: row for row in delivery.tables["truth/lookalikes"].to_pylist()}
    assert found == set(true) | set(alike)
    assert not set(true) & set(alike)
    for number, row in true.items():
        assert people[number]["in_city"] and people[number]["register_status"] == "none"
        assert set(row["sources"].split(";")) == seen[number]
    for number, row in alike.items():
        assert (row["because"] == "departed") == (not people[number]["in_city"])
    assert {row["because"] for row in alike.values()} == {"departed", "register_number_broken"}


def test_error_rates_are_those_stated(crowded: Delivery) -> None:
    rates, table = ErrorRates(), crowded.tables["social_security"]
    count = table.num_rows
    links = pc.filter(
        crowded.tables["truth/links"], pc.equal(crowded.tables["truth/links"]["source"], "social_security")
    )
    states = Counter(links["number"].to_pylist())
    mistyped = rates.id_wrong_check + rates.id_transposed * 0.9 + rates.id_one_digit
    expected = {
        "missing": (states["missing"], rates.id_missing + rates.spoiled),
        "mistyped": (states["mistyped"], mistyped),
        "birth": (table["birth_date"].null_count, rates.birth_missing),
        "phone": (table["phone"].null_count, rates.phone_missing),
        "sex": (table["sex"].null_count, rates.sex_missing),
        "town": (table["town"].null_count, rates.town_missing),
        "address": (table["address"].null_count, rates.address_missing),
        "duplicate": (pc.sum(links["duplicate"]).as_py(), rates.duplicate),
    }
    for name, (seen, rate) in expected.items():
        spread = 4.5 * (rate * (1 - rate) / count) ** 0.5
        assert abs(seen / count - rate) < spread, name


def test_names_and_phones_vary_as_stated(crowded: Delivery) -> None:
    rates, people = ErrorRates(), people_of(crowded)
    links = {
        (row["source"], row["record_id"]): row["person"] for row in crowded.tables["truth/links"].to_pylist()
    }
    other_name = old_phone = total = 0
    for row in crowded.tables["employment"].select(["record_id", "name", "phone"]).to_pylist():
        person = people[links["employment", row["record_id"]]]
        total += 1
        other_name += row["name"] != person["name"]
        old_phone += bool(row["phone"]) and row["phone"].startswith("143")
    most = rates.name_spaced + rates.name_traditional + rates.name_slip
    assert rates.name_spaced < other_name / total < most * 1.3
    assert 0.5 * rates.phone_old < old_phone / total < 1.2 * rates.phone_old


def test_addresses_come_in_several_spellings(crowded: Delivery) -> None:
    lines = [line for line in crowded.tables["tax"]["address"].to_pylist() if line]
    share = sum(line.startswith("佛山市") and line.endswith("室") for line in lines) / len(lines)
    assert 0.42 < share < 0.7
    assert any(line.startswith("广东省") for line in lines)
    assert any(line.endswith("房") for line in lines)
    assert any("－" in line or re.search("[０-９]", line) for line in lines)
    assert any(line.endswith("宿舍") for line in lines)


def test_a_clean_city_has_no_errors_at_all() -> None:
    delivery = deliver(City(Plan(people=2000, seed=2, live=10, rates=CLEAN, hard=EASY)).chunk(0))
    assert set(delivery.tables["truth/links"]["number"].to_pylist()) == {"valid"}
    assert not any(delivery.tables["truth/links"]["duplicate"].to_pylist())
    assert {row["because"] for row in delivery.tables["truth/lookalikes"].to_pylist()} <= {"departed"}
    people = people_of(delivery)
    links = {
        (row["source"], row["record_id"]): row["person"] for row in delivery.tables["truth/links"].to_pylist()
    }
    for row in delivery.tables["lease_filings"].to_pylist():
        person = people[links["lease_filings", row["record_id"]]]
        assert {name: row[name] for name in ("name", "id_number", "birth_date", "sex")} == {
            name: person[name] for name in ("name", "id_number", "birth_date", "sex")
        }


def test_nobody_is_seen_before_coming_or_after_leaving(delivery: Delivery) -> None:
    people = people_of(delivery)
    links = {
        (row["source"], row["record_id"]): row["person"] for row in delivery.tables["truth/links"].to_pylist()
    }
    for source in SOURCES:
        for row in delivery.tables[source.name].select(["record_id", "seen_on"]).to_pylist():
            person = people[links[source.name, row["record_id"]]]
            assert person["arrived_on"] <= row["seen_on"] <= (person["departed_on"] or "2026-11-23")


def test_pupils_are_of_school_age_and_workers_have_employers(delivery: Delivery) -> None:
    people = people_of(delivery)
    links = {
        (row["source"], row["record_id"]): row["person"] for row in delivery.tables["truth/links"].to_pylist()
    }
    for row in delivery.tables["school_rolls"].to_pylist():
        born = int(str(people[links["school_rolls", row["record_id"]]]["birth_date"])[:4])
        assert 2008 <= born <= 2020
        assert 1 <= row["grade"] <= 12
    assert delivery.tables["social_security"]["employer_code"].null_count == 0


def test_dormitories_share_phone_and_address(crowded: Delivery) -> None:
    phones = Counter(phone for phone in crowded.tables["social_security"]["phone"].to_pylist() if phone)
    lines = Counter(line for line in crowded.tables["social_security"]["address"].to_pylist() if line)
    assert phones.most_common(1)[0][1] >= 5
    assert max(count for line, count in lines.items() if line.endswith("宿舍")) >= 4


def test_the_register_is_about_the_share_asked_for(crowded: Delivery) -> None:
    people = crowded.tables["truth/people"]
    known = sum(status != "none" for status in people["register_status"].to_pylist())
    assert abs(known / people.num_rows - 0.85) < 0.02


def test_live_newcomers_are_unregistered_adults_with_valid_numbers(delivery: Delivery, plan: Plan) -> None:
    people = people_of(delivery)
    rows = delivery.tables["live_people"].to_pylist()
    assert len(rows) == plan.live
    for row in rows:
        person = people[row["person"]]
        assert person["register_status"] == "none" and person["in_city"] and person["live"]
        assert normal(row["id_number"]) == person["id_number"]
        assert row["birth_date"] < "2009" and row["community"].startswith(row["town"])
        assert person["address"] == f"{row['line']}{row['room']}室"
    assert sum(row["in_extracts"] > 0 for row in rows) > len(rows) * 0.6
    assert any(row["household"] != "[]" for row in rows)


def test_departures_and_moves_happen(chunk: Chunk) -> None:
    assert 0.02 < (~chunk.stays.in_city).mean() < 0.08
    assert 0.12 < (chunk.stays.moved < NEVER).mean() < 0.25


@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
def test_a_number_is_called_valid_exactly_when_it_can_be_read(
    seed: int, wrong: float, otherwise: float
) -> None:
    from simulation import identity

    rng = np.random.default_rng(seed)
    owner = identity.person_numbers(
        np.full(8, 452123), rng.integers(-9000, 18000, 8), rng.integers(0, 999, 8)
    )
    rates = ErrorRates(
        id_missing=0.1, id_wrong_check=wrong * 0.3, id_transposed=wrong * 0.3, id_one_digit=wrong * 0.3,
        id_written_otherwise=otherwise, id_old_form=0.3,
    )  # fmt: skip
    column, state = errors.numbers(rng, owner, np.zeros(8, dtype=bool), rates, errors.Marks(8))
    for written, true, kind in zip(column.to_pylist(), owner, state, strict=True):
        readable = normal(written) == bytes(true).decode()
        assert readable == (kind == errors.VALID)
        assert (written is None) == (kind == errors.MISSING)


def test_texts_hold_nothing_that_breaks_a_row(delivery: Delivery) -> None:
    for source in (REGISTER, *SOURCES):
        for column in delivery.tables[source.name].columns:
            if pa.types.is_string(column.type):
                assert not pc.any(pc.match_substring_regex(column, '[",\r\n]')).as_py()
