"""Typed addresses are read, and every spelling of one building has one key."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.places.address import arabic, canonical, clean, divisions_in_front, parse

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
FRONTS = ("", "佛山市禅城区石湾镇街道", "广东省佛山市禅城区石湾镇街道", "禅城区石湾街道", "石湾镇街道澜石社区居委会",
          "佛山市禅城区石湾镇街道澜石社区")  # fmt: skip
roads = st.sampled_from(
    ["季华五路", "岭南大道北", "105国道", "澜石新村一巷", "佛山大道中", "南海大道北", "祖庙路"]
)
numbers = st.integers(1, 999)
blocks = st.integers(1, 30)
labels = st.integers(1, 33).flatmap(lambda floor: st.integers(1, 20).map(lambda room: f"{floor}{room:02d}"))


@settings(deadline=None)
@given(st.sampled_from(FRONTS), roads, numbers, blocks, labels,
       st.sampled_from(["栋", "幢", "座", "号楼", "#"]), st.sampled_from(["", "室", "房", "号房"]), st.booleans())  # fmt: skip
def test_every_spelling_of_a_room_reads_the_same(
    front: str, road: str, number: int, block: int, label: str, word: str, end: str, wide: bool
) -> None:
    line = f"{front}{road}{number}号{block}{word}{label}{end}"
    read = parse(line.translate(FULL_WIDTH) if wide else line)
    assert (read.road, read.number, read.building, read.room) == (road, str(number), f"{block}栋", label)


@settings(deadline=None)
@given(roads, numbers, blocks, labels)
def test_a_room_typed_apart_reads_like_one_in_the_line(
    road: str, number: int, block: int, label: str
) -> None:
    together = parse(f"{road}{number}号{block}栋{label}室")
    assert parse(f"{road}{number}号{block}栋", f"{label}室") == together
    assert parse(f"{road}{number}号", f"{block}座{label}") == together
    assert parse(f"{road}{number}号", f"{block}-{label}") == together
    assert parse(f"{road}{number}号{block}-{label}") == together
    assert parse(f"{road}{number}-{block}-{label}") == together


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=20))
def test_anything_typed_is_read_without_failing_and_always_the_same(line: str, room: str) -> None:
    assert parse(line, room) == parse(line, room)
    assert clean(clean(line)) == clean(line)


@pytest.mark.parametrize(
    ("line", "key", "room"),
    [
        ("季华5路 10 号 三幢 502", "季华5路10号3栋", "502"),
        ("季华五路十号3号楼五楼502房", "季华5路10号3栋", "502"),
        ("季华五路０１０号", "季华5路10号", ""),
        ("季华五路10号之一", "季华5路10之1号", ""),
        ("季华五路10-12号201", "季华5路10-12号", "201"),
        ("季华五路10号a座1203", "季华5路10号a栋", "1203"),
        ("南国路8号丽日豪庭2座", "南国路8号2栋", ""),
        ("南国路8号2座A栋", "南国路8号2栋a栋", ""),
        ("南国路8号宿舍", "南国路8号", ""),
        ("季华五路10号3单元502", "季华5路10号", "502"),
        ("季华五路10号2期后面的楼5", "季华5路10号2期后面的楼5", ""),
        ("某某工业园", "某某工业园", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_harder_lines_are_read_as_their_writer_meant(line: str, key: str, room: str) -> None:
    read = parse(line)
    assert (read.key, read.room) == (key, room)


def test_different_houses_never_share_a_key() -> None:
    lines = [
        "季华五路1号",
        "季华五路10号",
        "季华五路1号1栋",
        "季华五路1号1栋2座",
        "季华六路1号",
        "季华五路1号之一",
        "季华五路1-1号",
    ]
    assert len({parse(line).key for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("text", "town", "rest"),
    [
        ("佛山市禅城区石湾镇街道季华五路", "440604010", "季华五路"),
        ("桂城街道办事处南海大道北", "440605011", "南海大道北"),
        ("佛山禅城石湾季华五路", "440604010", "季华五路"),
        ("南海大道北12号", None, "南海大道北12号"),
        ("佛山大道中5号", None, "佛山大道中5号"),
        ("祖庙路5号", None, "祖庙路5号"),
        ("大沥一路5号", None, "大沥一路5号"),
        ("西南大道5号", None, "西南大道5号"),
    ],
)
def test_divisions_are_taken_off_but_never_a_part_of_a_roads_name(
    text: str, town: str | None, rest: str
) -> None:
    front = divisions_in_front(clean(text), short=True)
    assert (front.town.code if front.town else None, front.rest) == (town, rest)


def test_a_community_is_taken_off_only_when_there_is_one_of_that_name() -> None:
    assert divisions_in_front("澜石社区澜石一路5号").rest == "澜石一路5号"
    assert divisions_in_front("没有的社区澜石一路5号").rest == "没有的社区澜石一路5号"
    assert divisions_in_front("澜石社区").rest == "澜石社区"


@pytest.mark.parametrize(("text", "digits"), [("十", "10"), ("十五", "15"), ("二十", "20"), ("一百零五", "105"), ("五一", "51"), ("百花", "100花")])  # fmt: skip
def test_chinese_numerals_become_digits(text: str, digits: str) -> None:
    assert arabic(text) == digits


def test_search_texts_have_one_word_for_a_building() -> None:
    assert canonical("季华五路10号3座") == canonical("季华5路10号3幢") == "季华5路10号3栋"
