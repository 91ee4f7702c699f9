"""Regions nest: what lies in a part lies in the whole."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import regions

DIGITS = st.text("0123456789", min_size=14, max_size=14)
WIDTHS = (6, 9, 12, 15, 20)
CODES = st.builds(lambda tail, width: ("440604" + tail)[:width], DIGITS, st.sampled_from(WIDTHS))


@given(tail=DIGITS, outer=st.sampled_from(WIDTHS), inner=st.sampled_from(WIDTHS))
def test_a_code_covers_exactly_what_begins_with_it(tail: str, outer: int, inner: int) -> None:
    code = "440604" + tail
    assert regions.covers(code[:outer], code[:inner]) is (outer <= inner)


@given(a=CODES, b=CODES, c=CODES)
def test_covering_is_an_order(a: str, b: str, c: str) -> None:
    assert regions.covers(a, a)
    if regions.covers(a, b) and regions.covers(b, c):
        assert regions.covers(a, c)
    if regions.covers(a, b) and regions.covers(b, a):
        assert a == b


@given(code=CODES)
def test_the_city_covers_all_and_nothing_covers_the_city_but_itself(code: str) -> None:
    assert regions.covers(regions.CITY, code) and regions.covers(regions.CITY, regions.CITY)
    assert not regions.covers(code, regions.CITY)


@given(code=CODES)
def test_each_ancestor_covers_the_next_and_the_code(code: str) -> None:
    chain = regions.ancestors(code, "building")
    assert chain[0] == regions.CITY and chain[-1] == code
    assert all(regions.covers(outer, inner) for outer, inner in itertools.pairwise(chain))


def test_ancestors_stop_at_the_level_asked_for() -> None:
    grid = "440604010001003"
    assert regions.ancestors(grid) == ["440600", "440604", "440604010", "440604010001"]
    assert regions.ancestors(grid, "town") == ["440600", "440604", "440604010"]
    assert regions.ancestors(regions.CITY) == ["440600"]


def test_every_level_has_its_length() -> None:
    full = "44060401000100300007"
    found = [regions.level(full[:width]) for width in WIDTHS]
    assert found == ["district", "town", "community", "grid", "building"]
    assert regions.level("440600") == "city"


@pytest.mark.parametrize(
    "code", ["", "4406", "4406040", "450604", "44060４", "44060a", "440604010001003000071"]
)
def test_what_is_no_region_code_has_no_level(code: str) -> None:
    with pytest.raises(ValueError, match="region"):
        regions.level(code)
    with pytest.raises(ValueError, match="region"):
        regions.ancestors(code)


def test_no_scope_covers_nothing_and_another_city_is_out_of_ours() -> None:
    assert not regions.covers("", "440604")
    assert not regions.covers(regions.CITY, "440104")
