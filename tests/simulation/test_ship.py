import csv
import gzip
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from simulation import ship, staff
from simulation.__main__ import main
from simulation.city import Plan
from simulation.extracts import REGISTER, SOURCES
from simulation.feeds import FEEDS

PLAN = Plan(people=1500, seed=4, live=20)
DAY = "2026-11-23"


def prints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_of(raw: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode(encoding))))


def written(value: str | float) -> str:
    """A JSON value as CSV has it."""
    return value if isinstance(value, str) else f"{value:.10g}"


def write(out: Path, plan: Plan = PLAN, **options: object) -> dict[str, int]:
    return ship.write(plan, replace(ship.Options(out, say=lambda line: None), **options))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    write(out)
    return out


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mixed")
    write(out, mixed=True)
    return out


def test_the_same_seed_gives_the_same_bytes(plain: Path, mixed: Path, tmp_path: Path) -> None:
    write(tmp_path / "plain")
    write(tmp_path / "mixed", mixed=True)
    assert prints(tmp_path / "plain") == prints(plain)
    assert prints(tmp_path / "mixed") == prints(mixed)


def test_another_seed_gives_another_city(plain: Path, tmp_path: Path) -> None:
    write(tmp_path, replace(PLAN, seed=5))
    same = {name for name, digest in prints(tmp_path).items() if prints(plain)[name] == digest}
    assert same == set()


def test_writing_again_into_the_same_folder_leaves_nothing_of_the_first_city(
    plain: Path, tmp_path: Path
) -> None:
    write(tmp_path, replace(PLAN, seed=9), mixed=True)
    write(tmp_path)
    assert prints(tmp_path) == prints(plain)


def test_workers_do_not_change_a_byte(tmp_path: Path) -> None:
    plan = Plan(people=5000, seed=4, live=10, chunk_size=2000)
    write(tmp_path / "one", plan, workers=1)
    write(tmp_path / "two", plan, workers=2)
    people = pq.read_table(tmp_path / "two" / "truth" / "people.parquet")
    assert len(set(people["id_number"].to_pylist())) == plan.people
    assert len(set(people["person"].to_pylist())) == plan.people
    assert prints(tmp_path / "one") == prints(tmp_path / "two")


def test_files_lie_where_the_inbox_wants_them(plain: Path) -> None:
    for source in (*(source.name for source in (REGISTER, *SOURCES)), *FEEDS):
        raw = (plain / "inbox" / source / DAY / f"{source}.csv").read_bytes()
        assert raw.startswith(b"record_id,")
        assert rows_of(raw)
    assert not any("truth" in str(path) for path in (plain / "inbox").rglob("*"))


def test_a_flat_city_is_what_the_comparison_reads(tmp_path: Path) -> None:
    write(tmp_path, flat=True)
    names = {path.name for path in tmp_path.glob("*.csv")}
    assert names == {f"{source.name}.csv" for source in (REGISTER, *SOURCES)} | {
        "staff.csv",
        "live_people.csv",
    }
    assert not (tmp_path / "inbox").exists()


def test_mixed_formats_hold_the_same_rows(plain: Path, mixed: Path) -> None:
    def plainly(source: str) -> list[dict[str, str]]:
        return rows_of((plain / "inbox" / source / DAY / f"{source}.csv").read_bytes())

    def raw(source: str, ending: str) -> bytes:
        return (mixed / "inbox" / source / DAY / f"{source}.{ending}").read_bytes()

    assert rows_of(gzip.decompress(raw("social_security", "csv.gz"))) == plainly("social_security")
    assert rows_of(gzip.decompress(raw("registrations", "csv.gz"))) == plainly("registrations")
    assert rows_of(raw("tax", "csv"), "gb18030") == plainly("tax")
    assert raw("health_service", "csv").startswith(b"\xef\xbb\xbf")
    assert rows_of(raw("health_service", "csv"), "utf-8-sig") == plainly("health_service")
    lines = [json.loads(line) for line in raw("lease_filings", "jsonl").splitlines()]
    wanted = [{name: value for name, value in row.items() if value} for row in plainly("lease_filings")]
    assert [{name: written(value) for name, value in row.items()} for row in lines] == wanted
    book = openpyxl.load_workbook(io.BytesIO(raw("school_rolls", "xlsx")), read_only=True)
    header, *cells = book.active.iter_rows(values_only=True)
    sheet = [
        {name: "" if value is None else value for name, value in zip(header, row, strict=True)}
        for row in cells
    ]
    assert sheet == plainly("school_rolls")
    table = pq.read_table(mixed / "inbox" / "property" / DAY / "property.parquet").to_pylist()
    assert [row["record_id"] for row in table] == [row["record_id"] for row in plainly("property")]


