"""People: finding them by person key, making them in bulk, reading who they are."""

from collections.abc import Iterable, Mapping, Sequence
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
    missing = {key: number for key, number in numbers.items() if key not in found}
    makers = [keys.person_key_maker(version) for version in keys.secret_versions("person_key")[1]]
    for chunk in batched(missing, 99 // (2 + len(makers) + 1)):
        wanted = [
            _Wanted(key, missing[key], {key, *(make(missing[key]) for make in makers)}) for key in chunk
        ]
        found |= _make(wanted, known or {}, now)
    return found


class _Wanted:
    """A person to be found or made: the key asked for, the number, and all keys of that number."""

    def __init__(self, key: str, number: str, all_keys: set[str]) -> None:
        self.key, self.number, self.all_keys = key, number, sorted(all_keys)


def _make(wanted: Sequence[_Wanted], known: Mapping[str, model.KnownPerson], now: datetime) -> dict[str, str]:
    """Find or make; a lost race is read again and what is still missing tried again."""
    last: DomainError | None = None
    for _ in range(_ATTEMPTS):
        mapped = store.person_ids(key for one in wanted for key in one.all_keys)
        ids = {one.key: _mapped(one, mapped) for one in wanted}
        writes: list[Put] = []
        for one in wanted:
            person_id = ids[one.key] or keys.new_id("P", now)
            if not ids[one.key]:
                writes += new_person(person_id, one.number, known.get(one.key, model.KnownPerson()), now)
            writes += [create(store.key_row(key, person_id)) for key in one.all_keys if key not in mapped]
            ids[one.key] = person_id
        try:
            if writes:
                made = sum(isinstance(write.item, store.PersonRow) for write in writes)
                transact(*writes, audit.entry(SYSTEM, "people.created", "people", now, count=made))
            return {key: person_id for key, person_id in ids.items() if person_id}
        except (Cancelled, Unavailable) as refusal:
            last = refusal
    raise last or Unavailable("busy_try_again")


def _mapped(one: _Wanted, mapped: Mapping[str, str]) -> str | None:
    return next((mapped[key] for key in one.all_keys if key in mapped), None)


def new_person(person_id: str, id_number: str, told: model.KnownPerson, now: datetime) -> list[Put]:
    """The writes that make a person: the sealed row and the data key."""
    sealer, data_key = sealing.new_sealer(person_id)
    row = store.person_row(person_id)
    row.id_number, row.created_at = sealer.seal(id_number, "id_number"), clock.iso(now)
    row.name = sealer.seal(told.name, "name") if told.name else None
    row.phone = sealer.seal(told.phone, "phone") if told.phone else None
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
    return {person_id: opened(row) for person_id, row in store.people(person_ids).items()}


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
