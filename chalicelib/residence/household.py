"""Who was registered together with whom, and as what."""

import json
from typing import Final

from chalicelib import keys, sealing
from chalicelib.cases import service as cases
from chalicelib.errors import NotFound
from chalicelib.identity import service as identity
from chalicelib.residence import store

REGISTRATION: Final = "residence_registration"


def relation_of(person: str, other: str) -> str | None:
    """What ``other`` is to who registered, if both are registered by one accepted case now: ``child``, ``spouse``, …

    ``person`` is who registered, or was registered as the spouse. None in every other case: also once one of the two has moved away.
    """
    standings = store.standings([person, other])
    mine, theirs = standings.get(person), standings.get(other)
    if mine is None or theirs is None or {mine.status, theirs.status} != {"active"}:
        return None
    stay = store.registration(person, mine.registration_id)
    if stay is None or stay.case is None:
        return None
    if theirs.registration_id != keys.stable_id("R", stay.case, other):
        return None
    return _relation(stay.case, person, other)


def _relation(case_id: str, person: str, other: str) -> str | None:
    try:
        case = cases.case(case_id)
    except NotFound:
        return None  # Its owner had it deleted.
    if not case.sealed:
        return None
    private = json.loads(sealing.open_sealed(case.owner, case.sealed, REGISTRATION))
    members = {each["id_number"]: each["relation"] for each in private.get("household", [])}
    known = {who: members.get(one.id_number) for who, one in identity.profiles([person, other]).items()}
    return known.get(other) if person == case.owner or known.get(person) == "spouse" else None
