"""What is released of groups of people, and what is asked for it. Pure."""

from datetime import date
from typing import Literal

from pydantic import Field

from chalicelib.shapes import Shape


class Released(Shape):
    """A figure about people that went through disclosure control; routes of statistics answer nothing else."""


class Cell(Released):
    """How many people of a group are in a region. ``suppressed``: too few to be shown, or shown it would tell of too few."""

    group: str
    region: str
    value: int | None
    suppressed: bool


class Method(Shape):
    """How a figure came about. ``moves``: gone on at the rate seen, or assumed not to happen; deaths always are.

    ``precision``: the share of the finder's people who are counted, ``measured`` from visits or ``assumed``.
    """

    k: int
    noise: int
    moves: Literal["observed", "assumed_none"]
    moves_a_year: float | None
    deaths: Literal["assumed_none"] = "assumed_none"
    precision: float
    precision_basis: Literal["measured", "assumed"]


class CohortCell(Released):
    """A cohort of a year in a region: how many are registered, and apart how many more are estimated not to be.

    ``projected``: the year lies ahead. A figure is null where it is suppressed.
    """

    cohort: str
    region: str
    year: int
    projected: bool
    registered: int | None
    registered_suppressed: bool
    unregistered_estimate: int | None
    unregistered_suppressed: bool
    method: Method
    released_on: date


ListState = Literal["waiting", "approved", "refused"]


class NewList(Shape):
    """Who asks for the names of a cohort, and what for: ``region`` is a town or a community."""

    cohort: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    year: int = Field(ge=2000, le=2200)
    region: str = Field(pattern=r"^(\d{9}|\d{12})$")
    purpose: str = Field(max_length=40)
    reason: str = Field(min_length=2, max_length=200)


class Verdict(Shape):
    """What a second officer says to a request for names of children."""

    approve: bool
    reason: str = Field(min_length=2, max_length=200)


class ListRequest(Shape):
    """A request for names. Of children under 14 it waits for a second officer; ``until`` it may be read."""

    id: str
    cohort: str
    year: int
    region: str
    purpose: str
    reason: str
    state: ListState
    of_minors: bool
    first_month: str
    last_month: str
    requested_by: str
    requested_at: str
    decided_by: str | None
    decided_reason: str | None
    until: str | None


class NamedPerson(Shape):
    """Somebody of a cohort, for the officer whose duty the service is: phone masked, birth to the month."""

    name: str = Field(repr=False)
    born: str
    phone: str = Field(repr=False)
    community: str
