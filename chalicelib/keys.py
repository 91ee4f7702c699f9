"""Identifiers and keyed hashes: sortable ids, person keys, blind indexes, page tokens.

Secrets are JSON in Secrets Manager: ``{"current": "2", "keys": {"1": "<base64>", "2": "<base64>"}}``.
Old versions stay readable until the job that rewrites what they made is done.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from chalicelib import aws, config
from chalicelib.errors import Malformed

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread.
_NONCE = 12  # Bytes, as AES-GCM takes it.


def new_id(prefix: str, now: datetime) -> str:
    """A sortable, unguessable id: the prefix and a ULID (48 bits of milliseconds, 80 random)."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return prefix + base32(number, 26)


def base32(number: int, length: int) -> str:
    """A number in Crockford's base 32 with leading zeros up to ``length``."""
    return "".join(_ALPHABET[number >> 5 * i & 31] for i in reversed(range(length)))


def stable_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, so that doing a thing twice meets its first doing."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return prefix + base32(int.from_bytes(digest[:16]), 26)


def secret_versions(name: config.Secret) -> tuple[str, dict[str, bytes]]:
    """The current version's name and all readable versions of a keyed-hash secret."""
    value = aws.secret(name)
    return value["current"], {version: base64.b64decode(key) for version, key in value["keys"].items()}


def person_key_maker(version: str | None = None) -> Callable[[str], str]:
    """A fast function from a normalised ID number to its person key, for bulk work."""
    current, versions = secret_versions("person_key")
    chosen = version or current
    secret, prefix, digest = versions[chosen], f"{chosen}:", hmac.digest

    def make(id_number: str) -> str:
        return prefix + digest(secret, id_number.encode(), "sha256").hex()

    return make


def person_key(id_number: str) -> str:
    """The person key under the current secret: ``version:`` and 64 hex digits of HMAC-SHA-256."""
    return person_key_maker()(id_number)


def person_keys(id_number: str) -> Iterator[str]:
    """The person's keys under every readable secret, the current one first."""
    current, versions = secret_versions("person_key")
    for version in sorted(versions, key=lambda v: v != current):
        yield person_key_maker(version)(id_number)


def blind_index(kind: str, value: str) -> str:
    """A keyed hash to look up a sealed value by, separate for each kind (``phone``, ``openid``, …)."""
    current, versions = secret_versions("blind_index")
    return f"{current}:{hmac.digest(versions[current], f'{kind}\x1f{value}'.encode(), 'sha256').hex()[:40]}"


def sign_page(position: dict[str, Any]) -> str:
    """An opaque page token that only we can have made and read: a position may name a person's case.

    The same for the same position, as the nonce is a keyed hash of it.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # Not for those who only make ids.

    body = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
    key = _page_key()
    nonce = hmac.digest(key, body, "sha256")[:_NONCE]
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, body, b"page")).decode().rstrip("=")


def read_page(token: str) -> dict[str, Any]:
    """What ``sign_page`` was given; raises ``Malformed`` for any other text."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        body = AESGCM(_page_key()).decrypt(raw[:_NONCE], raw[_NONCE:], b"page")
    except (ValueError, InvalidTag):
        raise Malformed("page_token_invalid") from None
    position: dict[str, Any] = json.loads(body)
    return position


def _page_key() -> bytes:
    """256 bits of the blind indexes' secret, for page tokens alone."""
    current, versions = secret_versions("blind_index")
    return hmac.digest(versions[current], b"page", "sha256")
