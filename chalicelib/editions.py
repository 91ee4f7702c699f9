"""Rules that a government changes by notice: a file holds their editions, each from a day on.

::

    {"editions": [{"from": "2026-01-01", …}, {"from": "2027-01-01", …}]}

    _EDITIONS = Editions(Path(__file__).with_name("policy.json"), Policy, "the permit")
    _EDITIONS.on(date(2026, 11, 23)).issue_days

The rules of a past day stay readable, so that what was decided under them can be explained later.
"""

import json
from datetime import date
from functools import cached_property
from pathlib import Path

from pydantic import Field

from chalicelib.shapes import Shape


class Edition(Shape):
    """Rules that hold from a day on, ``from`` in the file."""

    valid_from: date = Field(alias="from")


class Editions[E: Edition]:
    """The editions of one file, read when they are first asked for; ``of`` says in an error whose rules they are."""

    def __init__(self, path: Path, model: type[E], of: str) -> None:
        self.path = path
        self.model = model
        self.of = of

    @cached_property
    def all(self) -> tuple[E, ...]:
        """Every edition, the oldest first."""
        found = [
            self.model.model_validate(each) for each in json.loads(self.path.read_text("utf-8"))["editions"]
        ]
        return tuple(sorted(found, key=lambda edition: edition.valid_from))

    def on(self, day: date) -> E:
        """The edition in force on a day; raises ``LookupError`` before the first."""
        return in_force(self.all, day, self.of)


def in_force[E: Edition](editions: tuple[E, ...], day: date, of: str) -> E:
    """Of editions, the oldest first, the one in force on a day; raises ``LookupError`` before the first."""
    found = [edition for edition in editions if edition.valid_from <= day]
    if not found:
        raise LookupError(f"no rules of {of} are in force")
    return found[-1]
