"""Splink as its pages show it, for comparison: five comparisons, four blocking rules, all else as it comes.

`python -m bench.linkage_plain IN OUT` reads the files that `python -m chalicelib.linkage compare IN OUT` reads and writes
`clusters.csv` alike. Texts are only tidied as anybody would: half width, no spaces, days in one form. Numbers are not checked.
"""

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from simulation.extracts import REGISTER, SOURCES

THRESHOLD = 0.95
RECALL_GUESS = 0.8
SEED = 1
MEMORY = "16GB"
_HALF = "".join(chr(code) for code in range(0x21, 0x7F) if code != 0x27)
_FULL = "".join(chr(ord(letter) + 0xFEE0) for letter in _HALF)


def load(connection: Any, source: Path) -> int:
    """All rows of a folder in table `input`; returns how many."""

    def narrow(name: str) -> str:
        return f"translate({name}, '{_FULL}', '{_HALF}')"

    columns = ", ".join(
        f"nullif(upper(regexp_replace({narrow(name)}, '[\\s\u3000]', '', 'g')), '') AS {name}"
        for name in ("name", "id_number", "address")
    )
    day = "regexp_replace(translate(birth_date, '年月/', '---'), '日', '')"
    born = f"coalesce(try_strptime({day}, '%Y-%m-%d'), try_strptime({day}, '%Y%m%d'))::DATE"
    phone = f"nullif(right(regexp_replace({narrow('phone')}, '[^0-9]', '', 'g'), 11), '')"
    made = "CREATE TABLE input AS"
    for each in (REGISTER, *SOURCES):
        path = source / f"{each.name}.csv"
        if path.is_file():
            connection.execute(
                f"{made} SELECT '{each.name}|' || record_id AS unique_id, {columns}, {born} AS birth_date,"
                f" {phone} AS phone FROM read_csv('{path}', header = true, all_varchar = true)"
            )
            made = "INSERT INTO input"
    return int(connection.execute("SELECT count(*) FROM input").fetchall()[0][0])


def compare(source: Path, target: Path) -> dict[str, float]:
    """Compare the files of a folder as the pages of Splink do; returns the seconds of each step."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    target.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{target / '.spill'}'; SET memory_limit = '{MEMORY}'")
    connection.execute("SET enable_progress_bar = false")
    seconds, began = {}, time.monotonic()
    rows = load(connection, source)
    seconds["load"] = time.monotonic() - began
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register("input"), settings(), log_level=None)
    train(linker, rows)
    seconds["train"] = time.monotonic() - began - seconds["load"]
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=THRESHOLD
    )
    connection.execute(
        f"COPY (SELECT split_part(unique_id, '|', 1) AS source, split_part(unique_id, '|', 2) AS record_id,"
        f" cluster_id AS person_id FROM {clusters.physical_name}) TO '{target / 'clusters.csv'}' (HEADER)"
    )
    seconds["all"] = time.monotonic() - began
    return seconds


def settings() -> Any:
    """Five comparisons and four blocking rules."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("name"),
            cl.DamerauLevenshteinAtThresholds("id_number"),
            cl.DateOfBirthComparison("birth_date", input_is_string=False),
            cl.LevenshteinAtThresholds("phone"),
            cl.JaroWinklerAtThresholds("address"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("id_number"),
            block_on("name", "birth_date"),
            block_on("name", "phone"),
            block_on("name", "address"),
        ],
        retain_matching_columns=False,
    )


def train(linker: Any, rows: int) -> None:
    """Estimate the model without labels, as the pages do."""
    from splink import block_on

    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("id_number"), block_on("name", "birth_date", "phone")], recall=RECALL_GUESS
    )
    training.estimate_u_using_random_sampling(max_pairs=min(1e6, rows * 10.0), seed=SEED)
    training.estimate_parameters_using_expectation_maximisation(block_on("id_number"))
    training.estimate_parameters_using_expectation_maximisation(block_on("name", "birth_date"))


def main(arguments: list[str] | None = None) -> int:
    """Compare and say how long each step took."""
    parser = argparse.ArgumentParser(prog="python -m bench.linkage_plain", description=__doc__)
    parser.add_argument("source", metavar="IN", type=Path)
    parser.add_argument("target", metavar="OUT", type=Path)
    asked = parser.parse_args(arguments)
    for step, taken in compare(asked.source, asked.target).items():
        print(f"{step} {taken:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
