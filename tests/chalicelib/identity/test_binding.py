"""Real-name binding: who gets joined to whom, and who is refused."""

from datetime import date, datetime, timedelta

import pytest

from chalicelib import audit, keys
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, Throttled, Unavailable
from chalicelib.identity import model, service, store
from chalicelib.outside.failures import Unavailable as OutsideDown
from tests.chalicelib.identity.outsiders import RealName, Wechat, id_number

pytestmark = pytest.mark.usefixtures("cloud")


def citizen(now: datetime, name: str = "one") -> Actor:
    token = service.sign_in_citizen(f"citizen-{name}", "192.0.2.1", now, Wechat()).token
    return service.actor_for(token, now + timedelta(milliseconds=1))


def told(number: str, name: str = "林小溪", code: str = "phone-13800001234") -> model.Binding:
    return model.Binding(name=name, id_number=number, phone_code=code)


def bind(actor: Actor, binding: model.Binding, now: datetime, check: RealName | None = None) -> model.Me:
    return service.bind(actor, binding, now, Wechat(), check or RealName())


def test_a_bound_citizen_sees_themselves_masked(now: datetime) -> None:
    number = id_number()
    me = bind(citizen(now), told(number), now)
    assert (me.bound, me.name, me.phone) == (True, "林**", "138****1234")
    assert me.id_number == number[:3] + "*" * 13 + number[-2:]
    actor = citizen(now)
    assert actor.id == me.id
    assert actor.id.startswith("P")
    assert service.me(actor) == me
    profile = service.profile(actor.id)
    assert (profile.name, profile.id_number, profile.phone) == ("林小溪", number, "13800001234")
    assert profile.verified
    assert service.receiver_of(actor.id) == "openid-of-one"


def test_before_binding_one_is_nobody_in_particular(now: datetime) -> None:
    actor = citizen(now)
    me = service.me(actor)
    assert (me.bound, me.name, me.id_number) == (False, None, None)
    with pytest.raises(Forbidden, match="identity_not_bound"):
        service.require_person(actor)
    bind(actor, told(id_number()), now)
    assert service.require_person(citizen(now)).startswith("P")


def test_binding_to_a_person_whom_an_import_made_joins_that_person(now: datetime) -> None:
    number = id_number()
    key = keys.person_key(number)
    imported = service.people_for_keys([(key, number)], now, {key: model.KnownPerson(name="林小西")})[key]
    assert bind(citizen(now), told(number), now).id == imported
    assert service.profile(imported).name == "林小溪"
    assert len([row for row in store.PersonRow.scan() if row.sk == "PERSON"]) == 1


@pytest.mark.parametrize(
    "written", ["４４０６９９１９９００１０１００１", "440699 19900101 001", "440699-19900101-001"]
)
def test_the_number_may_come_in_any_of_its_forms(written: str, now: datetime) -> None:
    number = id_number()
    me = bind(citizen(now), told(written + number[-1].lower()), now)
    assert service.profile(me.id).id_number == number


def test_an_old_number_of_fifteen_digits_is_the_same_person(now: datetime) -> None:
    number = id_number()
    first = bind(citizen(now), told(number), now)
    again = bind(citizen(now), told(number[:6] + number[8:17]), now)
    assert again.id == first.id


def test_a_number_bound_elsewhere_is_refused_and_nobody_learns_whose(now: datetime) -> None:
    first = bind(citizen(now, "one"), told(id_number()), now)
    with pytest.raises(Conflict, match="identity_taken") as refusal:
        bind(citizen(now, "two"), told(id_number()), now)
    assert refusal.value.params == {}
    assert first.id not in repr(refusal.value)
    assert not service.me(citizen(now, "two")).bound


def test_an_account_keeps_its_person(now: datetime) -> None:
    bind(citizen(now), told(id_number(1)), now)
    with pytest.raises(Conflict, match="account_bound_to_other"):
        bind(citizen(now), told(id_number(2)), now)


def test_binding_again_renews_the_phone(now: datetime) -> None:
    bind(citizen(now), told(id_number()), now)
    me = bind(citizen(now), told(id_number(), code="phone-13900009999"), now)
    assert me.phone == "139****9999"


