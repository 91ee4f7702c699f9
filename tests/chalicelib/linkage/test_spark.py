"""The comparison on Spark beside DuckDB's: one small city, one session, on loopback only."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from chalicelib.linkage import __main__, agreement, command, finder, spark_engine, spark_sql
from chalicelib.linkage.spark_files import HadoopPath
from simulation import __main__ as simulation
from tests.chalicelib.linkage.test_command import TODAY, folder
from tests.chalicelib.sources.rows import row

pytest.importorskip("pyspark", reason="Spark is not installed; `make spark` adds it, given Java 17")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17"),
    pytest.mark.xdist_group("spark"),
    # Spark's and Splink's own.
    pytest.mark.filterwarnings("default"),
]
# Little data: compiling costs more than it saves.
QUICK = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    running = spark_engine.session(**QUICK)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def answers(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What each engine wrote of a city of 600 people at stated error rates, one file in bytes that need mending."""
    made = tmp_path_factory.mktemp("spark")
    sources = "social_security,lease_filings"
    assert not simulation.main(["city", "--people=600", "--seed=4", "--mix=stated", "--flat",
                                f"--sources={sources}", f"--out={made / 'in'}"])  # fmt: skip
    leases = made / "in" / "lease_filings.csv"
    leases.write_bytes(leases.read_text("utf-8").encode("gb18030"))
    # Spark's is read by its address, as in S3.
    places = {"duckdb": made / "in", "spark": spark_engine.place(spark, f"file://{made}/in")}
    for engine in (command.DUCKDB, spark_engine.engine(spark)):
        target = made / engine.name
        command.compare(
            places[engine.name], target, finder.rules(), TODAY, say=lambda line: None, engine=engine
        )
    return made / "duckdb", made / "spark"


def test_both_engines_say_the_same_of_every_pair_person_and_finding(answers: tuple[Path, Path]) -> None:
    compared = agreement.Agreement(*answers)
    counts = compared.counts()
    assert counts["pairs"] > 300
    assert counts["agreed"] >= 0.9999 and not list(compared.rest())
    assert not any(value for name, value in counts.items() if "_only_" in name)


def test_both_engines_write_the_same_four_files(answers: tuple[Path, Path]) -> None:
    one, other = (sorted(path.name for path in answer.iterdir()) for answer in answers)
    assert one == other == ["clusters.csv", "pairs.csv", "report.json", "unregistered.csv"]
    reports = [json.loads((answer / "report.json").read_text()) for answer in answers]
    differing = {"engine", "seconds", "peak_memory_mb", "processor_seconds", "steps"}
    assert [r["engine"] for r in reports] == ["duckdb", "spark"]
    assert {k: v for k, v in reports[0].items() if k not in differing} == {
        k: v for k, v in reports[1].items() if k not in differing
    }
    assert set(reports[0]["steps"]) == set(reports[1]["steps"])


