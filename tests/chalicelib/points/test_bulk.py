"""A whole table scored and ranked: the same as one by one, and in the order that the policy says."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from chalicelib.errors import Field, Invalid
from chalicelib.points import __main__ as command
from chalicelib.points import bulk, service
from chalicelib.points.model import Policy, Scope
from simulation import applicants

ON = date(2026, 5, 30)
RUN = bulk.Run(ON, threads=1, memory="500MB")
PEOPLE = 300


def answers_of(policy: Policy, scope: Scope, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table as the explaining executor takes it."""
    asked = {*policy.by_scope[scope], *(each.code for each in policy.scopes[scope].qualifications)}
    found = {code: value for code, value in row.items() if code in asked and value is not None}
    return {
        code: {"birth_date": value.isoformat()} if isinstance(value, date) else value
        for code, value in found.items()
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[pa.Table, Path]]:
    """Both shipped policies, ranked once."""
    found = {}
    for name in ("demo-2026", "foshan-2016"):
        folder = tmp_path_factory.mktemp(name)
        table = applicants.pool(applicants.document(name), PEOPLE, 11, ON)
        pq.write_table(table, folder / "answers.parquet")
        bulk.rank(service.policy(name, "1"), folder / "answers.parquet", folder, RUN)
        found[name] = (table, folder)
    return found


