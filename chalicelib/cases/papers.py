"""A person's papers: uploaded before there is a case, used by the cases that name them, and used again.

A paper that a case was accepted with is *proven*: later cases of the same person take it up by themselves
as long as its kind says, and nobody is asked for it twice. Bytes go on a day that is known from the first:
a week after the upload when no case takes them, some time after the last case was decided otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pydantic

from chalicelib import audit, clock, keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import documents, model, paper_store, reading
from chalicelib.cases.paper_views import NewPaper, PaperList, PaperView
from chalicelib.cases.values import Case, CaseDocument, Paper
from chalicelib.cases.views import Download, Upload
from chalicelib.errors import Conflict, Field, Invalid, NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import service as identity
from chalicelib.shapes import Shape
from chalicelib.tables import Once, Write

_POLICY = Path(__file__).parent / "papers.json"


class Policy(Shape):
    """Days that papers stay: unused ones, and those on a case that is not decided; how many may be unused."""

    version: str
    unclaimed_days: int = pydantic.Field(ge=1)
    unclaimed_most: int = pydantic.Field(ge=1)
    in_use_days: int = pydantic.Field(ge=1)


@cache
def policy() -> Policy:
    """The rules in force."""
    return Policy.model_validate_json(_POLICY.read_text("utf-8"))


@dataclass(frozen=True)
class Named:
    """A paper that somebody put into a field of a form."""

    place: str
    kind: str
    id: str


def announce(person: str, wanted: NewPaper, actor: Actor, now: datetime, once: Once | None) -> Upload:
    """A place to upload one paper to, before there is a case; ``wanted.case_kind`` says what it is meant for.

    Raises ``NotFound`` for a kind of case or paper that there is not, ``Invalid`` and ``TooLarge`` as on a
    case, ``Conflict("paper_count")`` while too many papers wait for a case.
    """
    today = clock.local_date(now)
    allowed = model.in_force(wanted.case_kind, today).document(wanted.kind)
    documents.require_taken(allowed, wanted)
    most = policy().unclaimed_most
    if sum(not paper.cases for paper in paper_store.papers(person)) >= most:
        raise Conflict("paper_count", limit=most)
    made = keys.new_id("D", now)
    paper = Paper(
        id=made,
        kind=allowed.kind,
        state="awaited",
        media_type=wanted.media_type,
        size=wanted.size,
        at=now,
        key=documents.object_key(person, made),
        goes_on=today + timedelta(days=policy().unclaimed_days),
    )
    upload = documents.upload_of(_on_case(paper, None), paper.key, now)
    entry = audit.entry(actor, "document.announced", person, now, kind=allowed.kind)
    tables.transact(paper_store.create(person, paper), entry, once=once, answer=upload)
    return upload


def _on_case(paper: Paper, place: str | None) -> CaseDocument:
    return CaseDocument(
        **paper.model_dump(include={"id", "kind", "state", "media_type", "size", "at", "key", "thumbnail"}),
        place=place,
        proven_on=paper.proven_on,
    )


def listed(person: str, now: datetime) -> PaperList:
    """All papers of a person that have not gone, the newest first."""
    today = clock.local_date(now)
    found = [_view(paper, today) for paper in reversed(paper_store.papers(person))]
    return PaperList(items=found)


def _view(paper: Paper, today: date) -> PaperView:
    fields = {"id", "kind", "state", "media_type", "size", "thumbnail", "proven_on", "valid_until", "goes_on"}
    return PaperView(**paper.model_dump(include=fields), cases=paper.cases, reusable=paper.serves(today))


def download(person: str, paper_id: str, now: datetime, *, small: bool = False) -> Download:
    """A link to one of the person's own papers; raises ``NotFound``, or ``Conflict`` before it was found clean."""
    paper = _own(person, paper_id)
    if small and not paper.thumbnail:
        raise NotFound("document_unknown")
    if paper.state != "clean":
        raise Conflict("document_not_clean")
    return documents.link(paper.key, now, small=small)


