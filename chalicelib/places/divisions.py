"""The tree of city, districts, towns and communities, and the districts' boundaries.

Nine communities (prisons, farms, barracks) belong to statistical areas that are no towns: they are found by
code, but under no town, so nobody can choose them. Read from ``data/`` when first asked for and kept while the process lives.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from chalicelib.places.coordinates import Ring, box_of, in_ring
from chalicelib.places.model import Box, Division, Point, Scheme

CITY: Final = Division("440600", "nbs", "佛山市", "city", "")
DATA: Final = Path(__file__).parent / "data"


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


class Tree:
    """Every division by (scheme, code), children by parent, towns by their code in the other scheme."""

    def __init__(self, towns: list[dict[str, str]], communities: list[dict[str, str]]) -> None:
        self.by_code: dict[tuple[Scheme, str], Division] = {}
        self.children: dict[tuple[Scheme, str], list[Division]] = {}
        self.same_town: dict[tuple[Scheme, str], str] = {}
        for scheme in ("nbs", "mca"):
            self._add(CITY._replace(scheme=scheme))
            for code in sorted({t["district_code"] for t in towns}):
                name = next(t["district"] for t in towns if t["district_code"] == code)
                self._add(Division(code, scheme, name, "district", CITY.code))
        for town in towns:
            self._add_town(town)
        for item in communities:
            code = item["code"]
            self._add(Division(code, "nbs", item["name"], "community", code[:9]))

    def _add(self, division: Division) -> None:
        self.by_code[division.scheme, division.code] = division
        self.children.setdefault((division.scheme, division.parent), []).append(division)

    def _add_town(self, town: dict[str, str]) -> None:
        nbs, mca = town["nbs_code"], town["mca_code"]
        self._add(Division(nbs, "nbs", town["name"], "town", town["district_code"]))
        self._add(Division(mca, "mca", town["name"], "town", town["district_code"]))
        self.same_town["nbs", nbs] = mca
        self.same_town["mca", mca] = nbs


@lru_cache(maxsize=1)
def tree() -> Tree:
    """The city's divisions."""
    return Tree(_read("foshan_divisions.json"), _read("foshan_communities.json"))


def find(code: str, scheme: Scheme = "nbs") -> Division | None:
    """The division with this code of this scheme, or None."""
    return tree().by_code.get((scheme, code))


def children(code: str, scheme: Scheme = "nbs") -> list[Division]:
    """All divisions directly under one, by code; empty at the bottom and for unknown codes."""
    return tree().children.get((scheme, code), [])


def translate(code: str, source: Scheme, target: Scheme) -> str | None:
    """The same division's code in the other scheme, or None where that scheme has none.

    City and districts are the same in both; communities have statistics-bureau codes only.
    """
    if source == target:
        return code if find(code, source) else None
    if town := tree().same_town.get((source, code)):
        return town
    return code if find(code, source) and find(code, target) else None


def clashes() -> list[str]:
    """The town codes that mean one town in the one scheme and another town in the other."""
    pairs = (
        (code, find(code, "nbs"), find(code, "mca")) for scheme, code in tree().by_code if scheme == "nbs"
    )
    return sorted(code for code, nbs, mca in pairs if nbs and mca and nbs.name != mca.name)


def community_in(community: str, town: str) -> bool:
    """Whether the community is a part of the town (both by statistics-bureau codes)."""
    found = find(community)
    return (
        found is not None and found.level == "community" and found.parent == town and find(town) is not None
    )


@lru_cache(maxsize=1)
def boundaries() -> dict[str, list[list[Ring]]]:
    """The districts' polygons, WGS-84: by code a list of polygons, each the outer ring and its holes."""
    made: dict[str, list[list[Ring]]] = {}
    for feature in _read("foshan_districts_wgs84.geojson")["features"]:
        code = feature["properties"]["gb"][-6:]
        polygons = feature["geometry"]["coordinates"]
        made[code] = [[[Point(*p[:2]) for p in ring] for ring in polygon] for polygon in polygons]
    return made


def in_district(point: Point, code: str) -> bool:
    """Whether a WGS-84 point lies in the district; boundaries are coarse, some 100 m either way."""
    polygons = boundaries().get(code, [])
    return any(in_ring(point, p[0]) and not any(in_ring(point, hole) for hole in p[1:]) for p in polygons)


def district_at(point: Point) -> str | None:
    """The code of the district that a WGS-84 point lies in, or None outside the city."""
    return next((code for code in boundaries() if in_district(point, code)), None)


@lru_cache(maxsize=8)
def box(code: str) -> Box:
    """The rectangle around a district or the whole city, WGS-84; raises ``KeyError`` for other codes."""
    codes = list(boundaries()) if code == CITY.code else [code]
    return box_of([p for c in codes for polygon in boundaries()[c] for ring in polygon for p in ring])
