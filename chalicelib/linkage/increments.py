"""New and changed rows against the state: only what they touch is compared again.

Given: the state's views, table ``arrived`` (the columns of ``reading``'s ``rows`` and ``file, key``) and table
``replaced(rid)`` of rows that no longer count. A number is settled again when a row with it came or went; a node
is *touched* when one of its rows did. Touched nodes are blocked against all others and compared; all their older
scores go. So a pair's score is that of its newest rows, as if everything had been compared at once, but
for what only whole comparisons look at: the model, and how frequent a name is.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from chalicelib.linkage import blocking, names, nodes, settling
from chalicelib.linkage.state import State

Fit = Callable[[Any], dict[str, Any]]
Score = Callable[[Any, dict[str, Any]], None]
_ROW: Final = (
    "source, record_id, file, key, name, number, written, repaired, birth, male, phone, town, address, seen_on,"
    " status, left_on, ended"
)
_ENTRY: Final = "open, node, plain, sound, look, surname, room, building, shown, claim, tail"

_WORKING: Final = f"""
CREATE OR REPLACE TABLE rows AS
WITH numbers AS (
  SELECT number FROM arrived WHERE number IS NOT NULL
  UNION SELECT number FROM kept_rows SEMI JOIN replaced USING (rid) WHERE number IS NOT NULL
)
SELECT NULL::BIGINT AS old, {_ROW} FROM arrived
UNION ALL
SELECT rid, {_ROW} FROM kept_rows SEMI JOIN numbers USING (number) ANTI JOIN replaced USING (rid)
"""
# A row of before whose standing changed (its number is its own now, or not any more) counts as a new one.
_ENTERED: Final = f"""
CREATE OR REPLACE TABLE entered AS
SELECT rows.old, $first + row_number() OVER (ORDER BY rows.source, rows.record_id, rows.rowid) - 1 AS rid,
       {", ".join(f"rows.{column.strip()}" for column in _ROW.split(","))},
       e.open, CASE WHEN e.open THEN NULL ELSE e.node END AS number_node, e.plain, e.sound, e.look, e.surname,
       e.room, e.building, e.written AS shown, e.claim, e.tail
FROM rows JOIN entries e ON e.rid = rows.rowid
LEFT JOIN kept_rows was ON was.rid = rows.old
WHERE rows.old IS NULL OR was.open <> e.open OR was.shown IS DISTINCT FROM e.written
"""
_FRESH: Final = f"""
CREATE OR REPLACE TABLE fresh AS
SELECT rid, {_ROW}, open, coalesce(number_node, rid) AS node, plain, sound, look, surname, room, building, shown,
       claim, tail