def ranked(folder: Path, scope: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{scope}.parquet").to_pylist()
    return rows


def scopes(runs: dict[str, tuple[pa.Table, Path]]) -> Iterator[tuple[Policy, Scope, pa.Table, Path]]:
    for name, (table, folder) in runs.items():
        policy = service.policy(name, "1")
        for scope in policy.scopes:
            yield policy, scope, table, folder


def test_every_shipped_policy_gives_everybody_the_same_in_bulk_and_one_by_one(
    runs: dict[str, tuple[pa.Table, Path]],
) -> None:
    for policy, scope, table, folder in scopes(runs):
        rows = {row["applicant"]: row for row in ranked(folder, scope)}
        assert len(rows) == PEOPLE
        for person in table.to_pylist():
            answers = answers_of(policy, scope, person)
            alone = service.score(policy, scope, answers, ON, region=person["region"])
            row = rows[person["applicant"]]
            groups = {each.group: each.points for each in alone.groups}
            assert (row["total"], row["eligible"]) == (alone.total, alone.eligible)
            assert all(row[code] == groups[code] for code in policy.scopes[scope].tie_break)


def test_ranks_follow_total_tie_break_and_time_within_each_area(
    runs: dict[str, tuple[pa.Table, Path]],
) -> None:
    for policy, scope, _, folder in scopes(runs):
        areas: dict[str, list[dict[str, Any]]] = {}
        for row in ranked(folder, scope):
            if row["rank"] is not None:
                areas.setdefault(row["area"], []).append(row)
        assert areas
        for rows in areas.values():

            def key(row: dict[str, Any], policy: Policy = policy, scope: Scope = scope) -> tuple[Any, ...]:
                ties = [-row[code] for code in policy.scopes[scope].tie_break]
                return (-row["total"], *ties, row["applied_at"])

            keys = [key(row) for row in rows]
            assert keys == sorted(keys)
            assert [row["rank"] for row in rows] == [1 + sum(other < one for other in keys) for one in keys]


def test_of_a_household_the_higher_alone_is_ranked_for_school_and_both_for_hukou(
    runs: dict[str, tuple[pa.Table, Path]],
) -> None:
    table, folder = runs["demo-2026"]
    house = dict(zip(table["applicant"].to_pylist(), table["household"].to_pylist(), strict=True))
    school = [house[row["applicant"]] for row in ranked(folder, "school") if row["rank"]]
    hukou = [house[row["applicant"]] for row in ranked(folder, "hukou") if row["rank"]]
    assert len(school) == len(set(school)) and len(hukou) > len(set(hukou))
    totals: dict[str, list[tuple[Any, bool]]] = {}
    for row in ranked(folder, "school"):
        if row["eligible"]:
            totals.setdefault(house[row["applicant"]], []).append((row["total"], row["rank"] is not None))
    pairs = [each for each in totals.values() if len(each) == 2]
    assert pairs and all(max(each)[1] for each in pairs)


def test_a_quota_admits_as_many_and_the_report_says_the_cut_off(
    tmp_path: Path, runs: dict[str, tuple[pa.Table, Path]]
) -> None:
    policy = service.policy("demo-2026", "1")
    few = policy.scopes["hukou"].model_copy(update={"quotas": {"440600": 5}})
    found = bulk.rank(
        policy.model_copy(update={"scopes": {"hukou": few}}),
        runs["demo-2026"][1] / "answers.parquet",
        tmp_path,
        RUN,
    )
    admitted = [row for row in ranked(tmp_path, "hukou") if row["admitted"]]
    assert len(admitted) == found[0].admitted == 5
    assert json.loads((tmp_path / "report.json").read_text())["scopes"][0]["cut_offs"] == {
        "440600": str(min(row["total"] for row in admitted).normalize())
    }


def test_a_row_with_a_wrong_answer_has_no_score_and_the_columns_are_named(
    tmp_path: Path, runs: dict[str, tuple[pa.Table, Path]]
) -> None:
    table = runs["demo-2026"][0].slice(0, 4)
    wrong = {"A2.1": [1000, 2, -1, None], "A1.1": ["没有", "本科", "本科", "本科"]}
    for code, values in wrong.items():
        at = table.column_names.index(code)
        table = table.set_column(at, code, pa.array(values, table.schema.field(code).type))
    pq.write_table(table, tmp_path / "answers.parquet")
    found = bulk.rank(service.policy("demo-2026", "1"), tmp_path / "answers.parquet", tmp_path / "out", RUN)
    rows = {row["applicant"]: row for row in ranked(tmp_path / "out", "school")}
    told = [rows[applicant] for applicant in table["applicant"].to_pylist()]
    assert [row["wrong"] for row in told] == [["A1.1", "A2.1"], None, ["A2.1"], None]
    assert [row["total"] is None and row["rank"] is None for row in told] == [True, False, True, False]
    assert found[0].wrong == 2 and found[0].wrong_by_column == {"A1.1": 1, "A2.1": 2}


def test_a_column_of_another_type_is_refused_by_its_name(
    tmp_path: Path, runs: dict[str, tuple[pa.Table, Path]]
) -> None:
    table = runs["demo-2026"][0].slice(0, 3)
    at = table.column_names.index("A2.1")
    table = table.set_column(at, "A2.1", pc.cast(table["A2.1"], pa.float64())).drop_columns(
        ["applicant", "zone"]
    )
    pq.write_table(table, tmp_path / "answers.parquet")
    with pytest.raises(Invalid) as refused:
        bulk.rank(service.policy("demo-2026", "1"), tmp_path / "answers.parquet", tmp_path / "out", RUN)
    assert set(refused.value.fields) == {
        Field("/A2.1", "answers_column_type"),
        Field("/applicant", "field_missing"),
        Field("/zone", "field_missing"),
    }


def test_other_types_that_hold_the_same_do_as_well_and_unknown_columns_are_named(
    tmp_path: Path, runs: dict[str, tuple[pa.Table, Path]]
) -> None:
    table, folder = runs["demo-2026"]
    kinds = {"A2.1": pa.int64(), "B6": pa.decimal128(14, 2), "applied_at": pa.timestamp("ns")}
    for code, kind in kinds.items():
        table = table.set_column(table.column_names.index(code), code, pc.cast(table[code], kind))
    table = table.append_column("A9.9", pa.nulls(len(table), pa.int32()))
    pq.write_table(table, tmp_path / "answers.parquet")
    bulk.rank(service.policy("demo-2026", "1"), tmp_path / "answers.parquet", tmp_path, RUN)
    assert json.loads((tmp_path / "report.json").read_text())["ignored_columns"] == ["A9.9"]
    for scope in ("school", "hukou"):
        rows, before = ranked(tmp_path, scope), ranked(folder, scope)
        assert [(row["applicant"], row["total"], row["rank"]) for row in rows] == [
            (row["applicant"], row["total"], row["rank"]) for row in before
        ]


def test_the_command_ranks_a_table_and_refuses_an_unsound_policy_by_its_place(
    tmp_path: Path, runs: dict[str, tuple[pa.Table, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = str(runs["demo-2026"][1] / "answers.parquet")
    assert command.main(["bulk", "demo-2026", answers, str(tmp_path / "out"), "--as-of", "2026-05-30"]) == 0
    assert f"hukou by city: {PEOPLE} applicants, 0 with wrong answers" in capsys.readouterr().out
    unsound = applicants.document("demo-2026")
    unsound["scopes"]["hukou"]["threshold"] = 100_000_000
    (tmp_path / "unsound.json").write_text(json.dumps(unsound), "utf-8")
    assert command.main(["check", str(tmp_path / "unsound.json")]) == 1
    assert "/scopes/hukou/threshold: The threshold is above" in capsys.readouterr().err
    assert command.main(["check", "foshan-2016"]) == 0


def test_the_same_seed_gives_the_same_applicants() -> None:
    document = applicants.document("demo-2026")
    assert applicants.pool(document, 50, 3, ON).equals(applicants.pool(document, 50, 3, ON))
    assert not applicants.pool(document, 50, 3, ON).equals(applicants.pool(document, 50, 4, ON))