def test_the_command_lists_what_two_answers_say_differently(
    answers: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["agree", str(answers[0]), str(answers[1])]) == 0
    assert "agreed 1.000000" in capsys.readouterr().out
    shutil.copytree(answers[1], tmp_path / "less")
    header, *pairs = (tmp_path / "less" / "pairs.csv").read_text("utf-8").splitlines()
    (tmp_path / "less" / "pairs.csv").write_text("\n".join([header, *pairs[1:]]) + "\n", "utf-8")
    assert __main__.main(["agree", str(answers[0]), str(tmp_path / "less"), "--least", "1"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    left_source, left_id, right_source, right_id, *_ = pairs[0].split(",")
    assert first.startswith("only in A") and left_id in first and right_id in first
    assert "only_a 1 " in last and left_source in first and right_source in first


VALUES = {
    "hamming(a, b)": [("19900101", "19900102"), ("19900101", "20010101"), ("1", "1")],
    "damerau_levenshtein(a, b) <= 1": [
        ("12345", "12345"), ("12345", "12354"), ("12345", "13245"), ("12345", "1234"), ("12345", "13254"), ("12", "34")],
    "regexp_full_match(a, 'a|ab')": [("ab\n", ""), ("ab", ""), ("xab", ""), ("a", "")],
    "regexp_extract(a, '^(?:x)?([0-9]+)(号)?$', ['one', 'two']).two": [("x12号", ""), ("x12", ""), ("y", "")],
    "TRY_CAST(a AS DATE)": [("2026/1/31", ""), ("2026-02-30", ""), ("", ""), ("2026-11-28", "")],
    "TRY_STRPTIME(a, '%Y%m%d') IS NOT NULL": [("20260230", ""), ("20240229", ""), ("2026", "")],
    "CAST(a AS BIGINT) // CAST(b AS BIGINT)": [("44069919900101123", "1000"), ("-7", "2")],
    "list_sort(string_split(a, ''))[1]": [("张伟", ""), ("b𠀀a", "")],
    "printf('%+.1f', CAST(a AS DOUBLE))": [("12.34", ""), ("-3", "")],
}  # fmt: skip


@pytest.mark.parametrize("sql", VALUES)
def test_a_rule_gives_the_values_that_duckdb_gives(spark: Any, sql: str) -> None:
    table = pa.table({name: [pair[place] for pair in VALUES[sql]] for place, name in enumerate("ab")})
    spark.createDataFrame(table).createOrReplaceTempView("some_values")
    (statement,) = spark_sql.statements(f"SELECT a, b, {sql} FROM some_values")
    with duckdb.connect() as connection:
        connection.register("some_values", table)
        wanted = connection.execute(f"SELECT a, b, {sql} FROM some_values").fetchall()
    assert sorted(map(tuple, spark.sql(spark_sql.text(statement)).collect())) == sorted(wanted)


def test_a_folder_by_address_is_read_and_its_results_are_folders_of_parts(spark: Any, tmp_path: Path) -> None:
    folder(tmp_path, registrations=[row(1)])
    source = spark_engine.place(spark, f"file://{tmp_path}/in")
    assert isinstance(source, HadoopPath) and [p.stem for p in source.glob("*.csv")] == ["registrations"]
    with (source / "registrations.csv").open("rb") as file:
        assert file.readline().startswith(b"record_id")
        file.seek(3)
        assert file.read(3) == b"ord"
    work = spark_engine.SparkStages(spark, spark_engine.place(spark, f"file://{tmp_path}/work"), "x", print)
    work.run("make", lambda c: c.execute("CREATE TABLE t AS SELECT 1 AS a, 'x,y' AS b").fetchall())
    work.run(
        "copy",
        lambda c: c.execute(f"COPY (SELECT * FROM t) TO 'file://{tmp_path}/t.csv' (HEADER)").fetchone(),
    )
    (part,) = (tmp_path / "t.csv").glob("part-*.csv")
    assert part.read_text() == 'a,b\n1,"x,y"\n'
    work.remove()
    assert not (tmp_path / "work").exists()


def test_a_run_that_was_stopped_goes_on_with_its_tables(spark: Any, tmp_path: Path) -> None:
    said: list[str] = []
    first = spark_engine.SparkStages(spark, tmp_path / "work", "one", said.append)
    first.run(
        "make", lambda c: c.execute("CREATE TABLE kept (a BIGINT); INSERT INTO kept SELECT 7").fetchone()[0]
    )
    with pytest.raises(ZeroDivisionError):
        first.run("fail", lambda c: (c.execute("INSERT INTO kept SELECT 8"), 1 // 0))
    again = spark_engine.SparkStages(spark, tmp_path / "work", "one", said.append)
    assert again.run("make", lambda c: 1 // 0) == 1 and "make: done before" in said
    assert again.connection.execute("SELECT a FROM kept").fetchall() == [(7,)]
    other = spark_engine.SparkStages(spark, tmp_path / "work", "two", said.append)
    assert other.run("make", lambda c: 2) == 2
    other.remove()
