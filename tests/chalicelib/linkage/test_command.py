import csv
import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import clock, idnumbers
from chalicelib.linkage import __main__, cleaning, command, finder, stages
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row

TODAY = date(2026, 11, 23)


def folder(tmp_path: Path, **files: list[list[str]]) -> Path:
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    for old in source.glob("*"):
        old.unlink()
    for name, rows in files.items():
        (source / f"{name}.csv").write_text(csv_text(rows), "utf-8")
    return source


def compare(tmp_path: Path, **files: list[list[str]]) -> Path:
    target = tmp_path / "out"
    command.compare(folder(tmp_path, **files), target, finder.rules(), TODAY)
    return target


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_with_one_number_are_one_person_in_whatever_form_it_is_written(tmp_path: Path) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number(1).lower())
    out = compare(tmp_path, registrations=[row(1)], tax=[row(7, id_number=wide), row(8, id_number="")])
    people = {(r["source"], r["record_id"]): r["person_id"] for r in rows_of(out / "clusters.csv")}
    assert people["registrations", "R00001"] == people["tax", "R00007"] != people["tax", "R00008"]
    (pair,) = rows_of(out / "pairs.csv")
    assert (pair["left_source"], pair["right_source"], float(pair["probability"])) == (
        "registrations",
        "tax",
        1,
    )


def test_a_number_with_a_wrong_check_digit_joins_nobody_of_another_name(tmp_path: Path) -> None:
    wrong = number(1)[:17] + ("0" if number(1)[17] != "0" else "1")
    other = row(2, id_number=wrong, name="欧阳建国", birth_date="1971-05-20", sex="女")
    out = compare(tmp_path, registrations=[row(1, id_number=wrong)], tax=[other])
    assert len({r["person_id"] for r in rows_of(out / "clusters.csv")}) == 2
    assert rows_of(out / "pairs.csv") == []


def test_having_no_address_is_no_address_in_common(tmp_path: Path) -> None:
    nowhere = {"name": "欧阳建国", "address": "", "birth_date": "", "phone": ""}
    out = compare(tmp_path, registrations=[row(1, **nowhere)], tax=[row(2, id_number="", **nowhere)])
    assert len({r["person_id"] for r in rows_of(out / "clusters.csv")}) == 2


def test_only_the_unregistered_with_enough_signals_are_named(tmp_path: Path) -> None:
    out = compare(
        tmp_path,
        registrations=[row(1)],
        lease_filings=[row(1), row(2, address="租的房")],
        tax=[row(2, address="单位宿舍", seen_on="2026-11-20"), row(3)],
        social_security=[row(3)],
    )
    (found,) = rows_of(out / "unregistered.csv")
    assert (found["address"], found["sources"], found["confidence"]) == (
        "租的房",
        "lease_filings;tax",
        "0.9975",
    )
    people = {(r["source"], r["record_id"]): r["person_id"] for r in rows_of(out / "clusters.csv")}
    assert found["person_id"] == people["tax", "R00002"]


def test_a_sighting_beyond_the_horizon_does_not_count(tmp_path: Path) -> None:
    out = compare(tmp_path, registrations=[row(9)], lease_filings=[row(1, seen_on="2024-01-01"), row(2)])
    assert len(rows_of(out / "unregistered.csv")) == 1


def test_who_left_is_named_only_when_seen_after_that(tmp_path: Path) -> None:
    source = folder(tmp_path, lease_filings=[row(1, seen_on="2026-05-01"), row(2, seen_on="2026-11-01")])
    header = (*HEADER, "status", "left_on")
    gone = [[*row(1), "departed", "2026-06-01"], [*row(2), "departed", "2026-06-01"]]
    (source / "registrations.csv").write_text(csv_text(gone, header), "utf-8")
    command.compare(source, tmp_path / "out", finder.rules(), TODAY)
    assert len(rows_of(tmp_path / "out" / "unregistered.csv")) == 1


def test_an_insurance_that_ended_is_no_sign_that_somebody_lives_here(tmp_path: Path) -> None:
    source = folder(tmp_path, registrations=[row(9)], volunteering=[row(1), row(2)])
    rows = [[*row(1), "2026-05-01"], [*row(2), ""]]
    (source / "social_security.csv").write_text(csv_text(rows, (*HEADER, "insured_to")), "utf-8")
    command.compare(source, tmp_path / "out", finder.rules(), TODAY)
    (found,) = rows_of(tmp_path / "out" / "unregistered.csv")
    assert found["address"] == row(2)[7]


