"""People: finding them by person key, making them in bulk, reading who they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from chalicelib import audit, clock, idnumbers, keys, sealing
from chalicelib.actors import SYSTEM, Actor
from chalicelib.errors import DomainError, Forbidden, NotFound, Unavailable
from chalicelib.identity import model, store
from chalicelib.tables import Cancelled, Put, create, transact

_ATTEMPTS = 6


def require_person(actor: Actor) -> str:
    """The caller's person id; raises ``Forbidden("identity_not_bound")`` before real-name binding."""
    if actor.kind != "citizen" or actor.id == actor.session:
        raise Forbidden("identity_not_bound")
    return actor.id


def person_ids(person_keys: Iterable[str]) -> dict[str, str]:
    """From person keys of any readable version to person ids; unknown keys are left out."""
    return store.person_ids(person_keys)


def people_for_keys(
    pairs: Iterable[tuple[str, str]],
    now: datetime,
    known: Mapping[str, model.KnownPerson] | None = None,
) -> dict[str, str]:
    """The person id for each ``(person key, normalised ID number)``; people not yet known are made.

    ``known`` gives names and phones by person key for those who are made. Repeating it, also at the same
    time elsewhere, meets the same people. Each transaction holds one audit entry with the count.
    """
    numbers = dict(pairs)
    found = store.person_ids(numbers)
    missing = {number for key, number in numbers.items() if key not in found}
    versions = len(keys.secret_versions("person_key")[1])
    told = {number: (known or {}).get(key, model.KnownPerson()) for key, number in numbers.items()}
    by_number: dict[str, str] = {}
    for chunk in batched(sorted(missing), 99 // (2 + versions)):
        by_number |= _make([wanted(number) for number in chunk], told, now)
    return found | {key: by_number[number] for key, number in numbers.items() if number in by_number}


@dataclass(frozen=True)
class Wanted:
    """A person to be found or made: the ID number, its current key, its keys under every readable version."""

    number: str
    current: str
    all_keys: tuple[str, ...]

    def row(self, key: str, person_id: str) -> store.PersonKeyRow:
        """The mapping from one of the keys; one of an older version names its successor."""
        row = store.key_row(key, person_id)
        older = int(key.partition(":")[0]) < int(self.current.partition(":")[0])
        row.successor = self.current if older else None
        return row


def wanted(id_number: str) -> Wanted:
    """A person by ID number."""
    all_keys = tuple(keys.person_keys(id_number))
    return Wanted(id_number, all_keys[0], all_keys)


def _make(people: Sequence[Wanted], told: Mapping[str, model.KnownPerson], now: datetime) -> dict[str, str]:
    """The person id by number: found or made; a lost race is read again and the rest tried again."""
    last: DomainError | None = None
    for _ in range(_ATTEMPTS):
        mapped = store.person_ids(key for one in people for key in one.all_keys)
        ids = {one.number: _mapped(one, mapped) or keys.new_id("P", now) for one in people}
        new = [one for one in people if _mapped(one, mapped) is None]
        writes = [w for one in new for w in new_person(ids[one.number], one.number, told[one.number], now)]
        writes += [
            create(one.row(key, ids[one.number]))
            for one in people
            for key in one.all_keys
            if key not in mapped
        ]
        if not writes:
            return ids
        try:
            transact(*writes, audit.entry(SYSTEM, "people.created", "people", now, count=len(new)))
            return ids
        except (Cancelled, Unavailable) as refusal:
            last = refusal
    raise last or Unavailable("busy_try_again")


def _mapped(one: Wanted, mapped: Mapping[str, str]) -> str | None:
    return next((mapped[key] for key in one.all_keys if key in mapped), None)


def new_person(person_id: str, id_number: str, told: model.KnownPerson, now: datetime) -> list[Put]:
    """The writes that make a person: the sealed row and the data key."""
    sealer, data_key = sealing.new_sealer(person_id)
    row = store.person_row(person_id)
    row.id_number, row.created_at = sealer.seal(id_number, "id_number"), clock.iso(now)
    row.name = sealer.seal(told.name, "name") if told.name else None
    row.phone = sealer.seal(told.phone, "phone") if told.phone else None
    row.minor_through = model.minor_through(idnumbers.parse(id_number).birth_date, clock.local_date(now))
    return [create(row), create(data_key)]


def profile(person_id: str) -> model.Profile:
    """Who the person is, in the clear; raises ``NotFound("person_not_found")``.

    The caller records a disclosure when a member of staff gets to see any of it.
    """
    row = store.person(person_id)
    if row is None:
        raise NotFound("person_not_found")
    return opened(row)


def profiles(person_ids: Iterable[str]) -> dict[str, model.Profile]:
    """Many people at once; unknown and deleted ones are left out."""
    rows = store.people(person_ids)
    sealing.sealers(rows)
    return {person_id: opened(row) for person_id, row in rows.items()}


def opened(row: store.PersonRow) -> model.Profile:
    """A person's row in the clear."""
    sealer = sealing.sealer(row.person_id)
    number = idnumbers.parse(sealer.open(row.id_number, "id_number"))
    return model.Profile(
        person_id=row.person_id,
        name=sealer.open(row.name, "name") if row.name else None,
        id_number=number.number,
        phone=sealer.open(row.phone, "phone") if row.phone else None,
        birth_date=number.birth_date,
        sex=number.sex,
        verified=row.verified_at is not None,
    )


def receiver_of(person_id: str) -> str | None:
    """The openid to which WeChat messages for this person go; None without a bound account.

    Also takes the id of an account (``U…``) that has no person yet.
    """
    account_id: str | None = person_id
    if person_id.startswith("P"):
        row = store.person(person_id)
        account_id = row.account_id if row else None
    account = store.account(account_id) if account_id else None
    return sealing.open_sealed(account.account_id, account.openid, "openid") if account else None
