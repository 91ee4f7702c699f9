"""Editions of rules by day."""

import json
from datetime import date
from pathlib import Path

import pytest

from chalicelib.editions import Edition, Editions


class Fee(Edition):
    fen: int


@pytest.fixture
def fees(tmp_path: Path) -> Editions[Fee]:
    path = tmp_path / "fees.json"
    newest_first = [{"from": "2027-01-01", "fen": 300}, {"from": "2026-01-01", "fen": 200}]
    path.write_text(json.dumps({"editions": newest_first}), "utf-8")
    return Editions(path, Fee, "fees")


@pytest.mark.parametrize(
    ("day", "fen"), [(date(2026, 1, 1), 200), (date(2026, 12, 31), 200), (date(2027, 1, 1), 300)]
)
def test_the_edition_of_a_day_is_the_last_that_began(fees: Editions[Fee], day: date, fen: int) -> None:
    assert fees.on(day).fen == fen


def test_before_the_first_edition_there_are_no_rules(fees: Editions[Fee]) -> None:
    with pytest.raises(LookupError, match="fees"):
        fees.on(date(2025, 12, 31))


def test_the_file_is_read_when_first_asked_and_once(fees: Editions[Fee]) -> None:
    assert not Editions(fees.path.with_name("absent.json"), Fee, "fees").__dict__.get("all")
    first = fees.all
    fees.path.unlink()
    assert fees.all is first


def test_an_edition_that_says_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fees.json"
    path.write_text(json.dumps({"editions": [{"from": "2026-01-01", "fen": 1, "cents": 2}]}), "utf-8")
    with pytest.raises(ValueError, match="cents"):
        _ = Editions(path, Fee, "fees").all
