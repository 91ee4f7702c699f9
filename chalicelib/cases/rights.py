"""What the engine holds of a person: to hand out and to delete."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib import audit, clock, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import documents, model, store
from chalicelib.cases.model import Case
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity

KEPT_FOR = timedelta(days=3 * 365)
LAW = "PIPL art. 47 and 56: what was decided and why, without name or number, for three years"


def _all(person_id: str) -> list[Case]:
    found: list[Case] = []
    token: str | None = None
    while True:
        some, token = store.of_person(person_id, filed=False, limit=100, token=token)
        found += some
        if token is None:
            return found


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    whole = [store.load(case.id) for case in _all(person_id)]
    return [case.model_dump(mode="json", exclude={"sealed"}) for case in whole if case]


def _files(person_id: str) -> list[identity.File]:
    """The papers that were uploaded to a case; those of the person's own are with them (``papers``)."""
    return [
        identity.File(
            f"cases/{case.receipt_number}/{one.kind}-{one.id}{documents.ending(one.media_type)}",
            documents.object_key(case.id, one.id),
            one.size,
        )
        for case in filter(None, (store.load(found.id) for found in _all(person_id)))
        for one in case.documents
        if one.key is None and one.state == "clean"
    ]


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Forget what was filed, its papers included; raises ``Conflict("cases_open")`` while anything is undecided.

    The papers' bytes go first: a deletion that is interrupted finds the case again and goes on.
    """
    cases = _all(person_id)
    if any(case.state not in model.kind_of(case).decided for case in cases):
        raise Conflict("cases_open")
    for case in cases:
        whole = store.load(case.id, consistent=True)
        papers = documents.erase(whole) if whole else 0
        row = store.CaseRow(store.case_pk(case.id), "CASE")
        tables.transact(
            tables.Update(row, [store.CaseRow.sealed.remove()], store.CaseRow.pk.exists()),
            audit.entry(SYSTEM, "case.erased", case.id, now, papers=papers),
        )
    until = max((clock.local_date(case.submitted_at + KEPT_FOR) for case in cases), default=None)
    return [identity.Kept(what="cases", law=LAW, until=until)] if cases else []


identity.contribute(identity.Part("cases", export=_export, erase=_erase, files=_files))
