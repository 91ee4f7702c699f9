import importlib.util
import sys
from pathlib import Path

import pytest

from chalicelib.linkage import __main__


def test_without_java_the_command_says_in_one_line_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert __main__.main(["compare", "in", "out", "--engine", "spark"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "make spark" in told and "Java 17" in told


def test_without_pyspark_the_command_says_in_one_line_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "site-packages" not in one])
    importlib.invalidate_caches()
    assert __main__.main(["compare", "in", "out", "--engine", "spark"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "make spark" in told and "--engine duckdb" in told
