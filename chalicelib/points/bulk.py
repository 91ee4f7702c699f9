"""A whole table of applicants scored and ranked by DuckDB, on this machine's disk and within a limit of memory.

DuckDB is loaded when this is used: the API never does.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chalicelib.errors import Field, Invalid
from chalicelib.points import compiling
from chalicelib.points.compiling import literal, name
from chalicelib.points.exact import PLACES, plain
from chalicelib.points.model import Area, Policy, Scope

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACED_BY: Final[dict[Area, tuple[str, ...]]] = {
    "city": (),
    "district": ("region",),
    "town": ("region",),
    "zone": ("zone",),
}
_WHOLE: Final = re.compile(r"\bU?(?:TINY|SMALL|BIG)INT\b|\bUINTEGER\b")
AREAS: Final[dict[Area, str]] = {
    "city": "'440600'",
    "district": "nullif(region[:6], '')",
    "town": "nullif(region[:9], '')",
    "zone": "zone",
}


@dataclass(frozen=True)
class Run:
    """What of a run is not the policy's: the day, the area of the ranking (the policy's first round), the machine."""

    as_of: date
    area: Area | None = None
    threads: int = 2
    memory: str = "3GB"


@dataclass(frozen=True)
class Outcome:
    """A scope's numbers: applicants, of them with a wrong answer, eligible, ranked, inside
    the quota (null where there is none); cut-offs, the lowest total that is ranked and inside the quota, by area."""

    scope: str
    area: str
    applicants: int
    wrong: int
    eligible: int
    ranked: int
    admitted: int | None
    wrong_by_column: dict[str, int] = field(default_factory=dict)
    cut_offs: dict[str, str] = field(default_factory=dict)


def connect(run: Run, scratch: Path) -> "DuckDBPyConnection":
    """A connection that keeps to the run's threads and memory and puts the rest on disk."""
    import duckdb

    return duckdb.connect(
        config={
            "threads": run.threads,
            "memory_limit": run.memory,
            "temp_directory": str(scratch),
            "preserve_insertion_order": False,
        }
    )


def rank(policy: Policy, answers: Path, out: Path, run: Run) -> list[Outcome]:
    """Score and rank every scope; writes ``{scope}.parquet`` for each, and ``report.json``, into ``out``.

    A row an applicant: ``area``, ``rank`` (null where it is not ranked), ``applicant``, ``total`` and the groups of the tie-break
    (null where an answer is wrong: there is no partial score), ``eligible``, ``applied_at``, ``admitted`` (within the quota; null
    where the area has none), ``wrong`` (the columns that are). Raises ``Invalid`` where the table lacks a column or has one of
    another type.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = []
    with connect(run, out) as connection:
        for scope in policy.scopes:
            written = out / f"{scope}.parquet"
            query = ranking(connection, policy, scope, answers, run)
            sort = "rank, applicant" if _area(policy, scope, run) == "city" else "area, rank, applicant"
            connection.execute(
                f"COPY (FROM ({query}) ORDER BY {sort}) TO {literal(str(written))} (FORMAT parquet, COMPRESSION zstd)"
            )
            found.append(outcome(connection, policy, scope, run, f"read_parquet({literal(str(written))})"))
        unread = ignored(connection, policy)
    report = {
        "policy": policy.id,
        "version": policy.version,
        "hash": policy.hash,
        "as_of": run.as_of.isoformat(),
        "ignored_columns": unread,
        "scopes": [asdict(each) for each in found],
    }
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return found


def ranking(
    connection: "DuckDBPyConnection", policy: Policy, scope: Scope, answers: Path, run: Run, more: str = ""
) -> str:
    """The query of a scope's ranking over a file; ``more``: further columns of the scores that it shall hand on.

    Of a household one spouse alone is ranked where the policy says so. Two people who are equal in all have the same rank.
    """
    _open(connection, answers)
    area = _area(policy, scope, run)
    present = _present(connection, policy, scope, area)
    scored = (
        f"SELECT *, {AREAS[area]} AS area FROM ({compiling.statement(policy, scope, run.as_of, present)})"
    )
    ranked = f"eligible{'' if area == 'city' else ' AND area IS NOT NULL'}"
    if policy.scopes[scope].one_spouse and "household" in present:
        scored = f"SELECT *, {_first_of_household(policy, scope)} AS first FROM ({scored})"
        ranked += " AND first"
    by_area = "" if area == "city" else "area, "
    over = f"PARTITION BY {by_area}{ranked} ORDER BY {_order(policy, scope)}"
    place = f"CASE WHEN {ranked} THEN rank() OVER ({over}) END AS rank"
    groups = [f"{_points('g:' + code)} AS {name(code)}" for code in policy.scopes[scope].tie_break]
    shown = ", ".join(
        ["area", "rank", "applicant", f"{_points('total')} AS total", *groups, "eligible", "applied_at"]
    )
    return (
        f"SELECT {shown}, {_admitted(policy.scopes[scope].quotas)} AS admitted, wrong{more} "
        f"FROM (SELECT *, {place} FROM ({scored}))"
    )


def _open(connection: "DuckDBPyConnection", answers: Path) -> None:
    """The file as view ``answers``; raises ``Invalid`` for one that is not there or is no Parquet."""
    import duckdb

    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW answers AS FROM read_parquet({literal(str(answers))})"
        )
    except (duckdb.IOException, duckdb.InvalidInputException):
        raise Invalid("answers_unreadable") from None


def _area(policy: Policy, scope: Scope, run: Run) -> Area:
    return run.area or policy.scopes[scope].ranking.rounds[0]


def _admitted(quotas: dict[str, int]) -> str:
    """Whether a rank is within its area's quota; those who are equal in all at the end of it are all within."""
    places = " ".join(f"WHEN {literal(area)} THEN {count}" for area, count in quotas.items())
    return f"rank <= CASE area {places} END" if quotas else "NULL::BOOLEAN"


