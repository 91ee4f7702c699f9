"""Bringing the deployed city to life. Nothing here yet but the place where it happens."""

from collections.abc import Callable
from typing import Any


def bring_to_life(endpoints: dict[str, Any], people: int, say: Callable[[str], None]) -> None:
    """Fill a freshly deployed city with people, let a few hundred act through the API, and print what happened."""
    say("no city was loaded: the deployed services are empty")
