"""Routes of places: choosing where one lives."""

from typing import Literal

from pydantic import Field

from chalicelib.http import Api, Call
from chalicelib.places import service
from chalicelib.places.model import AddressHit, Crs, Point
from chalicelib.shapes import Shape

api = Api("places")


class DivisionQuery(Shape):
    """``parent``: whose children; the city's districts without it."""

    parent: str | None = Field(default=None, max_length=12, pattern=r"^\d+$")


class DivisionItem(Shape):
    """A division's code (statistics bureau) and name."""

    code: str
    name: str


class DivisionList(Shape):
    """All divisions under one, never paged."""

    scheme: Literal["nbs"] = "nbs"
    items: list[DivisionItem]
    next: None = None


class AddressQuery(Shape):
    """``q``: 2 to 60 characters of an address; ``crs``: the system of the points in the answer."""

    q: str = Field(max_length=200)
    town: str | None = Field(default=None, pattern=r"^\d{9}$")
    limit: int = Field(default=20, ge=1, le=service.MOST_HITS)
    crs: Crs = "GCJ-02"


class AddressList(Shape):
    """The best hits. There is no further page: type more to find what is missing."""

    crs: Crs
    items: list[AddressHit]
    next: None = None


@api.get(
    "/divisions", who="signed_in", query=DivisionQuery, answer=DivisionList, summary="Divisions under one"
)
def get_divisions(call: Call, query: DivisionQuery) -> DivisionList:
    """Districts of the city, towns of a district, communities of a town."""
    found = service.divisions_under(query.parent)
    return DivisionList(items=[DivisionItem(code=d.code, name=d.name) for d in found])


@api.get(
    "/addresses", who="signed_in", query=AddressQuery, answer=AddressList, summary="Find a standard address"
)
def get_addresses(call: Call, query: AddressQuery) -> AddressList:
    """Standard addresses by text; points in GCJ-02 unless ``crs=WGS-84``."""
    hits = service.search_addresses(query.q, query.town, query.limit)
    return AddressList(crs=query.crs, items=[_shown(hit, query.crs) for hit in hits])


def _shown(hit: AddressHit, crs: Crs) -> AddressHit:
    point = service.in_crs(Point(hit.lon, hit.lat), crs)
    return hit.model_copy(update={"lon": round(point.lon, 6), "lat": round(point.lat, 6)})
