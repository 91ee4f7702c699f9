"""Consents, export, and deletion that deletes."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from chalicelib import audit, keys, sealing
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Gone, Unauthenticated
from chalicelib.identity import model, service, store
from chalicelib.tables import transact
from tests.chalicelib.identity.outsiders import RealName, Wechat, id_number

pytestmark = pytest.mark.usefixtures("cloud")

GRID_WORKER = Actor("grid-1", "staff", frozenset({"grid_worker"}), ("440604010001",))


def citizen(now: datetime, *, bound: bool = True) -> Actor:
    token = service.sign_in_citizen("citizen-one", "192.0.2.1", now, Wechat()).token
    actor = service.actor_for(token, now + timedelta(milliseconds=1))
    if bound and actor.id == actor.session:
        told = model.Binding(name="林小溪", id_number=id_number(), phone_code="phone-13800001234")
        service.bind(actor, told, now, Wechat(), RealName())
        return citizen(now)
    return actor


class Registrations:
    """A context that holds something of people."""

    def __init__(self, kept: list[model.Kept]) -> None:
        self.held = {"registration": "R1"}
        self.kept = kept
        self.open = False

    def export(self, person_id: str, now: datetime) -> object:
        return self.held

    def erase(self, person_id: str, now: datetime) -> list[model.Kept]:
        if self.open:
            raise Conflict("changed_meanwhile")
        self.held = {}
        return self.kept


@pytest.fixture
def registrations() -> Iterator[Registrations]:
    part = Registrations([])
    service.contribute(service.Part("test", export=part.export, erase=part.erase))
    yield part
    service.withdraw("test")


def rows() -> list[str]:
    return sorted(f"{row.pk} {row.sk}" for row in store.PersonRow.scan() if "THROTTLE" not in row.pk)


def test_every_consent_begins_as_not_given(now: datetime) -> None:
    consents = service.consents(citizen(now).id)
    assert {consent.kind for consent in consents} == set(model.CONSENT_KINDS) - {"guardian_of_minor"}
    assert not any(consent.given for consent in consents)


def test_consents_are_given_and_withdrawn_and_each_is_in_the_trail(now: datetime) -> None:
    actor = citizen(now)
    given = model.Consent(kind="service_messages", given=True, text_version="3")
    service.set_consents(actor, [given], now)
    assert service.has_consent(actor.id, "service_messages")
    after = service.set_consents(actor, [given.model_copy(update={"given": False})], now)
    assert not service.has_consent(actor.id, "service_messages")
    assert len(after) == len(model.CONSENT_KINDS) - 1
    acts = [row.act for row in audit.EntryRow.scan() if row.act.startswith("consent")]
    assert sorted(acts) == ["consent.given", "consent.withdrawn"]


def test_a_consent_named_twice_in_one_request_is_what_it_said_last(now: datetime) -> None:
    actor = citizen(now)
    first = model.Consent(kind="service_messages", given=True, subject="S1")
    after = service.set_consents(actor, [first, model.Consent(kind="service_messages", given=False)], now)
    assert {c.kind: c.given for c in after}["service_messages"] is False


def test_a_guardian_consents_where_the_child_is_entered_and_may_withdraw(now: datetime) -> None:
    guardian = citizen(now)
    consent = model.Consent(kind="guardian_of_minor", given=True, subject="P-child")
    with pytest.raises(Conflict, match="guardian_consent_elsewhere"):
        service.set_consents(guardian, [consent], now)
    transact(*service.consent_writes(guardian, consent, now))
    assert service.has_guardian_consent(guardian.id, "P-child")
    assert not service.has_guardian_consent("P-somebody", "P-child")
    service.set_consents(guardian, [consent.model_copy(update={"given": False})], now)
    assert not service.has_guardian_consent(guardian.id, "P-child")


def test_the_export_holds_everything_in_the_clear(now: datetime, registrations: Registrations) -> None:
    actor = citizen(now)
    service.set_consents(actor, [model.Consent(kind="privacy_notice", given=True)], now)
    service.record_disclosures(GRID_WORKER, [actor.id], "visit", "visit", now)
    export = service.export(actor, now)
    assert export.person is not None
    assert (export.person["name"], export.person["id_number"]) == ("林小溪", id_number())
    assert (export.person["phone"], export.account["openid"]) == ("13800001234", "openid-of-one")
    assert [item.what for item in export.disclosures] == ["visit"]
    assert any(consent.given for consent in export.consents)
    assert export.others["test"] == {"registration": "R1"}
    assert [row.target for row in audit.EntryRow.scan() if row.act == "person.exported"] == [actor.id]


def test_an_unbound_account_exports_and_deletes_itself(now: datetime) -> None:
    actor = citizen(now, bound=False)
    assert service.export(actor, now).person is None
    assert service.delete(actor, now).identity_deleted
    assert rows() == []


def test_deletion_leaves_no_row_and_no_key(now: datetime, registrations: Registrations) -> None:
    actor = citizen(now)
    service.set_consents(actor, [model.Consent(kind="privacy_notice", given=True)], now)
    service.record_disclosures(GRID_WORKER, [actor.id], "visit", "visit", now)
    sealed = store.person(actor.id)
    assert sealed is not None
    answer = service.delete(actor, now)
    assert rows() == []
    assert registrations.held == {}
    assert [row.pk for row in sealing.DataKeyRow.scan() if row.sk == "DATA_KEY"] == []
    with pytest.raises(Gone):
        sealing.open_sealed(actor.id, sealed.id_number, "id_number")
    assert answer.identity_deleted
    assert {kept.what for kept in answer.kept} == {"audit_entries", "request_answers"}
    assert all(kept.until and kept.law for kept in answer.kept)


def test_after_deletion_the_session_is_over_and_signing_in_makes_somebody_new(now: datetime) -> None:
    session = service.sign_in_citizen("citizen-one", "192.0.2.1", now, Wechat())
    actor = citizen(now)
    service.delete(actor, now)
    with pytest.raises(Unauthenticated):
        service.actor_for(session.token, now + timedelta(seconds=1))
    again = citizen(now)
    assert again.session != actor.session
    assert again.id != actor.id


def test_what_is_open_elsewhere_stops_the_deletion_before_anything_is_gone(
    now: datetime, registrations: Registrations
) -> None:
    actor = citizen(now)
    registrations.open = True
    before = rows()
    with pytest.raises(Conflict):
        service.delete(actor, now)
    assert rows() == before
    assert service.export(actor, now).others


def test_what_a_law_keeps_keeps_name_and_number_until_its_day_and_nothing_else(
    now: datetime, registrations: Registrations
) -> None:
    actor = citizen(now)
    law = model.Kept(what="registration", law="居住登记办法", until=date(2027, 1, 31), needs_identity=True)
    registrations.kept = [law]
    answer = service.delete(actor, now)
    assert not answer.identity_deleted
    assert law in answer.kept
    profile = service.profile(actor.id)
    assert (profile.id_number, profile.phone) == (id_number(), None)
    assert service.receiver_of(actor.id) is None
    assert service.purge(datetime.fromisoformat("2027-01-31T12:00:00+08:00")) == 0
    assert service.purge(datetime.fromisoformat("2027-02-01T00:00:00+08:00")) == 1
    assert rows() == []
    assert service.person_ids([keys.person_key(id_number())]) == {}


def test_whoever_comes_back_before_that_day_is_not_purged(
    now: datetime, registrations: Registrations
) -> None:
    actor = citizen(now)
    law = model.Kept(what="registration", law="居住登记办法", until=date(2027, 1, 31), needs_identity=True)
    registrations.kept = [law]
    service.delete(actor, now)
    back = citizen(now + timedelta(days=1))
    assert back.id == actor.id
    assert service.purge(now + timedelta(days=300)) == 0
    assert service.profile(back.id).name == "林小溪"


def test_the_trail_of_a_deletion_names_nobody(now: datetime) -> None:
    service.delete(citizen(now), now)
    told = json.dumps([row.to_simple_dict() for row in audit.EntryRow.scan()], ensure_ascii=False)
    for personal in (id_number(), "林小溪", "13800001234", "openid-of"):
        assert personal not in told
