"""The measures are held against pairs that are listed one by one, and against cases made by hand."""

import csv
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import quality

type Row = tuple[str, str, int, str]  # source, cluster, person, errors
SOURCES = ("registrations", "social_security", "health_service", "school_rolls")
ERRORS = ("", "id_missing", "id_missing;phone_old", "swapped_number", "address_otherwise")
PERSON = {
    "household": "H1", "role": "head", "sex": "男", "birth_date": "1990-01-01", "name": "甲", "employer_code": None,
    "housing": "rented", "in_city": True, "moved_on": None, "register_status": "none",
}  # fmt: skip


def write_csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def city(folder: Path, rows: list[Row], people: dict[int, dict[str, Any]] | None = None) -> Path:
    """A folder that is IN, OUT and TRUTH at once."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    ids = [f"R{number}" for number in range(len(rows))]
    links = {
        "source": [row[0] for row in rows],
        "record_id": ids,
        "person": [f"T{row[2]:09d}" for row in rows],
        "errors": [row[3] for row in rows],
    }
    pq.write_table(pa.table(links), folder / "truth" / "links.parquet")
    persons = [
        {"person": f"T{person:09d}", **PERSON, **(people or {}).get(person, {})}
        for person in sorted({row[2] for row in rows} | set(people or {}))
    ]
    types = {"employer_code": pa.string(), "moved_on": pa.string()}
    columns = {
        name: pa.array([row[name] for row in persons], types.get(name)) for name in ("person", *PERSON)
    }
    pq.write_table(pa.table(columns), folder / "truth" / "people.parquet")
    header = ["source", "record_id", "person_id"]
    write_csv(
        folder / "clusters.csv", header, [[row[0], i, row[1]] for i, row in zip(ids, rows, strict=True)]
    )
    for source in SOURCES:
        seen = [[i, "2026-11-01"] for i, row in zip(ids, rows, strict=True) if row[0] == source]
        write_csv(folder / f"{source}.csv", ["record_id", "seen_on"], seen)
    return folder


def listed(rows: list[Row], wanted: Any) -> tuple[int, int, int]:
    """Right, claimed and true pairs among those that are wanted, each looked at."""
    pairs = [(a, b) for a, b in combinations(rows, 2) if wanted(a, b)]
    together = [(a, b) for a, b in pairs if a[1] == b[1]]
    return sum(a[2] == b[2] for a, b in together), len(together), sum(a[2] == b[2] for a, b in pairs)


def scores(measured: dict[str, Any]) -> tuple[int, int, int]:
    return measured["right"], measured["claimed"], measured["true"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SOURCES), st.sampled_from("ABCD"), st.integers(1, 4), st.sampled_from(ERRORS)
        ),
        min_size=2,
        max_size=14,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counted_pairs_are_the_listed_ones(tmp_path: Path, rows: list[Row]) -> None:
    folder = city(tmp_path, rows)
    found = quality.measure(folder, folder)
    assert scores(found["pairs"]) == listed(rows, lambda a, b: True)
    for kind in ("id_missing", "phone_old", "swapped_number", "address_otherwise"):
        expected = listed(rows, lambda a, b, kind=kind: kind in a[3].split(";") or kind in b[3].split(";"))
        some = any(kind in row[3].split(";") for row in rows)
        assert (kind in found["by_error"]) == some
        if some:
            assert scores(found["by_error"][kind]) == expected, kind
    assert scores(found["by_error"]["none"]) == listed(rows, lambda a, b: not a[3] and not b[3])
    for left, right in combinations(sorted(SOURCES), 2):
        expected = listed(rows, lambda a, b, both={left, right}: {a[0], b[0]} == both)
        assert (
            scores(found["by_sources"].get(f"{left} {right}", {"right": 0, "claimed": 0, "true": 0}))
            == expected
        )
    wrong = sum(one["pairs_of_rows"] for one in found["wrong_merges"].values())
    assert wrong == found["pairs"]["claimed"] - found["pairs"]["right"]


def test_a_perfect_answer_is_perfect(tmp_path: Path) -> None:
    rows = [
        ("registrations", "A", 1, ""),
        ("social_security", "A", 1, "id_missing"),
        ("registrations", "B", 2, ""),
    ]
    found = quality.measure(city(tmp_path, rows), tmp_path)
    assert (found["pairs"]["precision"], found["pairs"]["recall"]) == (1, 1)
    assert found["wrong_merges"] == {} and found["missed_rows"]["rows"] == 0
    assert found["rows"]["lost"] == found["rows"]["twice_or_unknown"] == 0


def test_lost_and_invented_rows_are_told(tmp_path: Path) -> None:
    folder = city(tmp_path, [("registrations", "A", 1, ""), ("social_security", "A", 1, "")])
    write_csv(
        folder / "clusters.csv",
        ["source", "record_id", "person_id"],
        [["registrations", "R0", "A"], ["registrations", "R0", "A"], ["tax", "X", "A"]],
    )
    found = quality.measure(folder, folder)["rows"]
    assert (found["lost"], found["twice_or_unknown"]) == (1, 2)


@pytest.mark.parametrize(
    ("first", "second", "marks", "expected"),
    [
        ({"role": "child"}, {"role": "child"}, "", "twins"),
        ({"role": "child"}, {"role": "child", "birth_date": "1992-01-01"}, "", "siblings"),
        ({}, {"role": "child"}, "", "father_and_son"),
        ({}, {"role": "spouse", "sex": "女"}, "", "others_of_one_family"),
        ({}, {"role": "mate"}, "", "mates_of_one_room"),
        ({}, {"role": "mate"}, "swapped_number", "a_row_with_the_other_ones_number"),
        ({"employer_code": "X"}, {"household": "H2", "employer_code": "X"}, "", "namesakes_of_one_firm"),
        ({}, {"household": "H2"}, "", "namesakes_of_one_day"),
        ({}, {"household": "H2", "birth_date": "1992-01-01"}, "", "namesakes"),
        ({"employer_code": "X"}, {"household": "H2", "employer_code": "X", "name": "乙"}, "", "colleagues"),
        ({}, {"household": "H2", "name": "乙"}, "", "strangers"),
    ],
)
def test_two_people_taken_for_one_are_told_by_what_they_are_to_each_other(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], marks: str, expected: str
) -> None:
    rows = [("registrations", "A", 1, ""), ("tax", "A", 1, ""), ("tax", "A", 2, marks)]
    found = quality.measure(city(tmp_path, rows, {1: first, 2: second}), tmp_path)
    assert found["wrong_merges"] == {expected: {"pairs_of_rows": 2, "pairs_of_people": 1}}


def test_a_huge_cluster_is_counted_without_looking_at_each_two(tmp_path: Path) -> None:
    rows = [("tax", "A", person, "") for person in range(1, 62)]
    found = quality.measure(city(tmp_path, rows), tmp_path)
    assert found["wrong_merges"] == {
        "clusters_of_more_than_50_people": {"pairs_of_rows": 61 * 60 // 2, "clusters": 1}
    }


def test_rows_left_apart_are_told_by_their_errors(tmp_path: Path) -> None:
    rows = [
        ("registrations", "A", 1, ""), ("tax", "A", 1, ""),
        ("health_service", "B", 1, "id_missing;name_spaced"), ("health_service", "C", 2, "id_missing"),
    ]  # fmt: skip
    found = quality.measure(city(tmp_path, rows), tmp_path)["missed_rows"]
    assert found["rows"] == 1 and found["by_errors"] == [{"errors": "id_missing", "rows": 1}]


def test_recall_by_kind_of_people(tmp_path: Path) -> None:
    rows = [
        ("tax", "A", 1, ""),
        ("tax", "A", 1, ""),
        ("tax", "B", 1, ""),
        ("tax", "C", 2, ""),
        ("tax", "C", 2, ""),
    ]
    people = {1: {"role": "child"}, 2: {"role": "child"}, 3: {"household": "H9", "name": "乙"}}
    found = quality.measure(city(tmp_path, rows, people), tmp_path)["by_people"]
    assert (found["twin"]["right"], found["twin"]["true"]) == (2, 4)
    assert (found["name_of_2_to_10"]["true"], found["name_of_1"]["true"]) == (4, 0)
    assert found["dormitory"]["recall"] is None


def test_findings_are_right_wrong_by_reason_or_missed(tmp_path: Path) -> None:
    away, known = {"in_city": False}, {"register_status": "active"}
    two = ("social_security", "health_service")
    rows = [(source, f"P{person}", person, "") for person in (1, 2, 3, 6) for source in two]
    rows += [("social_security", "P4", 4, "id_missing"), ("health_service", "P4b", 4, "id_missing")]
    rows += [("school_rolls", "P5", 5, ""), ("registrations", "P3x", 3, ""), ("registrations", "P6", 6, "")]
    folder = city(tmp_path, rows, {2: away, 3: known, 6: known})
    named = [
        ["P1", "health_service;social_security", "0.99"],
        ["P2", "health_service", "0.9"],
        ["P3", "x", "0.9"],
        ["P5", "school_rolls", "0.98"],
        ["P9", "", "0.9"],
        ["P5", "school_rolls", "0.9"],
    ]
    write_csv(folder / "unregistered.csv", ["person_id", "sources", "confidence"], named)
    found = quality.measure(folder, folder)["unregistered"]
    assert found["wrong"] == {
        "left_unsaid": 1,
        "named_twice": 1,
        "of_no_row": 1,
        "registered_but_kept_apart": 1,
    }
    assert (found["findings"], found["right"], found["wanted"], found["met"]) == (6, 2, 3, 2)
    assert found["by_numbers"] == {
        "all": {"met": 2, "wanted": 2, "recall": 1.0},
        "none": {"met": 0, "wanted": 1, "recall": 0.0},
    }
    assert found["by_numbers_of_the_named"] == {"all": {"right": 2, "findings": 5, "precision": 0.4}}
    assert [tenth["promised"] for tenth in found["by_confidence"]] == [0.9, 0.9, 0.9, 0.9, 0.98, 0.99]
    assert [tenth["precision"] for tenth in found["by_confidence"][-2:]] == [1, 1]
    assert found["by_sources"]["school_rolls"] == {"right": 1, "findings": 2, "precision": 0.5}


def test_who_left_is_told_apart_by_whether_a_file_says_so(tmp_path: Path) -> None:
    away = {"in_city": False}
    rows = [
        (source, f"P{person}", person, "")
        for person in (1, 2)
        for source in ("social_security", "school_rolls")
    ]
    folder = city(tmp_path, rows, {1: away, 2: away})
    ended = [["R0", "2026-11-01", "2026-10-31"], ["R2", "2026-11-01", ""]]
    write_csv(folder / "social_security.csv", ["record_id", "seen_on", "insured_to"], ended)
    named = [["P1", "school_rolls", "0.9"], ["P2", "school_rolls", "0.9"]]
    write_csv(folder / "unregistered.csv", ["person_id", "sources", "confidence"], named)
    found = quality.measure(folder, folder)["unregistered"]
    assert found["wrong"] == {"left_and_a_file_says_so": 1, "left_unsaid": 1}
    assert (found["precision"], found["precision_but_for_those_who_left"]) == (0, 0)


def test_signals_that_are_too_old_or_of_one_group_name_nobody(tmp_path: Path) -> None:
    rows = [(source, "P1", 1, "") for source in ("social_security", "tax", "health_service")]
    folder = city(tmp_path, rows)
    write_csv(folder / "tax.csv", ["record_id", "seen_on"], [["R1", "2026-11-01"]])
    write_csv(folder / "health_service.csv", ["record_id", "seen_on"], [["R2", "2025-10-01"]])
    write_csv(folder / "unregistered.csv", ["person_id", "sources", "confidence"], [])
    assert quality.measure(folder, folder)["unregistered"]["wanted"] == 0
    write_csv(folder / "health_service.csv", ["record_id", "seen_on"], [["R2", "2026-10-01"]])
    assert quality.measure(folder, folder)["unregistered"]["wanted"] == 1


def test_the_command_prints_tables_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city(tmp_path, [("tax", "A", 1, ""), ("tax", "A", 2, "id_missing"), ("tax", "B", 2, "")])
    assert quality.main([str(tmp_path), str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "precision 0.00000, recall 0.00000 over 1 true pairs; 1 wrong, 1 missed" in told
    assert json.loads((tmp_path / "quality.json").read_text())["pairs"]["claimed"] == 1


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quality.main([str(tmp_path), str(tmp_path)]) == 2
    assert "links.parquet is not there" in capsys.readouterr().err
