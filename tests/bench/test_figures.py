from bench.figures import Figure, conditions


def test_a_figure_is_six_words_however_its_name_is_written() -> None:
    words = str(Figure("a name", 12.3456, "ms", "the other way", 10)).split(" ")
    assert words == ["a_name", "12.35", "ms", "vs", "the_other_way=10", "1.235"]


def test_nothing_against_nothing_is_the_same_and_something_against_nothing_has_no_ratio() -> None:
    assert Figure("requests", 0, "requests", "bare", 0).ratio == 1
    assert str(Figure("time", 2, "ms", "bare", 0)).endswith("bare=0 -")


def test_the_head_of_a_run_tells_cores_load_and_versions() -> None:
    head = "\n".join(conditions())
    assert all(line.startswith("# ") for line in conditions())
    assert "cores, load " in head and "Python 3." in head and "pynamodb 6" in head
