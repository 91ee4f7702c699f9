import importlib
from types import SimpleNamespace

import pytest

from bench import imports
from bench.__main__ import BENCHES, main
from bench.figures import Figure, Missing, NotMeasured


def test_the_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_each_benchmark_can_be_run_without_arguments_and_says_what_it_is(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert callable(module.run) and module.__doc__


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("problem", "told"), [(NotMeasured("no answer"), "FAILED: no answer"), (ValueError("broken"), "FAILED")]
)
def test_one_that_fails_ends_with_1_says_so_and_leaves_the_others_running(
    problem: Exception, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> list[Figure]:
        raise problem

    def sound() -> list[Figure]:
        return [Figure("places.one", 1, "ms", "other", 2)]

    benches = {"imports": broken, "places": sound}
    load = lambda name: SimpleNamespace(run=benches[name], __doc__="A benchmark.")  # noqa: E731
    assert main(["imports", "places"], load) == 1
    printed = capsys.readouterr().out
    assert told in printed and "places.one 1 ms vs other=2 0.500" in printed
    assert main(["places"], load) == 0


def test_what_a_machine_cannot_run_is_left_out_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    def without_java() -> list[Figure]:
        raise Missing("needs Java")

    assert main(["routes"], lambda name: SimpleNamespace(run=without_java, __doc__="A benchmark.")) == 0
    assert "LEFT OUT: needs Java" in capsys.readouterr().out


def test_the_listing_of_imports_is_read_whatever_stands_between() -> None:
    told = "import time: self [us] | cumulative | imported package\nimport time:   12 |   30 |   app.part\nnoise\n"
    assert imports.self_times(told) == {"app.part": 12}