FROM entered
"""
_LEFT: Final = """
CREATE OR REPLACE TABLE gone_now AS SELECT rid FROM replaced UNION SELECT old FROM entered WHERE old IS NOT NULL
"""
_ALL_ENTRIES: Final = f"""
CREATE OR REPLACE VIEW all_entries AS
SELECT rid, source, {_ENTRY}, birth, male, phone FROM kept_rows ANTI JOIN gone_now USING (rid)
UNION ALL SELECT rid, source, {_ENTRY}, birth, male, phone FROM fresh
"""
_TOUCHED: Final = """
CREATE OR REPLACE TABLE touched_now AS
SELECT node FROM fresh UNION SELECT node FROM kept_rows SEMI JOIN gone_now USING (rid)
"""
_NEAR: Final = "CREATE OR REPLACE TABLE near AS SELECT * FROM all_entries SEMI JOIN touched_now USING (node)"
_BLOCKED: Final = """
INSERT INTO blocked
WITH asked AS (
  SELECT {columns}, node, bool_or(open) AS open FROM near WHERE {there} GROUP BY ALL
), block AS (
  SELECT * FROM (SELECT {columns}, node, bool_or(open) AS open FROM all_entries WHERE {there} GROUP BY ALL)
  SEMI JOIN asked USING ({names})
), small AS (
  SELECT {names} FROM block GROUP BY ALL HAVING count(*) BETWEEN 2 AND {most} AND bool_or(open)
)
SELECT least(asked.node, block.node), greatest(asked.node, block.node), '{rule}'
FROM asked SEMI JOIN small USING ({names}) JOIN block USING ({names})
WHERE asked.node <> block.node AND (asked.open OR block.open)
"""
_BUSY: Final = f"""
CREATE OR REPLACE TABLE busy AS
SELECT phone FROM all_entries SEMI JOIN (SELECT phone FROM entries WHERE phone IS NOT NULL) USING (phone)
GROUP BY phone HAVING count(DISTINCT plain) > {nodes.MOST_ON_A_PHONE}
"""
_HALLS: Final = nodes.HALLS.format(
    entries="all_entries SEMI JOIN (SELECT building FROM entries WHERE building IS NOT NULL) USING (building)"
)
_NAMES: Final = """
CREATE OR REPLACE TABLE names AS
SELECT DISTINCT plain AS name, plain, sound, look, surname FROM {entries} WHERE plain IS NOT NULL
"""


def enter(connection: Any, first_rid: int) -> int:
    """Make ``fresh`` rows, ``gone_now`` and ``touched_now``; returns how many rows are fresh."""
    connection.execute(_WORKING)
    names.build(connection, "rows")
    settling.settle(connection)
    blocking.enter(connection)
    connection.execute(_ENTERED, {"first": first_rid})
    for query in (_FRESH, _LEFT, _TOUCHED, _ALL_ENTRIES, _NEAR):
        connection.execute(query)
    return int(connection.execute("SELECT count(*) FROM fresh").fetchall()[0][0])


class Model(NamedTuple):
    """How pairs are scored, and from which weight on (log2 of the odds) they are joined.

    A row without a number joins nobody when it fits two settled people and one by less than ``margin`` more.
    ``fit`` looks at table ``entries`` of the whole city once and makes ``terms`` and ``lists``; its settings are
    kept. ``score`` is given ``pairs``, ``nodes``, ``terms`` and the settings, and makes
    ``scored(l, r, weight, because)``.
    """

    version: str
    link_at: float
    margin: float
    fit: Fit
    score: Score


def compare(connection: Any, state: State, model: Model) -> tuple[int, dict[str, Any]]:
    """Make ``scored`` of the touched nodes; returns how many pairs were compared, and the model's settings."""
    connection.execute("CREATE OR REPLACE TEMP TABLE blocked (l BIGINT, r BIGINT, rule VARCHAR)")
    for rule, columns in blocking.RULES.items():
        _block(connection, rule, columns)
    connection.execute(
        "CREATE OR REPLACE TABLE pairs AS"
        " SELECT l AS join_key_l, r AS join_key_r, min(rule) AS match_key FROM blocked GROUP BY l, r"
    )
    connection.execute("DROP TABLE blocked")
    settings = _settings(connection, state, model)
    connection.execute(
        "CREATE OR REPLACE TABLE entries AS SELECT *, shown AS written FROM all_entries"
        f" SEMI JOIN ({nodes.PAIRED}) AS wanted ON wanted.node = all_entries.node"
    )
    connection.execute(_BUSY)
    connection.execute(_HALLS)
    connection.execute(_NAMES.format(entries="entries"))
    nodes.gather(connection, nodes.PAIRED)
    model.score(connection, settings)
    return int(connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0]), settings


def is_fitted(state: State, model: Model) -> bool:
    """Whether the state's scores are this model's."""
    return bool(state.manifest.settings) and state.manifest.model == model.version


def _settings(connection: Any, state: State, model: Model) -> dict[str, Any]:
    """The model as it was fitted to the city, with ``terms`` and ``lists``; fitted now when it never was."""
    if is_fitted(state, model):
        connection.execute("CREATE OR REPLACE TABLE terms AS SELECT * FROM all_terms")
        connection.execute("CREATE OR REPLACE TABLE lists AS SELECT * FROM all_lists")
        return state.manifest.settings
    connection.execute("CREATE OR REPLACE TABLE entries AS SELECT *, shown AS written FROM all_entries")
    connection.execute(_NAMES.format(entries="entries"))
    settings = model.fit(connection)
    state.replace(connection, "terms", "SELECT * FROM terms")
    state.replace(connection, "lists", "SELECT source, bit FROM lists")
    return settings


def _block(connection: Any, rule: str, columns: tuple[str, ...]) -> None:
    named = [f"k{place}" for place in range(len(columns))]
    connection.execute(
        _BLOCKED.format(
            columns=", ".join(f"{c} AS {n}" for c, n in zip(columns, named, strict=True)),
            there=" AND ".join(f"{column} IS NOT NULL" for column in columns),
            names=", ".join(named),
            most=blocking.MOST_IN_BLOCK,
            rule=rule,
        )
    )
