"""Personal fields at rest: envelope encryption with a data key for each person.

KMS protects a few key-encryption keys; each wraps the data keys of many people; a person's data key
seals that person's fields. Data keys live in table ``vault``, which has no long backups: when a
person's key is destroyed, every copy of the sealed fields, backups included, is noise.

A sealed text names its algorithm (``AES-GCM`` by default, ``SM4-GCM`` where the commercial
cryptography assessment asks), so that both can be read while one replaces the other:
``1.AES-GCM.<base64 of nonce and ciphertext>``. Person and purpose are authenticated with it: a
sealed name copied into another person's row, or into another field, does not open.
"""

import base64
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib import aws, config
from chalicelib.errors import Gone
from chalicelib.tables import Row, create, meta, transact

Algorithm = Literal["AES-GCM", "SM4-GCM"]
DEFAULT: Final[Algorithm] = "AES-GCM"
_NONCE, _TAG = 12, 16
_CONTEXT: Final = {"purpose": "people"}
_keks: dict[str, bytes] = {}
_current: dict[str, tuple[float, str]] = {}
_sealers: dict[str, tuple[float, "Sealer"]] = {}
CURRENT_SECONDS: Final = 60
SEALERS_KEPT: Final = 4096


class Broken(ValueError):
    """A sealed text does not open: wrong person, wrong purpose, or it was altered."""


class _Aead(Protocol):
    def seal(self, key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes: ...

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes: ...


class _AesGcm:
    def seal(self, key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, text, bound)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        return AESGCM(key).decrypt(nonce, sealed, bound)


class _Sm4Gcm:
    """GB/T 32907-2016 in GCM; its key is the first 128 bits of the person's."""

    def seal(self, key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        encryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound)
        return encryptor.update(text) + encryptor.finalize() + encryptor.tag

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        tag = sealed[-_TAG:]
        decryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound)
        return decryptor.update(sealed[:-_TAG]) + decryptor.finalize()


_ALGORITHMS: Final[dict[str, _Aead]] = {"AES-GCM": _AesGcm(), "SM4-GCM": _Sm4Gcm()}


class DataKeyRow(Row):
    """A person's data key, wrapped by a key-encryption key. ``pk`` is the person id."""

    Meta = meta("vault")
    wrapped = UnicodeAttribute()
    kek = UnicodeAttribute()


class VaultRow(Row):
    """Either, as a request for several of them finds it."""

    Meta = meta("vault")
    wrapped = UnicodeAttribute(null=True)
    kek = UnicodeAttribute()
    encrypted = UnicodeAttribute(null=True)


class KekRow(Row):
    """A key-encryption key as KMS gave it, encrypted; ``KEK#current`` names the one in use."""

    Meta = meta("vault")
    kek = UnicodeAttribute()
    encrypted = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens one person's fields."""

    person_id: str
    _key: bytes

    def seal(self, text: str, purpose: str, algorithm: Algorithm = DEFAULT) -> str:
        """The sealed form of a text, bound to this person and purpose."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = _ALGORITHMS[algorithm].seal(self._key, nonce, text.encode(), self._bound(purpose))
        return f"1.{algorithm}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> str:
        """The text; raises ``Broken`` for another person's, another purpose's or an altered one."""
        version, _, rest = sealed.partition(".")
        algorithm, _, body = rest.partition(".")
        try:
            raw = base64.b64decode(body, validate=True)
            if version != "1" or base64.b64encode(raw).decode() != body:
                raise Broken(purpose)
            text = _ALGORITHMS[algorithm].open(self._key, raw[:_NONCE], raw[_NONCE:], self._bound(purpose))
        except (InvalidTag, KeyError, ValueError):
            raise Broken(purpose) from None
        return text.decode()

    def _bound(self, purpose: str) -> bytes:
        return f"{self.person_id}\x1f{purpose}".encode()


def new_sealer(person_id: str) -> tuple[Sealer, DataKeyRow]:
    """A sealer with a fresh key, and the row that the caller must write with the person."""
    kek = current_kek()
    key = secrets.token_bytes(32)
    row = DataKeyRow(person_id, "DATA_KEY", kek=kek, wrapped=_wrap(_kek(kek), key, person_id))
    return Sealer(person_id, key), row


def sealer(person_id: str) -> Sealer:
    """The person's sealer; raises ``Gone("person_deleted")`` when there is no key (any more).

    Remembered for at most a minute: so long may another warm function still hold a forgotten key.
    """
    known = _remembered(person_id)
    if known:
        return known
    # A person made a moment ago may be missing from a plain read; only a consistent one says "deleted".
    found = _fetched([person_id], consistent=False) or _fetched([person_id], consistent=True)
    if not found:
        raise Gone("person_deleted")
    return _remember(found[0])


def sealers(person_ids: Iterable[str]) -> dict[str, Sealer]:
    """Many people's sealers, 100 a request; who has been deleted is left out.

    Each is remembered, so that ``seal`` and ``open_sealed`` of these people ask no more.
    """
    found = {person_id: _remembered(person_id) for person_id in person_ids}
    missing = [person_id for person_id, known in found.items() if known is None]
    for row in _fetched(missing, consistent=True) if missing else ():
        found[row.pk] = _remember(row)
    return {person_id: known for person_id, known in found.items() if known}


def _fetched(person_ids: list[str], *, consistent: bool) -> list[VaultRow]:
    """The data keys of those who have one.

    A function that has just started takes the key that most likely wraps them in the same request.
    """
    wanted = [(person_id, "DATA_KEY") for person_id in person_ids]
    with_kek = wanted if _keks else [*wanted, ("KEK#current", "KEK")]
    rows = {row.pk: row for row in VaultRow.batch_get(with_kek, consistent_read=consistent)}
    if (current := rows.pop("KEK#current", None)) and rows:
        _unlock(current.kek, current.encrypted or "")
    return list(rows.values())


def _remembered(person_id: str) -> Sealer | None:
    until, known = _sealers.get(person_id, (0.0, None))
    return known if until > time.monotonic() else None


def _remember(row: VaultRow) -> Sealer:
    made = Sealer(row.pk, _unwrap(_kek(row.kek), row.wrapped, row.pk))
    if len(_sealers) >= SEALERS_KEPT:
        _sealers.clear()
    _sealers[row.pk] = (time.monotonic() + CURRENT_SECONDS, made)
    return made


def seal(person_id: str, text: str, purpose: str) -> str:
    """Seal a text under an existing person's key."""
    return sealer(person_id).seal(text, purpose)