def test_nobody_is_named_who_may_be_somebody_in_the_register(tmp_path: Path) -> None:
    # The same name in the same room, but nothing else: too little to join on, too much to rule out.
    bare = {"id_number": "", "birth_date": "", "phone": "", "sex": ""}
    known = {"name": "欧阳建国", "address": "季华五路8号3栋502室"}
    out = compare(
        tmp_path, registrations=[row(1, **known, **bare)], lease_filings=[row(2, **known, sex="女"), row(3)]
    )
    assert [r["address"] for r in rows_of(out / "unregistered.csv")] == [row(3)[7]]


def test_whoever_was_not_seen_after_a_job_ended_may_have_left_with_it(tmp_path: Path) -> None:
    seen = [row(1, seen_on="2026-10-01"), row(2, seen_on="2026-11-10")]
    source = folder(tmp_path, registrations=[row(9)], lease_filings=seen)
    rows = [[*row(1), "2026-10-20"], [*row(2), "2026-10-20"]]
    (source / "employment.csv").write_text(csv_text(rows, (*HEADER, "left_on")), "utf-8")
    command.compare(source, tmp_path / "out", finder.rules(), TODAY)
    (found,) = rows_of(tmp_path / "out" / "unregistered.csv")
    assert found["address"] == row(2)[7]


def test_whoever_was_last_seen_long_ago_is_not_named(tmp_path: Path) -> None:
    seen = [row(1, seen_on="2026-05-01"), row(2, seen_on="2026-11-01")]
    out = compare(tmp_path, registrations=[row(9)], lease_filings=seen)
    assert [found["address"] for found in rows_of(out / "unregistered.csv")] == [row(2)[7]]


def test_a_rare_name_in_the_register_without_a_number_is_reason_enough_to_hold_back(tmp_path: Path) -> None:
    bare = {"id_number": "", "birth_date": "", "phone": ""}
    rare, common = {"name": "欧阳建国"}, {"name": "张伟"}
    crowd = [row(n, **common) for n in range(100, 400)]
    out = compare(
        tmp_path,
        registrations=[row(50, **rare, **bare), row(51, **common, **bare), *crowd],
        lease_filings=[row(2, **rare), row(3, **common), row(4, name="王小明")],
    )
    assert {found["address"] for found in rows_of(out / "unregistered.csv")} == {row(3)[7], row(4)[7]}


def test_a_run_that_was_killed_goes_on_from_its_last_finished_step(tmp_path: Path) -> None:
    source = folder(tmp_path, registrations=[row(1), row(2)], tax=[row(1)])
    call = [sys.executable, "-m", "chalicelib.linkage", "compare", str(source), str(tmp_path / "out")]
    with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if line.startswith("settle by number: "):
                run.kill()
                break
    assert run.wait() == -signal.SIGKILL
    assert not (tmp_path / "out" / "report.json").exists()
    said: list[str] = []
    command.compare(
        source, tmp_path / "out", finder.rules(), clock.local_date(clock.utc_now()), say=said.append
    )
    assert "read tax.csv: done before" in said and "settle by number: done before" in said
    assert any(line.startswith("join: ") and not line.endswith("before") for line in said)
    assert len(rows_of(tmp_path / "out" / "clusters.csv")) == 3


def test_a_changed_file_begins_the_comparison_anew(tmp_path: Path) -> None:
    work = tmp_path / ".work"
    stages.Stages(work, "one", lambda line: None).run("read", lambda connection: 1)
    again = stages.Stages(work, "two", lambda line: None)
    assert again.run("read", lambda connection: 2) == 2
    again.remove()


def test_lines_that_are_no_rows_cost_themselves_alone(tmp_path: Path) -> None:
    source = folder(tmp_path, registrations=[row(1)], tax=[row(1), row(2)])
    good = (source / "tax.csv").read_bytes()
    chinese = ",".join(row(3)).encode("gb18030")
    bad = [
        b'R9,"open',
        b"R8,too,few",
        b"R7," + b"x" * (3 << 20) + b",a,b,c,d,e,f,g",
        b"R6,\xff\xff\xff,a,b,c,d,e,f,g",
    ]
    (source / "tax.csv").write_bytes(good + b"\n".join([*bad, chinese]) + b"\n")
    (source / "skills.csv").write_bytes(b"")
    (source / "volunteering.csv").write_text("record_id,name\n1,x\n", "utf-8")
    report = command.compare(source, tmp_path / "out", finder.rules(), TODAY)
    assert report["rows"] == {"registrations": 1, "skills": 0, "tax": 3, "volunteering": 0, "total": 4}
    assert report["not_read"]["tax"] == {"quotes": 1, "column_count": 1, "line_too_long": 1, "undecodable": 1}
    assert "columns missing" in report["not_read"]["skills"] and "phone" in report["not_read"]["volunteering"]


