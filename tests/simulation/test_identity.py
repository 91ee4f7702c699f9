import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from simulation import identity, text
from simulation.city import Chunk, City

PHONE = re.compile(r"^1[3-9]\d{9}$")


def test_every_person_number_ends_in_its_check_digit(chunk: Chunk) -> None:
    numbers = text.fixed(chunk.people.number).to_pylist()
    assert all(ric.calc_check_digit(number) == number[-1] for number in numbers)
    assert any(number.endswith("X") for number in numbers)


def test_a_number_says_birth_date_and_sex_of_its_owner(chunk: Chunk) -> None:
    born = text.days(chunk.people.birth, separator="").to_pylist()
    for number, birth, male in zip(
        text.fixed(chunk.people.number).to_pylist(), born, chunk.people.male, strict=True
    ):
        assert number[6:14] == birth
        assert int(number[16]) % 2 == int(male)


def test_no_two_people_share_a_number(chunk: Chunk) -> None:
    numbers = text.fixed(chunk.people.number).to_pylist()
    assert len(set(numbers)) == len(numbers)


def test_abolished_divisions_and_permits_occur(chunk: Chunk) -> None:
    heads = {number[:6] for number in text.fixed(chunk.people.number).to_pylist()}
    assert heads & {"810000", "820000", "830000"}
    assert heads & {"440621", "440622", "440681"}
    assert not any(head.startswith("4406") for head in heads - {"440621", "440622", "440681"})


def test_orders_of_different_chunks_never_meet() -> None:
    division, birth, male = np.full(30, 430408), np.full(30, 6_000), np.ones(30, dtype=np.int64)
    seen = [set(identity.orders(division, birth, male, chunk, 10).tolist()) for chunk in range(10)]
    assert all(len(orders) == 30 for orders in seen)
    assert len(set.union(*seen)) == 300
    assert all(order % 2 == 1 and order < 1000 for order in set.union(*seen))


def test_too_many_people_of_one_day_and_division_are_refused() -> None:
    with pytest.raises(ValueError, match="smaller chunks"):
        identity.orders(np.full(60, 430408), np.full(60, 6_000), np.ones(60, dtype=np.int64), 0, 10)


def test_company_codes_are_valid_and_differ(city: City) -> None:
    codes = text.fixed(city.employers.codes).to_pylist()
    assert all(uscc.is_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)


@given(st.lists(st.integers(0, 99_999_999), unique=True, min_size=1, max_size=50), st.integers(0, 1000))
def test_different_people_get_different_phones(owners: list[int], seed: int) -> None:
    phones = text.fixed(identity.phones(np.array(owners), 142, seed)).to_pylist()
    assert len(set(phones)) == len(owners)
    assert all(PHONE.match(phone) and phone.startswith("142") for phone in phones)


@given(st.dates(date(1925, 1, 1), date(2026, 12, 31)), st.integers(0, 999))
def test_any_day_and_order_give_a_valid_number(birth: date, order: int) -> None:
    made = identity.person_numbers(np.array([450881]), np.array([text.day(birth)]), np.array([order]))
    number = text.fixed(made)[0].as_py()
    assert number == f"450881{birth:%Y%m%d}{order:03d}{ric.calc_check_digit(number)}"
