"""A short walk over a day's buildings. Pure: points in, an order out.

Nearest neighbour gives a first walk, 2-opt straightens it until no two steps can be exchanged for shorter ones. Twenty
stops take a few milliseconds; the walk is seldom more than some per cent longer than the shortest.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_METRES_A_DEGREE: Final = 111_320.0
# Improvements under a centimetre are noise of the arithmetic.
_NOISE: Final = 0.01


class Stop(NamedTuple):
    """A building to go to; ``lon`` and ``lat`` in degrees, WGS-84."""

    building: str
    lon: float
    lat: float


def metres(one: Stop, other: Stop) -> float:
    """The distance as the crow flies; good to a thousandth inside a city."""
    across = math.cos(math.radians((one.lat + other.lat) / 2)) * (one.lon - other.lon)
    return math.hypot(across, one.lat - other.lat) * _METRES_A_DEGREE


def length(walk: Sequence[Stop]) -> float:
    """Metres from the first stop to the last, in this order."""
    return sum(metres(one, other) for one, other in pairwise(walk))


def tour(stops: Sequence[Stop]) -> list[Stop]:
    """The stops in the order of a short walk that begins at the first of them; it need not come back."""
    return _straightened(_nearest_first(stops))


def _nearest_first(stops: Sequence[Stop]) -> list[Stop]:
    walk, left = list(stops[:1]), sorted(stops[1:])
    while left:
        nearest = min(left, key=lambda stop: metres(walk[-1], stop))
        left.remove(nearest)
        walk.append(nearest)
    return walk


def _straightened(walk: list[Stop]) -> list[Stop]:
    """2-opt: turn a part of the walk around while that makes it shorter. The first stop stays."""
    better = True
    while better:
        better = False
        for first in range(1, len(walk) - 1):
            for last in range(first + 1, len(walk)):
                if _gain(walk, first, last) > _NOISE:
                    walk[first : last + 1] = walk[first : last + 1][::-1]
                    better = True
    return walk


def _gain(walk: Sequence[Stop], first: int, last: int) -> float:
    """Metres saved by walking from ``first`` to ``last`` the other way around."""
    saved = metres(walk[first - 1], walk[first]) - metres(walk[first - 1], walk[last])
    if last + 1 < len(walk):
        saved += metres(walk[last], walk[last + 1]) - metres(walk[first], walk[last + 1])
    return saved
