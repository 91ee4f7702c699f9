"""The header of a file against its contract: which version it is of, and what drifted. Pure.

Departments change their exports without notice. A file of an older version of the contract still loads;
a header that nobody agreed on is named, and guessed at by its values, so that a person can settle it.
"""

from typing import Final, NamedTuple

from chalicelib.sources import values
from chalicelib.sources.checking import Raw
from chalicelib.sources.model import Column, Contract, Drift, Type
from chalicelib.sources.values import Regions

_SAMPLE: Final = 200
_FEWEST: Final = 5
_SHARE: Final = 0.9
# Types whose values tell them apart from any other column's.
_TELLING: Final[tuple[Type, ...]] = ("id_number", "phone", "birth_date", "date", "town", "sex")


class Header(NamedTuple):
    """A header that was read: the contract's names in the file's order (unknown ones as they came).

    ``problem`` is the code and detail of what makes the whole file useless, or None.
    """

    names: list[str]
    version: int
    drift: Drift
    problem: tuple[str, str] | None = None


def spelled(cell: str) -> str:
    """A header cell as names are written: lower case, underscores."""
    return values.clean(cell).lower().replace(" ", "_")


def resolver(contract: Contract) -> dict[str, str]:
    """Every spelling by which a column may come: name, Chinese title, older names."""
    known: dict[str, str] = {}
    for column in contract.columns:
        known |= {spelled(former.name): column.name for former in column.formerly}
    known |= {spelled(column.zh): column.name for column in contract.columns}
    return known | {column.name: column.name for column in contract.columns}


def read_header(contract: Contract, cells: list[str], present: set[str] | None = None) -> Header:
    """Read a header; ``present`` names the columns that are really there where the format has no header.

    Problems: ``columns_missing`` (a necessary one is), ``columns_repeated``.
    """
    known = resolver(contract)
    came = [spelled(cell) for cell in cells]
    names = [known.get(name, name) for name in came]
    seen = came if present is None else sorted(map(spelled, present))
    version = _version(contract, seen)
    missing = set(contract.necessary_columns) - {known.get(name, name) for name in seen}
    problem = None
    if missing:
        problem = "columns_missing", ", ".join(n for n in contract.necessary_columns if n in missing)
    elif len(set(names)) != len(names):
        problem = "columns_repeated", ""
    return Header(names, version, drift(contract, version, seen), problem)


def _version(contract: Contract, seen: list[str]) -> int:
    """The version that the header fits best, the newest of equals."""
    titles = {spelled(column.zh): column for column in contract.columns}

    def misfits(version: int) -> tuple[int, int]:
        expected = {spelled(c.called(version)) for c in contract.columns if c.is_of(version)}
        named = {spelled(titles[n].called(version)) if n in titles else n for n in seen}
        return len(expected ^ named), -version

    return min(range(1, contract.version + 1), key=misfits)


def drift(contract: Contract, version: int, seen: list[str]) -> Drift:
    """How the columns that came differ from a version of the contract."""
    known = resolver(contract)
    there = {known[name] for name in seen if name in known}
    agreed = [column for column in contract.columns if column.is_of(version)]
    other = {
        spelled(name): column.name
        for column in agreed
        for name in (column.name, *(former.name for former in column.formerly))
        if spelled(name) != spelled(column.called(version))
    }
    return Drift(
        missing=tuple(column.name for column in agreed if column.name not in there),
        new=tuple(name for name in seen if name not in known),
        renamed={name: other[name] for name in seen if name in other},
    )


def guess(contract: Contract, header: Header, raw: Raw, regions: Regions) -> dict[str, str]:
    """Of the new headers those whose values look like a missing column's: ``{header: column}``.

    Judged by the first rows of the file; at least nine values in ten must be good, and one column alone fit,
    or one alone of those that every source has.
    """
    made: dict[str, str] = {}
    missing = [contract.column(name) for name in header.drift.missing]
    for name in header.drift.new:
        place = header.names.index(name)
        cells = [c for row in raw.rows[:_SAMPLE] if (c := row[place].strip())]
        fitting = [c for c in missing if c.type in _TELLING and _looks_like(cells, c, regions)]
        fitting = [c for c in fitting if c.name in contract.standard_columns] or fitting
        if len(fitting) == 1:
            made[name] = fitting[0].name
    return made


def _looks_like(cells: list[str], column: Column, regions: Regions) -> bool:
    judge = values.judge_for(column, regions)
    good = sum(value is not None and code is None for value, code in map(judge, cells))
    return len(cells) >= _FEWEST and good >= _SHARE * len(cells)
