"""What a sample of a route is: how to ask it, and what becomes of whom it does not concern."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.actors import Actor
from tests.town import Town


@dataclass(frozen=True)
class Asked:
    """What of a request differs from route to route."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None


Make = Callable[[Town, Actor], Asked]


@dataclass(frozen=True)
class Sample:
    """How to ask a route so that it works, and what happens to whom it does not concern.

    ``foreign``: a stranger, or staff of another region, is ``refused`` (403 or 404), or sees a list without
    anything of the owner's (``unseen``: there is nothing to point at). ``department``: whose reviewers it is for.
    """

    make: Make
    foreign: str = "refused"
    statuses: tuple[int, ...] = ()
    department: str = "housing"
