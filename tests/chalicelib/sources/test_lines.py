from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.sources.lines import Lines, decode


def test_utf8_and_gb18030_lines_are_told_apart() -> None:
    assert decode("张三,佛山市禅城区".encode()) == ("张三,佛山市禅城区", "utf-8")
    assert decode("张三,佛山市禅城区".encode("gb18030")) == ("张三,佛山市禅城区", "gb18030")


def test_the_pairs_that_look_like_utf8_letters_are_still_chinese() -> None:
    assert decode("联通".encode("gb18030")) == ("联通", "gb18030")


def test_a_utf8_line_with_a_broken_character_does_not_turn_into_other_chinese() -> None:
    raw = "佛山市禅城区季华五路".encode()
    assert decode(raw[:4] + raw[5:]) == (None, "unknown")


def test_a_rare_character_of_four_bytes_survives_in_gb18030() -> None:
    assert decode("𠮷某某".encode("gb18030"))[0] == "𠮷某某"


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=30))
)
def test_lines_of_utf8_come_back_as_they_were(texts: list[str]) -> None:
    data = "".join(f"{t}\n" for t in texts).encode()
    lines = Lines([data[i : i + 7] for i in range(0, len(data), 7)])
    found = [t for block in lines for t in block.texts]
    assert found == ([texts[0].removeprefix("\ufeff"), *texts[1:]] if texts else [])
