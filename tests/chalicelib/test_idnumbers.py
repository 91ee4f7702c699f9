"""Identity numbers in all their forms (GB 11643 and its neighbours). Every number here is synthetic."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from chalicelib import idnumbers
from chalicelib.idnumbers import InvalidIdNumber

DIVISIONS = ["440699", "440621", "440622", "440681", "810000", "820000", "830000", "999999"]
born_dates = st.dates(date(1850, 1, 1), date(2100, 12, 31))
_FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born, order = draw(born_dates), draw(st.integers(0, 999))
    first17 = f"{draw(st.sampled_from(DIVISIONS))}{born:%Y%m%d}".replace(" ", "0") + f"{order:03d}"
    return first17 + idnumbers.check_character(first17)


@given(numbers())
def test_a_valid_number_says_when_and_as_what_one_was_born(number: str) -> None:
    read = idnumbers.parse(number)
    assert read.number == number
    assert read.birth_date is not None
    assert f"{read.birth_date:%Y%m%d}" == number[6:14]
    assert read.sex == ("male" if int(number[16]) % 2 else "female")


@given(numbers())
def test_the_check_character_is_the_one_python_stdnum_computes(number: str) -> None:
    assert ric.calc_check_digit(number) == number[17]


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: str, place: int, shift: int) -> None:
    wrong = str((int(number[place]) + shift) % 10)
    assert not idnumbers.is_valid(number[:place] + wrong + number[place + 1 :])


@given(numbers(), st.integers(0, 15))
def test_two_neighbours_changed_about_are_always_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or not idnumbers.is_valid(swapped)


@given(numbers(), st.booleans(), st.booleans(), st.sampled_from(["", " ", "-", "\u3000", "\t"]))
def test_however_it_is_typed_it_is_the_same_number(
    number: str, lower: bool, full_width: bool, between: str
) -> None:
    typed = between.join((number[:6], number[6:14], number[14:]))
    typed = typed.lower() if lower else typed
    typed = typed.translate(_FULL_WIDTH) if full_width else typed
    assert idnumbers.parse(typed).number == number


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_fifteen_digits_and_eighteen_are_the_same_person(born: date, order: int) -> None:
    old = f"440621{born:%y%m%d}{order:03d}"
    read = idnumbers.parse(old)
    assert len(read.number) == 18
    assert (read.birth_date, read.number[14:17]) == (born, f"{order:03d}")
    assert idnumbers.parse(read.number) == read


@pytest.mark.parametrize("division", ["440621", "440622", "440681"])
def test_divisions_that_were_abolished_are_valid(division: str) -> None:
    first17 = f"{division}19600101001"
    assert idnumbers.parse(first17 + idnumbers.check_character(first17)).kind == "mainland"


@pytest.mark.parametrize(
    ("division", "kind"), [("810000", "hong_kong"), ("820000", "macao"), ("830000", "taiwan")]
)
def test_permits_of_hong_kong_macao_and_taiwan_are_known_by_their_start(division: str, kind: str) -> None:
    first17 = f"{division}19600101001"
    assert idnumbers.parse(first17 + idnumbers.check_character(first17)).kind == kind


def test_foreigners_have_an_old_and_a_new_form() -> None:
    old = idnumbers.parse("usa440080010151")
    assert (old.number, old.kind, old.birth_date, old.sex) == (
        "USA440080010151",
        "foreigner",
        date(1980, 1, 1),
        None,
    )
    first17 = "91156019800101001"
    new = idnumbers.parse(first17 + idnumbers.check_character(first17))
    assert (new.kind, new.birth_date, new.sex) == ("foreigner", date(1980, 1, 1), "male")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "id_number_form"),
        ("44069919900101001", "id_number_form"),
        ("4406991990010100112", "id_number_form"),
        ("X40699199001010010", "id_number_form"),
        ("040699199001010010", "id_number_form"),
        ("44069919900101001Y", "id_number_form"),
        ("US4400800101510", "id_number_form"),
        ("一二三四五六七八九一二三四五六七八", "id_number_form"),
        ("٤٤٠٦٩٩١٩٩٠٠١٠١٠٠١٠", "id_number_form"),
        ("440699199002300010", "id_number_birth_date"),
        ("440699199013010010", "id_number_birth_date"),
        ("440699220001010010", "id_number_birth_date"),
        ("440699000001010010", "id_number_birth_date"),
        ("440699900231001", "id_number_birth_date"),
        ("USA440080023151", "id_number_birth_date"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason_and_without_the_text(text: str, code: str) -> None:
    with pytest.raises(InvalidIdNumber) as refusal:
        idnumbers.parse(text)
    assert refusal.value.code == code
    assert not text or text not in str(refusal.value)


@given(st.text(max_size=40) | st.text("0123456789Xx ０１９-USA", min_size=13, max_size=22))
def test_any_text_is_either_a_number_in_its_normal_form_or_refused(text: str) -> None:
    try:
        read = idnumbers.parse(text)
    except InvalidIdNumber:
        return
    assert idnumbers.parse(read.number) == read
    assert len(read.number) in {15, 18}
    assert read.number.isascii()


@given(numbers())
def test_a_masked_number_hides_the_birthday_and_the_order(number: str) -> None:
    masked = idnumbers.parse(number).masked
    assert (len(masked), masked[:3], masked[-2:]) == (18, number[:3], number[-2:])
    assert set(masked[3:-2]) == {"*"}


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert not idnumbers.is_valid("AAA0000000\u0661" + "0100")
