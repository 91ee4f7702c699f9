"""The permit's code: a signed token that is over in two minutes, and its picture.

A verifier needs the public keys of ``GET /.well-known/jwks.json`` and a clock, nothing else. The token says
that somebody with this masked name holds a permit in force in this city; it holds no number, no address and
no id that would be the same in the next token, so that two verifiers cannot put together where somebody was.
"""

import io
from datetime import datetime, timedelta

from chalicelib import clock, keys, regions
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.permits import store
from chalicelib.permits.model import Code
from chalicelib.permits.policy import policy_on
from chalicelib.permits.verifying import AUDIENCE


def code(person_id: str, now: datetime) -> Code:
    """A fresh code of the person's permit.

    Raises ``Conflict("permit_not_in_force")`` unless the permit is in force today: none for one in
    production, suspended or cancelled.
    """
    today = clock.local_date(now)
    policy = policy_on(today)
    permit = store.permit(person_id)
    if permit is None or permit.on(today, policy) not in ("active", "endorsement_window"):
        raise Conflict("permit_not_in_force")
    ends = now + timedelta(seconds=policy.code_seconds)
    claims = {
        "aud": AUDIENCE,
        "sub": keys.new_id("", now),
        "exp": int(ends.timestamp()),
        "name": identity.profile(person_id).masked_name,
        "city": regions.CITY,
        "through": str(permit.endorsed_through),
    }
    return Code(
        token=identity.sign(claims, now), expires_at=ends, refresh_after=max(1, policy.code_seconds // 2)
    )


def picture(person_id: str, now: datetime) -> str:
    """The code as a QR picture in SVG, black on white, readable from a phone's screen."""
    import segno

    out = io.BytesIO()
    segno.make(code(person_id, now).token, error="m").save(out, kind="svg", scale=4, border=4)
    return out.getvalue().decode()
