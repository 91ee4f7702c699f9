"""The plain set-up that ours is held against really links: a small clean city, and the answer's form."""

from pathlib import Path

import duckdb
import pytest

pytest.importorskip("splink")

from bench import linkage_plain, quality
from simulation import ship
from simulation.city import Plan
from simulation.mixes import MIXES


def test_plain_splink_answers_every_row_and_links_most(tmp_path: Path) -> None:
    mix = MIXES["stated"]
    plan = Plan(people=4000, seed=3, live=0, rates=mix.rates, hard=mix.hard)
    ship.write(plan, ship.Options(tmp_path, flat=True, workers=1, say=lambda line: None))
    assert linkage_plain.main([str(tmp_path), str(tmp_path / "out")]) == 0
    found = quality.measure(tmp_path, tmp_path / "out")
    assert found["rows"]["lost"] == found["rows"]["twice_or_unknown"] == 0
    assert found["pairs"]["precision"] > 0.99 and 0.93 < found["pairs"]["recall"] < 0.999


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