def test_addresses_are_at_least_a_hundred_thousand(plain: Path) -> None:
    rows = rows_of(gzip.decompress((plain / "addresses.csv.gz").read_bytes()))
    assert len(rows) >= 100_000
    assert any(row["road"] == "季华五路" for row in rows)
    assert all(112 < float(row["lon"]) < 114 and 22 < float(row["lat"]) < 24 for row in rows[::500])


def test_people_live_at_standard_addresses(plain: Path) -> None:
    codes = {
        row["address_code"] for row in rows_of(gzip.decompress((plain / "addresses.csv.gz").read_bytes()))
    }
    people = pq.read_table(plain / "truth" / "people.parquet").to_pylist()
    assert {row["address_code"] for row in people} <= codes
    register = rows_of((plain / "inbox" / "registrations" / DAY / "registrations.csv").read_bytes())
    assert {row["address_code"] for row in register if row["address_code"]} <= codes


def test_staff_of_every_role_are_there(plain: Path) -> None:
    rows = rows_of((plain / "staff.csv").read_bytes())
    users = {row["user"]: row for row in rows}
    assert len(users) == len(rows)
    assert users["grid-440604010001"]["scopes"] == "440604010001"
    assert users["coordinator-440604010"]["role"] == "coordinator"
    assert {row["department"] for row in rows if row["role"] == "reviewer"} == set(staff.DEPARTMENTS)
    assert {"district-440604", "city", "policy", "auditor"} <= set(users)
    roles = "grid_worker coordinator reviewer district_officer city_officer policy_officer auditor"
    assert {row["role"] for row in rows} == set(roles.split())


def test_count_feeds_are_counts_by_area_and_hour(plain: Path) -> None:
    for feed in FEEDS:
        rows = rows_of((plain / "inbox" / feed / DAY / f"{feed}.csv").read_bytes())
        assert list(rows[0]) == ["record_id", "area", "seen_on", "hour", "count"]
        assert {int(row["hour"]) for row in rows} == set(range(24))
        assert len({(row["area"], row["hour"]) for row in rows}) == len(rows)


def test_the_command_writes_a_city_and_says_what_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "city",
        "--people",
        "800",
        "--seed",
        "1",
        "--out",
        str(tmp_path),
        "--live",
        "5",
        "--rate",
        "id_missing=0",
    ]
    assert main(arguments) == 0
    assert "registrations" in capsys.readouterr().out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["people"] == 800
    assert summary["rows"]["truth/people"] == 800


@pytest.mark.parametrize(
    "wrong", [["--rate", "typo=1"], ["--people", "0"], ["--on", "yesterday"], ["--registered", "1.5"]]
)
def test_a_wrong_argument_is_refused(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["city", "--out", str(tmp_path), *wrong])
    assert stopped.value.code == 2
    assert "error" in capsys.readouterr().err


def test_the_smallest_city_has_one_person(tmp_path: Path) -> None:
    assert write(tmp_path, Plan(people=1))["truth/people"] == 1


def test_tables_state_their_source_or_that_they_are_assumed() -> None:
    for path in (Path(ship.__file__).parent / "data").glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["source"], path.name