def _own(person: str, paper_id: str) -> Paper:
    paper = paper_store.paper(person, paper_id)
    if paper is None:
        raise NotFound("document_unknown")
    return paper


def forget(person: str, paper_id: str, actor: Actor, now: datetime) -> None:
    """Delete one of the person's papers, bytes and all.

    Raises ``NotFound``, and ``Conflict("paper_in_use")`` while a case that is not decided has it.
    """
    paper = _own(person, paper_id)
    if any(map(_is_open, paper.cases)):
        raise Conflict("paper_in_use")
    _go(person, paper, actor, now)


def _is_open(case_id: str) -> bool:
    case = reading.case(case_id)
    return case.state not in model.kind_of(case).decided


def _go(person: str, paper: Paper, actor: Actor, now: datetime) -> None:
    """The bytes first: what is interrupted finds the paper again and goes on."""
    documents.delete_bytes(paper.key)
    told = [paper_store.gone(case_id, paper.id) for case_id in paper.cases]
    entry = audit.entry(actor, "document.deleted", person, now, cases=len(paper.cases))
    tables.transact(paper_store.drop(person, paper.id), *told, entry)


def for_case(
    case: Case, named: Sequence[Named], actor: Actor, now: datetime
) -> tuple[list[CaseDocument], list[Write]]:
    """The papers that a new case begins with, and the writes that tie them to it; at most 1 read.

    Those that the form names, and of the owner's proven ones whatever the kind of case would ask for: only
    for whoever files for themselves or at a counter, since who filed a case sees its papers. Raises
    ``Invalid`` naming the field for a paper that is not the filer's, of another kind, refused or one too many.
    """
    kind, today = model.kind_of(case), clock.local_date(now)
    whose = case.owner if actor.id == case.owner or actor.is_staff else actor.id
    if not kind.documents or not (named or whose == case.owner):
        return [], []
    held = {paper.id: paper for paper in paper_store.papers(whose)}
    _require_fitting(kind, named, held)
    taken: list[tuple[Paper, str | None]] = [(held[one.id], one.place) for one in named]
    if whose == case.owner:
        asked = {one.kind for one in named}
        taken += [(paper, None) for paper in _proven(kind, held.values(), today) if paper.kind not in asked]
    stays = today + timedelta(days=policy().in_use_days)
    writes: list[Write] = [
        paper_store.use(whose, paper, case.id, max(stays, paper.goes_on)) for paper, _ in taken
    ]
    return [_on_case(paper, place) for paper, place in taken], writes


def _require_fitting(kind: model.Kind, named: Sequence[Named], held: dict[str, Paper]) -> None:
    wrong = [Field(one.place, code) for one in named if (code := _misfit(one, held.get(one.id)))]
    for wanted in kind.documents:
        places = [one.place for one in named if one.kind == wanted.kind]
        wrong += [Field(place, "field_length") for place in places[wanted.max_count :]]
    seen: set[str] = set()
    for one in named:
        wrong += [Field(one.place, "field_repeats")] if one.id in seen else []
        seen.add(one.id)
    if wrong:
        raise Invalid("values_invalid", fields=wrong)


def _misfit(one: Named, paper: Paper | None) -> str | None:
    if paper is None or paper.state not in ("awaited", "clean"):
        return "paper_unknown"
    return None if paper.kind == one.kind else "paper_other_kind"


def _proven(kind: model.Kind, held: Iterable[Paper], today: date) -> list[Paper]:
    """Of each kind of paper that may be reused, the proven ones, the newest first, as many as the kind takes."""
    found: list[Paper] = []
    for wanted in kind.documents:
        if wanted.reuse_days:
            fits = [paper for paper in held if paper.kind == wanted.kind and paper.serves(today)]
            newest = sorted(fits, key=lambda paper: (paper.proven_on or date.min, paper.id), reverse=True)
            found += newest[: wanted.max_count]
    return found


