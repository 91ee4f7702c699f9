"""The bulk executor: one scope of a policy as one SQL statement for DuckDB, equal to ``scoring`` to the last place. Pure.

The table ``answers`` has a row an applicant: ``applicant`` (text), ``region`` (region code), ``zone`` (a school's), ``applied_at``
(timestamp), ``household`` (text, for one spouse only), then for each indicator a column with its code as name (``columns`` says of which
type) and for each qualification a boolean. A column that is not there, and a null, is no answer.

All arithmetic is in whole numbers of a ten-thousandth of a point, which hold what ``exact`` admits; sums and products cannot
round. A row with a wrong answer has no score: ``wrong`` lists the columns.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.points.answers import OLDEST, OWNERS
from chalicelib.points.exact import LIMIT, PLACES, ZERO
from chalicelib.points.model import PERIODS, Band, Formula, Indicator, Policy, Scope
from chalicelib.regions import CITY

SCALE: Final = 10**PLACES
ABOUT: Final = {
    "applicant": "VARCHAR",
    "region": "VARCHAR",
    "zone": "VARCHAR",
    "applied_at": "TIMESTAMP",
    "household": "VARCHAR",
}
_TYPES: Final = {
    "highest": "VARCHAR",
    "flag": "BOOLEAN",
    "veto": "BOOLEAN",
    "per_unit": f"DECIMAL(18,{PLACES})",
    "flags_add": "VARCHAR[]",
    **dict.fromkeys(PERIODS, "INTEGER"),
}
_SHARED: Final = 'STRUCT("value" VARCHAR, "owners" INTEGER, "first" BOOLEAN)[]'


def columns(policy: Policy, scope: Scope) -> dict[str, str]:
    """Each column that a scope reads beside ``ABOUT``, with its DuckDB type."""
    asked = {each.code: "BOOLEAN" for each in policy.scopes[scope].qualifications}
    return asked | {code: _type(each) for code, each in policy.by_scope[scope].items()}


def _type(each: Indicator) -> str:
    if each.formula:
        return "DATE" if each.formula.of == "age" else f"DECIMAL(18,{PLACES})"
    if each.mode == "per_item":
        return _SHARED if each.share else "VARCHAR[]" if each.values else "INTEGER"
    return _TYPES[each.mode]


def name(text: str) -> str:
    """A name as SQL quotes it."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"


def units(points: Decimal) -> int:
    """Points as whole ten-thousandths."""
    return int(points * SCALE)


def statement(policy: Policy, scope: Scope, as_of: date, present: Iterable[str]) -> str:
    """The query: a row an applicant with ``total``, a column for each group, ``eligible`` and ``wrong`` (text[]), all in units.

    ``present``: the columns that the table has.
    """
    here = set(present)
    indicators = {code: each for code, each in policy.by_scope[scope].items() if code in here}
    parts = [
        f"prepared AS (SELECT *{_prepared(indicators, as_of)} FROM answers)",
        f"earned AS (SELECT {_carried(here)}, {_earned(policy, scope, indicators, here, as_of)} FROM prepared)",
        f"valid AS (SELECT * {_replaced(policy, indicators)} FROM earned)",
    ]
    return f"WITH {',\n'.join(parts)}\nSELECT {_summed(policy, scope, indicators, here)} FROM valid"


def _carried(here: set[str]) -> str:
    found = [name(each) if each in here else f"NULL::{kind} AS {name(each)}" for each, kind in ABOUT.items()]
    return ", ".join(found)


def _prepared(indicators: dict[str, Indicator], as_of: date) -> str:
    """What is needed more than once beside each answer: the points of a list's items, the units that a formula is of."""
    made = ""
    for code, each in indicators.items():
        if each.mode == "per_item" and each.values:
            made += f", list_transform({name(code)}, lambda x: {_item(each)}) AS {name('i:' + code)}"
        if each.formula:
            value = _age(name(code), as_of) if each.formula.of == "age" else _within(each)
            made += f", CASE WHEN {name(code)} IS NOT NULL THEN ({value} * {SCALE})::BIGINT END AS {name('f:' + code)}"
    return made


