import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.sources import names


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("测 试", "测试"),
        ("测试文先生", "测试文"),
        ("测试文 女士", "测试文"),
        ("测试文(租客)", "测试文"),
        ("测试文（已离职", "测试文"),
        ("测试文2", "测试文"),
        ("阿卜杜•测试", "阿卜杜·测试"),
        ("John  Smith", "John Smith"),
        ("John S. Smith", "John S. Smith"),
    ],
)
def test_a_name_is_kept_without_title_note_and_count(raw: str, kept: str) -> None:
    assert names.written(raw) == kept


@pytest.mark.parametrize("raw", ["测先生", "欧阳老师", "(无)", "同志"])
def test_a_title_stays_where_it_is_all_that_is_known(raw: str) -> None:
    assert names.written(raw) == raw


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("張偉", "张伟"),
        ("溫國強", "温国强"),
        ("黃沢", "黄泽"),
        ("囯華", "国华"),
        ("阿卜杜·某", "阿卜杜某"),
        ("ＬＩ ｗｅｉ", "Li Wei"),
    ],
)
def test_traditional_and_variant_characters_are_one_name_when_compared(one: str, other: str) -> None:
    assert names.plain(one) == names.plain(other)


@pytest.mark.parametrize("character", ["芸", "乾", "堃", "於"])
def test_a_character_that_is_a_name_of_its_own_stays(character: str) -> None:
    assert names.plain(character) == character


@settings(deadline=None)
@given(st.text(max_size=20))
def test_plain_is_plain_already(text: str) -> None:
    assert names.plain(names.plain(text)) == names.plain(text)


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=4))
def test_no_plain_character_is_folded_again(text: str) -> None:
    folded = text.translate(names.folds())
    assert folded.translate(names.folds()) == folded


def test_compound_surnames_are_known_in_both_forms() -> None:
    assert names.surname("歐陽某某") == "歐陽"
    assert names.surname("欧阳某某") == "欧阳"
    assert names.surname("张某") == "张"
    assert names.surname("John") == ""


def test_the_tables_hold_each_character_once() -> None:
    for name in ("plain_characters.csv", "name_characters.csv"):
        lines = (names.DATA / name).read_text("utf-8").splitlines()
        assert len({line[0] for line in lines[1:]}) == len(lines) - 1
