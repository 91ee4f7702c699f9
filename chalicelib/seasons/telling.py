"""What seasons tell forms that are filled in for people: what departments' records show that gives points."""

from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.errors import NotFound
from chalicelib.forms import service as forms
from chalicelib.forms.service import Known
from chalicelib.points import service as points
from chalicelib.points.model import Indicator
from chalicelib.seasons import evidence


def tell(person: str, now: datetime) -> dict[str, Known]:
    """The claims that a person's gathered records bear out under the policy of school admission; none without any.

    Labels and flags only: how many years a record comes to is counted when departments are asked.
    """
    try:
        policy = points.policy_in_force("school", clock.local_date(now))
    except NotFound:
        return {}
    claims: list[dict[str, Any]] = []
    seen = []
    for indicator in policy.by_scope["school"].values():
        known = _known(indicator, person, now)
        claim = _claim(indicator, known.value) if known else None
        if known and claim:
            claims.append(claim)
            seen.append(known.as_of)
    if not claims:
        return {}
    return {"seasons.claims": Known(claims, max((day for day in seen if day), default=None))}


def _known(indicator: Indicator, person: str, now: datetime) -> Known | None:
    """The gathered fact that an indicator is filled in from, if there is one."""
    name = evidence.mapping().facts.get(indicator.evidence.source) if indicator.evidence else None
    return forms.known_value(person, name, now) if name else None


def _claim(indicator: Indicator, said: Any) -> dict[str, Any] | None:
    if indicator.mode == "flag":
        return {"indicator": indicator.code, "yes": True, "record": str(said)[:80]}
    meant = [
        each
        for each in (str(said), *evidence.mapping().labels.get(str(said), ()))
        if each in indicator.values
    ]
    if not meant or indicator.mode != "highest":
        return None
    best = max(meant, key=lambda label: indicator.values[label].points)
    return {"indicator": indicator.code, "label": best}


forms.provide("seasons", tell)
