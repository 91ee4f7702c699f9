"""What forms offer to other contexts and to routes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.actors import Actor
from chalicelib.errors import NotFound
from chalicelib.forms import checking, model, rights, store, views  # noqa: F401  # rights takes part.
from chalicelib.forms.drafts import drop, listed, resume, save
from chalicelib.forms.facts import Known, fact
from chalicelib.forms.model import Form
from chalicelib.forms.prefill import ask_departments, gather, known_value, prefill, provide
from chalicelib.tables import Write

__all__ = [
    "Known",
    "ask_departments",
    "checker",
    "drop",
    "fact",
    "filed",
    "form",
    "forms",
    "gather",
    "in_force",
    "known_value",
    "listed",
    "papers_in",
    "prefill",
    "provide",
    "resume",
    "save",
    "version_for",
]


def forms(now: datetime) -> views.FormList:
    """Every kind that has a form today, with the edition in force."""
    found = []
    for kind in model.kinds():
        try:
            found.append(views.summary(in_force(kind, now)))
        except NotFound:
            continue  # Its first edition is not in force yet.
    return views.FormList(items=found)


def form(kind: str, version: str | None, now: datetime) -> Form:
    """One edition, the one in force today without a version; raises ``NotFound``."""
    return model.edition(kind, version) if version else in_force(kind, now)


def in_force(kind: str, now: datetime) -> Form:
    """The edition of a kind's form that is in force; raises ``NotFound``."""
    return model.in_force(kind, clock.local_date(now))


@dataclass(frozen=True)
class Checker:
    """What a route says as ``form=``."""

    kind: str

    def __call__(self, answers: Any, now: datetime) -> None:
        """Raise ``Invalid`` for answers that the form in force refuses."""
        checking.require_sound(in_force(self.kind, now), answers)


def checker(kind: str) -> Checker:
    """The checker of a kind's form. Raises ``NotFound``, at import, for a kind without one: no misspelt name is silence."""
    if kind not in model.kinds():
        raise NotFound("form_unknown")
    return Checker(kind)


def version_for(kind: str, now: datetime) -> str | None:
    """The version that a case made now keeps; None for a kind without a form."""
    if kind not in model.kinds():
        return None
    return in_force(kind, now).version


def papers_in(kind: str, answers: Any, now: datetime) -> list[tuple[str, str, str]]:
    """The papers that answers name: the field's pointer, the kind of paper that it takes, the document's id."""
    found: list[tuple[str, str, str]] = []
    for hint in in_force(kind, now).fields:
        if hint.paper:
            found += [(at, hint.paper, value) for at, value in model.values_at(answers, hint.at)]
    return found


def filed(kind: str, actor: Actor) -> list[Write]:
    """What goes with a case that a citizen files: the draft of it is forgotten in the same transaction."""
    if kind not in model.kinds() or actor.kind != "citizen":
        return []
    return [store.drop_draft(actor.id, kind)]
