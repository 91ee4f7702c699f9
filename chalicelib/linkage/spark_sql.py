"""The comparison's SQL as Spark understands it: SQLGlot carries it over, and what it does not carry is here.

Patterns of RE2 and of Java agree in all that the comparison uses. Every function here gives what DuckDB gives for
the values that the comparison hands it; ``tests/chalicelib/linkage/test_spark.py`` holds both engines beside each other.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlglot import exp, parse, parse_one

Parameters = Sequence[Any] | Mapping[str, Any]


def statements(sql: str, parameters: Parameters = ()) -> list[exp.Expr]:
    """The statements of a text of DuckDB's SQL, changed so that ``text`` writes them for Spark."""
    return [_carried(one, parameters) for one in parse(sql, read="duckdb") if one is not None]


def text(statement: exp.Expr) -> str:
    """A changed statement as Spark's SQL."""
    return statement.sql("spark")


def condition(sql: str) -> str:
    """A condition or value of DuckDB's SQL for Spark."""
    return text(_carried(parse_one(sql, read="duckdb"), ()))


def _carried(statement: exp.Expr, parameters: Parameters) -> exp.Expr:
    for place, asked in enumerate(list(statement.find_all(exp.Placeholder, bfs=False))):
        asked.replace(
            _literal(parameters[asked.name] if isinstance(parameters, Mapping) else parameters[place])
        )
    # From the leaves up, so that what a rule builds is not changed again.
    for node in reversed(list(statement.walk(bfs=False))):
        if (changed := _changed(node)) is node:
            continue
        if node is statement:
            return changed
        node.replace(changed)
    return statement


def _changed(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        function = _FUNCTIONS.get(node.name.lower())
        return function(*node.expressions) if function else node
    rule = _KINDS.get(type(node))
    return rule(node) if rule else node


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.convert(value)


def _spark(sql: str, **values: exp.Expr) -> exp.Expr:
    """An expression of Spark's SQL with values in the places of names."""
    made = parse_one(sql, read="spark")
    for column in list(made.find_all(exp.Column)):
        if column.name in values and not column.table:
            column.replace(values[column.name].copy())
    return made


def _called(name: str, *values: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[value.copy() for value in values])


def _replaced(node: exp.Expr) -> exp.Expr:
    """Groups are ``\\1`` in RE2 and ``$1`` in Java, which replaces all: patterns that mean one are anchored."""
    replacement = re.sub(r"\\(\d)", r"$\1", node.args["replacement"].this)
    return _called("regexp_replace", node.this, node.expression, exp.Literal.string(replacement))


def _extracted(node: exp.Expr) -> exp.Expr:
    """Named groups as a struct; one group is what Spark has."""
    group = node.args.get("group")
    if not isinstance(group, exp.Array):
        return node
    fields: list[exp.Expr] = []
    for place, name in enumerate(group.expressions, 1):
        fields += [name, _called("regexp_extract", node.this, node.expression, exp.Literal.number(place))]
    return _called("named_struct", *fields)


def _full_match(node: exp.Expr) -> exp.Expr:
    pattern = exp.Literal.string(rf"\A(?:{node.expression.this})\z")
    return exp.RegexpLike(this=node.this.copy(), expression=pattern)


def _filtered_list(node: exp.Expr) -> exp.Expr:
    """DuckDB's list of nothing is null; Spark's is empty."""
    if not isinstance(node.this, exp.ArrayAgg):
        return node
    return exp.case().when(_called("size", node) > 0, node.copy())


def _ordered_list(node: exp.Expr) -> exp.Expr:
    """A list ordered by its structs' first field: Spark sorts structs so."""
    if not isinstance(node.this, exp.Order):
        return node
    return _called("sort_array", exp.ArrayAgg(this=node.this.this.copy()))


def _least_mode(node: exp.Expr) -> exp.Expr:
    """The most frequent value, the least of equals."""
    if not isinstance(node.this, exp.Order):
        return node
    return _called("mode", node.this.this, exp.true())


def _day(node: exp.Expr) -> exp.Expr:
    """DuckDB reads ``2026/1/31`` as a day too."""
    if not node.args["to"].is_type("date"):
        return node
    made = node.copy()
    made.set("this", _called("replace", node.this, *map(exp.Literal.string, "/-")))
    return made


def _split(node: exp.Expr) -> exp.Expr:
    """Into characters; other separators SQLGlot carries over."""
    return node if node.expression.name else _called("split", node.this, node.expression)


_SWAPPED: Final = (
    "length(a) = length(b) AND exists(sequence(1, length(a) - 1), i -> substr(a, i, 2) = reverse(substr(b, i, 2))"
    " AND substr(a, 1, i - 1) = substr(b, 1, i - 1) AND substr(a, i + 2) = substr(b, i + 2))"
)
_FUNCTIONS: Final[dict[str, Callable[..., exp.Expr]]] = {
    "hash": lambda *values: _called("xxhash64", *values),
    "hamming": lambda a, b: _spark(
        "size(filter(sequence(1, length(a)), i -> substr(a, i, 1) <> substr(b, i, 1)))", a=a, b=b
    ),
    # As far as the comparison asks: nothing, one slip, or more.
    "damerau_levenshtein": lambda a, b: _spark(
        f"CASE WHEN {_SWAPPED} THEN least(1, levenshtein(a, b)) ELSE levenshtein(a, b) END", a=a, b=b
    ),
    "try_strptime": lambda value, form: _spark("try_to_timestamp(v, 'yyyyMMdd')", v=value),
}
_KINDS: Final[dict[type, Callable[[Any], exp.Expr]]] = {
    exp.RegexpFullMatch: _full_match,
    exp.RegexpReplace: _replaced,
    exp.RegexpExtract: _extracted,
    exp.Filter: _filtered_list,
    exp.ArrayAgg: _ordered_list,
    exp.ArrayOverlaps: lambda node: _called("arrays_overlap", node.this, node.expression),
    exp.Mode: _least_mode,
    exp.Split: _split,
    exp.TryCast: _day,
}
