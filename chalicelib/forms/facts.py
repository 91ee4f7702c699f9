"""Which facts about a person the city holds, and from whom. Pure: the list is ``facts.json``.

A fact is ``<holder>.<name>``. Its ``owner`` is the department that can correct it; ``column`` names the source
and curated column it is read from, where it comes out of a department's file.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from chalicelib.errors import NotFound
from chalicelib.shapes import Shape, Title

_FACTS: Final = Path(__file__).parent / "facts.json"


class Fact(Shape):
    """Something that may be known of anybody: its name for people, whose it is, where it is read."""

    title: Title
    source: Title
    owner: str
    column: list[str] = Field(default=[], max_length=2)


@dataclass(frozen=True)
class Known:
    """What is known of one person: the value, and the day of the record it comes from."""

    value: Any
    as_of: date | None


@cache
def facts() -> dict[str, Fact]:
    """Every fact that forms may be prefilled from, by name."""
    given = json.loads(_FACTS.read_text("utf-8"))
    return {name: Fact.model_validate(fact) for name, fact in given.items()}


def fact(name: str) -> Fact:
    """The fact of this name; raises ``NotFound``."""
    if name not in facts():
        raise NotFound("fact_unknown")
    return facts()[name]


def columns() -> dict[str, list[tuple[str, str]]]:
    """The facts that come out of department files: by source, the column and the fact's name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, each in facts().items():
        if each.column:
            source, column = each.column
            found.setdefault(source, []).append((column, name))
    return found


def newest(rows: list[dict[str, Any]], wanted: list[tuple[str, str]]) -> dict[str, Known]:
    """Each fact from the newest of a source's rows that says it; ``seen_on`` dates it. Silence is no fact."""
    found: dict[str, Known] = {}
    for row in sorted(rows, key=lambda row: str(row.get("seen_on") or ""), reverse=True):
        seen = row.get("seen_on")
        for column, name in wanted:
            if name not in found and row.get(column) not in (None, "", []):
                found[name] = Known(row[column], date.fromisoformat(seen) if seen else None)
    return found
