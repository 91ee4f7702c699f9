"""Columns of text made from numbers, a whole column at a time.

A day is an integer: days since 1970-01-01. A column of text is a `pyarrow.StringArray`, null where nothing is known.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

type Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]
type Mask = np.ndarray[Any, np.dtype[np.bool_]]
type Digits = np.ndarray[Any, np.dtype[np.uint8]]

EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(1900, 1, 1) - EPOCH).days
LAST_DAY = (date(2100, 1, 1) - EPOCH).days


def day(value: date) -> int:
    """A date as days since 1970-01-01."""
    return (value - EPOCH).days


@cache
def _calendar(unit: str, separator: str) -> pa.StringArray:
    days = np.arange(FIRST_DAY, LAST_DAY).astype("datetime64[D]").astype(f"datetime64[{unit}]")
    return pa.array([str(text).replace("-", separator) for text in np.datetime_as_string(days)])


def days(values: Ints, known: Mask | None = None, unit: str = "D", separator: str = "-") -> pa.StringArray:
    """Days as `YYYY-MM-DD` (unit `D`) or `YYYY-MM` (unit `M`); empty where `known` is false."""
    index = np.asarray(values, dtype=np.int64) - FIRST_DAY
    mask = None if known is None else ~known
    return _calendar(unit, separator).take(pa.array(index, mask=mask))


def years(values: Ints) -> Ints:
    """The calendar year of each day."""
    return np.asarray(values).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def digits_of(numbers: Ints, width: int) -> Digits:
    """Each number as `width` ASCII digits, leading zeros kept: an array of shape (n, width)."""
    rest = np.asarray(numbers, dtype=np.int64)
    out = np.empty((len(rest), width), dtype=np.uint8)
    for place in range(width - 1, -1, -1):
        rest, last = np.divmod(rest, 10)
        out[:, place] = last + 48
    return out


def fixed(characters: Digits, known: Mask | None = None) -> pa.StringArray:
    """A matrix of ASCII characters as one text a row; empty where `known` is false."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = pa.py_buffer(np.ascontiguousarray(characters))
    column = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data)
    if known is None:
        return column
    return pc.if_else(pa.array(known), column, pa.scalar(None, pa.string()))


def coded(prefix: str, numbers: Ints, width: int) -> pa.StringArray:
    """Codes such as `SS000000012`: an ASCII prefix and the number in `width` digits."""
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    return fixed(np.hstack([np.broadcast_to(head, (len(numbers), len(head))), digits_of(numbers, width)]))


def pick(words: Sequence[str] | pa.StringArray, index: Ints) -> pa.StringArray:
    """The word at each index."""
    source = words if isinstance(words, pa.Array) else pa.array(words)
    return source.take(pa.array(index))


def joined(*parts: pa.StringArray | str) -> pa.StringArray:
    """The parts of each row one after the other."""
    return pc.binary_join_element_wise(*parts, "")


def blanked(column: pa.StringArray, missing: Mask) -> pa.StringArray:
    """The column with nothing where `missing` is true."""
    if not missing.any():
        return column
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), column)


def replaced(column: pa.StringArray, where: Mask, values: pa.StringArray) -> pa.StringArray:
    """The column with the rows of `where` replaced, in order, by `values`."""
    if not where.any():
        return column
    return pc.replace_with_mask(column, pa.array(where), values)


def rewritten(column: pa.StringArray, where: Mask, change: Callable[[str], str]) -> pa.StringArray:
    """The column with `change` applied to the rows of `where` that are not empty."""
    if not where.any():
        return column
    old = column.filter(pa.array(where)).to_pylist()
    new = pa.array([None if text is None else change(text) for text in old], pa.string())
    return replaced(column, where, new)


def numbers(values: Ints, known: Mask | None = None) -> pa.Array:
    """Integers as a column; empty where `known` is false."""
    return pa.array(np.asarray(values, dtype=np.int64), mask=None if known is None else ~known)