def _item(each: Indicator) -> str:
    """The units of one item ``x``; null for a label or number of owners that is none."""
    label = "x.value" if each.share else "x"
    whole = f"CASE {label} {_cases(each)} END"
    if each.share is None:
        return whole
    places, times = 10**each.share.places, each.share.first_times
    long = _long(2 * units(each.highest) * times * places + (OWNERS + 1) * SCALE)
    part = f"(2 * ({whole})::{long} * CASE WHEN x.first THEN {times} ELSE 1 END * {places} + (x.owners + 1) * {SCALE})"
    share = f"({part} // (2 * (x.owners + 1) * {SCALE}))::BIGINT * {SCALE // places}"
    return (
        f"CASE WHEN coalesce(x.owners, 1) = 1 THEN CASE WHEN coalesce(x.first, true) THEN {whole} END"
        f" WHEN x.owners BETWEEN 2 AND {OWNERS} THEN {share} END"
    )


def _long(most: int) -> str:
    """The type of a number that may be as large: the engine is quicker with the shorter one."""
    return "BIGINT" if most < 2**62 else "HUGEINT"


def _cases(each: Indicator) -> str:
    return " ".join(
        f"WHEN {literal(label)} THEN {units(value.points)}" for label, value in each.values.items()
    )


def _earned(
    policy: Policy, scope: Scope, indicators: dict[str, Indicator], here: set[str], as_of: date
) -> str:
    """Each indicator's units under its own cap, whether anything stands against the applicant, and the wrong columns."""
    made = []
    wrong = []
    against = []
    for code, each in indicators.items():
        if each.effect:
            if scope in each.effect.stops:
                against.append(f"coalesce({name(code)}, false)")
        else:
            points = _points(each)
            capped = points if each.cap is None else f"least({points}, {units(each.cap)})"
            made.append(f"({capped})::BIGINT AS {name('p:' + code)}")
        if fault := _fault(each, as_of):
            wrong.append((code, fault))
    asked = [each.code for each in policy.scopes[scope].qualifications if each.code in here]
    against += [f"NOT coalesce({name(code)}, true)" for code in asked]
    told = ", ".join(f"CASE WHEN {fault} THEN {literal(code)} END" for code, fault in wrong)
    any_wrong = " OR ".join(f"({fault})" for _, fault in wrong) or "false"
    made.append(f"{' OR '.join(against) or 'false'} AS stopped")
    made.append(f"CASE WHEN {any_wrong} THEN list_filter([{told}], lambda x: x IS NOT NULL) END AS wrong")
    return ", ".join(made)


def _points(each: Indicator) -> str:
    column = name(each.code)
    if each.formula:
        return _banded(each.formula, name("f:" + each.code))
    if each.mode == "highest":
        return f"CASE {column} {_cases(each)} ELSE 0 END"
    if each.mode == "flag":
        return f"CASE WHEN {column} THEN {units(each.highest)} ELSE 0 END"
    if each.mode == "flags_add":
        return " + ".join(
            f"CASE WHEN list_contains({column}, {literal(label)}) THEN {units(value.points)} ELSE 0 END"
            for label, value in each.values.items()
        )
    if each.mode == "per_item" and each.values:
        return f"coalesce(list_sum({name('i:' + each.code)}), 0)"
    if each.unit:
        size = each.unit.size
        # Full units of a whole size are those of the quantity without its fraction: the engine is quicker so.
        within = _within(each)
        full = f"floor({within})::BIGINT // {size}"
        if size != size.to_integral_value():
            full = f"({within} * {SCALE})::BIGINT // {units(size)}"
        return f"{full} * {units(each.highest)}"
    points = each.points if each.points is not None else each.highest
    return f"{_within(each)}::BIGINT * {units(points)}"


def _within(each: Indicator) -> str:
    """An answer brought into its range, 0 where there is none: one outside is wrong and has no score, but must not overflow."""
    kind = _type(each)
    return f"least(greatest({name(each.code)}, 0::{kind}), {each.at_most}::{kind})"


def _age(column: str, as_of: date) -> str:
    """Full years of age, as ``clock.age_on`` counts them."""
    day = as_of.month * 100 + as_of.day
    return f"({as_of.year} - year({column}) - (month({column}) * 100 + day({column}) > {day})::INTEGER)"


def _banded(formula: Formula, whole: str) -> str:
    """The units of a person's full years, or of a decimal, in units; none without an answer."""
    cases = " ".join(f"WHEN {_in(band, whole)} THEN {_band(band, whole)}" for band in formula.bands)
    return f"CASE {cases} ELSE 0 END"


