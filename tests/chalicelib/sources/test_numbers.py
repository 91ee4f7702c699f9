from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import idnumbers
from chalicelib.sources import numbers
from tests.chalicelib.sources.rows import number

BORN = date(1990, 1, 1)
orders = st.integers(0, 999)


def with_(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


@settings(deadline=None)
@given(orders, st.integers(0, 16))
def test_a_letter_read_for_a_digit_is_mended_where_the_check_agrees(order: int, place: int) -> None:
    right = number(order)
    letters = [letter for letter, digit in numbers.READ_FOR.items() if digit == right[place]]
    for letter in letters:
        assert numbers.mended(with_(right, place, letter), None, None) == right


@settings(deadline=None)
@given(orders, st.integers(6, 13), st.sampled_from("0123456789"))
def test_one_digit_of_the_birth_part_is_mended_by_the_birth_date(order: int, place: int, digit: str) -> None:
    right = number(order)
    wrong = with_(right, place, digit)
    if wrong != right:
        assert numbers.mended(wrong, BORN, None) == right
        assert numbers.mended(wrong, None, None) is None


@settings(deadline=None)
@given(orders, st.sampled_from([0, 3, 5, 14, 15, 16, 17]), st.sampled_from("0123456789"))
def test_what_the_check_alone_cannot_prove_stays(order: int, place: int, digit: str) -> None:
    wrong = with_(number(order), place, digit)
    if wrong != number(order):
        assert numbers.mended(wrong, BORN, None) is None


@settings(deadline=None)
@given(
    st.text("0123456789XOISBZ*?〇", min_size=16, max_size=19), st.dates(date(1900, 1, 1), date(2026, 1, 1))
)
def test_what_is_mended_is_one_character_away_and_valid(text: str, born: date) -> None:
    made = numbers.mended(text, born, "male")
    if made is not None:
        read = idnumbers.parse(made)
        assert sum(a != b for a, b in zip(made, text, strict=True)) == 1
        assert (read.birth_date, read.sex) == (born, "male")


def test_two_wrong_digits_and_swapped_ones_stay() -> None:
    right = number(7)
    assert numbers.mended(with_(with_(right, 9, "8"), 11, "7"), BORN, None) is None
    swapped = right[:11] + right[12] + right[11] + right[13:]
    assert swapped != right
    assert numbers.mended(swapped, BORN, None) is None


@pytest.mark.parametrize("sex", ["male", "female"])
def test_a_number_that_says_the_other_sex_stays(sex: str) -> None:
    right = next(n for n in map(number, range(50)) if idnumbers.parse(n).sex != sex)
    assert numbers.mended(with_(right, 10, "9"), BORN, sex) is None


def test_a_masked_number_stays() -> None:
    right = number(7)
    assert numbers.mended(right[:10] + "****" + right[14:], BORN, None) is None
    assert numbers.mended(with_(right, 15, "*"), BORN, None) is None
