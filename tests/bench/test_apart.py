from pathlib import Path

import pytest

from bench.apart import spent
from bench.figures import NotMeasured
from bench.sources import cut


def test_only_the_work_is_timed_and_its_answer_comes_back() -> None:
    found = spent("answer = before + 1", "before = sum(range(3_000_000))")
    assert found.answer == 3_000_000 * 2_999_999 // 2 + 1
    assert 0 <= found.seconds < 60 and found.peak_mb > 1


def test_the_memory_of_whoever_starts_it_does_not_count() -> None:
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert spent("pass").peak_mb < 200


def test_a_failure_tells_its_end() -> None:
    with pytest.raises(NotMeasured, match="ZeroDivisionError"):
        spent("1 / 0")


def test_a_file_is_cut_after_so_many_rows_and_says_how_many_there_were(tmp_path: Path) -> None:
    (tmp_path / "whole").write_text("head\n1\n2\n3\n", "utf-8")
    assert cut(tmp_path / "whole", tmp_path / "part", 2) == 2
    assert (tmp_path / "part").read_text("utf-8") == "head\n1\n2\n"
    assert cut(tmp_path / "whole", tmp_path / "part", 9) == 3
