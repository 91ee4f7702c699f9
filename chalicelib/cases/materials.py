"""Which papers a case needs, has, has from before, or does not need, and why. Pure.

"Material reduction" (减材料): nobody is asked for what a department's data show or what was proven before.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from chalicelib import texts
from chalicelib.cases import model
from chalicelib.cases.model import DocumentKind
from chalicelib.cases.values import Case, CaseCheck, CaseDocument, Receipt
from chalicelib.shapes import Shape

State = Literal["needed", "provided", "reused", "not_needed"]


class MaterialView(Shape):
    """One kind of paper: whether the case needs it, has it, has it from before, or does not need it, and why.

    ``source`` and ``record_date`` say whose record made it unnecessary, or when it was proven.
    """

    kind: str
    title: str
    state: State
    because: str
    source: str | None = None
    record_date: date | None = None


@dataclass(frozen=True)
class Material:
    """One kind of paper on one case; ``because`` is the code of a sentence, ``receipt`` a department's word."""

    kind: DocumentKind
    state: State
    because: str
    receipt: Receipt | None = None
    proven_on: date | None = None


def materials_of(case: Case, language: texts.Language) -> list[MaterialView]:
    """Every kind of paper that the case's kind knows, in the order of its file.

    Of a case's header alone, as lists have it, nothing is known: then there are none.
    """
    return [_view(material, language) for material in of(case)] if case.events else []


def of(case: Case) -> list[Material]:
    """The same, not yet in words."""
    kind = model.kind_of(case)
    wanted = [document for document in kind.documents if document.concerns(case.payload)]
    return [_material(case, document, case.state in kind.decided) for document in wanted]


def _view(material: Material, language: texts.Language) -> MaterialView:
    receipt = material.receipt
    said = receipt.said.in_language(language) if receipt and receipt.said else None
    return MaterialView(
        kind=material.kind.kind,
        title=material.kind.title.in_language(language),
        state=material.state,
        because=said or texts.sentence(material.because, language),
        source=receipt.source if receipt else None,
        record_date=receipt.record_date if receipt else material.proven_on,
    )


def _material(case: Case, wanted: DocumentKind, decided: bool) -> Material:
    held = [d for d in case.documents if d.kind == wanted.kind and d.state != "refused"]
    if held:
        return _held(wanted, held)
    covering = [part for part in case.checks if part.id in wanted.covered_by]
    agreed = next((part for part in covering if part.state == "passed"), None)
    if agreed:
        return Material(wanted, "not_needed", "material_agreed", agreed.receipt)
    if decided:
        return Material(wanted, "not_needed", "material_decided")
    if not wanted.required:
        return Material(wanted, "not_needed", "material_optional")
    return _asked(case, wanted, covering)


def _held(wanted: DocumentKind, held: list[CaseDocument]) -> Material:
    reused = [document.proven_on for document in held if document.proven_on]
    if len(reused) < len(held):
        return Material(wanted, "provided", "material_provided")
    return Material(wanted, "reused", "material_reused", proven_on=max(reused))


def _asked(case: Case, wanted: DocumentKind, covering: list[CaseCheck]) -> Material:
    """Papers are asked for at once only where no department's data can make them unnecessary."""
    asks_still = any(part.state == "open" for part in covering)
    asks_later = case.state == "confirming" and bool(wanted.covered_by)
    if asks_still or asks_later:
        return Material(wanted, "not_needed", "material_asked_first")
    return Material(wanted, "needed", "material_wanted")
