"""Asking for a correction, and looking at one."""

import json
from datetime import datetime

from chalicelib import regions, sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import CaseView
from chalicelib.corrections.model import KIND, Correction, NewCorrection
from chalicelib.errors import NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import service as identity
from chalicelib.residence import service as residence
from chalicelib.tables import Once

PURPOSE = "case_handling"


def ask(
    actor: Actor, body: NewCorrection, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Open a correction; the department that owns the fact is asked.

    What the person was shown is kept with what the person says, sealed. Raises ``NotFound`` for a fact that
    there is not, ``Invalid`` for papers that are not the caller's.
    """
    person = identity.require_person(actor)
    fact = forms.fact(body.fact)
    known = forms.known_value(person, body.fact, now)
    told = {
        "says": body.says,
        "shown": known.value if known else None,
        "as_of": known.as_of.isoformat() if known and known.as_of else None,
    }
    named = forms.papers_in(KIND, body.model_dump(mode="json"), now)
    submission = cases.Submission(
        kind=KIND,
        owner=person,
        filer=person,
        region=(region := _region(person)),
        payload={"fact": body.fact, "owner": fact.owner, **_handled_by(region)},
        sealed=sealing.seal(person, json.dumps(told, ensure_ascii=False), KIND),
        papers=[cases.Named(*each) for each in named],
    )
    return cases.submit(submission, actor, now, once, language=language)


def _region(person: str) -> str:
    """Where the person lives by the register; the whole city when it does not say."""
    stays = residence.registrations_of(person)
    return stays[0].region if stays else regions.CITY


def _handled_by(region: str) -> dict[str, str]:
    """Whose work it becomes when it is unclear or appealed: the city's, of somebody who lives nowhere in it."""
    if region == regions.CITY:
        return {"reviewed_by": "city_officer", "appealed_to": "city_officer"}
    return {"reviewed_by": "coordinator", "appealed_to": "district_officer"}


def look(actor: Actor, case_id: str, purpose: str | None, now: datetime, language: str) -> Correction:
    """A correction with what was said; staff who look are shown to the person.

    Raises ``NotFound`` for what is no correction, or not the actor's, or was deleted with its person.
    """
    found = cases.case_for(actor, case_id)
    if found.kind != KIND or found.sealed is None:
        raise NotFound("case_not_found")
    if actor.is_staff:
        identity.record_disclosures(actor, [found.owner], purpose or PURPOSE, "correction", now)
    told = json.loads(sealing.open_sealed(found.owner, found.sealed, KIND))
    fact = forms.fact(found.payload["fact"])
    return Correction(
        case=found.id,
        state=found.state,
        fact=found.payload["fact"],
        title=fact.title.in_language(language),
        source=fact.source.in_language(language),
        owner=fact.owner,
        **told,
    )
