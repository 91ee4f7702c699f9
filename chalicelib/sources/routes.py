"""How the departments' files come in, for those who look after them."""

from chalicelib.http import Api, Call
from chalicelib.shapes import Page
from chalicelib.sources import service
from chalicelib.sources.watching import Standing

api = Api("sources")


@api.get(
    "/sources",
    who=dict.fromkeys(("district_officer", "city_officer", "auditor"), "any"),
    answer=Page[Standing],
    summary="How every source of department data stands: last file, lateness, rows against the usual",
)
def get_sources(call: Call) -> Page[Standing]:
    """All sources on one page, by name; alarms in words."""
    return Page[Standing](items=service.standings(call.now))