def open_sealed(person_id: str, sealed: str, purpose: str) -> str:
    """Open what ``seal`` made; raises ``Gone`` after deletion, ``Broken`` when it does not fit."""
    return sealer(person_id).open(sealed, purpose)


def forget(person_id: str) -> None:
    """Destroy a person's key: all that was sealed under it is gone for good, in backups too."""
    DataKeyRow(person_id, "DATA_KEY").delete()
    _sealers.clear()


def forget_cached() -> None:
    """Drop keys held in memory: after a rotation, and between tests."""
    _keks.clear()
    _current.clear()
    _sealers.clear()


def current_kek(*, consistent: bool = False) -> str:
    """The name of the key-encryption key in use; makes the first one when there is none.

    Remembered for a minute unless ``consistent``: an import makes thousands of people, and a person
    sealed under the key of a minute ago is rewrapped like all others.
    """
    known = _current.get("kek")
    if known and known[0] > time.monotonic() and not consistent:
        return known[1]
    row = KekRow.find("KEK#current", "KEK", consistent=consistent)
    name = str(row.kek) if row else rotate_kek()
    _current["kek"] = (time.monotonic() + CURRENT_SECONDS, name)
    return name


def rotate_kek(now: datetime | None = None) -> str:
    """Begin a new key-encryption key; old ones stay readable until ``rewrap`` has passed over them."""
    from chalicelib.clock import utc_now

    name = f"k{(now or utc_now()):%Y%m%d%H%M%S}{secrets.token_hex(3)}"
    answer = aws.client("kms").generate_data_key(
        KeyId=config.key_id("people"), KeySpec="AES_256", EncryptionContext={**_CONTEXT, "kek": name}
    )
    encrypted = base64.b64encode(answer["CiphertextBlob"]).decode()
    transact(create(KekRow(f"KEK#{name}", "KEK", kek=name, encrypted=encrypted)))
    KekRow("KEK#current", "KEK", kek=name, encrypted=encrypted).save()
    _keks[name] = answer["Plaintext"]
    _current.clear()
    return name


def rewrap(report: Callable[[int], None] = lambda done: None) -> int:
    """Wrap every data key under the current key-encryption key; returns how many were changed.

    An operator's job, not a request: it walks the whole vault. Safe to stop and to run again.
    """
    current, changed = current_kek(consistent=True), 0
    for row in DataKeyRow.scan(DataKeyRow.sk == "DATA_KEY"):
        if row.kek == current:
            continue
        if _rewrapped(row, current):
            changed += 1
            report(changed)
    _sealers.clear()
    return changed


def _rewrapped(row: DataKeyRow, current: str) -> bool:
    """Wrap one data key anew; not one that was destroyed or rewrapped since it was read."""
    key = _unwrap(_kek(row.kek), row.wrapped, row.pk)
    actions: list[Action] = [
        DataKeyRow.wrapped.set(_wrap(_kek(current), key, row.pk)),
        DataKeyRow.kek.set(current),
    ]
    try:
        row.update(actions=actions, condition=DataKeyRow.kek == row.kek)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _kek(name: str) -> bytes:
    if name not in _keks:
        row = KekRow.find(f"KEK#{name}", "KEK", consistent=True)
        if row is None:
            raise Gone("person_deleted")
        _unlock(name, row.encrypted)
    return _keks[name]


def _unlock(name: str, encrypted: str) -> None:
    answer = aws.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(encrypted), EncryptionContext={**_CONTEXT, "kek": name}
    )
    _keks[name] = answer["Plaintext"]


def _wrap(kek: bytes, key: bytes, person_id: str) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(kek).encrypt(nonce, key, person_id.encode())).decode()


def _unwrap(kek: bytes, wrapped: str, person_id: str) -> bytes:
    raw = base64.b64decode(wrapped)
    try:
        return AESGCM(kek).decrypt(raw[:_NONCE], raw[_NONCE:], person_id.encode())
    except InvalidTag:
        raise Broken("data key") from None
