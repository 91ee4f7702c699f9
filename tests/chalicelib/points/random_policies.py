"""Random sound policies and random people: what the two executors are compared on."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from chalicelib.points.model import Indicator, Policy
from tests.chalicelib.points.documents import document, title

AS_OF = date(2026, 5, 30)
DISTRICTS = ("440604", "440605")
POINTS = st.sampled_from([1, 2, 3, 5, 10, 30, "0.2", "1.25", "0.0001", "7.5"])
MODES = (
    "highest", "flag", "per_full_year", "per_year", "per_month", "per_full_year_per_insurance", "per_unit", "per_item",
    "shared", "labelled", "flags_add", "age", "number",
)  # fmt: skip


def _more(points: Any) -> Decimal:
    return Decimal(str(points))


@st.composite
def _values(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(st.lists(POINTS, min_size=1, max_size=4))
    return {f"标签{n}'": {"points": points, "title": title(str(n))} for n, points in enumerate(found)}


@st.composite
def _formula(draw: st.DrawFn, of: str) -> dict[str, Any]:
    middle = draw(st.integers(20, 60))
    line = {"start": draw(POINTS), "at": middle, "slope": draw(st.sampled_from([-1, "0.5", "-0.25", 2]))}
    line |= {"least": 0, **draw(st.sampled_from([{}, {"most": 15}, {"most": "2.5"}]))}
    bands = [{"low": 0, "below": middle, "line": line}, {"low": middle, "points": draw(POINTS)}]
    return {"of": of, "bands": bands}


def _facts(draw: st.DrawFn, mode: str) -> dict[str, Any]:
    if mode in ("highest", "flags_add"):
        return {"mode": mode, "values": draw(_values())}
    if mode in ("shared", "labelled"):
        share = {"first_times": 2, "places": draw(st.integers(0, 4))} if mode == "shared" else None
        return {"mode": "per_item", "values": draw(_values()), "at_most": 9, "share": share}
    if mode in ("age", "number"):
        return {
            "mode": "formula",
            "formula": draw(_formula(mode)),
            "at_most": 90 if mode == "number" else None,
        }
    facts = {"mode": mode, "points": draw(POINTS)}
    if mode == "per_unit":
        size = draw(st.sampled_from([1, 50, "0.5", "333.3333"]))
        return {**facts, "unit": {"size": size, "title": title("unit")}, "at_most": 100_000}
    return facts if mode == "flag" else {**facts, "at_most": 60}


def _cap(draw: st.DrawFn, facts: dict[str, Any]) -> dict[str, Any]:
    """Now and then a cap that is at least the highest single value."""
    single = max(
        [_more(v["points"]) for v in facts.get("values", {}).values()] + [_more(facts.get("points", 0) or 0)]
    )
    extra = draw(st.sampled_from([None, None, "0.5", 7, 40]))
    return {} if extra is None else {"cap": str(max(single + _more(extra), Decimal(1)))}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of three to nine indicators with groups in each other, caps, an exclusive set, deductions and vetoes."""
    made = []
    for place, mode in enumerate(draw(st.lists(st.sampled_from(MODES), min_size=3, max_size=9))):
        facts = _facts(draw, mode)
        regions = draw(st.sampled_from([[], [], [], ["440604"]]))
        group = draw(st.sampled_from(["base", "inner", "deep"]))
        made.append(
            {"code": f"A{place}", "title": title(f"A{place}"), "group": group, "clause": "1", "regions": regions}
            | {"departments": ["education"]} | facts | _cap(draw, facts)
        )  # fmt: skip
    rest = document()["indicators"][5:]
    exclusive = [{"members": [each["code"] for each in made[:2]], "clause": "x"}]
    caps = [draw(st.sampled_from([None, 41, "55.5", 200])) for _ in range(3)]
    groups = [
        {"code": "base", "title": title("base"), "part": "base", "cap": caps[0]},
        {"code": "inner", "title": title("inner"), "part": "base", "under": "base", "cap": caps[1]},
        {"code": "deep", "title": title("deep"), "part": "base", "under": "inner", "cap": caps[2]},
        {"code": "minus", "title": title("minus"), "part": "deduction"},
        {"code": "veto", "title": title("veto"), "part": "veto"},
    ]
    scopes = document()["scopes"]
    scopes["school"] |= {"threshold": 0, "tie_break": ["inner", "base"]}
    scopes["school"]["qualifications"] = [
        {"code": "Q1", "title": title("q"), "departments": ["education"], "clause": "q"}
    ]
    given = document(indicators=[*made, *rest], groups=groups, exclusives=exclusive, scopes=scopes)
    return Policy.model_validate_json(json.dumps(given))


def _answer(each: Indicator) -> st.SearchStrategy[Any]:
    """Right answers, and now and then a wrong one that a column can hold."""
    labels = st.sampled_from([*each.values, "没有"]) if each.values else st.nothing()
    if each.formula and each.formula.of == "age":
        born = st.dates(date(1890, 1, 1), date(2027, 1, 1))
        return born.map(lambda day: {"birth_date": day.isoformat()})
    if each.formula or each.mode == "per_unit":
        most = int(each.at_most or 0)
        return st.decimals(0, most, places=4) | st.integers(-1, most + 1).map(Decimal)
    if each.mode == "highest":
        return labels
    if each.mode == "flags_add":
        return st.lists(labels, max_size=4)
    if each.mode in ("flag", "veto"):
        return st.booleans()
    if each.share:
        owners = st.integers(0, 12)
        return st.lists(
            st.fixed_dictionaries({"value": labels, "owners": owners, "first": st.booleans()}), max_size=4
        )
    if each.values:
        return st.lists(labels, max_size=11)
    return st.integers(-1, 62)


@st.composite
def people(draw: st.DrawFn, policy: Policy) -> list[dict[str, Any]]:
    """A few applicants: a region, and answers by indicator."""
    asked = {code: st.none() | _answer(each) for code, each in policy.by_scope["school"].items()}
    person = st.fixed_dictionaries(
        {
            "region": st.none() | st.sampled_from(["440604010001", "440605011"]),
            "answers": st.fixed_dictionaries({"Q1": st.none() | st.booleans(), **asked}),
        }
    )
    return draw(st.lists(person, min_size=1, max_size=12))


def column(answers: list[Any], kind: str) -> pa.Array:
    """Answers as a column of the bulk executor's type."""
    arrow: dict[str, pa.DataType] = {
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "INTEGER": pa.int32(),
        "VARCHAR[]": pa.list_(pa.string()),
        "DATE": pa.date32(),
        "DECIMAL(18,4)": pa.decimal128(18, 4),
    }
    item = pa.struct({"value": pa.string(), "owners": pa.int32(), "first": pa.bool_()})
    if kind == "DATE":
        answers = [date.fromisoformat(each["birth_date"]) if each else None for each in answers]
    return pa.array(answers, arrow.get(kind, pa.list_(item)))
