"""A person's papers in the table of cases: ``PERSON#<id>`` holds ``PAPER#<document>`` for each.

A paper was uploaded before there was a case, or came with a case that is decided. ``by_due`` lists it under
``PAPERS#<day>``, the day on which its bytes go.
"""

from collections.abc import Iterable
from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.cases.rows import CaseItem, DocumentRow
from chalicelib.cases.values import Paper
from chalicelib.tables import Delete, Put, Update


class PaperRow(CaseItem, discriminator="paper"):
    """A paper: where its bytes lie, whether they were looked at, and until when it proves something."""

    document_id = UnicodeAttribute()
    paper_kind = UnicodeAttribute()
    state = UnicodeAttribute()
    media_type = UnicodeAttribute()
    size = NumberAttribute()
    at = UnicodeAttribute()
    key = UnicodeAttribute()
    thumbnail = NumberAttribute(null=True)
    cases = UnicodeSetAttribute(null=True)
    proven_on = UnicodeAttribute(null=True)
    valid_until = UnicodeAttribute(null=True)
    goes_on = UnicodeAttribute()


def person_pk(person_id: str) -> str:
    """The partition of a person's papers."""
    return f"PERSON#{person_id}"


def row_of(person_id: str, paper: Paper) -> PaperRow:
    """The row of a paper."""
    row = PaperRow(person_pk(person_id), f"PAPER#{paper.id}", document_id=paper.id, paper_kind=paper.kind)
    row.state, row.media_type, row.size, row.key = paper.state, paper.media_type, paper.size, paper.key
    row.at, row.goes_on = clock.iso(paper.at), paper.goes_on.isoformat()
    row.thumbnail = 1 if paper.thumbnail else None
    row.cases = set(paper.cases) or None
    row.proven_on = paper.proven_on.isoformat() if paper.proven_on else None
    row.valid_until = paper.valid_until.isoformat() if paper.valid_until else None
    row.by_due_pk, row.by_due_sk = f"PAPERS#{row.goes_on}", f"{person_id}#{paper.id}"
    return row


def create(person_id: str, paper: Paper) -> Put:
    """The write of a paper that was not there before."""
    return Put(row_of(person_id, paper), PaperRow.pk.does_not_exist())


def look(person_id: str, paper_id: str, state: str, thumbnail: bool) -> Update:
    """The write of what was found when the bytes had arrived; refused when somebody was quicker."""
    row = PaperRow(person_pk(person_id), f"PAPER#{paper_id}")
    actions = [PaperRow.state.set(state), PaperRow.thumbnail.set(int(thumbnail))]
    return Update(row, actions, PaperRow.state == "awaited")


def use(person_id: str, paper: Paper, case_id: str, goes_on: date) -> Update:
    """The write that ties a paper to one more case; refused when it was looked at, or went, meanwhile."""
    actions = [PaperRow.cases.add({case_id}), *_stays(person_id, paper.id, goes_on)]
    return Update(PaperRow(person_pk(person_id), f"PAPER#{paper.id}"), actions, PaperRow.state == paper.state)


def prove(person_id: str, paper: Paper, case_id: str) -> Update:
    """The write of what a decided case makes of a paper: proven or not, and until when its bytes stay."""
    actions = [PaperRow.cases.add({case_id}), *_stays(person_id, paper.id, paper.goes_on)]
    if paper.proven_on and paper.valid_until:
        actions.append(PaperRow.proven_on.set(paper.proven_on.isoformat()))
        actions.append(PaperRow.valid_until.set(paper.valid_until.isoformat()))
    return Update(PaperRow(person_pk(person_id), f"PAPER#{paper.id}"), actions, PaperRow.pk.exists())


def stay(person_id: str, paper: Paper, goes_on: date) -> Update:
    """The write that keeps a paper's bytes until a later day."""
    row = PaperRow(person_pk(person_id), f"PAPER#{paper.id}")
    return Update(row, _stays(person_id, paper.id, goes_on), PaperRow.pk.exists())


def _stays(person_id: str, paper_id: str, goes_on: date) -> list[Action]:
    day = goes_on.isoformat()
    return [
        PaperRow.goes_on.set(day),
        CaseItem.by_due_pk.set(f"PAPERS#{day}"),
        CaseItem.by_due_sk.set(f"{person_id}#{paper_id}"),
    ]


def looked_at(case_id: str, paper_id: str, state: str, thumbnail: bool) -> Update:
    """The write of what was found, on one of the paper's cases; refused when it was there before."""
    row = DocumentRow(f"CASE#{case_id}", f"DOCUMENT#{paper_id}")
    actions = [DocumentRow.state.set(state), DocumentRow.thumbnail.set(int(thumbnail))]
    return Update(row, actions, DocumentRow.state == "awaited")


def gone(case_id: str, paper_id: str) -> Update:
    """The write that tells one of the paper's cases that the bytes are gone."""
    row = DocumentRow(f"CASE#{case_id}", f"DOCUMENT#{paper_id}")
    actions = [DocumentRow.state.set("gone"), DocumentRow.thumbnail.remove()]
    return Update(row, actions, DocumentRow.pk.exists())


def drop(person_id: str, paper_id: str) -> Delete:
    """The write that forgets a paper; none being there is as good."""
    return Delete(PaperRow(person_pk(person_id), f"PAPER#{paper_id}"))


def paper(person_id: str, paper_id: str) -> Paper | None:
    """One paper of a person, or None."""
    row = PaperRow.find(person_pk(person_id), f"PAPER#{paper_id}", consistent=True)
    return read(row) if row else None


def papers(person_id: str) -> list[Paper]:
    """All papers of a person, oldest first."""
    return [read(row) for row in PaperRow.query(person_pk(person_id), PaperRow.sk.startswith("PAPER#"))]


def going(day: date) -> Iterable[tuple[str, Paper]]:
    """The papers whose bytes go on a day, each with its person."""
    for row in CaseItem.by_due.query(f"PAPERS#{day.isoformat()}"):
        if isinstance(row, PaperRow):
            yield row.pk.removeprefix("PERSON#"), read(row)


def read(row: PaperRow) -> Paper:
    """The paper of a row."""
    return Paper(
        id=row.document_id,
        kind=row.paper_kind,
        state=row.state,  # type: ignore[arg-type]  # Pydantic checks the literal.
        media_type=row.media_type,
        size=int(row.size),
        at=clock.parse_iso(row.at),
        key=row.key,
        thumbnail=bool(row.thumbnail),
        cases=sorted(row.cases or ()),
        proven_on=date.fromisoformat(row.proven_on) if row.proven_on else None,
        valid_until=date.fromisoformat(row.valid_until) if row.valid_until else None,
        goes_on=date.fromisoformat(row.goes_on),
    )