def _points(column: str) -> str:
    """Units as a decimal of points; null where an answer is wrong."""
    return f"CASE WHEN wrong IS NULL THEN ({name(column)} * 0.0001::DECIMAL(5,4))::DECIMAL(18,4) END"


def _order(policy: Policy, scope: Scope) -> str:
    """Total, the policy's tie-break, then the earlier application."""
    groups = [f"{name('g:' + code)} DESC" for code in policy.scopes[scope].tie_break]
    return ", ".join(["total DESC", *groups, "applied_at ASC NULLS LAST"])


def _first_of_household(policy: Policy, scope: Scope) -> str:
    order = _order(policy, scope)
    over = f"PARTITION BY household ORDER BY eligible DESC, {order}, applicant"
    return f"household IS NULL OR row_number() OVER ({over}) = 1"


def _present(connection: "DuckDBPyConnection", policy: Policy, scope: Scope, area: Area) -> list[str]:
    """The table's columns that the scope reads; raises ``Invalid`` where one cannot be read as what it should be."""
    wanted = compiling.ABOUT | compiling.columns(policy, scope)
    found = _columns(connection)
    wrong = [
        Field(f"/{column}", "answers_column_type")
        for column, kind in wanted.items()
        if column in found and not _fits(found[column], kind)
    ]
    needed = ("applicant", *_PLACED_BY[area])
    wrong += [Field(f"/{column}", "field_missing") for column in needed if column not in found]
    if wrong:
        raise Invalid("answers_unreadable", fields=wrong)
    return [column for column in wanted if column in found]


def _columns(connection: "DuckDBPyConnection") -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute("DESCRIBE answers").fetchall()}


def _fits(found: str, wanted: str) -> bool:
    """Whether a column's type holds what is wanted without loss: shorter and longer whole numbers do, binary fractions do not."""
    found, wanted = (
        _WHOLE.sub("INTEGER", kind.replace('"', "").replace(" ", "")) for kind in (found, wanted)
    )
    if wanted == "TIMESTAMP":
        return found.startswith("TIMESTAMP") or found == "DATE"
    if wanted.startswith("DECIMAL") and found.startswith("DECIMAL"):
        return int(found.rstrip(")").rpartition(",")[2]) <= PLACES
    return found == wanted or (wanted.startswith("DECIMAL") and found == "INTEGER")


def ignored(connection: "DuckDBPyConnection", policy: Policy) -> list[str]:
    """The columns that no scope reads: a misspelt indicator would be one."""
    read = set(compiling.ABOUT).union(*(compiling.columns(policy, scope) for scope in policy.scopes))
    return sorted(set(_columns(connection)) - read)


def outcome(connection: "DuckDBPyConnection", policy: Policy, scope: Scope, run: Run, ranked: str) -> Outcome:
    """The numbers of a ranking, from its table."""
    row = connection.execute(
        f"SELECT count(*), count(wrong), count(*) FILTER (eligible), count(rank), count(*) FILTER (admitted) FROM {ranked}"
    ).fetchone()
    assert row
    wrong = connection.execute(
        f"SELECT unnest(wrong) AS named, count(*) FROM {ranked} WHERE wrong IS NOT NULL GROUP BY named ORDER BY named"
    ).fetchall()
    lowest = connection.execute(
        f"SELECT area, min(total) FROM {ranked} WHERE rank IS NOT NULL AND coalesce(admitted, true) GROUP BY area ORDER BY area"
    ).fetchall()
    applicants, faulty, eligible, placed, inside = row
    return Outcome(
        scope,
        _area(policy, scope, run),
        applicants,
        faulty,
        eligible,
        placed,
        inside if policy.scopes[scope].quotas else None,
        wrong_by_column=dict(wrong),
        cut_offs={area: plain(total) for area, total in lowest},
    )
