"""Real-name binding: a WeChat account becomes a person's, after the real-name check."""

from datetime import datetime

from chalicelib import audit, clock, idnumbers, keys, sealing
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, DomainError, Field, Forbidden, Invalid, Throttled, Unavailable
from chalicelib.identity import consents, lookups, model, people, refusals, store, throttles
from chalicelib.outside.failures import OutsideError, Rejected
from chalicelib.tables import Cancelled, Update, Write, create, transact

_ATTEMPTS = 4


def me(actor: Actor) -> model.Me:
    """The caller, masked."""
    roles = sorted(actor.roles)
    row = store.person(actor.id) if actor.id != actor.session else None
    if row is None:
        return model.Me(id=actor.id, bound=False, roles=roles)
    return _me(people.opened(row), roles, row.verified_at)


def _me(profile: model.Profile, roles: list[str], verified_at: str | None) -> model.Me:
    return model.Me(
        id=profile.person_id,
        bound=True,
        roles=roles,
        name=profile.masked_name,
        id_number=profile.masked_id_number,
        phone=profile.masked_phone,
        sex=profile.sex,
        verified_at=verified_at,
    )


def bind(
    actor: Actor,
    told: model.Binding,
    now: datetime,
    wechat: model.WechatSignIn,
    real_name: model.RealNameCheck,
) -> model.Me:
    """Join the caller's account to the person with this ID number; an imported person is joined, not doubled.

    Again with the same number it renews name and phone. Raises ``Invalid`` for a number, name or phone code
    that does not hold; ``Conflict("identity_taken")`` when another account has the number (and does not say
    whose); ``Conflict("account_bound_to_other")``; ``Forbidden("minor_needs_guardian")`` under 14 (PIPL art. 31);
    ``Throttled("bindings_used_up")`` after five failures a day by account or by number, counted by the metric
    ``BindingAttemptsRefused``; ``Unavailable`` when an outside system does not answer.
    """
    number = lookups.parsed(told.id_number, "/id_number")
    limits = _limits(actor.session, number.number)
    _count(limits, now)
    if model.is_minor(number.birth_date, clock.local_date(now)):
        raise Forbidden("minor_needs_guardian")
    try:
        phone = _checked(told, number, wechat, real_name)
        person_id = _join(actor, number.number, told.name, phone, now)
    except Unavailable:
        _uncount(limits, now)
        raise
    _uncount(limits, now)
    return _me(people.profile(person_id), sorted(actor.roles), clock.iso(now))


def _limits(account_id: str, number: str) -> dict[str, model.Limit]:
    return {
        f"binding#{account_id}": model.BINDINGS_BY_ACCOUNT,
        f"binding-of#{number}": model.BINDINGS_BY_NUMBER,
    }


def _count(limits: dict[str, model.Limit], now: datetime) -> None:
    """One attempt more of the account and of the number; a refusal raises the alarm's metric."""
    try:
        for key, limit in limits.items():
            throttles.throttle(key, limit.times, limit.seconds, now, "bindings_used_up")
    except Throttled:
        refusals.count_binding()
        raise


def _uncount(limits: dict[str, model.Limit], now: datetime) -> None:
    """Success is no misuse, and an outside system's silence is not the caller's fault."""
    for key, limit in limits.items():
        throttles.give_back(key, limit, now)


def _checked(
    told: model.Binding,
    number: idnumbers.IdNumber,
    wechat: model.WechatSignIn,
    real_name: model.RealNameCheck,
) -> str:
    """The phone number, once the name is right: the phone code works only once, so it comes last."""
    try:
        if not real_name.check(told.name, number.number):
            raise Invalid("real_name_mismatch", fields=[Field("/name", "real_name_mismatch")])
        return wechat.phone_number(told.phone_code)
    except Rejected:
        raise Invalid("values_invalid", fields=[Field("/phone_code", "code_refused")]) from None
    except OutsideError:
        raise Unavailable("outside_unavailable") from None


def _join(actor: Actor, number: str, name: str, phone: str, now: datetime) -> str:
    """Bind, or find out why not; a race with an import or another account is read again."""
    last: DomainError | None = None
    for _ in range(_ATTEMPTS):
        account = store.account(actor.session)
        wanted = people.wanted(number)
        mapped = store.person_ids(wanted.all_keys)
        person_id = next(iter(mapped.values()), None)
        row = store.person(person_id) if person_id else None
        _require_free(account, row, person_id, actor.session)
        told = model.KnownPerson(name=name, phone=phone)
        writes, joined = _person_writes(wanted, row, told, actor.session, now)
        writes += [create(wanted.row(key, joined)) for key in wanted.all_keys if key not in mapped]
        writes += _account_writes(actor, joined, now)
        try:
            transact(*writes)
            return joined
        except (Cancelled, Unavailable) as refusal:
            last = refusal
    raise last or Unavailable("busy_try_again")


def _require_free(
    account: store.AccountRow | None, row: store.PersonRow | None, person_id: str | None, account_id: str
) -> None:
    if account is not None and account.person_id and account.person_id != person_id:
        raise Conflict("account_bound_to_other")
    if row is not None and row.account_id and row.account_id != account_id:
        raise Conflict("identity_taken")


def _person_writes(
    wanted: people.Wanted,
    row: store.PersonRow | None,
    told: model.KnownPerson,
    account_id: str,
    now: datetime,
) -> tuple[list[Write], str]:
    """The writes that make or change the person, and the person's id."""
    bound = [
        store.PersonRow.account_id.set(account_id),
        store.PersonRow.verified_at.set(clock.iso(now)),
    ]
    if row is None:
        person_id = keys.new_id("P", now)
        made = people.new_person(person_id, wanted.number, told, now)
        for write in made:
            if isinstance(write.item, store.PersonRow):
                write.item.account_id, write.item.verified_at = account_id, clock.iso(now)
        return [*made], person_id
    sealer = sealing.sealer(row.person_id)
    bound += [
        store.PersonRow.retained_until.remove(),
        store.PersonRow.name.set(sealer.seal(told.name or "", "name")),
        store.PersonRow.phone.set(sealer.seal(told.phone or "", "phone")),
    ]
    free = store.PersonRow.account_id.does_not_exist() | (store.PersonRow.account_id == account_id)
    change = Update(store.person_row(row.person_id), bound, store.PersonRow.pk.exists() & free)
    return [change], row.person_id


def _account_writes(actor: Actor, person_id: str, now: datetime) -> list[Write]:
    row = store.account_row(actor.session)
    free = store.AccountRow.person_id.does_not_exist() | (store.AccountRow.person_id == person_id)
    bind_account = Update(
        row, [store.AccountRow.person_id.set(person_id)], store.AccountRow.pk.exists() & free
    )
    note = audit.entry(actor, "identity.bound", person_id, now)
    return [bind_account, *consents.carried_over(actor.session, person_id), note]
