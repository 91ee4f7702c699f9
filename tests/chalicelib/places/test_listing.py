"""An address list becomes an index; rows that make no sense do not."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chalicelib.places.listing import BadList, build
from tests.chalicelib.places.lists import BUILT_AT, standard_rows, write_rows


def test_a_gzipped_list_makes_the_same_index(tmp_path: Path, built: Path) -> None:
    plain = write_rows(tmp_path / "again.csv", standard_rows()).read_bytes()
    (tmp_path / "again.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + plain))
    build(tmp_path / "again.csv.gz", tmp_path / "again.sqlite", BUILT_AT)
    dumps = []
    for path in (built, tmp_path / "again.sqlite"):
        with closing(sqlite3.connect(path)) as connection:
            dumps.append(connection.execute("SELECT * FROM buildings, rooms ORDER BY 1, 12, 13").fetchall())
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("community", "440604012001"),
        ("town", "440604400"),
        ("grid", "440604010001901"),
        ("building_code", "440604010001002"),
        ("address_code", "1"),
        ("lon", "east"),
        ("lat", "0"),
    ],
)
def test_rows_that_do_not_fit_together_are_rejected_and_counted(
    tmp_path: Path, column: str, value: str
) -> None:
    rows = standard_rows()
    rows[0][column] = value
    about = build(write_rows(tmp_path / "list.csv", rows), tmp_path / "list.sqlite", BUILT_AT)
    assert (about["rows"], about["rejected"]) == (len(rows) - 1, 1)


def test_a_list_without_a_column_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("town,community\n", encoding="utf-8")
    with pytest.raises(BadList, match="address_code, grid"):
        build(tmp_path / "list.csv", tmp_path / "list.sqlite", BUILT_AT)
