"""Signed tokens: sessions and receipts, by Ed25519 (RFC 8037), verifiable by anyone with the JWKS.

The secret ``signing`` holds the ring::

    {"current": "k20261123", "keys": {"k20261123": {"private": "<base64 seed>", "public": "<base64>",
                                                    "made_at": "…", "active_from": "…"}}}

A key may also be the bare base64 seed. A new key is published some minutes before anybody signs with
it, so a function that still remembers the ring of five minutes ago can verify every token. A key that
was replaced keeps its public half, so that receipts stay verifiable; its private half is destroyed.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib import audit, aws, clock, config
from chalicelib.actors import SYSTEM
from chalicelib.errors import Unauthenticated
from chalicelib.identity import keyring
from chalicelib.tables import transact

ALGORITHM: Final = "EdDSA"
PUBLISHED_BEFORE_USE: Final = timedelta(seconds=2 * aws.SECRET_SECONDS)
PUBLIC_HALF_KEPT: Final = timedelta(days=3 * 366)
_EVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of the ring; ``seed`` is None once the private half is destroyed."""

    kid: str
    public: bytes
    seed: bytes | None
    active_from: datetime
    retired_at: datetime | None

    def may_have_signed(self, at: float) -> bool:
        """Whether a token made at this epoch second can be this key's: not long after it was replaced."""
        return self.retired_at is None or at <= (self.retired_at + PUBLISHED_BEFORE_USE).timestamp()


def issuer() -> str:
    """Who signs: this service in this stage."""
    return f"new-citizen-service/{config.stage()}"


def sign(claims: dict[str, Any], now: datetime) -> str:
    """A signed token with these claims; ``iss`` and ``iat`` are added, ``aud`` and ``sub`` must be there.

    ``exp`` is the epoch second at which it ends; receipts have none.
    """
    key = _signer(ring(), now)
    assert key.seed is not None
    content = {"iss": issuer(), "iat": round(now.timestamp(), 3), **claims}
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    return jwt.encode(content, private, algorithm=ALGORITHM, headers={"kid": key.kid})


def verify(token: str, now: datetime, audience: str | list[str]) -> dict[str, Any]:
    """The claims of a token of ours for this audience.

    Raises ``Unauthenticated("token_invalid")`` for a forged, foreign or garbled one and
    ``Unauthenticated("token_expired")`` when its time is over.
    """
    claims = _read(token, audience)
    if "exp" in claims and float(claims["exp"]) <= now.timestamp():
        raise Unauthenticated("token_expired")
    if float(claims["iat"]) > (now + timedelta(seconds=60)).timestamp():
        raise Unauthenticated("token_invalid")
    return claims


def _read(token: str, audience: str | list[str]) -> dict[str, Any]:
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
        key = ring()[kid]
        claims: dict[str, Any] = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(key.public),
            algorithms=[ALGORITHM],
            issuer=issuer(),
            audience=audience,
            options={
                "require": ["iss", "sub", "aud", "iat"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        if not key.may_have_signed(float(claims["iat"])):
            raise Unauthenticated("token_invalid")
        float(claims.get("exp", 0))
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        raise Unauthenticated("token_invalid") from None
    return claims


def jwks() -> dict[str, Any]:
    """The public keys as a JSON Web Key Set (RFC 7517)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": base64.urlsafe_b64encode(key.public).decode().rstrip("="),
                "kid": key.kid,
                "use": "sig",
                "alg": ALGORITHM,
            }
            for key in ring().values()
        ]
    }


def ring() -> dict[str, SigningKey]:
    """The keys by their ids."""
    return read_ring(aws.secret("signing"))


def read_ring(value: dict[str, Any]) -> dict[str, SigningKey]:
    """The keys that a ring's JSON holds."""
    return {kid: _key(kid, entry) for kid, entry in value.get("keys", {}).items()}


def _key(kid: str, entry: str | dict[str, str]) -> SigningKey:
    told = {"private": entry} if isinstance(entry, str) else entry
    seed = base64.b64decode(told["private"]) if told.get("private") else None
    public = base64.b64decode(told["public"]) if told.get("public") else _public_of(seed or b"")
    active = clock.parse_iso(told["active_from"]) if "active_from" in told else _EVER
    retired = clock.parse_iso(told["retired_at"]) if "retired_at" in told else None
    return SigningKey(kid, public, seed, active, retired)


def _public_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _signer(known: dict[str, SigningKey], now: datetime) -> SigningKey:
    """The newest key whose time has come; the oldest at hand when none's has (a fresh installation)."""
    able: Iterable[SigningKey] = [key for key in known.values() if key.seed]
    begun = [key for key in able if key.active_from <= now]
    if begun:
        return max(begun, key=lambda key: key.active_from)
    return min(able, key=lambda key: key.active_from)


def rotate(now: datetime) -> str | None:
    """Add a signing key for the day of ``now``; returns its id, None when that day's is there already.

    Two at the same time make one key: the secret is compared and swapped.
    """
    ring = keyring.swap("signing", lambda value: rotated(value, now))
    if ring is None:
        return None
    kid = str(ring["current"])
    transact(audit.entry(SYSTEM, "signing_key.rotated", kid, now, keys=len(ring["keys"])))
    return kid


def rotated(value: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """The ring with a new key, or None when today's key is in it already.

    The key in use goes on signing until the new one's time comes; the one before it loses its private
    half; public halves older than three years go.
    """
    kid = f"k{clock.local_date(now):%Y%m%d}"
    if kid in value.get("keys", {}):
        return None
    begins = now + PUBLISHED_BEFORE_USE if value.get("keys") else now
    kept = {old: entry for old, key in read_ring(value).items() if (entry := _aged(key, begins, now))}
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    new = SigningKey(kid, _public_of(seed), seed, begins, None)
    return {"current": kid, "keys": {**kept, kid: _entry(new) | {"made_at": clock.iso(now)}}}


def _aged(key: SigningKey, begins: datetime, now: datetime) -> dict[str, str] | None:
    """What becomes of a key when a new one comes; None when it goes altogether."""
    if key.retired_at and key.retired_at + PUBLIC_HALF_KEPT <= now:
        return None
    seed = key.seed if key.retired_at is None else None
    return _entry(SigningKey(key.kid, key.public, seed, key.active_from, key.retired_at or begins))


def _entry(key: SigningKey) -> dict[str, str]:
    entry = {"public": base64.b64encode(key.public).decode()}
    if key.seed:
        entry["private"] = base64.b64encode(key.seed).decode()
    if key.active_from != _EVER:
        entry["active_from"] = clock.iso(key.active_from)
    if key.retired_at:
        entry["retired_at"] = clock.iso(key.retired_at)
    return entry
