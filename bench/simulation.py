"""How fast the synthetic city is made, and what five million people would take at that rate."""

from collections.abc import Iterator

from bench.city import city
from bench.figures import Figure

PEOPLE = 100_000
WHOLE = 5_000_000
GOAL_SECONDS = 180
GOAL_GB = 4.0


def run() -> Iterator[Figure]:
    """100,000 people; the five million are projected at the same rate, not made."""
    made = city(PEOPLE)
    rate = PEOPLE / made.seconds
    yield Figure("simulation.people", rate, "people/s", "rate_of_the_goal", WHOLE / GOAL_SECONDS)
    yield Figure("simulation.projected_5_million", WHOLE / rate, "s", "goal", GOAL_SECONDS)
    yield Figure("simulation.memory", made.peak_gb * 1000, "MB", "goal_at_5_million", GOAL_GB * 1000)
