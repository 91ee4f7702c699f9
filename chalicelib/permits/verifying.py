"""Verifying a permit's code without the network: for the verifier's own program, and for the command.

Needs PyJWT, cryptography and the key set that the city publishes; nothing of the city's is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import jwt

AUDIENCE: Final = "permit"
ISSUERS: Final = "new-citizen-service/"
# Clocks of verifiers and phones differ by a little.
LEEWAY: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(minutes=10)
Verdict = Literal["valid", "expired", "not_yet", "forged", "unknown_key"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a code says. Only a ``valid`` one says who and until when."""

    verdict: Verdict
    name: str | None = None
    city: str | None = None
    through: date | None = None

    @property
    def valid(self) -> bool:
        """Whether a permit is in force."""
        return self.verdict == "valid"


def verify(token: str, jwks: Mapping[str, Any], now: datetime) -> Verified:
    """Whether the holder of this code has a permit in force; never raises for a bad code.

    ``jwks``: the key set of ``GET /.well-known/jwks.json``, fetched at most some weeks ago: a new key signs
    from ten minutes after it is published. Signature, audience, times and algorithm (EdDSA alone) count.
    """
    try:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        found = {key["kid"]: key for key in jwks["keys"]}
        if kid not in found:
            return Verified("unknown_key")
        claims = _claims(token, jwt.PyJWK(found[kid], algorithm="EdDSA"))
        begins, ends = _moment(claims["iat"]), _moment(claims["exp"])
        through = date.fromisoformat(claims["through"])
        if not str(claims["iss"]).startswith(ISSUERS) or ends - begins > LONGEST:
            return Verified("forged")
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return Verified("forged")
    if now > ends + LEEWAY:
        return Verified("expired")
    if now < begins - LEEWAY:
        return Verified("not_yet")
    return Verified("valid", str(claims["name"]), str(claims["city"]), through)


def _claims(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    options: Any = {
        "require": ["iss", "aud", "iat", "exp"],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, options=options)
    return claims


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
