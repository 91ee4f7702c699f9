"""Applicants for points: a table of answers to a policy's document, one row an applicant, the same for the same seed.

How often each answer is given is assumed: most know some insurance and a few years of residence, few have patents or prizes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from simulation import facts

POLICIES: Final = facts.HERE.parent / "chalicelib" / "points" / "policies"
ZONES_A_DISTRICT: Final = 40
_SHARED: Final = pa.struct({"value": pa.string(), "owners": pa.int32(), "first": pa.bool_()})
_MEANS: Final = {"per_full_year": 4, "per_year": 2, "per_month": 18, "per_full_year_per_insurance": 14}
_QUANTITY: Final = pa.decimal128(18, 4)


@dataclass(frozen=True)
class Draw:
    """The random numbers of one column, and the day it is about."""

    rng: np.random.Generator
    people: int
    on: date

    def given(self, share: float) -> np.ndarray:
        """Who answers at all."""
        return self.rng.random(self.people) < share


def document(name: str) -> dict[str, Any]:
    """A shipped policy by its id, or one in a file of one's own."""
    path = POLICIES / f"{name}.json"
    found: dict[str, Any] = json.loads((path if path.exists() else Path(name)).read_text("utf-8"))
    return found


def pool(policy: dict[str, Any], people: int, seed: int, on: date) -> pa.Table:
    """The answers of so many people to all indicators and qualifications, as the bulk executor takes them."""
    columns = _about(Draw(np.random.default_rng([seed, 0]), people, on))
    asked = [each for rule in policy["scopes"].values() for each in rule.get("qualifications", [])]
    for place, each in enumerate([*asked, *policy["indicators"]], start=1):
        draw = Draw(np.random.default_rng([seed, place]), people, on)
        made = _column(draw, each) if "mode" in each else _flags(draw, 0.97, 1.0)
        columns.setdefault(each["code"], made)
    region = columns["region"]
    for each in policy["indicators"]:  # Only people of the district answer a district's own question.
        if wanted := each.get("regions"):
            here = pa.array([code[:6] in wanted for code in region.to_pylist()])
            columns[each["code"]] = _where(columns[each["code"]], here)
    return pa.table(columns)


def _where(column: pa.Array, mask: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(mask, column, pa.nulls(len(column), column.type))


def _about(draw: Draw) -> dict[str, pa.Array]:
    """Who they are: an id that says nothing, community, school zone, time of applying, household."""
    rng, people = draw.rng, draw.people
    communities = [row["code"] for row in facts.communities()]
    at = rng.integers(0, len(communities), people)
    codes = pa.array(communities).take(pa.array(at))
    zones = [f"{code[:6]}-Z{place % ZONES_A_DISTRICT:02d}" for place, code in enumerate(communities)]
    begin = np.datetime64(draw.on, "s") - np.timedelta64(60, "D")
    seconds = rng.integers(0, 60 * 86_400, people)
    # Every tenth household sends both spouses: one spouse only counts for school.
    house = np.arange(people)
    both = (house % 10 == 1) & (house > 0)
    house = np.where(both, house - 1, house)
    return {
        "applicant": pa.array([f"A{number:08d}" for number in rng.permutation(people)]),
        "region": codes,
        "zone": pa.array(zones).take(pa.array(at)),
        "applied_at": pa.array(begin + seconds.astype("timedelta64[s]")),
        "household": pa.array([f"H{number:08d}" for number in house]),
    }


def _column(draw: Draw, each: dict[str, Any]) -> pa.Array:
    mode = each["mode"]
    if mode in _MEANS:
        return _counts(draw, 0.8, _MEANS[mode], int(each["at_most"]))
    return _MAKERS[mode](draw, each)


def _flags(draw: Draw, yes: float, answered: float = 0.9) -> pa.Array:
    return pa.array(draw.rng.random(draw.people) < yes, mask=~draw.given(answered))


def _counts(draw: Draw, share: float, mean: float, most: int) -> pa.Array:
    found = np.minimum(draw.rng.geometric(1 / (mean + 1), draw.people) - 1, most)
    return pa.array(found.astype(np.int32), mask=~draw.given(share))


def _labels(draw: Draw, each: dict[str, Any], share: float) -> pa.Array:
    """One label each, those with more points more seldom."""
    labels = list(each["values"])
    weights = 1 / np.arange(1, len(labels) + 1)
    at = draw.rng.choice(len(labels), draw.people, p=weights / weights.sum())
    return pa.array(labels).take(pa.array(at, mask=~draw.given(share)))


def _highest(draw: Draw, each: dict[str, Any]) -> pa.Array:
    return _labels(draw, each, 0.6)


def _quantity(draw: Draw, each: dict[str, Any]) -> pa.Array:
    size = float(each["unit"]["size"])
    found = np.minimum(np.round(draw.rng.exponential(4 * size, draw.people), 2), float(each["at_most"]))
    return pa.array(found, mask=~draw.given(0.3)).cast(_QUANTITY, safe=False)


def _lists(draw: Draw, values: pa.Array, share: float, most: int) -> pa.Array:
    """Lists of up to ``most`` neighbours of a column of values, one to start with for most."""
    long = np.where(draw.given(share), np.minimum(draw.rng.geometric(0.7, draw.people), most), 0)
    offsets = np.concatenate([[0], np.cumsum(long)]).astype(np.int32)
    at = draw.rng.integers(0, max(len(values), 1), int(offsets[-1]))
    return pa.ListArray.from_arrays(pa.array(offsets), values.take(pa.array(at)))


def _items(draw: Draw, each: dict[str, Any]) -> pa.Array:
    if not each.get("values"):
        return _counts(draw, 0.1 if int(float(each["points"])) >= 0 else 0.01, 1, int(each["at_most"]))
    names = pa.array(list(each["values"]))
    if not each.get("share"):
        return _lists(draw, names, 0.05, 3)
    owners = np.tile(np.arange(1, 5, dtype=np.int32), len(names))
    owned = {
        "value": names.take(pa.array(np.repeat(np.arange(len(names)), 4))),
        "owners": pa.array(owners),
        "first": pa.array((owners == 1) | (np.arange(len(owners)) % 3 == 0)),
    }
    return _lists(draw, pa.StructArray.from_arrays(list(owned.values()), fields=list(_SHARED)), 0.05, 3)


def _chosen(draw: Draw, each: dict[str, Any]) -> pa.Array:
    """No label, the first, or all of them."""
    labels = list(each["values"])
    sets = pa.array([[], labels[:1], labels], pa.list_(pa.string()))
    return sets.take(pa.array(draw.rng.choice(3, draw.people, p=[0.7, 0.25, 0.05])))


def _formula(draw: Draw, each: dict[str, Any]) -> pa.Array:
    if each["formula"]["of"] == "number":
        most = int(float(each["at_most"]))
        return pa.array(draw.rng.integers(0, most + 1, draw.people)).cast(_QUANTITY)
    days = draw.rng.integers(18 * 366, 60 * 365, draw.people)
    born = np.datetime64(draw.on, "D") - days.astype("timedelta64[D]")
    return pa.array(born, pa.date32())


_MAKERS: Final[dict[str, Callable[[Draw, dict[str, Any]], pa.Array]]] = {
    "highest": _highest,
    "flag": lambda draw, each: _flags(draw, 0.3),
    "veto": lambda draw, each: _flags(draw, 0.002),
    "per_unit": _quantity,
    "per_item": _items,
    "flags_add": _chosen,
    "formula": _formula,
}
