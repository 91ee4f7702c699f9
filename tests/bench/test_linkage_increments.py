from pathlib import Path

from bench.linkage_increments import run, split


def test_rows_are_dealt_to_two_folders_and_none_is_lost(tmp_path: Path) -> None:
    header = "record_id,name\n"
    for name, count in (("registrations", 70), ("tax", 33)):
        rows = "".join(f"{name}{number},甲\n" for number in range(count))
        (tmp_path / f"{name}.csv").write_text(header + rows, encoding="utf-8")
    assert split(tmp_path, tmp_path / "a", tmp_path / "b", 10) == 10
    for name, count in (("registrations", 70), ("tax", 33)):
        parts = [(tmp_path / folder / f"{name}.csv").read_text().splitlines() for folder in "ab"]
        assert parts[0][0] == parts[1][0] == header.strip()
        assert len(parts[0]) + len(parts[1]) - 2 == count and not set(parts[0][1:]) & set(parts[1][1:])


def test_an_increment_is_measured_beside_the_whole() -> None:
    found = {figure.name.rpartition(".")[2]: figure for figure in run(600, 100)}
    assert set(found) == {"time", "cpu", "memory", "precision", "recall"}
    assert found["recall"].value > 0.9 and found["recall"].against > 0.9
