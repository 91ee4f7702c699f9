"""What seasons offer to other contexts, functions and routes; each name is documented where it is made."""

from chalicelib.seasons import rights as rights  # Takes part in export and deletion.
from chalicelib.seasons.answering import answer
from chalicelib.seasons.deciding import replay
from chalicelib.seasons.filing import APPLICATION, apply, asked_for
from chalicelib.seasons.following import enact, follow
from chalicelib.seasons.looking import mine, page, particulars, rankings
from chalicelib.seasons.model import school_periods
from chalicelib.seasons.objecting import OBJECTION, object_to, objected_to, recheck
from chalicelib.seasons.rankings import (
    final_places,
    finalise,
    get,
    give_up,
    keep,
    make,
    open_ranking,
    publish,
    settle,
    settle_places,
)
from chalicelib.seasons.verifying import Asked, verify

__all__ = [
    "APPLICATION",
    "OBJECTION",
    "Asked",
    "answer",
    "apply",
    "asked_for",
    "enact",
    "final_places",
    "finalise",
    "follow",
    "get",
    "give_up",
    "keep",
    "make",
    "mine",
    "object_to",
    "objected_to",
    "open_ranking",
    "page",
    "particulars",
    "publish",
    "rankings",
    "recheck",
    "replay",
    "school_periods",
    "settle",
    "settle_places",
    "verify",
]
