"""The lot, by commit and reveal: nobody can choose it after seeing who applied, and everybody can draw it again. Pure.

When a run opens, the SHA-256 of a secret seed is published; with the result the seed itself. A pupil's lot is the SHA-256 of the
seed and the pupil's reference, so that it depends on no order of anything.
"""

import hashlib
import hmac
import secrets

SEED_BYTES = 32


def new_seed() -> str:
    """A fresh secret seed: 64 hex digits."""
    return secrets.token_hex(SEED_BYTES)


def commitment(seed: str) -> str:
    """What is published beforehand: SHA-256 of the seed's bytes, in hex. Raises ``ValueError`` for a seed that is no hex."""
    return hashlib.sha256(bytes.fromhex(seed)).hexdigest()


def keeps(seed: str, promised: str) -> bool:
    """Whether a revealed seed is the one that was promised."""
    try:
        return len(seed) == 2 * SEED_BYTES and hmac.compare_digest(commitment(seed), promised)
    except ValueError:
        return False


def lot(seed: str, ref: str) -> str:
    """A pupil's lot: SHA-256 of seed and reference, in hex; the smaller comes first."""
    return hashlib.sha256(bytes.fromhex(seed) + b"\x1f" + ref.encode()).hexdigest()
