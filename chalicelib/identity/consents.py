"""What somebody consented to, and a guardian's consent for a child under 14."""

from datetime import datetime

from chalicelib import audit, clock
from chalicelib.actors import Actor
from chalicelib.errors import Conflict
from chalicelib.identity import model, store
from chalicelib.tables import Put, Write, transact


def consents(owner: str) -> list[model.Consent]:
    """Every kind for a person or account: those never spoken of are not given; children's one by one."""
    rows = store.consents(owner)
    told = [_view(row) for row in rows]
    silent = set(model.CONSENT_KINDS) - {"guardian_of_minor"} - {consent.kind for consent in told}
    return told + [model.Consent(kind=kind, given=False) for kind in sorted(silent)]


def has_consent(owner: str, kind: model.ConsentKind, subject: str | None = None) -> bool:
    """Whether this consent stands now."""
    row = store.consent(owner, kind, subject)
    return row is not None and bool(row.given)


def has_guardian_consent(guardian: str, child: str) -> bool:
    """Whether this guardian's consent for this child stands (PIPL art. 31)."""
    return has_consent(guardian, "guardian_of_minor", child)


def set_consents(actor: Actor, wanted: list[model.Consent], now: datetime) -> list[model.Consent]:
    """Give or withdraw; returns all. A guardian's consent can be first given only where a child is entered.

    Raises ``Conflict("guardian_consent_elsewhere")`` for a child whom the caller has not entered.
    """
    known = {(row.kind, row.subject) for row in store.consents(actor.id)}
    for consent in wanted:
        if consent.kind == "guardian_of_minor" and (consent.kind, consent.subject) not in known:
            raise Conflict("guardian_consent_elsewhere")
    latest = {(consent.kind, _subject(consent)): consent for consent in wanted}
    writes = [write for consent in latest.values() for write in consent_writes(actor, consent, now)]
    if writes:
        transact(*writes)
    return consents(actor.id)


def consent_writes(actor: Actor, consent: model.Consent, now: datetime) -> list[Write]:
    """The writes of one consent and its audit entry, for the transaction in which it is given."""
    subject = _subject(consent)
    row = store.consent_row(actor.id, consent.kind, subject)
    row.given, row.at, row.text_version = consent.given, clock.iso(now), consent.text_version
    act = "consent.given" if consent.given else "consent.withdrawn"
    return [Put(row), audit.entry(actor, act, subject or actor.id, now, kind=consent.kind)]


def _subject(consent: model.Consent) -> str | None:
    """Whom a consent is about: only a guardian's is about somebody else."""
    return consent.subject if consent.kind == "guardian_of_minor" else None


def carried_over(account_id: str, person_id: str) -> list[Write]:
    """The writes that give a newly bound person what the account consented to before."""
    writes: list[Write] = []
    for old in store.consents(account_id):
        row = store.consent_row(person_id, old.kind, old.subject)
        row.given, row.at, row.text_version = old.given, old.at, old.text_version
        writes.append(Put(row))
    return writes


def _view(row: store.ConsentRow) -> model.Consent:
    return model.Consent.model_validate(
        {
            "kind": row.kind,
            "given": row.given,
            "at": row.at,
            "text_version": row.text_version,
            "subject": row.subject,
        }
    )
