"""Nothing that looks like an ID number or a phone gets into a log line, whatever was passed."""

import io
import json
import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import idnumbers, logs

BORN = st.dates(date(1930, 1, 1), date(2025, 1, 1))
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
WRAPS = st.sampled_from(
    ["{}", "number={}", "“{}”", "/people/{}/x", "（{}）", '{{"n": "{}"}}', "+86{}", "身份证{}号"]
)


def made(born: date, order: int) -> str:
    first17 = f"440699{born:%Y%m%d}{order:03d}"
    return first17 + idnumbers.check_character(first17)


@given(born=BORN, order=st.integers(0, 999), wrap=WRAPS)
def test_an_id_number_is_masked_in_any_surroundings(born: date, order: int, wrap: str) -> None:
    number = made(born, order)
    if "+86" not in wrap:
        assert number not in logs.mask(wrap.format(number))
        assert number.lower() not in logs.mask(wrap.format(number.lower()))


@given(phone=PHONES, wrap=WRAPS)
def test_a_mobile_number_is_masked_in_any_surroundings_its_country_code_included(
    phone: str, wrap: str
) -> None:
    assert phone not in logs.mask(wrap.format(phone))


@given(born=st.dates(date(1930, 1, 1), date(1999, 12, 31)), order=st.integers(0, 999))
def test_old_numbers_of_fifteen_digits_are_masked(born: date, order: int) -> None:
    number = f"440699{born:%y%m%d}{order:03d}"
    assert number not in logs.mask(f"old {number}.")


def test_old_permanent_residence_numbers_are_masked() -> None:
    assert logs.mask("permit FRA440190010119 seen") == "permit *** seen"


@pytest.mark.parametrize(
    "text",
    [
        "C01KAQ4XYZ0123456789ABCDEF",
        "440604010001",
        "2026-11-23T09:30:00.000+08:00",
        "1763892345123",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ],
)
def test_ids_codes_times_and_digests_stay_readable(text: str) -> None:
    assert logs.mask(text) == text


def test_a_log_line_is_masked_in_message_facts_and_exception() -> None:
    stream, number = io.StringIO(), made(date(1990, 1, 1), 1)
    logger = logs.logger("test_logs")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        raise ValueError(number)
    except ValueError:
        logger.exception("failed for %s", number, extra={"phone": "13812345678"})
    finally:
        logger.removeHandler(handler)
    line = stream.getvalue()
    assert number not in line and "13812345678" not in line
    said = json.loads(line)
    assert said["message"] == "failed for ***" and said["exception_name"] == "ValueError"


def test_a_service_has_one_logger() -> None:
    assert logs.logger("test_logs") is logs.logger("test_logs")
