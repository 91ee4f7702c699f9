"""Filling in what the city knows already, each value with its source and date.

Contexts above say what they hold by ``provide``, as they do for export and deletion: forms do not know them.
What departments' files say is not on the request's way: somebody who consented asks for it once
(``ask_departments``), a function gathers it, and it is kept sealed for some weeks.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import audit, aws, clock, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import DomainError, Forbidden, Gone, NotFound
from chalicelib.forms import checking, facts, store
from chalicelib.forms.drafts import policy
from chalicelib.forms.facts import Known
from chalicelib.forms.model import Form
from chalicelib.forms.views import Departments, KnownValue, Prefill
from chalicelib.identity import service as identity

Tell = Callable[[str, datetime], dict[str, Known]]
_PURPOSE = "known_facts"
_tellers: dict[str, Tell] = {}


def provide(holder: str, tell: Tell) -> None:
    """Let a context tell the facts that begin with ``holder.``; the same holder again replaces."""
    _tellers[holder] = tell


def prefill(person: str, form: Form, now: datetime, language: str) -> Prefill:
    """The answers that are known. A value that the form would refuse is left out; nothing is made up."""
    wanted = {hint.at: hint for hint in form.fields if hint.known}
    known, state = _known(person, {str(hint.known) for hint in wanted.values()}, now)
    values = []
    for at, hint in wanted.items():
        if hint.known and hint.known in known and _fits(form, at, known[hint.known].value):
            fact, held = facts.fact(hint.known), known[hint.known]
            values.append(
                KnownValue(
                    path=at,
                    value=held.value,
                    label=hint.label.in_language(language),
                    fact=hint.known,
                    source=fact.source.in_language(language),
                    as_of=held.as_of,
                )
            )
    return Prefill(kind=form.kind, form_version=form.version, values=values, departments=state)


def known_value(person: str, name: str, now: datetime) -> Known | None:
    """What is known of one fact; None when nothing is. Raises ``NotFound`` for a fact that there is not."""
    facts.fact(name)
    return _known(person, {name}, now)[0].get(name)


def _known(person: str, names: set[str], now: datetime) -> tuple[dict[str, Known], Departments]:
    found: dict[str, Known] = {}
    for holder in sorted({name.partition(".")[0] for name in names} & _tellers.keys()):
        found |= _tellers[holder](person, now)
    if not any(facts.fact(name).column for name in names):
        return found, "not_needed"
    row = store.facts(person, now)
    if row is None:
        return found, "not_asked"
    if not row.sealed:
        return found, "asked"
    held = json.loads(sealing.open_sealed(person, row.sealed, _PURPOSE))
    for name, (value, as_of) in held.items():
        found.setdefault(name, Known(value, date.fromisoformat(as_of) if as_of else None))
    return found, "gathered"


def _fits(form: Form, at: str, value: Any) -> bool:
    """Whether the form takes the value in that place, whatever else is missing."""
    answers: Any = value
    for part in reversed(at.removeprefix("/").split("/")):
        answers = {part: answers}
    return not any(f"{field.path}/".startswith(f"{at}/") for field in checking.problems(form, answers))


def ask_departments(person: str, actor: Actor, now: datetime) -> Departments:
    """Ask for what departments' files say of the person; once a day at most, the answer comes in a moment.

    Raises ``Forbidden("consent_needed")`` without the consent to ``department_checks``.
    """
    if not identity.has_consent(person, "department_checks"):
        raise Forbidden("consent_needed")
    row = store.facts(person, now)
    if row and clock.parse_iso(row.asked_at) > now - timedelta(hours=policy().ask_again_hours):
        return "gathered" if row.sealed else "asked"
    # The message first: one too many is harmless, one too few would keep the person waiting for a day.
    aws.send("facts", [{"person": person}])
    ends = now + timedelta(days=policy().facts_days)
    tables.transact(store.ask_facts(person, now, ends), audit.entry(actor, "facts.asked", person, now))
    return "asked"


def gather(person: str, read: Callable[[str, str], list[dict[str, Any]]], now: datetime) -> int:
    """Read a person's facts from the curated data and keep them sealed; returns how many, 0 for who is gone.

    ``read`` gives a source's rows of a person. Who withdrew the consent meanwhile is left alone.
    """
    if not identity.has_consent(person, "department_checks"):
        return 0
    found: dict[str, Known] = {}
    try:
        for source, wanted in facts.columns().items():
            found |= facts.newest(read(source, person), wanted)
        text = json.dumps({n: (k.value, k.as_of.isoformat() if k.as_of else None) for n, k in found.items()})
        sealed = sealing.seal(person, text, _PURPOSE)
    except (Gone, NotFound):
        return 0
    entry = audit.entry(SYSTEM, "facts.gathered", person, now, count=len(found))
    tables.transact(store.keep_facts(person, sealed, now), entry)
    return len(found)


def opened(person: str, now: datetime) -> dict[str, Any]:
    """What is kept of departments' facts, for the person's copy."""
    row = store.facts(person, now)
    if row is None or not row.sealed:
        return {}
    held: dict[str, Any] = json.loads(sealing.open_sealed(person, row.sealed, _PURPOSE))
    return held


def _of_identity(person: str, now: datetime) -> dict[str, Known]:
    try:
        profile = identity.profile(person)
    except DomainError:
        return {}
    told = {
        "identity.name": profile.name,
        "identity.id_number": profile.id_number,
        "identity.phone": profile.phone,
        "identity.sex": profile.sex,
        "identity.birth_date": profile.birth_date.isoformat() if profile.birth_date else None,
    }
    return {name: Known(value, None) for name, value in told.items() if value}


provide("identity", _of_identity)
