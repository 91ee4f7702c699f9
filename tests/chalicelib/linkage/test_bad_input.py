"""What files of a comparison may hold, and what becomes of it: a report, bounded memory, nothing lost, nothing quadratic."""

import csv
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalicelib.linkage import command, finder
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row

TODAY = date(2026, 11, 23)
BARE = {"id_number": "", "birth_date": "", "phone": "", "address": ""}


def compare(folder: Path) -> dict[str, Any]:
    return command.compare(folder, folder / "out", finder.rules(), TODAY, say=lambda line: None)


def people(folder: Path) -> dict[tuple[str, str], str]:
    with (folder / "out" / "clusters.csv").open(encoding="utf-8", newline="") as file:
        return {(one["source"], one["record_id"]): one["person_id"] for one in csv.DictReader(file)}


def write(folder: Path, **files: list[list[str]]) -> None:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(csv_text(rows), "utf-8")


def test_empty_files_and_a_missing_column_cost_themselves_alone(tmp_path: Path) -> None:
    write(tmp_path, registrations=[row(1)], tax=[row(1)], skills=[])
    (tmp_path / "health_service.csv").write_bytes(b"")
    without = [column for column in HEADER if column != "phone"]
    (tmp_path / "employment.csv").write_text(",".join(without) + "\n" + ",".join(row(1)[:-1]) + "\n", "utf-8")
    report = compare(tmp_path)
    assert report["rows"] == {
        "registrations": 1, "tax": 1, "skills": 0, "health_service": 0, "employment": 0, "total": 2,
    }  # fmt: skip
    assert set(report["not_read"]) == {"health_service", "employment"}
    assert "phone" in report["not_read"]["employment"]


def test_mixed_encodings_formulas_and_impossible_dates_lose_no_row(tmp_path: Path) -> None:
    write(tmp_path, registrations=[row(n) for n in range(1, 7)])
    odd = [
        row(2, name="=1+1", address="=HYPERLINK(A1)"),
        row(3, birth_date="1900-01-00", seen_on="1900-01-00"),
        row(4, id_number=number(4)[:6] + number(4)[8:17]),
        row(5, name="+86", phone="-1", sex="@"),
    ]
    gb18030 = (",".join(row(6)) + "\n").encode("gb18030")
    (tmp_path / "tax.csv").write_bytes(csv_text(odd).encode() + gb18030)
    report = compare(tmp_path)
    assert report["rows"]["tax"] == 5 and report["not_read"] in ({}, {"tax": {}})
    found = people(tmp_path)
    old = number(4)[:6] + number(4)[8:17]
    same = [n for n in (2, 3, 5, 6) if found["tax", f"R{n:05}"] == found["registrations", f"R{n:05}"]]
    assert same == [2, 3, 5, 6]
    # An old number is the new one without the century: only of people born before 2000.
    assert len(old) == 15 and found["tax", "R00004"] == found["registrations", "R00004"]


def test_a_source_in_which_everybody_has_one_name_compares_few_pairs(tmp_path: Path) -> None:
    crowd = [row(n, name="张伟", **BARE) for n in range(2000)]
    write(tmp_path, registrations=crowd, tax=crowd)
    report = compare(tmp_path)
    assert len(people(tmp_path)) == 4000
    assert report["compared"] <= 40 * 4000


@pytest.mark.parametrize("changes", [{}, {"id_number": ""}, BARE])
def test_a_row_repeated_ten_thousand_times_costs_ten_thousand_rows(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    write(tmp_path, registrations=[row(1), row(2)], tax=[row(1, **changes)] * 10_000 + [row(2)])
    report = compare(tmp_path)
    assert report["rows"]["total"] == 10_003
    with (tmp_path / "out" / "clusters.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 10_004
    assert report["compared"] <= 40 * 10_003 and report["pairs"] <= 20 * 10_003


def test_a_cell_of_a_hundred_million_characters_costs_one_row_and_little_memory(tmp_path: Path) -> None:
    write(tmp_path, registrations=[row(1)])
    with (tmp_path / "tax.csv").open("w", encoding="utf-8") as file:
        file.write(csv_text([row(1)]) + "R9,")
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write(",a,b,c,d,e,f,g\n" + ",".join(row(2)) + "\n")
    call = [sys.executable, "-m", "chalicelib.linkage", "compare", str(tmp_path), str(tmp_path / "out")]
    # By way of a shell: a process starts with the memory of the one that it was forked from as its peak.
    subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *call], check=True, capture_output=True)
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["rows"]["tax"] == 2 and report["not_read"]["tax"] == {"line_too_long": 1}
    assert report["peak_memory_mb"] < 400
