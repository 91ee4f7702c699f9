import os
from pathlib import Path

import pytest

from bench.figures import NotMeasured
from bench.watched import family, size, watched


def test_memory_of_what_a_program_starts_and_the_disk_it_takes_count(tmp_path: Path) -> None:
    work = (
        "import subprocess, sys, time, pathlib\n"
        f"pathlib.Path({str(tmp_path)!r}, 'out', 'spill').write_bytes(b'x' * 30_000_000)\n"
        "subprocess.run([sys.executable, '-c', \"import time; held = b'x' * 150_000_000; time.sleep(1.2)\"])\n"
        f"pathlib.Path({str(tmp_path)!r}, 'out', 'spill').unlink()\n"
    )
    found = watched(["-c", work], tmp_path / "out")
    assert found.peak_mb > 150
    assert 28 < found.disk_mb < 40 and size(tmp_path / "out") == 0
    assert found.seconds > 1.2 and found.cpu > 0


def test_what_was_there_before_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_bytes(b"x" * 20_000_000)
    assert watched(["-c", "pass"], tmp_path / "out").disk_mb < 1


def test_a_failure_and_a_program_that_never_ends_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="ZeroDivisionError"):
        watched(["-c", "1 / 0"], tmp_path / "out")
    with pytest.raises(NotMeasured, match="-9"):
        watched(["-c", "import time; time.sleep(60)"], tmp_path / "out", seconds=1)


def test_a_process_is_of_its_own_family() -> None:
    assert family(os.getpid())[0] == os.getpid()
