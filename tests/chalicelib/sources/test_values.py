from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import idnumbers
from chalicelib.sources import catalogue, values
from chalicelib.sources.values import Regions
from tests.chalicelib.sources.rows import number


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        ("2026/1/3", date(2026, 1, 3)),
        ("20261123", date(2026, 11, 23)),
        ("2026年1月3日", date(2026, 1, 3)),
        ("2026.01.03", date(2026, 1, 3)),
        ("２０２６－１１－２３", date(2026, 11, 23)),
        ("2026-11-23 00:00:00", date(2026, 11, 23)),
        ("2024-02-29", date(2024, 2, 29)),
        ("1990年1月3号", date(1990, 1, 3)),
        ("二〇二六年十一月二十三日", date(2026, 11, 23)),
        ("一九九〇年十月十日", date(1990, 10, 10)),
        ("二零零八年二月二十九日", date(2008, 2, 29)),
        ("32874", date(1990, 1, 1)),
        ("32874.0", date(1990, 1, 1)),
        ("32874.5", date(1990, 1, 1)),
        ('="1990-01-01"', date(1990, 1, 1)),
    ],
)
def test_dates_are_read_in_the_forms_that_departments_write(raw: str, kept: date) -> None:
    assert values.day(raw) == (kept, None)


@pytest.mark.parametrize(
    "raw",
    [
        "1900-01-00",
        "0",
        "60",
        "00:00:00",
        "1990",
        "二〇二六年二月三十日",
        "2026-02-30",
        "0009-01-01",
        "2026-13-01",
        "昨天",
        "2025-02-29",
    ],
)
def test_a_date_that_never_was_is_refused(raw: str) -> None:
    assert values.day(raw) == (None, "date_impossible")


@pytest.mark.parametrize(
    "raw",
    [
        "019900001234",
        "19900001234/0757-83330000",
        "19900001234、13900000000",
        "测试 199 0000 1234",
        '="19900001234"',
        "19900001234",
        "+86 199 0000 1234",
        "0086-199-0000-1234",
        "８６１９９００００１２３４",
        "19900001234.0",
    ],
)
def test_a_phone_is_eleven_digits_however_it_is_written(raw: str) -> None:
    assert values.phone(raw) == ("19900001234", None)


def test_a_number_that_is_no_mobile_is_left_out_and_counted() -> None:
    assert values.phone("0757-83330000") == (None, "phone_invalid")
    assert values.phone(number(1)) == (None, "phone_invalid")
    assert values.phone("1.99E+10") == (None, "phone_invalid")


def test_an_old_number_of_fifteen_digits_becomes_eighteen() -> None:
    kept, code = values.id_number("449999900101001")
    assert code is None
    assert kept == idnumbers.normalise("449999900101001")
    assert len(str(kept)) == 18


def test_a_wrong_check_digit_keeps_the_number_and_says_so() -> None:
    wrong = number(1)[:17] + ("0" if number(1)[17] != "0" else "1")
    assert values.id_number(wrong) == (wrong, "id_number_check")


def test_a_lower_case_x_and_full_width_digits_are_brought_to_form() -> None:
    with_x = next(n for n in map(number, range(200)) if n.endswith("X"))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in with_x.lower())
    assert values.id_number(wide) == (with_x, None)


@settings(deadline=None)
@given(
    st.one_of(
        st.from_regex(r"[1-9][0-9]{5}(18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]", fullmatch=True),
        st.integers(0, 999).map(number),
        st.text(max_size=20),
        st.from_regex(r"[A-Z]{3}[0-9]{12}", fullmatch=True),
    )
)
def test_the_short_way_judges_numbers_as_the_standard_does(raw: str) -> None:
    kept, code = values.id_number(raw)
    if kept is not None:
        assert (code is None) == idnumbers.is_valid(raw)


def test_names_lose_spaces_between_characters_and_keep_one_sort_of_dot() -> None:
    assert values.name("测　试") == ("测试", None)
    assert values.name("阿卜杜•测试") == ("阿卜杜·测试", None)
    assert values.name("John  Smith") == ("John Smith", None)


@pytest.mark.parametrize(
    ("raw", "kept"), [("男", "male"), ("2", "female"), ("M", "male"), ("女性", "female")]
)
def test_sex_is_one_word_whatever_the_code(raw: str, kept: str) -> None:
    assert values.sex(raw) == (kept, None)


def test_a_community_given_as_town_is_cut_to_the_town() -> None:
    known = Regions(frozenset({"440604012"}), frozenset())
    judge = values.judge_for(catalogue.contract("tax").column("town"), known)
    assert judge("440604012003") == ("440604012", None)
    assert judge("440604999") == (None, "town_unknown")


def test_a_neutralised_formula_is_read_as_what_it_was() -> None:
    assert values.phone("'+8619900001234") == ("19900001234", None)


@settings(deadline=None)
@given(
    st.text(max_size=40),
    st.sampled_from(sorted({c.type for c in catalogue.contract("registrations").columns})),
)
def test_no_text_makes_a_value_fail(raw: str, kind: str) -> None:
    contract = catalogue.contract("registrations")
    column = next(c for c in contract.columns if c.type == kind)
    judge = values.judge_for(column, Regions(frozenset(), frozenset()))
    kept, code = judge(raw)
    assert kept is None or code is None or kept != ""


def test_a_number_that_a_spreadsheet_rounded_is_named_so() -> None:
    assert values.id_number("4.49999E+17") == ("4.49999E+17", "id_number_rounded")
    wrong = next(n for n in (f"449999199001{i:02d}1000" for i in range(1, 20)) if not idnumbers.is_valid(n))
    assert values.id_number(wrong) == (wrong, "id_number_rounded")


@settings(deadline=None)
@given(st.dates(date(1927, 6, 1), date(2099, 12, 31)))
def test_a_date_comes_back_from_each_of_its_forms(born: date) -> None:
    forms = [f"{born:%Y/%m/%d}", f"{born:%Y%m%d}", f"{born.year}年{born.month}月{born.day}日"]
    forms.append(str((born - date(1899, 12, 30)).days))
    assert {values.day(form) for form in forms} == {(born, None)}
