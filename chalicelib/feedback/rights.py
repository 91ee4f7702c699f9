"""What feedback holds of a person: to hand out and to delete."""

import json
from datetime import datetime
from itertools import batched
from typing import Any, Final

from chalicelib import audit, sealing, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.feedback import model, store
from chalicelib.identity import service as identity

KIND: Final = "feedback"
OVER: Final = frozenset({"settled", "withdrawn", "refused", "closed"})


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """What the person reported, in their own words, and what they supported."""
    parts = {part.matter_id: part for part in store.parts_of(person_id)}
    found = []
    for matter in store.matters(parts):
        part = parts[matter.id]
        held: dict[str, Any] = {"part": part.part, "at": part.at, "category": matter.category}
        if part.part == "reporter":
            held |= matter.model_dump(mode="json", exclude={"id", "category", "edition"})
            held |= _told(person_id, matter.case)
        found.append(held)
    return found


def _told(person_id: str, case_id: str) -> dict[str, str]:
    sealed = cases.case(case_id).sealed
    told: dict[str, str] = json.loads(sealing.open_sealed(person_id, sealed, KIND)) if sealed else {}
    return told


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Forget the person's reports with their matters, and their "me too"; the engine refuses while a report is open."""
    for part in store.parts_of(person_id):
        if part.part == "supporter":
            writes = store.no_longer_supported(part)
        else:
            writes = [
                *_cells(part.matter_id),
                *(tables.Delete(row) for row in store.all_rows(part.matter_id)),
            ]
        for some in batched(writes, 99):
            tables.transact(
                *some, audit.entry(SYSTEM, "feedback.erased", part.matter_id, now, rows=len(some))
            )
    return []


def _cells(matter_id: str) -> list[tables.Delete]:
    matter = store.matter(matter_id, consistent=True)
    if matter is None:
        return []
    return store.no_longer_near(matter, model.FARTHEST_METRES)


identity.contribute(identity.Part("feedback", export=_export, erase=_erase))
