"""Sentences by code in both languages, and which language a caller prefers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import texts


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en;q=0.3,zh;q=0.7", "zh-CN"),
        ("en; q=0.3, zh; q=0.7", "zh-CN"),
        ("de,en;q=0.5", "en"),
        ("de", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=often", "zh-CN"),
        ("ZH-hant, EN", "zh-CN"),
    ],
)
def test_the_better_of_our_two_languages_is_chosen(header: str | None, language: str) -> None:
    assert texts.preferred(header) == language


@given(header=st.text(max_size=60))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert texts.preferred(header) in ("zh-CN", "en")


def test_placeholders_are_filled() -> None:
    assert texts.sentence("body_too_large", "en", limit=3) == "The body is too large: at most 3 bytes."
    assert "3" in texts.sentence("body_too_large", "zh-CN", limit=3)


def test_an_unknown_code_is_its_own_sentence() -> None:
    assert texts.sentence("never_written", "en") == "never_written"


def test_a_value_with_braces_is_no_template() -> None:
    assert "{code}" in texts.sentence("case_approve", "en", reason="{code}")
