"""One small city for all tests of the simulation."""

import pytest

from simulation.city import Chunk, City, Plan
from simulation.departments import Delivery, deliver


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(people=8000, seed=11, live=40)


@pytest.fixture(scope="session")
def city(plan: Plan) -> City:
    return City(plan)


@pytest.fixture(scope="session")
def chunk(city: City) -> Chunk:
    return city.chunk(0)


@pytest.fixture(scope="session")
def delivery(chunk: Chunk) -> Delivery:
    return deliver(chunk)
