"""A small address list."""

import csv
from pathlib import Path

from chalicelib.places.listing import COLUMNS

SHIWAN, ZUMIAO = "440604010", "440604012"
LANSHI = "440604010001"
LINE = "佛山市禅城区石湾镇街道"
BUILT_AT = "2026-11-23T09:30:00.000+08:00"


def rooms(
    number: int,
    road: str,
    door: str,
    block: str,
    labels: tuple[str, ...],
    community: str = LANSHI,
    grid: int = 1,
) -> list[dict[str, str]]:
    """The rows of one building."""
    code = f"{community}{grid:03d}{number:05d}"
    front = LINE if community.startswith(SHIWAN) else "佛山市禅城区祖庙街道"
    shared = {
        "town": community[:9], "community": community, "grid": code[:15], "building_code": code, "road": road,
        "number": door, "building": block, "line": f"{front}{road}{door}号{block}", "lon": "113.078", "lat": "23.005",
    }  # fmt: skip
    return [{"address_code": f"{code}{int(r):04d}", "room": r, **shared} for r in labels]


def standard_rows() -> list[dict[str, str]]:
    """Six buildings in two towns."""
    return [
        *rooms(1, "季华五路", "10", "1栋", ("101", "201", "502")),
        *rooms(2, "季华五路", "10", "2栋", ("101", "201", "601")),
        *rooms(3, "季华五路", "9", "", ("101", "201")),
        *rooms(4, "季华五路", "101", "", ("101",), grid=2),
        *rooms(5, "澜石一路", "7", "", ("101", "301"), grid=2),
        *rooms(1, "祖庙路", "7", "", ("101",), community="440604012001"),
    ]


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as the address list's CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path
