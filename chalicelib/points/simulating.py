"""What a change of policy would do, before it is published: who gains, who loses, by group and region, on a pool of applicants.

Nothing of a person leaves this: counts go through ``insight``'s disclosure control, and a cut-off is told only of an area where
at least ten are ranked under both.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chalicelib import shapes
from chalicelib.errors import Invalid
from chalicelib.insight import service as insight
from chalicelib.points import bulk
from chalicelib.points.bulk import Run
from chalicelib.points.compiling import literal, name
from chalicelib.points.exact import plain
from chalicelib.points.model import Indicator, Policy, Scope
from chalicelib.points.views import Changed, CutOffs, Effect, Simulation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TOTAL: Final = "all"
NO_ANSWER: Final = "-"
MIXED: Final = "*"
# Somebody is in exactly one of these: whether the place changes comes first, then the points.
OUTCOME: Final = """CASE
  WHEN a.reached AND NOT b.reached THEN 'reaches'
  WHEN b.reached AND NOT a.reached THEN 'drops_out'
  WHEN a.total > b.total THEN 'gains'
  WHEN a.total < b.total THEN 'loses'
  ELSE 'same' END"""
_OF_NO_WEIGHT: Final = frozenset(
    {"version", "title", "about", "source", "status", "effective_from", "effective_to", "supersedes", "note"}
)

type Table = dict[tuple[str, str], list[int]]


@dataclass(frozen=True)
class Wanted:
    """What to compare: the scope, the indicator whose labels make the groups (the first with labels), how fine regions are."""

    scope: Scope
    by: str | None = None
    digits: int = 6


def simulate(
    old: Policy, new: Policy, pool: Path, run: Run, wanted: Wanted, record_key: Callable[[str], int]
) -> Simulation:
    """The effect of ``new`` in the place of ``old`` on one scope.

    ``record_key`` gives a person's stable random number (``insight.record_key_maker``). *Reaches* and *drops out* are of the quota
    where the scope has one for the area, of the threshold otherwise. Raises ``Invalid`` where the pool cannot be read, or where
    ``by`` is no indicator with labels of the scope.
    """
    by = _group(old, wanted)
    with bulk.connect(run, pool.parent) as connection:
        for policy, table in ((old, "before"), (new, "after")):
            query = bulk.ranking(connection, policy, wanted.scope, pool, run)
            reached = "coalesce(admitted, eligible)"
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {reached} AS reached FROM ({query})"
            )
        people = collapsed(_table(connection, by, wanted.digits, record_key))
        cells = insight.release_counts(people, total=TOTAL)
        cut_offs = _cut_offs(connection)
    return Simulation(
        old=old.name,
        new=new.name,
        scope=wanted.scope,
        by=by.code if by else None,
        k=insight.K,
        changes=changes(old, new),
        effects=[_effect(each) for each in cells if _is_shown(each.region, wanted.digits)],
        cut_offs=cut_offs,
    )


def _group(policy: Policy, wanted: Wanted) -> Indicator | None:
    labelled = {code: each for code, each in policy.by_scope[wanted.scope].items() if each.mode == "highest"}
    if wanted.by is None:
        return next(iter(labelled.values()), None)
    if wanted.by not in labelled:
        raise Invalid("simulation_group_unknown")
    return labelled[wanted.by]


def _table(
    connection: "DuckDBPyConnection", by: Indicator | None, digits: int, record_key: Callable[[str], int]
) -> Table:
    """Record keys by group and region: each applicant whose answers are right under both policies, once."""
    group = f"coalesce(p.{name(by.code)}, {literal(NO_ANSWER)})" if by else literal(NO_ANSWER)
    rows = connection.execute(
        f"SELECT {group} || '|' || {OUTCOME}, left(p.region, {digits}), b.applicant FROM before b"
        " JOIN after a USING (applicant) JOIN answers p USING (applicant)"
        " WHERE b.wrong IS NULL AND a.wrong IS NULL AND p.region IS NOT NULL"
    ).fetchall()
    found: Table = {}
    for label, region, applicant in rows:
        found.setdefault((label, region), []).append(record_key(applicant))
    return found


def collapsed(table: Table) -> Table:
    """The table with rare groups put together, for one of too few people would hide all others of its region.

    What is rarer than a fiftieth (ten people at least, two hundred at most) goes with the same outcome of other labels, and what is
    rare even so with whatever else is: ``*|other``.
    """
    rare = max(insight.K, min(20 * insight.K, sum(map(len, table.values())) // 50))
    for outcome in (None, "other"):
        few = [group for group, count in _sizes(table).items() if count < rare]
        table = _renamed(table, {group: f"{MIXED}|{outcome or group.partition('|')[2]}" for group in few})
    sizes = _sizes(table)
    while 0 < sizes.get(f"{MIXED}|other", 0) < rare and len(sizes) > 1:
        smallest = min(
            (group for group in sizes if group != f"{MIXED}|other"), key=lambda group: (sizes[group], group)
        )
        table = _renamed(table, {smallest: f"{MIXED}|other"})
        sizes = _sizes(table)
    return table


def _sizes(table: Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for (group, _), keys in table.items():
        found[group] = found.get(group, 0) + len(keys)
    return found


def _renamed(table: Table, names: dict[str, str]) -> Table:
    found: Table = {}
    for (group, region), keys in table.items():
        found.setdefault((names.get(group, group), region), []).extend(keys)
    return found


def _is_shown(region: str, digits: int) -> bool:
    return len(region) <= digits


def _effect(cell: insight.Cell) -> Effect:
    group, _, outcome = cell.group.partition("|")
    return Effect.model_validate(
        {
            "group": TOTAL if cell.group == TOTAL else group,
            "outcome": outcome or TOTAL,
            "region": cell.region,
            "people": cell.value,
            "suppressed": cell.suppressed,
        }
    )


def _cut_offs(connection: "DuckDBPyConnection") -> list[CutOffs]:
    """The lowest total that is ranked and within the quota, by area, under both; null where fewer than ten are ranked."""
    lowest = (
        f"CASE WHEN count(rank) >= {insight.K}"
        " THEN min(total) FILTER (rank IS NOT NULL AND coalesce(admitted, true)) END"
    )
    rows = connection.execute(
        f"SELECT area, b.low, a.low FROM (SELECT area, {lowest} AS low FROM before GROUP BY area) b"
        f" JOIN (SELECT area, {lowest} AS low FROM after GROUP BY area) a USING (area) WHERE area IS NOT NULL ORDER BY area"
    ).fetchall()
    return [
        CutOffs(area=area, before=before, after=after if before is not None else None)
        for area, before, after in rows
    ]


def changes(old: Policy, new: Policy) -> list[Changed]:
    """Every place where two editions weigh differently: its JSON pointer with codes for numbers, before and after."""
    before, after = (dict(_leaves(_coded(json.loads(shapes.dump(each))), "")) for each in (old, new))
    return [
        Changed(at=at, before=before.get(at), after=after.get(at))
        for at in [*before, *(at for at in after if at not in before)]
        if before.get(at) != after.get(at)
    ]


def _coded(value: Any) -> Any:
    """Lists of things with codes by their codes, so that an indicator that moved is not a change."""
    if isinstance(value, list) and value and all(isinstance(each, dict) and "code" in each for each in value):
        value = {each["code"]: {k: v for k, v in each.items() if k != "code"} for each in value}
    if isinstance(value, dict):
        return {key: _coded(inner) for key, inner in value.items() if key not in _OF_NO_WEIGHT}
    return value


def _leaves(value: Any, at: str) -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{at}/{key}")
    elif value is not None:
        yield at, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def told(found: Simulation) -> list[str]:
    """A simulation in lines, for a terminal."""
    lines = [f"{found.scope}: {found.old} -> {found.new}, groups by {found.by or 'nothing'}, k = {found.k}"]
    lines += [f"  changed {each.at}: {each.before} -> {each.after}" for each in found.changes]
    for each in found.effects:
        count = "suppressed" if each.suppressed else str(each.people)
        lines.append(f"  {each.region} {each.group} {each.outcome}: {count}")
    for cut in found.cut_offs:
        before, after = (plain(each) if each is not None else "-" for each in (cut.before, cut.after))
        lines.append(f"  cut-off {cut.area}: {before} -> {after}")
    return lines
