"""What is released of groups of people, and what is asked for it. Pure."""

from chalicelib.shapes import Shape


class Released(Shape):
    """A figure about people that went through disclosure control; routes of statistics answer nothing else."""


class Cell(Released):
    """How many people of a group are in a region. ``suppressed``: too few to be shown, or shown it would tell of too few."""

    group: str
    region: str
    value: int | None
    suppressed: bool
