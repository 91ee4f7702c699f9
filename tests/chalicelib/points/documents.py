"""Policies of tests: a small sound one, and changes to it by JSON pointer."""

import copy
import json
from typing import Any

from chalicelib.points import editions
from chalicelib.points.model import Policy


def title(text: str) -> dict[str, str]:
    """A title in both languages."""
    return {"zh-CN": f"标题{text}", "en": text}


def indicator(code: str, mode: str, group: str = "base", **more: Any) -> dict[str, Any]:
    """An indicator of a small policy."""
    facts = {"code": code, "mode": mode, "group": group, "title": title(code), "clause": code}
    return facts | {"departments": ["education"]} | more


def document(**more: Any) -> dict[str, Any]:
    """A sound policy with an indicator of most modes; ``more`` replaces what is at the top."""
    labels = {
        "low": {"points": 10, "title": title("low")},
        "high": {"points": "20.5", "title": title("high")},
    }
    return {
        "id": "small",
        "version": "1",
        "title": title("small"),
        "source": {"measure": title("measure"), "clause": title("annex"), "issued_on": "2026-01-01"},
        "status": "draft",
        "effective_from": "2027-01-01",
        "scopes": {
            "school": {
                "title": title("school"),
                "threshold": 30,
                "tie_break": ["base"],
                "ranking": {"rounds": ["district"], "period": "school_year"},
            }
        },
        "groups": [
            {"code": "base", "title": title("base"), "part": "base"},
            {"code": "inner", "title": title("inner"), "part": "base", "under": "base", "cap": 30},
            {"code": "minus", "title": title("minus"), "part": "deduction"},
            {"code": "veto", "title": title("veto"), "part": "veto"},
        ],
        "indicators": [
            indicator("A1", "highest", values=labels),
            indicator("A2", "flag", "inner", points=15),
            indicator("A3", "per_full_year", "inner", points=5, at_most=60, cap=25),
            indicator("A4", "per_unit", points=3, unit={"size": 50, "title": title("hours")}, at_most=1000),
            indicator(
                "A5", "formula", formula={"of": "age", "bands": [{"low": 0, "below": 50, "points": 5}]}
            ),
            indicator("D1", "per_item", "minus", points=-15, at_most=9),
            indicator("E1", "veto", "veto", effect={"stops": ["school"]}),
        ],
        "exclusives": [{"members": ["A2", "A3"], "clause": "A"}],
        **more,
    }


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The small policy with another value at a place."""
    made = copy.deepcopy(document())
    at: Any = made
    *way, last = pointer.strip("/").split("/")
    for part in way:
        at = at[int(part)] if isinstance(at, list) else at[part]
    at[int(last) if isinstance(at, list) else last] = value
    return made


def policy(given: dict[str, Any] | None = None) -> Policy:
    """A document read as the software reads one: refused where it is unsound."""
    return editions.read(json.dumps(given or document()))
