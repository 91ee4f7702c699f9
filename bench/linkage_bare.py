"""The least that any comparison must do: which rows' ID numbers are not in the register, letter for letter.

`python -m bench.linkage_bare IN OUT` is a bare anti-join in DuckDB over the files that the comparison reads. It knows no
names, no typing errors, no people.
"""

import sys
from pathlib import Path

import duckdb

from simulation.extracts import REGISTER, SOURCES


def main(arguments: list[str]) -> int:
    """Write `bare.csv`; returns 0."""
    source, target = map(Path, arguments)
    target.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{target / '.spill'}'; SET enable_progress_bar = false")
    files = [str(path) for each in SOURCES if (path := source / f"{each.name}.csv").is_file()]
    connection.execute(
        "COPY (SELECT s.record_id, s.id_number FROM read_csv(?, all_varchar = true, union_by_name = true) s"
        f" ANTI JOIN read_csv(?, all_varchar = true) r ON s.id_number = r.id_number) TO '{target / 'bare.csv'}'",
        [files, str(source / f"{REGISTER.name}.csv")],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
