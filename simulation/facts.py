"""The tables the city is drawn from: `simulation/data/*.json` and the divisions of `chalicelib/places/data`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DIVISIONS = HERE.parent / "chalicelib" / "places" / "data"


@cache
def table(name: str) -> Any:
    """A table of `simulation/data` by its name; each states its source or says that it is assumed."""
    return json.loads((HERE / "data" / f"{name}.json").read_text(encoding="utf-8"))


@cache
def towns() -> list[dict[str, Any]]:
    """The 32 towns and streets, in the order of the file."""
    rows: list[dict[str, Any]] = json.loads((DIVISIONS / "foshan_divisions.json").read_text(encoding="utf-8"))
    return rows


@cache
def communities() -> list[dict[str, str]]:
    """The 809 communities that people live in, in the order of the file.

    Nine of the 818 are virtual (prisons, a forest farm ...) and belong to none of the 32 towns.
    """
    rows: list[dict[str, str]] = json.loads(
        (DIVISIONS / "foshan_communities.json").read_text(encoding="utf-8")
    )
    known = {town["nbs_code"] for town in towns()}
    return [row for row in rows if row["code"][:9] in known]


@cache
def district_rings() -> dict[str, list[list[list[float]]]]:
    """The outer rings of each district by its 6-digit code, as [lon, lat] in WGS-84."""
    shapes = json.loads((DIVISIONS / "foshan_districts_wgs84.geojson").read_text(encoding="utf-8"))
    rings: dict[str, list[list[list[float]]]] = {}
    for feature in shapes["features"]:
        code = feature["properties"]["gb"][-6:]
        rings[code] = [polygon[0] for polygon in feature["geometry"]["coordinates"]]
    return rings
