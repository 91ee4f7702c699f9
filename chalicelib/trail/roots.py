"""Daily roots in the audit bucket: signed by KMS, locked by S3, each carrying the hash of the one before.

``KEY_AUDIT`` names the signing key; after a change of key it may name several, separated by commas:
the first signs, all are believed.
"""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from chalicelib import aws, config
from chalicelib.trail.model import LOCKS, Root, SealedRoot, Signature

PREFIX: Final = "roots/"
# The first that the key can do: NIST curve, RSA, and SM2 where the key is one of China's regions.
ALGORITHMS: Final = ("ECDSA_SHA_256", "RSASSA_PSS_SHA_256", "SM2DSA")


class RootExists(Exception):
    """A root of that day is sealed already; it is never written again."""


@dataclass(frozen=True)
class Stored:
    """What the bucket holds for a day: its root, and whether anything was laid over it."""

    sealed: SealedRoot | None
    replaced: bool


def _keys() -> list[str]:
    return [key.strip() for key in config.key_id("audit").split(",")]


@cache
def _public_key(key: str) -> tuple[str, str]:
    """The key's full name and the algorithm used with it."""
    answer = aws.client("kms").get_public_key(KeyId=key)
    return answer["KeyId"], next(name for name in ALGORITHMS if name in answer["SigningAlgorithms"])


def sign(root: Root) -> SealedRoot:
    """The root with the signing key's signature over its hash."""
    key, algorithm = _public_key(_keys()[0])
    answer = aws.client("kms").sign(
        KeyId=key, Message=root.hash.encode(), MessageType="RAW", SigningAlgorithm=algorithm
    )
    value = base64.b64encode(answer["Signature"]).decode()
    return SealedRoot(root=root, signature=Signature(key=key, algorithm=algorithm, value=value))


def is_signed(sealed: SealedRoot) -> bool:
    """Whether one of the believed keys signed exactly this root."""
    believed = dict(_public_key(key) for key in _keys())
    if believed.get(sealed.signature.key) != sealed.signature.algorithm:
        return False
    kms = aws.client("kms")
    try:
        answer = kms.verify(
            KeyId=sealed.signature.key,
            Message=sealed.root.hash.encode(),
            MessageType="RAW",
            Signature=base64.b64decode(sealed.signature.value),
            SigningAlgorithm=sealed.signature.algorithm,
        )
    except kms.exceptions.KMSInvalidSignatureException:
        return False
    except ValueError:  # Not even base64.
        return False
    return bool(answer["SignatureValid"])


def store(sealed: SealedRoot, now: datetime) -> None:
    """Lock a signed root away. Raises ``RootExists`` when its day has one."""
    from botocore.exceptions import ClientError

    lock = LOCKS[config.stage()]
    body = sealed.model_dump_json(indent=1).encode()
    try:
        aws.client("s3").put_object(
            Bucket=config.bucket("audit"),
            Key=key_of(sealed.root.date),
            Body=body,
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
            ObjectLockMode=lock.mode,
            ObjectLockRetainUntilDate=now + timedelta(days=lock.days),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
            raise RootExists(sealed.root.date) from None
        raise


def key_of(day: str) -> str:
    """Where a day's root lies."""
    return f"{PREFIX}{day}.json"


def days() -> dict[str, list[dict[str, Any]]]:
    """Every day that has or had a root, with all versions of it, the oldest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    pages = aws.client("s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=config.bucket("audit"), Prefix=PREFIX):
        for version in page.get("Versions", []):
            found.setdefault(_day(version["Key"]), []).append(version)
        for marker in page.get("DeleteMarkers", []):
            found.setdefault(_day(marker["Key"]), []).append(marker | {"Deleted": True})
    return {day: sorted(found[day], key=lambda v: v["LastModified"]) for day in sorted(found)}


def _day(key: str) -> str:
    return key.removeprefix(PREFIX).removesuffix(".json")


def read(day: str, versions: list[dict[str, Any]]) -> Stored:
    """A day's root as it was first stored; anything laid over it or deleting it is said."""
    from pydantic import ValidationError

    first = versions[0]
    replaced = len(versions) > 1 or bool(first.get("Deleted"))
    if first.get("Deleted"):
        return Stored(None, replaced)
    answer = aws.client("s3").get_object(
        Bucket=config.bucket("audit"), Key=key_of(day), VersionId=first["VersionId"]
    )
    try:
        return Stored(SealedRoot.model_validate_json(answer["Body"].read()), replaced)
    except ValidationError:
        return Stored(None, replaced)


def day_after(day: str) -> str:
    """The next date."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def day_before(day: str) -> str:
    """The date before."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