@pytest.mark.parametrize(
    ("binding", "field"),
    [
        (told("44069919900101001"), Field("/id_number", "id_number_form")),
        (told(id_number()[:-1] + "Z"), Field("/id_number", "id_number_form")),
        (told("440699199002310010"), Field("/id_number", "id_number_birth_date")),
        (told(id_number(), code="forged"), Field("/phone_code", "code_refused")),
        (told(id_number(), name="不符合"), Field("/name", "real_name_mismatch")),
    ],
)
def test_each_wrong_value_is_named_by_its_field(binding: model.Binding, field: Field, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        bind(citizen(now), binding, now)
    assert refusal.value.fields == [field]
    assert not service.me(citizen(now)).bound


def test_a_wrong_check_character_never_reaches_the_real_name_check(now: datetime) -> None:
    number = id_number()
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    check = RealName()
    with pytest.raises(Invalid):
        bind(citizen(now), told(wrong), now, check)
    assert check.asked == 0


def test_five_failures_a_day_then_the_alarm_s_metric(
    now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    check = RealName()
    for _ in range(5):
        with pytest.raises(Invalid):
            bind(citizen(now), told(id_number(), name="不符"), now, check)
    assert "BindingAttemptsRefused" not in capsys.readouterr().out
    with pytest.raises(Throttled, match="bindings_used_up") as refusal:
        bind(citizen(now), told(id_number()), now, check)
    assert check.asked == 5
    printed = capsys.readouterr().out
    assert "BindingAttemptsRefused" in printed
    assert id_number() not in printed
    tomorrow = now + timedelta(seconds=int(refusal.value.params["seconds"]))
    assert bind(citizen(tomorrow), told(id_number()), tomorrow).bound


def test_one_number_cannot_be_tried_from_many_accounts(now: datetime) -> None:
    for count in range(5):
        with pytest.raises(Invalid):
            bind(citizen(now, f"n{count}"), told(id_number(), name="不符"), now)
    with pytest.raises(Throttled):
        bind(citizen(now, "other"), told(id_number()), now)
    assert bind(citizen(now, "other"), told(id_number(2)), now).bound


def test_children_under_fourteen_do_not_bind_alone(now: datetime) -> None:
    with pytest.raises(Forbidden, match="minor_needs_guardian"):
        bind(citizen(now), told(id_number(born=date(2012, 11, 24))), now)
    assert bind(citizen(now), told(id_number(born=date(2012, 11, 23))), now).bound


def test_a_silent_real_name_check_is_trouble_and_no_refusal(now: datetime) -> None:
    class Down:
        def check(self, name: str, id_number: str) -> bool:
            raise OutsideDown("realname", "connect")

    with pytest.raises(Unavailable, match="outside_unavailable"):
        service.bind(citizen(now), told(id_number()), now, Wechat(), Down())


def test_success_and_trouble_elsewhere_use_no_attempt_up(now: datetime) -> None:
    class Down:
        def check(self, name: str, id_number: str) -> bool:
            raise OutsideDown("realname", "connect")

    for _ in range(6):
        with pytest.raises(Unavailable):
            service.bind(citizen(now), told(id_number()), now, Wechat(), Down())
    for _ in range(6):
        assert bind(citizen(now), told(id_number()), now).bound


def test_what_was_consented_to_before_binding_stays(now: datetime) -> None:
    given = model.Consent(kind="privacy_notice", given=True, text_version="2")
    service.set_consents(citizen(now), [given], now)
    me = bind(citizen(now), told(id_number()), now)
    assert service.has_consent(me.id, "privacy_notice")


def test_losing_the_race_for_a_number_is_a_refusal_and_not_a_second_person(now: datetime) -> None:
    first, second = citizen(now, "one"), citizen(now, "two")

    class Slow:
        """While the second citizen's name is checked, the first binds the number."""

        def check(self, name: str, id_number: str) -> bool:
            bind(first, told(id_number), now)
            return True

    with pytest.raises(Conflict, match="identity_taken"):
        service.bind(second, told(id_number()), now, Wechat(), Slow())
    assert len([row for row in store.PersonRow.scan() if row.sk == "PERSON"]) == 1


def test_the_binding_is_in_the_trail_without_name_or_number(now: datetime) -> None:
    me = bind(citizen(now), told(id_number()), now)
    entries = [row for row in audit.EntryRow.scan() if row.act == "identity.bound"]
    assert [row.target for row in entries] == [me.id]
    assert "林" not in repr([row.to_simple_dict() for row in entries])
