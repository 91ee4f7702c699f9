"""The two files of a run that are published: what it was given and what came out. Pure.

The inputs hold no name, number, address or points: a reference that only the family knows, the place in the points ranking (equal
where the lot has to decide), the schools wished for and the class at each. The points list is public too, under masked names: whoever lays the two
side by side by rank has a masked name's wishes (docs/schooling.md). Their digest is that of their canonical form, so that
the same inputs have one digest whatever order they came in.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from chalicelib.schooling import allocation, lottery
from chalicelib.schooling.allocation import NOWHERE, Mechanism, Problem
from chalicelib.shapes import Shape

FORMAT: Final = 1
Digest = str


# A school that is wished for and the pupil's class there (0 is before 1). A plain pair: a city has a million of them.
Choice = tuple[str, Annotated[int, Field(ge=0, le=99)]]


class Pupil(Shape):
    """A pupil's line. ``rank``: place in the ranking by points and tie-break, equal for those the lot has to order."""

    ref: str
    rank: int = Field(ge=1)
    choices: tuple[Choice, ...]

    @model_validator(mode="after")
    def _each_school_once(self) -> "Pupil":
        if len({school for school, _ in self.choices}) < len(self.choices):
            raise ValueError("a school is wished for twice")
        return self


class Inputs(Shape):
    """All that decides a run. ``commitment``: what the seed of the lot has to hash to; empty where there is no lot."""

    format: Literal[1] = FORMAT
    run: str
    policy: str
    mechanism: Mechanism
    commitment: str
    seats: dict[str, int]
    pupils: tuple[Pupil, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> "Inputs":
        if len({pupil.ref for pupil in self.pupils}) < len(self.pupils):
            raise ValueError("two pupils of one reference")
        if any(count < 0 for count in self.seats.values()):
            raise ValueError("seats are counted from 0")
        known = self.seats.keys()
        if any(school not in known for pupil in self.pupils for school, _ in pupil.choices):
            raise ValueError("a school is wished for that has no seats")
        return self


class Result(Shape):
    """What came out: each pupil's school, or none. ``seed``: the lot's, revealed; empty where there is no lot."""

    format: Literal[1] = FORMAT
    run: str
    inputs_sha256: Digest
    seed: str
    places: dict[str, str | None]


def canonical(value: Inputs | Result) -> bytes:
    """The one form of a file: keys and pupils sorted, no spaces, UTF-8."""
    plain: dict[str, Any] = value.model_dump(mode="json", by_alias=True)
    if "pupils" in plain:
        plain["pupils"] = sorted(plain["pupils"], key=lambda pupil: str(pupil["ref"]))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(value: Inputs | Result) -> Digest:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def common_order(inputs: Inputs, seed: str) -> list[Pupil]:
    """The pupils by rank, then lot, then reference; the reference decides nothing where there is a lot."""
    if inputs.commitment:
        return sorted(inputs.pupils, key=lambda p: (p.rank, lottery.lot(seed, p.ref), p.ref))
    return sorted(inputs.pupils, key=lambda p: (p.rank, p.ref))


def solve(inputs: Inputs, seed: str) -> Result:
    """Give out the places. Raises ``ValueError`` for a seed that is not the promised one."""
    if inputs.commitment and not lottery.keeps(seed, inputs.commitment):
        raise ValueError("the seed is not the one that was promised")
    order, schools = common_order(inputs, seed), sorted(inputs.seats)
    found = allocation.MECHANISMS[inputs.mechanism](_problem(inputs, order, schools))
    places = {
        pupil.ref: None if school == NOWHERE else schools[school]
        for pupil, school in zip(order, found, strict=True)
    }
    revealed = seed if inputs.commitment else ""
    return Result(run=inputs.run, inputs_sha256=digest(inputs), seed=revealed, places=places)


def _problem(inputs: Inputs, order: Sequence[Pupil], schools: Sequence[str]) -> Problem:
    number = {school: place for place, school in enumerate(schools)}
    return Problem(
        seats=[inputs.seats[school] for school in schools],
        choices=[[number[school] for school, _ in pupil.choices] for pupil in order],
        classes=[[cls for _, cls in pupil.choices] for pupil in order],
    )
