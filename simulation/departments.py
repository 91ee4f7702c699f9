"""One chunk's rows of every source, and the truth about the chunk."""

from dataclasses import dataclass

import pyarrow as pa

from simulation import truth
from simulation.city import Chunk
from simulation.extracts import REGISTER, SOURCES, Extract, Source, delivering, draw_rows, written
from simulation.particulars import particulars


@dataclass(frozen=True)
class Delivery:
    """What one chunk adds to the city's files, by their names in `ship`."""

    tables: dict[str, pa.Table]
    people: int
    present: list[int]  # people in the city by community, in the order of `facts.communities()`


def extract(chunk: Chunk, source: Source, place: int) -> Extract:
    """A source's rows from a chunk, further columns included. `place` names the random stream."""
    rng = chunk.stream(place)
    rates = chunk.city.plan.rates
    if source is REGISTER:
        rates = rates.scaled(rates.register)
    rows = draw_rows(chunk, source, rng, rates)
    made = written(rows, rng, rates, chunk.index * 1_000_000 + 1)
    made.columns.update(particulars(rows, rng))
    return made


def deliver(chunk: Chunk) -> Delivery:
    """Everything the chunk contributes."""
    chosen = delivering(chunk.city.plan)
    extracts = {
        source.name: extract(chunk, source, place)
        for place, source in enumerate((REGISTER, *SOURCES))
        if source in chosen
    }
    seen = truth.sightings(chunk, extracts)
    return Delivery(
        tables={
            **{name: pa.table(made.columns) for name, made in extracts.items()},
            "truth/people": truth.people(chunk),
            "truth/links": pa.concat_tables([truth.links(made) for made in extracts.values()]),
            "truth/unregistered": truth.unregistered(chunk, seen),
            "truth/lookalikes": truth.lookalikes(chunk, seen),
            "live_people": truth.live(chunk, seen),
        },
        people=len(chunk),
        present=truth.present(chunk),
    )
