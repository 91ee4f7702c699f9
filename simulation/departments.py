"""One chunk's rows of every source, and the truth about the chunk."""

from dataclasses import dataclass

import pyarrow as pa

from simulation import truth
from simulation.city import Chunk
from simulation.extracts import REGISTER, SOURCES, Extract, Source, draw_rows, written
from simulation.particulars import particulars


@dataclass(frozen=True)
class Delivery:
    """What one chunk adds to the city's files."""

    sources: dict[str, pa.Table]
    people: pa.Table
    links: pa.Table
    unregistered: pa.Table
    lookalikes: pa.Table
    live: pa.Table
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
    extracts = {source.name: extract(chunk, source, place) for place, source in enumerate((REGISTER, *SOURCES))}
    seen = truth.sightings(chunk, extracts)
    return Delivery(
        sources={name: pa.table(made.columns) for name, made in extracts.items()},
        people=truth.people(chunk),
        links=pa.concat_tables([truth.links(made) for made in extracts.values()]),
        unregistered=truth.unregistered(chunk, seen),
        lookalikes=truth.lookalikes(chunk, seen),
        live=truth.live(chunk, seen),
        present=truth.present(chunk),
    )
