"""Many addresses at once mean what each of them means alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.places import matching, service
from chalicelib.places.index import Index
from tests.chalicelib.places.lists import LANSHI, SHIWAN, ZUMIAO

ROADS = st.sampled_from(["季华五路", "季华5路", "季華五路", "澜石一路", "祖庙路", "乌有路", "石湾新村"])
FRONTS = st.sampled_from(
    ["", "佛山市", "佛山市禅城区", "禅城", "广东省佛山市禅城区石湾镇街道", "祖庙街道", "石湾", "南海区"]
)
texts = st.builds(
    lambda front, road, number, building, room: f"{front}{road}{number}{building}{room}",
    FRONTS,
    ROADS,
    st.sampled_from(["10号", "９号", "7号", "101号", "99号", ""]),
    st.sampled_from(["", "1栋", "2座", "三幢", "A座"]),
    st.sampled_from(["", "101", "502房", "601室", "-201", "９９９"]),
)


@pytest.fixture
def matcher(built: Path) -> Iterator[matching.Matcher]:
    index = Index(built)
    yield matching.Matcher(index)
    index.close()


@pytest.mark.usefixtures("published_list")
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.one_of(texts, st.text(min_size=2, max_size=30)),
    st.sampled_from([None, SHIWAN, ZUMIAO, "440699999"]),
)
def test_a_match_is_what_the_one_by_one_search_finds(text: str, town: str | None) -> None:
    alone = service.locate(text, town)
    match = service.matcher().match(text, town)
    if alone is None:
        assert (match.place, match.score) == (None, 0.0)
    else:
        assert (match.place, match.community, match.score) == (
            alone.building,
            alone.community,
            alone.score,
        )
        assert match.room == alone.room


@pytest.mark.parametrize(
    ("text", "score", "place"),
    [
        ("佛山市禅城区石湾镇街道季华五路10号2座601室", matching.SAME, f"{LANSHI}00100002"),
        ("季华5路10号601", matching.WITH_ROOM, f"{LANSHI}00100002"),
        ("澜石一路7号", matching.SAME, f"{LANSHI}00200005"),
        ("季华五路10号", 0.0, None),
        ("乌有路1号", 0.0, None),
    ],
)
def test_the_score_says_how_a_building_was_found(
    matcher: matching.Matcher, text: str, score: float, place: str | None
) -> None:
    match = matcher.match(text)
    assert (match.score, match.place) == (score, place)


def test_a_text_is_read_into_its_parts_without_any_list() -> None:
    match = matching.Matcher(None).match("广东省佛山市禅城区石湾镇街道季华五路１０号三幢502房")
    assert match[:5] == (SHIWAN, "季华五路", "10", "3栋", "502")
    assert (match.place, match.score) == (None, 0.0)


def test_a_town_beside_the_address_that_excludes_it_is_no_match(matcher: matching.Matcher) -> None:
    assert matcher.match("石湾镇街道季华五路9号", ZUMIAO).place is None


def test_after_so_many_lookups_texts_are_only_read(built: Path) -> None:
    index = Index(built)
    matcher = matching.Matcher(index, lookups=1)
    assert matcher.match("澜石一路7号101").place
    assert matcher.tired
    late = matcher.match("季华五路9号101")
    assert (late.place, late.road, late.room) == (None, "季华五路", "101")
    index.close()