def _in(band: Band, whole: str) -> str:
    low = f"{whole} >= {units(band.low)}"
    return low if band.below is None else f"{low} AND {whole} < {units(band.below)}"


def _band(band: Band, whole: str) -> str:
    if band.line is None:
        return str(units(band.points or ZERO))
    line = band.line
    # In units of units, so that a slope times a decimal stays whole, and what is beyond a unit is cut off once.
    furthest = max(units(band.low), units(band.below if band.below is not None else LIMIT), units(line.at))
    long = _long(
        (units(abs(line.start)) + units(line.most or ZERO)) * SCALE + units(abs(line.slope)) * furthest
    )
    made = f"{units(line.start) * SCALE} + {units(line.slope)}::{long} * ({whole} - {units(line.at)})"
    if line.least is not None:
        made = f"greatest({made}, {units(line.least) * SCALE})"
    if line.most is not None:
        made = f"least({made}, {units(line.most) * SCALE})"
    return f"(({made}) // {SCALE})::BIGINT"


def _fault(each: Indicator, as_of: date) -> str:
    """Where an answer is wrong; nothing for booleans, which cannot be."""
    column = name(each.code)
    found = []
    if each.regions:
        here = " OR ".join(_covered(region) for region in each.regions)
        found.append(f"{column} IS NOT NULL AND NOT coalesce({here}, false)")
    if each.mode == "highest":
        labels = ", ".join(literal(label) for label in each.values)
        found.append(f"{column} NOT IN ({labels})")
    elif each.mode == "flags_add":
        known = " + ".join(f"list_contains({column}, {literal(label)})::INTEGER" for label in each.values)
        found.append(f"len({column}) <> {known}")
    elif each.mode == "per_item" and each.values:
        found.append(f"len({column}) > {int(each.at_most or 0)} OR len({column}) <> {_known_items(each)}")
    elif each.formula and each.formula.of == "age":
        oldest = as_of.year - OLDEST
        found.append(f"{column} > DATE {literal(as_of.isoformat())} OR year({column}) < {oldest}")
    elif each.mode not in ("flag", "veto"):
        found.append(f"{column} < 0 OR {column} > {each.at_most}")
    return " OR ".join(f"({fault})" for fault in found)


def _known_items(each: Indicator) -> str:
    """How many of the items have points: none is null unless it is wrong."""
    return f"list_count({name('i:' + each.code)})"


def _covered(region: str) -> str:
    prefix = CITY[:4] if region == CITY else region
    return f"starts_with(region, {literal(prefix)})"


def _replaced(policy: Policy, indicators: dict[str, Indicator]) -> str:
    """Of each exclusive set the members that another beats brought to nothing; the first of equals stands."""
    made = []
    for each in policy.exclusives:
        members = [code for code in each.members if code in indicators]
        for place, code in enumerate(members):
            own = name("p:" + code)
            over = [f"{own} > {name('p:' + other)}" for other in members[:place]]
            over += [f"{own} >= {name('p:' + other)}" for other in members[place + 1 :]]
            if over:
                made.append(f"CASE WHEN {' AND '.join(over)} THEN {own} ELSE 0 END AS {own}")
    return f"REPLACE ({', '.join(made)})" if made else ""


def _summed(policy: Policy, scope: Scope, indicators: dict[str, Indicator], here: set[str]) -> str:
    """Total and groups, and whether the applicant may be ranked; groups are named ``g:code``."""
    within: dict[str, list[str]] = {code: [] for code in policy.by_group}
    for code, each in indicators.items():
        if not each.effect:
            within[each.group].append(name("p:" + code))
    group_sql: dict[str, str] = {}
    for code in policy.inside_out:
        group = policy.by_group[code]
        together = " + ".join(within[code]) or "0::BIGINT"
        group_sql[code] = together if group.cap is None else f"least({together}, {units(group.cap)})"
        if group.under is not None:
            within[group.under].append(f"({group_sql[code]})")
    total = " + ".join(f"({group_sql[each.code]})" for each in policy.groups if each.under is None)
    ready = f"({total}) >= {units(policy.scopes[scope].threshold)} AND NOT stopped"
    shown = ", ".join(f"({group_sql[code]}) AS {name('g:' + code)}" for code in policy.by_group)
    about = ", ".join(name(each) for each in ABOUT)
    return f"{about}, ({total}) AS total, {shown}, wrong IS NULL AND {ready} AS eligible, wrong"
