"""The command that makes and publishes the index."""

from pathlib import Path

import pytest

from chalicelib.places import published
from chalicelib.places.__main__ import main
from tests.chalicelib.places.lists import standard_rows, write_rows


def test_a_list_is_indexed_and_looked_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write_rows(tmp_path / "a.csv", standard_rows()), tmp_path / "a.sqlite"
    assert main(["index", str(source), str(target)]) == 0
    assert "rows=12 rejected=0 buildings=6" in capsys.readouterr().out
    assert main(["find", str(target), "季华五路9"]) == 0
    assert "季华五路9号 2" in capsys.readouterr().out


def test_a_published_index_is_what_functions_then_find(published_list: Path, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "a.csv", standard_rows()[:3])
    assert main(["index", str(source), str(tmp_path / "b.sqlite"), "--publish"]) == 0
    published.forget()
    index = published.newest()
    assert index is not None and index.about["rows"] == "3"


def test_a_bad_list_ends_with_one_line_that_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("x\n", encoding="utf-8")
    assert main(["index", str(tmp_path / "a.csv"), str(tmp_path / "a.sqlite")]) == 1
    assert capsys.readouterr().err.startswith("places: the address list lacks the columns address_code")
    assert main(["index", str(tmp_path / "none.csv"), str(tmp_path / "a.sqlite")]) == 1
