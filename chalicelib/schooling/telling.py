"""Whom to tell what when a run is public: once for each family, naming nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chalicelib.schooling import store
from chalicelib.schooling.model import SHOWN

Event = Literal["placed", "none", "left_out"]


@dataclass(frozen=True, slots=True)
class Told:
    """A message to a family; ``event_id`` is the same however often it is asked for."""

    receiver: str
    event: Event
    event_id: str


def to_tell(run_id: str) -> Iterator[Told]:
    """A message for each family of a run that is public; none before."""
    found = store.run(run_id)
    if found is None or found[0].state not in SHOWN:
        return
    for entry in store.entries(run_id):
        event: Event = "left_out" if entry.left_out else "placed" if entry.school else "none"
        yield Told(entry.owner, event, f"{run_id}:{entry.case}")
