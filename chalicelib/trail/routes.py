"""The trail for auditors: is it intact, and what was done to a thing."""

from datetime import date

from pydantic import Field

from chalicelib.http import Api, Call
from chalicelib.shapes import Page, Shape
from chalicelib.trail import service, verification
from chalicelib.trail.model import Verdict

api = Api("trail")


class VerifyQuery(Shape):
    """Which days; both included. Without dates the last 7 days, at most 31."""

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")


class EntryQuery(Shape):
    """The acts on which thing, by its id."""

    target: str = Field(min_length=1, max_length=100)
    next: str | None = Field(None, max_length=2000)


@api.get(
    "/audit/verify",
    who={"auditor": "any"},
    query=VerifyQuery,
    answer=Verdict,
    summary="Whether the audit trail is intact, or where it breaks",
)
def get_verdict(call: Call, query: VerifyQuery) -> Verdict:
    """Recompute entries, links, heads and signed roots of the days asked for."""
    return verification.verify(call.now, query.first, query.last)


@api.get(
    "/audit/entries",
    who={"auditor": "any"},
    query=EntryQuery,
    answer=Page[service.EntryView],
    summary="What was done to a thing, by whom and when",
)
def get_entries(call: Call, query: EntryQuery) -> Page[service.EntryView]:
    """The latest acts first, 50 a page."""
    return service.entries_about(call.actor, query.target, query.next, call.now)
