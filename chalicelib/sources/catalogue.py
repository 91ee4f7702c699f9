"""The contracts that this city has with its departments, read from ``contracts/*.json``."""

from functools import cache
from pathlib import Path

from chalicelib.places import service as places
from chalicelib.sources.model import Contract, Unreadable
from chalicelib.sources.values import Regions

FOLDER = Path(__file__).parent / "contracts"


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by source; raises ``ValueError`` when a file is not named after its source."""
    found: dict[str, Contract] = {}
    for path in sorted(FOLDER.glob("*.json")):
        contract = Contract.model_validate_json(path.read_bytes())
        if contract.source != path.stem:
            raise ValueError(f"{path.name} is the contract of {contract.source}")
        found[contract.source] = contract
    return found


def contract(source: str) -> Contract:
    """The contract of a source; raises ``Unreadable("source_unknown")`` without one."""
    try:
        return contracts()[source]
    except KeyError:
        raise Unreadable("source_unknown") from None


def people_sources() -> list[str]:
    """The sources whose rows are people, the old register included, in alphabetical order."""
    return [source for source, c in contracts().items() if c.kind == "people"]


@cache
def regions() -> Regions:
    """The towns and communities that exist."""
    towns = places.towns_in("440600")
    communities = (c.code for town in towns for c in places.divisions_under(town))
    return Regions(frozenset(towns), frozenset(communities))
