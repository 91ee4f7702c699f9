"""Region codes and how they nest.

City ``440600`` > district ``440604`` > town ``440604010`` (statistics bureau) > community
``440604010001`` > grid (community + 3) > building (grid + 5). Below the city a code is a prefix of
everything inside it; the city's own code is the exception and covers whatever starts with ``4406``.
"""

from typing import Literal

Level = Literal["city", "district", "town", "community", "grid", "building"]

CITY = "440600"
LENGTHS: dict[int, Level] = {6: "district", 9: "town", 12: "community", 15: "grid", 20: "building"}


def level(code: str) -> Level:
    """Which level a code belongs to; raises ``ValueError`` for a code of no level."""
    if code == CITY:
        return "city"
    if code.isascii() and code.isdigit() and len(code) in LENGTHS and code.startswith(CITY[:4]):
        return LENGTHS[len(code)]
    raise ValueError("not a region code")


def covers(outer: str, inner: str) -> bool:
    """Whether ``inner`` lies in ``outer`` or is the same region."""
    if outer == CITY:
        return inner.startswith(CITY[:4])
    return bool(outer) and inner.startswith(outer)


def ancestors(code: str, lowest: Level = "community") -> list[str]:
    """The chain from the city down to ``code``, not below ``lowest``.

    ``ancestors("440604010001003")`` is the city, the district, the town and the community.
    """
    level(code)
    order: list[Level] = list(LENGTHS.values())
    wanted = [n for n, name in LENGTHS.items() if order.index(name) <= order.index(lowest)]
    if code == CITY:
        return [CITY]
    return [CITY] + [code[:n] for n in wanted if n <= len(code)]
