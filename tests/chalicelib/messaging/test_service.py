"""Consents, the inbox, a person's rights, and a busy table."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import keys, sealing, tables
from chalicelib.actors import Actor
from chalicelib.errors import Invalid, Unavailable
from chalicelib.identity import service as identity
from chalicelib.identity import store as identity_store
from chalicelib.identity.parts import erase, exports
from chalicelib.messaging import model, service, store
from chalicelib.outside.failures import Rejected, Unknown
from chalicelib.outside.failures import Unavailable as Away
from tests.chalicelib.identity.outsiders import id_number
from tests.chalicelib.messaging.outsiders import Outsider, senders

pytestmark = pytest.mark.usefixtures("cloud")
MOVED = {"kind": "residence_registration", "state": "accepted", "receipt": "JZ-2026-0001"}
OPENID = "openid-1"


@pytest.fixture
def person(now: datetime) -> str:
    """Somebody with a bound WeChat account and a phone."""
    number = id_number()
    key = keys.person_key(number)
    told = {key: identity_model().KnownPerson(name="测试甲", phone="13800000001")}
    person_id = identity.people_for_keys([(key, number)], now, told)[key]
    sealer, data_key = sealing.new_sealer("U1")
    account = identity_store.account_row("U1")
    account.openid, account.openid_index = sealer.seal(OPENID, "openid"), "index"
    account.person_id, account.created_at = person_id, "2026-11-23"
    row = identity_store.person(person_id)
    assert row is not None
    row.account_id = "U1"
    tables.transact(tables.Put(account), tables.Put(data_key), tables.Put(row))
    return person_id


def identity_model() -> Any:
    from chalicelib.identity import model as found

    return found


def ask(person: str, now: datetime, event: str = "C1:accepted", channel: Any = "wechat") -> str:
    return service.request(channel, person, "case_state", MOVED, event, now)


def citizen(person: str) -> Actor:
    return Actor(person, "citizen", frozenset({"citizen"}), session="U1")


def test_one_consent_is_exactly_one_message(person: str, now: datetime) -> None:
    service.grant_consent(person, "case_state", 1, now)
    outsider = Outsider()
    answers = [service.deliver(ask(person, now, f"C{n}"), now, senders(outsider)) for n in range(2)]
    assert [(a.state, a.reason) for a in answers] == [("sent", None), ("queued", "no_consent")]
    ((openid, template, values, _),) = outsider.sent
    assert (openid, template) == (OPENID, "case_state")
    assert values == {"thing1": "居住登记", "thing2": "已通过", "character_string3": "JZ-2026-0001"}


def test_consents_add_up_to_a_bound(person: str, now: datetime) -> None:
    for _ in range(2):
        view = service.grant_consent(person, "case_state", 2, now)
    assert (view.left, store.budget(person, "case_state")) == (4, 4)
    with pytest.raises(Invalid):
        service.grant_consent(person, "visit_digest", 1, now)


@pytest.mark.parametrize(
    ("outsider", "left"),
    [
        (Outsider(before=Away("wechat", "connect")), 2),
        (Outsider(before=Rejected("wechat", "47003")), 2),
        (Outsider(before=Rejected("wechat", "43101")), 0),
        (Outsider(after=Unknown("wechat", "answer_late")), 1),
        (Outsider(), 1),
    ],
)
def test_a_consent_is_used_up_as_wechat_does(
    person: str, now: datetime, outsider: Outsider, left: int
) -> None:
    service.grant_consent(person, "case_state", 2, now)
    service.deliver(ask(person, now), now, senders(outsider))
    assert store.budget(person, "case_state") == left


def test_messages_that_race_for_the_last_consent_send_once(person: str, now: datetime) -> None:
    service.grant_consent(person, "case_state", 1, now)
    first, second = ask(person, now, "C1"), ask(person, now, "C2")
    outsider = Outsider()
    outsider.meanwhile = lambda: service.deliver(second, now, senders(Outsider())) and None  # type: ignore[func-returns-value]
    service.deliver(first, now, senders(outsider))
    found = [store.message(message_id) for message_id in (first, second)]
    assert [(row.state, row.channel) for row in found if row] == [("sent", "wechat"), ("queued", "sms")]


def test_whoever_has_no_wechat_account_is_told_in_the_inbox_alone(now: datetime) -> None:
    number = id_number(7)
    key = keys.person_key(number)
    person_id = identity.people_for_keys([(key, number)], now)[key]
    message_id, outsider = ask(person_id, now), Outsider()
    answers = [service.deliver(message_id, now, senders(outsider)) for _ in range(2)]
    assert [(a.state, a.reason) for a in answers] == [("queued", "no_receiver"), ("rejected", "no_receiver")]
    assert outsider.sent == []
    (message,) = service.inbox(citizen(person_id), model.InboxQuery(), "zh-CN", now).items
    assert message.title == "居住登记：已通过"


def test_an_sms_goes_to_the_persons_phone(person: str, now: datetime) -> None:
    outsider = Outsider()
    assert service.deliver(ask(person, now, channel="sms"), now, senders(outsider)).state == "sent"
    assert outsider.sent == [("13800000001", "case_state", {"kind": "居住登记", "state": "已通过"})]


SMS = ("13800000001", "case_state", {"kind": "居住登记", "state": "已通过"})


@pytest.mark.parametrize("refusal", [None, Rejected("wechat", "43101")])
def test_what_wechat_may_not_bring_goes_by_sms_once(
    person: str, now: datetime, refusal: Rejected | None
) -> None:
    if refusal:  # We thought that a consent was left; WeChat knows better.
        service.grant_consent(person, "case_state", 1, now)
    message_id, sms = ask(person, now), Outsider()
    first = service.deliver(message_id, now, senders(Outsider(before=refusal)))
    assert (first.state, first.again_in) == ("queued", timedelta())
    for _ in range(3):
        assert service.deliver(message_id, now, senders(sms)).state == "sent"
    assert ask(person, now) == message_id
    assert sms.sent == [SMS]
    (row,) = store.all_to(person)
    assert (row.channel, [one["state"] for one in json.loads(row.receipts)]) == ("sms", ["rejected", "sent"])


def test_what_wechat_may_have_brought_never_goes_by_sms_too(person: str, now: datetime) -> None:
    service.grant_consent(person, "case_state", 1, now)
    message_id, other = ask(person, now), Outsider()
    service.deliver(message_id, now, senders(Outsider(after=Unknown("wechat", "answer_late"))))
    assert service.deliver(message_id, now, senders(other)).state == "unknown"
    assert other.sent == []


@pytest.mark.parametrize("channel", ["wechat", "sms"])
def test_no_phone_rings_in_the_night_and_the_message_comes_in_the_morning(
    person: str, now: datetime, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIET_HOURS", "22:00-08:00")
    service.grant_consent(person, "case_state", 1, now)
    late = now.replace(hour=15, minute=30)  # Half past eleven at night in Foshan.
    message_id, outsider = ask(person, late, channel=channel), Outsider()
    waits = service.deliver(message_id, late, senders(outsider))
    assert (waits.state, waits.reason, waits.again_in) == ("queued", "quiet_hours", timedelta(hours=8.5))
    assert outsider.sent == []
    assert service.deliver(message_id, late + timedelta(hours=8.5), senders(outsider)).state == "sent"


def test_the_inbox_is_ones_own_newest_first_and_in_ones_language(person: str, now: datetime) -> None:
    for n in range(3):
        ask(person, now + timedelta(minutes=n), f"C{n}", "inbox")
    ask("P-other", now, channel="inbox")
    page = service.inbox(citizen(person), model.InboxQuery(limit=2), "en", now)
    assert [m.title for m in page.items] == ["residence registration: Accepted"] * 2
    assert page.items[0].at > page.items[1].at
    rest = service.inbox(citizen(person), model.InboxQuery(limit=2, next=page.next), "en", now)
    assert len(rest.items) == 1


def test_a_person_gets_a_copy_and_deletion_leaves_nothing(person: str, now: datetime) -> None:
    service.grant_consent(person, "case_state", 2, now)
    ask(person, now)
    copy = exports(person, now)["messaging"]
    assert isinstance(copy, dict)
    assert (len(copy["messages"]), copy["allowed"]) == (1, {"case_state": 2})
    erase(person, now)
    assert (store.all_to(person), store.budgets(person)) == ([], {})


@contextmanager
def throttled(operation: str, times: int) -> Iterator[list[str]]:
    """A table that takes no more requests of a kind for a while, as an over-used one."""
    refused: list[str] = []

    def refuse(**_: Any) -> Any:
        if len(refused) >= times:
            return None
        refused.append(operation)
        code = "TransactionCanceledException" if operation == "TransactWriteItems" else "ThrottlingException"
        answer = {"Error": {"Code": code, "Message": "[ThrottlingError]"}, "ResponseMetadata": {}}
        if operation == "TransactWriteItems":
            answer["CancellationReasons"] = [{"Code": "ThrottlingError", "Message": "slow down"}]

        class Refused:
            status_code = 400
            headers: dict[str, str] = {}

        return Refused(), answer

    events = tables.connection().client.meta.events  # type: ignore[attr-defined]
    events.register(f"before-call.dynamodb.{operation}", refuse)
    try:
        yield refused
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", refuse)


def digest(now: datetime) -> str:
    data = {"visits": 1, "buildings": 1, "most": 1, "first_day": "2026-11-24"}
    return service.request("wecom", "grid-1", "visit_digest", data, "visits:B1", now)


def test_a_table_throttled_before_the_call_leaves_the_message_to_be_sent(now: datetime) -> None:
    now += timedelta(minutes=5)
    message_id, outsider = digest(now), Outsider()
    with throttled("TransactWriteItems", 100) as refused, pytest.raises(Unavailable):
        service.deliver(message_id, now, senders(outsider))
    assert refused and outsider.sent == []
    assert service.deliver(message_id, now, senders(outsider)).state == "sent"


def test_a_table_throttled_for_a_moment_after_the_call_loses_no_answer(now: datetime) -> None:
    now += timedelta(minutes=5)
    message_id, outsider = digest(now), Outsider()
    with throttled("TransactWriteItems", 0) as refused:
        pass
    assert refused == []
    with throttled_from_the_call(outsider, 2):
        assert service.deliver(message_id, now, senders(outsider)).state == "sent"
    assert len(outsider.sent) == 1


def test_a_table_throttled_long_after_the_call_makes_it_unknown_and_never_twice(now: datetime) -> None:
    now += timedelta(minutes=5)
    message_id, outsider = digest(now), Outsider()
    with throttled_from_the_call(outsider, 1000), pytest.raises(Unavailable):
        service.deliver(message_id, now, senders(outsider))
    later = now + timedelta(minutes=10)
    assert service.deliver(message_id, later, senders(outsider)).state == "unknown"
    assert len(outsider.sent) == 1


@contextmanager
def throttled_from_the_call(outsider: Outsider, times: int) -> Iterator[None]:
    """Throttling that begins while the other side has the message."""
    stack: list[Any] = []

    def begin() -> None:
        stack.append(throttled("TransactWriteItems", times))
        stack[0].__enter__()

    outsider.meanwhile = begin
    try:
        yield
    finally:
        stack[0].__exit__(None, None, None)
        outsider.meanwhile = lambda: None
