"""What forms hold of a person: to hand out and to delete."""

from datetime import datetime
from typing import Any

from chalicelib import audit, tables
from chalicelib.actors import SYSTEM
from chalicelib.forms import drafts, prefill, store
from chalicelib.identity import service as identity


def _export(person_id: str, now: datetime) -> dict[str, Any]:
    """Drafts with their answers, and what departments said."""
    return {"drafts": drafts.exported(person_id, now), "facts": prefill.opened(person_id, now)}


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Forget all of it, what is over included; no law keeps any."""
    rows = store.everything(person_id)
    if rows:
        entry = audit.entry(SYSTEM, "drafts.erased", person_id, now, count=len(rows))
        tables.transact(*[tables.Delete(row) for row in rows], entry)
    return []


identity.contribute(identity.Part("forms", export=_export, erase=_erase))