def test_the_report_counts_rows_time_and_memory(tmp_path: Path) -> None:
    out = compare(tmp_path, registrations=[row(1), row(2)], tax=[row(1)])
    report = json.loads((out / "report.json").read_text())
    assert report["rows"] == {"registrations": 2, "tax": 1, "total": 3}
    assert report["seconds"] >= 0 and report["peak_memory_mb"] > 0


def test_nothing_but_the_four_files_is_left_behind(tmp_path: Path) -> None:
    out = compare(tmp_path, registrations=[row(1)])
    assert sorted(p.name for p in out.iterdir()) == [
        "clusters.csv",
        "pairs.csv",
        "report.json",
        "unregistered.csv",
    ]


def test_no_output_holds_a_number_name_or_phone(tmp_path: Path) -> None:
    out = compare(tmp_path, registrations=[row(1)], lease_filings=[row(1), row(2)])
    written = "".join(p.read_text("utf-8") for p in out.iterdir())
    assert number(2) not in written and "测试某" not in written and "19900000002" not in written


cells = st.sampled_from(["", number(1), number(2), number(3), "bad", number(4).lower()])
some_rows = st.lists(st.tuples(st.integers(1, 4), cells), max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_rows, some_rows, some_rows)
def test_every_row_is_in_one_cluster_once_and_no_cluster_has_two_numbers(
    tmp_path: Path, first: list[tuple[int, str]], second: list[tuple[int, str]], third: list[tuple[int, str]]
) -> None:
    given_rows = {"registrations": first, "tax": second, "skills": third}
    files = {
        s: [row(place, id_number=n, phone=f"1990000{i:04d}") for place, (i, n) in enumerate(rows)]
        for s, rows in given_rows.items()
    }
    clusters = rows_of(compare(tmp_path, **files) / "clusters.csv")
    wanted = {
        (s, f"R{place:05d}"): n.upper() for s, rows in given_rows.items() for place, (_, n) in enumerate(rows)
    }
    assert Counter((c["source"], c["record_id"]) for c in clusters) == Counter(wanted.keys())
    numbers: dict[str, set[str]] = {}
    people: dict[str, set[str]] = {}
    for cluster in clusters:
        written = wanted[cluster["source"], cluster["record_id"]]
        if idnumbers.is_valid(written):
            numbers.setdefault(cluster["person_id"], set()).add(written)
            people.setdefault(written, set()).add(cluster["person_id"])
    assert all(len(each) == 1 for each in numbers.values())
    assert all(len(each) == 1 for each in people.values())


numbers_as_written = st.one_of(
    st.from_regex(r"[1-9][0-9]{5}(18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]", fullmatch=True),
    st.integers(0, 999).map(number),
    st.integers(0, 999).map(lambda order: number(order)[:6] + number(order)[8:17]),
    st.from_regex(r"[A-Z]{3}[0-9]{12}", fullmatch=True),
    st.text("0123456789Xx０１ -", max_size=19),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(numbers_as_written, min_size=20, max_size=40))
def test_the_sql_judges_numbers_as_the_standard_does(texts: list[str]) -> None:
    plain = f"SELECT t, {cleaning.plain_number('t')} AS p FROM (SELECT unnest(?) AS t)"
    key = f"SELECT t, p, {cleaning.number('p', 'd')} FROM (SELECT *, {cleaning.digits('p')} AS d FROM ({plain}))"
    for text, normal, found in duckdb.execute(key, [texts]).fetchall():
        assert normal == idnumbers.normalise(text)
        assert (found is not None) == idnumbers.is_valid(text)
        if found is not None and normal[0].isdigit():
            assert str(found) == normal[:17]


def test_a_folder_without_the_register_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["compare", str(tmp_path), str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_without_a_column_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder(tmp_path) / "registrations.csv").write_text("record_id,name\n1,x\n", "utf-8")
    assert __main__.main(["compare", str(tmp_path / "in"), str(tmp_path / "out")]) == 2
    assert "registrations.csv: columns missing: id_number" in capsys.readouterr().err
