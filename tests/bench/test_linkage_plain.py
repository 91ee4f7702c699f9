"""The plain set-up that ours is held against really links: a small clean city, and the answer's form."""

import math
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.importorskip("splink")

from bench import linkage_plain, quality
from chalicelib.linkage import command, training
from simulation import ship
from simulation.city import Plan
from simulation.mixes import MIXES


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a city's files and the truth."""
    folder = tmp_path_factory.mktemp("city")
    mix = MIXES["stated"]
    plan = Plan(people=4000, seed=3, live=0, rates=mix.rates, hard=mix.hard)
    ship.write(plan, ship.Options(folder, flat=True, workers=1, say=lambda line: None))
    return folder


def test_plain_splink_answers_every_row_and_links_most(city: Path, tmp_path: Path) -> None:
    assert linkage_plain.main([str(city), str(tmp_path / "out")]) == 0
    found = quality.measure(city, tmp_path / "out")
    assert found["rows"]["lost"] == found["rows"]["twice_or_unknown"] == 0
    assert found["pairs"]["precision"] > 0.99 and 0.93 < found["pairs"]["recall"] < 0.999


def test_a_model_is_learned_from_files_without_anybodys_labels(city: Path) -> None:
    learned, stored = command.train(city, "test", date(2026, 11, 23), say=lambda line: None), training.load()
    kinds = [[one["output_column_name"] for one in m["settings"]["comparisons"]] for m in (learned, stored)]
    assert learned["version"] == "test" and sorted(kinds[0]) == sorted(kinds[1])
    same = [_told(model, "name", "same") for model in (learned, stored)]
    assert abs(same[0] - same[1]) < 2


def _told(model: dict[str, Any], comparison: str, level: str) -> float:
    """What a level says, log2 of how much more often it is seen within one person."""
    (found,) = (c for c in model["settings"]["comparisons"] if c["output_column_name"] == comparison)
    (one,) = (each for each in found["comparison_levels"] if each["label_for_charts"] == level)
    return math.log2(one["m_probability"] / one["u_probability"])


def test_texts_are_tidied_before_they_are_compared(tmp_path: Path) -> None:
    (tmp_path / "registrations.csv").write_text(
        "record_id,name,id_number,birth_date,sex,phone,town,address,seen_on\n"
        "R1, 甲 乙,４４０６９９ 19900101 001x,1990年01月02日,,+86-142 0000 0001,,季华路１号,\n"
        "R2,,,19900230,,,,,\n",
        encoding="utf-8",
    )
    connection = duckdb.connect()
    assert linkage_plain.load(connection, tmp_path) == 2
    first, second = connection.execute(
        "SELECT name, id_number, birth_date::VARCHAR, phone, address FROM input ORDER BY unique_id"
    ).fetchall()
    assert first == ("甲乙", "44069919900101001X", "1990-01-02", "14200000001", "季华路1号")
    assert second == (None, None, None, None, None)