def settle(case: Case) -> int:
    """What a decision means for the case's papers: proven when it was accepted, and the day their bytes go.

    Safe to repeat: all follows from the case. Returns how many papers.
    """
    kind = model.kind_of(case)
    if case.decided_at is None or case.state not in kind.decided:
        return 0
    clean = [document for document in case.documents if document.state == "clean"]
    for document in clean:
        _settle(case, kind.document(document.kind), document, clock.local_date(case.decided_at))
    return len(clean)


def _settle(case: Case, wanted: model.DocumentKind, document: CaseDocument, decided: date) -> None:
    key = document.key or documents.object_key(case.id, document.id)
    whose = key.split("/")[1] if key.split("/")[1].startswith("P") else case.owner
    before = paper_store.paper(whose, document.id)
    stays = decided + timedelta(days=wanted.keep_days)
    changes: dict[str, Any] = {
        "goes_on": max(stays, before.goes_on) if before and before.proven_on else stays
    }
    proves = case.state == "accepted" and wanted.reuse_days and whose == case.owner
    if proves and wanted.reuse_days and not (before and before.proven_on):
        changes |= {"proven_on": decided, "valid_until": decided + timedelta(days=wanted.reuse_days)}
    if before is None:
        fields = {"id", "kind", "state", "media_type", "size", "at", "thumbnail"}
        fresh = Paper(**document.model_dump(include=fields), key=key, cases=[case.id], **changes)
        tables.transact(paper_store.create(whose, fresh))
    else:
        tables.transact(paper_store.prove(whose, before.model_copy(update=changes), case.id))


def expire(day: date, now: datetime) -> int:
    """Delete the bytes of every paper whose day it is; one on a case that is not decided stays longer.

    Acts on the day it is given, so a missed day can be run again. Returns how many went.
    """
    went = 0
    for person, paper in list(paper_store.going(day)):
        if any(map(_is_open, paper.cases)):
            later = clock.local_date(now) + timedelta(days=policy().in_use_days)
            tables.transact(paper_store.stay(person, paper, later))
            continue
        _go(person, paper, SYSTEM, now)
        went += 1
    return went


def proven(person: str, kind: str, day: date) -> list[Paper]:
    """The person's papers of a kind that may be used again on a day, the newest first."""
    fits = [paper for paper in paper_store.papers(person) if paper.kind == kind and paper.serves(day)]
    return sorted(fits, key=lambda paper: (paper.proven_on or date.min, paper.id), reverse=True)


def _export(person: str, now: datetime) -> list[dict[str, Any]]:
    """Every paper with what is known of it, and a link to its bytes."""
    found = []
    for paper in paper_store.papers(person):
        fields = paper.model_dump(mode="json", exclude={"key"})
        url = documents.link(paper.key, now).url if paper.state == "clean" else None
        found.append(fields | {"url": url})
    return found


def _files(person: str) -> list[identity.File]:
    """The papers that were found clean."""
    return [
        identity.File(
            f"papers/{paper.kind}-{paper.id}{documents.ending(paper.media_type)}", paper.key, paper.size
        )
        for paper in paper_store.papers(person)
        if paper.state == "clean"
    ]


def _erase(person: str, now: datetime) -> list[identity.Kept]:
    """Delete all bytes and rows; what is said of them on a case stays with the case. No law keeps any of it."""
    for paper in paper_store.papers(person):
        _go(person, paper, SYSTEM, now)
    return []


def _tell(person: str, now: datetime) -> dict[str, forms.Known]:
    """The proven papers of each kind, for the forms that ask for one: ids, as of the newest proof."""
    today = clock.local_date(now)
    found: dict[str, forms.Known] = {}
    for paper in sorted(paper_store.papers(person), key=lambda paper: paper.proven_on or date.min):
        if paper.serves(today):
            before = found.get(f"papers.{paper.kind}")
            ids = [*(before.value if before else []), paper.id]
            found[f"papers.{paper.kind}"] = forms.Known(ids, paper.proven_on)
    return found


forms.provide("papers", _tell)
identity.contribute(identity.Part("papers", export=_export, erase=_erase, files=_files))
