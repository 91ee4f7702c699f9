"""HTTP views of the comparison: questions about matches, changes of ids, what people say of the model."""

from chalicelib import http
from chalicelib.http import Call
from chalicelib.linkage import service
from chalicelib.linkage.review import (
    BandQuality,
    EventItem,
    NewUndo,
    NewVerdict,
    RegionQuery,
    ReviewItem,
    ReviewOutcome,
    ReviewView,
)
from chalicelib.shapes import Page

api = http.Api("linkage")

DECIDERS: dict[str, http.Reach] = {
    "reviewer": "region",
    "district_officer": "region",
    "city_officer": "region",
}
PURPOSE = "matching"


@api.get(
    "/matches/reviews",
    who=DECIDERS,
    query=RegionQuery,
    answer=Page[ReviewItem],
    summary="Matches that wait for a person to decide, the most urgent of each town first",
)
def get_reviews(call: Call, query: RegionQuery) -> Page[ReviewItem]:
    """Nobody is named; of the reviewers only the department whose task it is."""
    return service.waiting(call.actor, query, call.now)


@api.get(
    "/matches/reviews/{id}",
    who=DECIDERS,
    answer=ReviewView,
    purpose=PURPOSE,
    summary="A match side by side, masked",
)
def get_review(call: Call, id: str) -> ReviewView:
    """Where two records agree and differ; the people concerned see who looked."""
    return service.question(call.actor, id, call.now, call.language, call.purpose or PURPOSE)


@api.post(
    "/matches/reviews/{id}/verdict",
    who=DECIDERS,
    body=NewVerdict,
    answer=ReviewOutcome,
    purpose=PURPOSE,
    summary="Decide whether two records are one person",
)
def decide(call: Call, id: str, body: NewVerdict) -> ReviewOutcome:
    """Kept, and obeyed by every later comparison; the evidence is destroyed."""
    return service.decide(call.actor, id, body, call.now, call.purpose or PURPOSE, call.once)


@api.get(
    "/matches/events",
    who=DECIDERS,
    query=RegionQuery,
    answer=Page[EventItem],
    summary="Merges, splits and moves of records, the newest of each town first",
)
def get_events(call: Call, query: RegionQuery) -> Page[EventItem]:
    """Ids of clusters; nobody is named."""
    return service.events(call.actor, query, call.now)


@api.post(
    "/matches/events/{id}/undo",
    who=DECIDERS,
    body=NewUndo,
    answer=EventItem,
    purpose=PURPOSE,
    summary="Undo a merge, split or move",
)
def undo(call: Call, id: str, body: NewUndo) -> EventItem:
    """Takes force with the next comparison, and every later one obeys."""
    return service.undo(call.actor, id, body, call.now, call.purpose or PURPOSE, call.once)


@api.get(
    "/matches/quality",
    who={"city_officer": "any", "policy_officer": "any", "auditor": "any"},
    answer=Page[BandQuality],
    summary="How often people found the comparison right, by probability",
)
def get_quality(call: Call) -> Page[BandQuality]:
    """Counts of verdicts over the whole city; nobody and no place is named."""
    return Page(items=service.quality(), next=None)
