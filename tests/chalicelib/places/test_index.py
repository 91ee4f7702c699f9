"""The search index finds what is typed, in a useful order, and nothing typed becomes a query."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.places import address
from chalicelib.places.index import Index, has_fts5, pairs
from tests.chalicelib.places.lists import SHIWAN, ZUMIAO


@pytest.fixture
def index(built: Path) -> Iterator[Index]:
    opened = Index(built)
    yield opened
    opened.close()


def lines(index: Index, text: str, area: str | None = None, limit: int = 20) -> list[str]:
    found = index.containing(address.canonical(address.clean(text)), area, limit)
    return [b.line.removeprefix("佛山市禅城区石湾镇街道").removeprefix("佛山市禅城区祖庙街道") for b in found]


def test_this_python_has_full_text_search() -> None:
    assert has_fts5()


def test_texts_are_cut_into_pairs_with_a_number_as_one_unit() -> None:
    assert pairs("季华5路10号") == ["季华", "华5", "5路", "路10", "10号"]
    assert pairs("10") == ["10"]
    assert pairs("") == []


@pytest.mark.parametrize("text", ["季华五路", "季华5路", "季华", "华五路", "五路"])
def test_a_road_is_found_by_any_two_characters_of_it_in_the_order_of_its_numbers(
    index: Index, text: str
) -> None:
    found = ["季华五路9号", "季华五路10号1栋", "季华五路10号2栋", "季华五路101号"]
    assert lines(index, text) == found


def test_a_number_at_the_end_may_go_on(index: Index) -> None:
    assert lines(index, "季华五路1") == ["季华五路10号1栋", "季华五路10号2栋", "季华五路101号"]
    assert lines(index, "季华五路10号") == ["季华五路10号1栋", "季华五路10号2栋"]


def test_buildings_that_begin_with_the_text_come_before_those_that_contain_it(index: Index) -> None:
    found = lines(index, "7号")
    assert sorted(found) == ["澜石一路7号", "祖庙路7号"]
    assert lines(index, "澜石")[0] == "澜石一路7号"
    assert len(lines(index, "澜石")) == 5  # the others by their community's name


def test_an_area_narrows_the_search(index: Index) -> None:
    assert lines(index, "7号", SHIWAN) == ["澜石一路7号"]
    assert lines(index, "7号", ZUMIAO) == ["祖庙路7号"]
    assert len(lines(index, "7号", "440604")) == 2
    assert lines(index, "7号", "440605") == []


def test_no_more_are_answered_than_asked_for(index: Index) -> None:
    assert len(lines(index, "季华五路", limit=3)) == 3


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40) | st.text(alphabet='季华五路10号"*^:-()AND NEAR%_', max_size=20))
def test_nothing_typed_becomes_a_query_of_its_own(index: Index, text: str) -> None:
    plain = address.canonical(address.clean(text))
    assert len(index.containing(plain, SHIWAN, 5)) <= 5
    assert len(index.with_all(plain, None, 5)) <= 5


@pytest.mark.parametrize("text", ["*", '"" OR "', "%%", "__", "季*", "a OR b", "place:", "NOT 季华"])
def test_wildcards_and_operators_find_nothing(index: Index, text: str) -> None:
    assert lines(index, text) == []


@pytest.mark.parametrize("text", ["季华五路", "季华五路10号", "7号", "祖庙"])
def test_without_full_text_search_a_scan_finds_the_same(built: Path, index: Index, text: str) -> None:
    plain = address.canonical(text)
    with closing(Index(built, fts=False)) as scanning:
        assert scanning.containing(plain, None, 20) == [
            b for b in index.containing(plain, None, 20) if plain in b.key
        ]  # fmt: skip


def test_the_index_knows_rooms_and_grids(index: Index) -> None:
    building = index.by_code("44060401000100100001")
    assert building and building.rooms == 3
    assert index.room(building.code, "502") == "440604010001001000010502"
    assert index.room(building.code, "999") is None
    assert index.grids("440604010001") == ["440604010001001", "440604010001002"]


def test_the_index_cannot_be_written(index: Index) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index.connection.execute("DELETE FROM rooms")
